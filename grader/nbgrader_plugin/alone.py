"""One grading run at a time in a course: two would take the files from under each other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.errors import UsageError
from grader.messages import shown

__all__ = ["alone"]


@contextmanager
def alone(course: Path) -> Iterator[None]:
    """Hold the course's lock for the ``with`` block; it falls with the process that holds it.

    Raises:
        UsageError: another process holds it; the message names it.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    private = course / "private"
    private.mkdir(mode=0o700, parents=True, exist_ok=True)
    private.chmod(0o700)
    with (private / "grading.lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            other = file.read(20).strip()
            raise UsageError(
                f"Another run is grading in {shown(course)}{f' (process {other})' if other.isdigit() else ''}. "
                "Wait until it is done, or end it; what it has done is kept."
            ) from None
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
