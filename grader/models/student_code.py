"""The line of a student's own code that an exception came through."""

from __future__ import annotations

import linecache
import os
import re
import sys
import traceback
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from grader.evidence import CodeLine

__all__ = ["innermost_line", "is_students"]

_INSTALLED = frozenset({"site-packages", "dist-packages"})
_OURS = (str(Path(__file__).parents[1]) + os.sep, str(Path(os.__file__).parent) + os.sep)
_NOBODYS = ("<frozen ", "<__array_function__")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def is_students(path: str) -> bool:
    """Say whether a file is the student's: no installed package, nothing of Python's own, not the grader."""
    return not path.startswith((*_OURS, *_NOBODYS)) and _INSTALLED.isdisjoint(Path(path).parts)


def innermost_line(start: TracebackType | None) -> CodeLine | None:
    """Return the innermost line of a traceback that stands in a cell or in a file of the student's.

    Installed packages, Python's own library and the grader are passed over, and code without source.
    """
    for frame, number in reversed(list(traceback.walk_tb(start))):
        path = frame.f_code.co_filename
        if not is_students(path):
            continue
        text = linecache.getline(path, number, frame.f_globals).strip()
        if text:
            return CodeLine(
                number=number,
                text=_clean(text, 200),
                function=_clean(_function(frame), 100),
                place=_clean(_place(path), 100),
            )
    return None


def _function(frame: FrameType) -> str:
    """Return the name of the function, or of the one around a lambda; nothing for a cell's top level."""
    names = [name for name in frame.f_code.co_qualname.split(".<locals>.") if not name.startswith("<")]
    return names[-1] if names else ""


def _place(path: str) -> str:
    """Name a cell as Python's own tracebacks in a notebook do, a file without its folders."""
    kind, number = _cell_name(path)
    return f"{kind} {number}" if kind else Path(path).name


def _cell_name(path: str) -> tuple[str, str]:
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    named = shell.compile.format_code_name(path) if shell is not None else None
    return named if named is not None else ("", "")


def _clean(text: str, limit: int) -> str:
    text = _UNSAFE.sub(" ", text)
    return text if len(text) <= limit else text[: limit - 1] + "…"
