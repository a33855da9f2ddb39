"""The pieces that messages are made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.messages import did_you_mean, quoted, shown, some


def test_a_path_below_the_current_folder_is_shown_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path below the current folder is written as one would type it; any other in full."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert ("a/b", str(tmp_path / "other")) == (shown(Path("a") / "b"), shown(tmp_path / "other"))


def test_a_name_is_escaped_and_cut() -> None:
    """A file name from elsewhere can neither move the cursor nor fill the screen."""
    assert ("'a\\x1b[2J'", 82) == (quoted("a\x1b[2J"), len(quoted("x" * 500)))


@pytest.mark.parametrize(
    ("items", "text"),
    [([], ""), (["a"], "a"), (["a", "b"], "a, b"), (["a", "b", "c", "d"], "a, b and 2 more")],
)
def test_a_long_list_is_cut_with_its_count(items: list[str], text: str) -> None:
    """A class of hundreds is not listed whole."""
    assert text == some(items, 2)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("04_residual_conections", " Did you mean '04_residual_connections'?"),
        ("04_RESIDUAL_CONNECTIONS", " Did you mean '04_residual_connections'?"),
        ("drills", ""),
        ("", ""),
    ],
)
def test_a_likely_name_is_offered(name: str, text: str) -> None:
    """The nearest known name is offered, whatever its case, and none when none is near."""
    assert text == did_you_mean(name, ["04_residual_connections", "01_first_models"])
