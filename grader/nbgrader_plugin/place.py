"""Where things lie: the course seen from inside an nbgrader preprocessor, and what grading fills."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbgrader.coursedir import CourseDirectory

from grader.course import TASKS_FILE, UnitFolder

__all__ = ["course_directory", "grading_places", "unit_folder"]


_SQLITE = "sqlite:///"


def course_directory(member: Any) -> CourseDirectory:
    """Return the course directory of the converter that a preprocessor or exporter belongs to."""
    parent = member
    while parent is not None:
        found = getattr(parent, "coursedir", None)
        if found is not None:
            return found
        parent = getattr(parent, "parent", None)
    return CourseDirectory(parent=member)


def unit_folder(member: Any, assignment: str) -> UnitFolder | None:
    """Return the assignment's folder when it is a unit, that is, when it declares tasks."""
    directory = course_directory(member)
    path = Path(directory.format_path(directory.source_directory, ".", assignment)).resolve()
    if not (path / TASKS_FILE).is_file():
        return None
    return UnitFolder(course=Path(directory.root).resolve(), path=path)


def grading_places(directory: CourseDirectory) -> dict[str, str | Path]:
    """Return where an instructor finds what is handed in and what came of it."""
    root = Path(directory.root)
    database = str(directory.db_url)
    return {
        "submissions": root / directory.submitted_directory,
        "graded notebooks": root / directory.autograded_directory,
        "feedback": root / directory.feedback_directory,
        "gradebook": Path(database.removeprefix(_SQLITE)) if database.startswith(_SQLITE) else "a database",
    }
