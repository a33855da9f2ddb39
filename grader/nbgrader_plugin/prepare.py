"""Refuse to release what does not fit its tasks, and release nothing but what is listed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_locked

from grader.course import UnitFolder
from grader.errors import CourseError
from grader.execution.keyring import public_key
from grader.keys import write_key
from grader.nbgrader_plugin.place import unit_folder
from grader.portability.grading import try_parity
from grader.tasks import Unit

__all__ = ["NOTEBOOKS", "PUBLIC_KEY", "PrepareRelease", "check_assignment", "check_unit", "unlisted"]

NOTEBOOKS = ("assignment.ipynb", "lesson.ipynb")
PUBLIC_KEY = "public_key.json"
DATA = "data"


class PrepareRelease(NbGraderPreprocessor):
    """First in ``GenerateAssignment.preprocessors``, so that formgrader's button is as careful as ours."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Check the notebook against the unit's tasks and put the release folder in order."""
        names = resources["nbgrader"]
        folder = unit_folder(self, names["assignment"])
        if folder is None:
            return nb, resources
        file_name = f"{names['notebook']}.ipynb"
        if file_name not in NOTEBOOKS:
            raise CourseError(
                f"{folder.path.name} holds {file_name}; only {' and '.join(NOTEBOOKS)} are released."
            )
        if file_name == folder.assignment.name:
            unit = folder.load()
            check_assignment(nb, unit)
            converter = self.parent.parent
            destination = Path(converter._format_dest(names["assignment"], names["student"]))
            for path in unlisted(destination):
                self.log.warning("not released: %s", path.name)
                _remove(path)
            write_key(
                public_key(folder, try_parity).model_copy(update={"solutions": {}}), destination / PUBLIC_KEY
            )
        return nb, resources


def check_assignment(nb: NotebookNode, unit: Unit) -> None:
    """Hold an assignment's check cells against the unit's tasks.

    Raises:
        CourseError: a task has no cell, a cell has other points than its task, or it could be edited.
    """
    cells: dict[str, NotebookNode] = {}
    for cell in nb.cells:
        if is_grade(cell):
            cells[cell.metadata.nbgrader.get("grade_id", "")] = cell
    for task in unit.tasks:
        cell = cells.get(task.id)
        if cell is None:
            raise CourseError(
                f"Task {task.id!r} of {unit.id} has no check cell: a graded code cell with that nbgrader id."
            )
        if cell.cell_type != "code" or not is_locked(cell):
            raise CourseError(
                f"The check cell {task.id!r} of {unit.id} must be a code cell for automatic tests."
            )
        points = float(cell.metadata.nbgrader.get("points", 0))
        if abs(points - task.public.points) > 1e-9:
            raise CourseError(
                f"The check cell {task.id!r} of {unit.id} gives {points:g} points, its task {task.public.points:g}. "
                "Make them equal."
            )
    known = {task.id for task in unit.tasks}
    for name, cell in cells.items():
        if cell.cell_type == "code" and ".check(" in cell.source and name not in known:
            raise CourseError(f"The cell {name!r} of {unit.id} calls check, but tasks.py has no such task.")


def check_unit(folder: UnitFolder) -> Unit:
    """Load a unit and check its assignment as a release would; raises ``CourseError``."""
    unit = folder.load()
    if not folder.assignment.is_file():
        text = folder.assignment.with_suffix(".py")
        remedy = f" Make it of {text.name}: jupytext --to ipynb --set-kernel python3 {text.name}"
        raise CourseError(
            f"{folder.path.name} has no {folder.assignment.name}.{remedy if text.is_file() else ''}"
        )
    check_assignment(nbformat.read(folder.assignment, as_version=4), unit)
    return unit


def unlisted(release: Path) -> list[Path]:
    """Return what lies in a release's folder and must not."""
    if not release.is_dir():
        return []
    listed = {*NOTEBOOKS, PUBLIC_KEY, DATA}
    return sorted(path for path in release.iterdir() if path.name not in listed)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
