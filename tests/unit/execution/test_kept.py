"""Things that are kept up to a total size."""

from __future__ import annotations

from grader.execution.kept import Kept


def test_what_was_asked_for_longest_ago_goes_first() -> None:
    """Asking counts as use; the total size is never more than may be."""
    kept: Kept[str] = Kept(most=10, largest=10)
    kept.keep("a", "first", 4)
    kept.keep("b", "second", 4)
    assert "first" == kept.get("a")
    kept.keep("c", "third", 4)
    assert ("first", None, "third") == (kept.get("a"), kept.get("b"), kept.get("c"))


def test_what_is_too_large_is_not_kept() -> None:
    """One thing does not drive out all the others."""
    kept: Kept[str] = Kept(most=10, largest=5)
    kept.keep("a", "small", 5)
    kept.keep("b", "large", 6)
    assert ("small", None) == (kept.get("a"), kept.get("b"))


def test_what_is_there_stays_and_is_counted_once() -> None:
    """A second thing under a key changes nothing."""
    kept: Kept[str] = Kept(most=10, largest=10)
    kept.keep("a", "first", 5)
    kept.keep("a", "second", 5)
    kept.keep("b", "other", 5)
    assert ("first", "other") == (kept.get("a"), kept.get("b"))
