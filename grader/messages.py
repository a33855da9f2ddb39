"""What messages are made of: a path as the reader sees it, a list that stays short, a likely name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

__all__ = ["did_you_mean", "quoted", "shown", "some"]


def shown(path: Path) -> str:
    """Write a path as seen from the current folder, where it lies below it."""
    path, here = path.resolve(), Path.cwd().resolve()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def quoted(name: str, limit: int = 80) -> str:
    """Write a name that somebody else chose: in quotes, escaped, and cut to a length."""
    return repr(name if len(name) <= limit else name[: limit - 1] + "…")


def some(items: Sequence[str], limit: int = 8) -> str:
    """List items with commas, the first few of them when there are many."""
    rest = len(items) - limit
    return ", ".join(items[:limit]) + (f" and {rest} more" if rest > 0 else "")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a question that offers the known name nearest to this one, or nothing."""
    there: Collection[str] = list(known)
    lower = {item.lower(): item for item in there}
    near = get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
    return f" Did you mean {quoted(lower[near[0]])}?" if near else ""
