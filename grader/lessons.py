"""Which units of a course are there to be read, so that no message sends anybody to one that is not.

A mistake is taught in a unit whether or not that unit lies on this machine: records keep its name. Whoever
shows them asks here first, each time anew, so that a unit that comes later is named from then on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

__all__ = ["course_folders", "lessons_around", "lessons_in"]

_LESSON = "lesson.ipynb"
_KEPT_IN = ("work", "release", "units")  # folders of a course that hold units


def lessons_in(folder: Path) -> frozenset[str]:
    """Return the names of the units in a folder that have a lesson."""
    try:
        return frozenset(path.parent.name for path in folder.glob(f"*/{_LESSON}"))
    except OSError:  # a folder that may not be read has no lesson for this reader
        return frozenset()


def lessons_around(here: Path) -> frozenset[str]:
    """Return the units with a lesson beside a folder, in it, or in a course around it."""
    places: Iterable[Path] = (
        here,
        here.parent,
        *(course / name for course in course_folders(here) for name in _KEPT_IN),
    )
    return frozenset().union(*map(lessons_in, places))


def course_folders(here: Path) -> list[Path]:
    """Return where a course's root may lie: as ``GRADER_COURSE`` says, in a folder above, or beside one."""
    named = os.environ.get("GRADER_COURSE")
    around = [here, *here.parents]
    return ([Path(named)] if named else []) + around + [folder / "course" for folder in around]
