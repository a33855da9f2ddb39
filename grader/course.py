"""Where a course keeps a unit, and how its tasks are read."""

from __future__ import annotations

import re
import runpy
import traceback
from dataclasses import dataclass, fields
from pathlib import Path

from pydantic import ValidationError

from grader import tasks as vocabulary
from grader.errors import CourseError
from grader.messages import did_you_mean
from grader.tasks import Task, Unit

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
        raise CourseError(f"{folder.name}/{TASKS_FILE}{_line(error, path)}: {_reason(error)}") from error
    if not isinstance(unit, Unit):
        raise CourseError(f"{folder.name}/{TASKS_FILE} must end in UNIT = Unit(...).")
    if unit.id != folder.name:
        raise CourseError(
            f"{folder.name}/{TASKS_FILE} declares the unit {unit.id!r}; name it like its folder."
        )
    return unit


def _line(error: Exception, path: Path) -> str:
    """Say in which line of ``tasks.py`` an error came up, where its traceback tells."""
    lines = [
        line
        for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_filename == str(path)
    ]
    if isinstance(error, SyntaxError) and error.lineno is not None:
        lines = [error.lineno]
    return f", line {lines[-1]}" if lines else ""


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        comma = (
            f" Write {field}=(…,) with a comma after the only one." if first["type"] == "tuple_type" else ""
        )
        known = getattr(getattr(vocabulary, error.title, None), "model_fields", ())
        extra = known and first["type"] == "extra_forbidden"
        near = f"{did_you_mean(field, known)} It takes {', '.join(known)}." if extra else ""
        return f"{error.title}: {field}: {'There is no such field' if near else first['msg']}.{comma}{near}"
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg}"
    unknown = re.search(r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'", str(error))
    known = [
        field.name
        for kind in (Task, Unit)
        if unknown and kind.__name__ == unknown[1]
        for field in fields(kind)
    ]
    return f"{type(error).__name__}: {error}{did_you_mean(unknown[2], known) if unknown and known else ''}"
