"""Why a notebook was not judged, in words for the instructor and for the student."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from grader.nbgrader_plugin.unreadable import notice, why_unjudged

WHOLE = nbformat.writes(new_notebook(cells=[new_code_cell("x = 'ü'", id="one")]))
BROKEN = json.dumps(json.loads(WHOLE) | {"cells": [{"cell_type": "code"}]})


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "it is empty"),
        (WHOLE.encode()[:100], "it is cut short after 100 bytes"),
        (WHOLE.encode()[:23], "it is cut short after 23 bytes"),
        (b"hello\nthere", "it is no notebook, or was damaged in line 1"),
        (WHOLE.replace('"metadata"', '"metadata', 1).encode(), "damaged in line"),
        (WHOLE.encode("utf-16"), "it is no text"),
        (b"[]", "it holds JSON, but no cells"),
        (b"[" * 1_999, "nested too deeply"),
        (BROKEN.encode(), "it is no valid notebook"),
        (b" " * 2001, "it has 2,001 bytes, and at most 2,000 are read; its outputs should be cleared"),
    ],
)
def test_a_file_that_is_no_notebook_is_asked_for_again(content: bytes, part: str, tmp_path: Path) -> None:
    """The file's fault is named, and both readers are told that it has to be handed in again."""
    path = tmp_path / "assignment.ipynb"
    path.write_bytes(content)
    found = why_unjudged(path, ValueError("x"), 2000, sanitizing=True)
    assert found.what.startswith("'assignment.ipynb' cannot be read: ")
    assert part in found.what
    assert (f"{found.what} Ask the student for it again.", f"{found.what} Please hand it in again.") == (
        found.for_instructor,
        found.for_student,
    )


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A link in place of a notebook is named as such."""
    path = tmp_path / "assignment.ipynb"
    (tmp_path / "elsewhere").write_text(WHOLE, encoding="utf-8")
    path.symlink_to(tmp_path / "elsewhere")
    assert "it is a link or a folder" in why_unjudged(path, ValueError("x"), 2000, sanitizing=True).what


@pytest.mark.parametrize("sanitizing", [True, False])
def test_a_fault_of_ours_is_not_put_on_the_student(sanitizing: bool, tmp_path: Path) -> None:
    """Where the notebook can be read, the error is named and nobody is asked to hand it in again."""
    path = tmp_path / "assignment.ipynb"
    path.write_text(WHOLE, encoding="utf-8")
    found = why_unjudged(path, KeyError("planted"), 2000, sanitizing=sanitizing)
    assert "Grading 'assignment.ipynb' failed: KeyError: 'planted'." == found.what
    assert "again" not in found.for_instructor + found.for_student


def test_the_notice_says_first_that_nothing_is_judged() -> None:
    """The heading comes first, and a file's name cannot bring markup into the page."""
    source = notice("'<b>x</b>[y](z)' cannot be read.").source
    assert source.startswith("### Not judged yet\n\n")
    assert not set("<>[]") & set(source)
