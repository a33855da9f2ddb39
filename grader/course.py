"""Where a course keeps a unit, and how its tasks are read."""

from __future__ import annotations

import runpy
from dataclasses import dataclass
from pathlib import Path

from grader.errors import CourseError
from grader.tasks import Unit

__all__ = ["TASKS_FILE", "UnitFolder", "load_unit"]

TASKS_FILE = "tasks.py"


@dataclass(frozen=True)
class UnitFolder:
    """A unit in the authors' copy of a course: ``course`` is the course's root, ``path`` the unit's folder."""

    course: Path
    path: Path

    @property
    def assignment(self) -> Path:
        """The notebook that holds the tasks and their reference solutions."""
        return self.path / "assignment.ipynb"

    @property
    def tasks(self) -> Path:
        """The file that declares the tasks."""
        return self.path / TASKS_FILE

    @property
    def public_key(self) -> Path:
        """Where the public key made from this copy is kept; never released from here."""
        return self.course / "keys" / f"{self.path.name}.json"

    @property
    def private_key(self) -> Path:
        """Where the key of the grading campaign is kept; never released."""
        return self.course / "private" / f"{self.path.name}.json"

    def load(self) -> Unit:
        """Read the unit; raises ``CourseError`` as ``load_unit`` does."""
        return load_unit(self.path)


def load_unit(folder: Path) -> Unit:
    """Execute a unit's ``tasks.py``, which is the author's own code, and return its ``UNIT``.

    Raises:
        CourseError: there is no such file, it raises, or it declares no unit of the folder's name.
    """
    path = folder / TASKS_FILE
    if not path.is_file():
        raise CourseError(f"{folder.name} has no {TASKS_FILE}; a unit declares its tasks there.")
    try:
        unit = runpy.run_path(str(path)).get("UNIT")
    except CourseError:
        raise
    except Exception as error:
        raise CourseError(f"{folder.name}/{TASKS_FILE} raises {type(error).__name__}: {error}") from error
    if not isinstance(unit, Unit):
        raise CourseError(f"{folder.name}/{TASKS_FILE} must end in UNIT = Unit(...).")
    if unit.id != folder.name:
        raise CourseError(
            f"{folder.name}/{TASKS_FILE} declares the unit {unit.id!r}; name it like its folder."
        )
    return unit
