"""Why one of nbgrader's steps failed, out of its log."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["cause"]

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_LEVEL = re.compile(r"\[(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\] ")
_TRACEBACK = "Traceback (most recent call last):"
# What nbgrader writes after the cause; it points at a log that nobody has on the screen.
_POINTERS = ("Please see the", "There was an error processing", "Did you mean", "Traceback (most recent")


def cause(result: dict[str, Any]) -> str:
    """Return the line of a failed step's log that says what happened.

    nbgrader logs the exception itself and then raises one that says to look at the log.
    """
    log = _ANSI.sub("", str(result.get("log") or ""))
    entries = [entry.strip() for entry in _LEVEL.split(log)]
    for entry in entries:
        if entry.startswith(_TRACEBACK):
            return _last_line(entry)
    errors = [_ANSI.sub("", entry).strip() for entry in re.findall(r"\[(?:ERROR|CRITICAL)\] (.*)", log)]
    told = [entry for entry in errors if entry and not entry.startswith(_POINTERS)]
    return told[0][:300].rstrip(".") if told else _last_line(str(result.get("error") or ""))


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300].rstrip(".") if lines else "no message"
