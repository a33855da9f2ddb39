"""Why a submitted notebook was not judged, for the instructor and for the student."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from grader.messages import quoted

__all__ = ["Unjudged", "notice", "why_unjudged"]


@dataclass(frozen=True)
class Unjudged:
    """What stood in the way. ``again`` is whether handing the notebook in again is the remedy."""

    what: str
    again: bool

    @property
    def for_instructor(self) -> str:
        """What happened, and what an instructor can do."""
        if self.again:
            return f"{self.what} Ask the student for it again."
        return f"{self.what} The notebook itself can be read: open it and grade it by hand."

    @property
    def for_student(self) -> str:
        """What happened, and what the student can do."""
        if self.again:
            return f"{self.what} Please hand it in again."
        return f"{self.what} Your instructor will look at it."


def why_unjudged(path: Path, error: Exception, max_bytes: int, *, sanitizing: bool) -> Unjudged:
    """Tell from a notebook's file why it could not be converted; ``error`` is what the attempt raised."""
    fault = _fault(path, max_bytes) if sanitizing else None
    if fault is not None:
        return Unjudged(f"{quoted(path.name)} cannot be read: {fault}.", again=True)
    lines = str(error).strip().splitlines() or [""]
    return Unjudged(
        f"Grading {quoted(path.name)} failed: {type(error).__name__}: {lines[0][:200].rstrip('.')}.",
        again=False,
    )


def _fault(path: Path, max_bytes: int) -> str | None:
    """Say what is wrong with the file itself, or nothing."""
    if path.is_symlink() or not path.is_file():
        return "it is a link or a folder, expected a file"
    size = path.stat().st_size
    if size > max_bytes:
        return f"it has {size:,} bytes, and at most {max_bytes:,} are read; its outputs should be cleared"
    if size == 0:
        return "it is empty"
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = json.loads(text)
    except OSError as error:
        return f"it cannot be opened ({error.strerror or type(error).__name__})"
    except UnicodeDecodeError:
        return "it is no text"
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or "Unterminated string" in error.msg:
            return f"it is cut short after {size:,} bytes"
        return f"it is no notebook, or was damaged in line {error.lineno}"
    except RecursionError:
        return "it is no notebook: its parts are nested too deeply"
    if not isinstance(content, dict) or not ({"cells", "worksheets"} & content.keys()):
        return "it holds JSON, but no cells"
    try:
        nbformat.validate(nbformat.reads(text, as_version=4))
    except Exception as error:  # noqa: BLE001 - whatever nbformat stumbles over, the file is no notebook
        return f"it is no valid notebook ({(str(error).strip().splitlines() or [''])[0][:120]})"
    return None


def notice(sentence: str) -> NotebookNode:
    """Return the cell that a student has to read first, before points that stand for nothing."""
    text = "".join(letter if letter.isalnum() or letter in " .,:;'()/-_" else " " for letter in sentence)
    return new_markdown_cell(
        "### Not judged yet\n\n"
        f"{text}\n\nNo check has a result, and a score of 0 on this page is not a grade. "
        "The file is kept as it was handed in."
    )
