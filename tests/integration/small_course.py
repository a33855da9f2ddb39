"""A course of one small unit, made for a test, and the real command line to drive it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook

from grader.nbgrader_plugin.store import read_verdicts
from grader.verdict import Verdict

UNIT = "01_small"
PROJECT = Path(__file__).resolve().parents[2]

TASKS = """
import random

from grader.tasks import Answer, Architecture, Case, Connectivity, Input, Parameters, Task, Unit


def draw(rng: random.Random) -> Case:
    return Case(inputs=(Input(rng.choice([3, 6])),), arguments={"units": rng.choice([5, 7])})


UNIT = Unit(
    id="01_small",
    title="A small unit",
    tasks=(
        Task(
            id="count",
            title="Count the parameters",
            expects=(Answer(points=2),),
            hints=("Weights and biases.",),
            cases=(Case(arguments={"units": 3}),),
        ),
        Task(
            id="two_layers",
            title="Two layers",
            expects=(Architecture(points=2), Connectivity(points=1), Parameters(points=1)),
            hints=("Two calls.", "Two Dense calls."),
            cases=(Case(inputs=(Input(4),), arguments={"units": 3}),),
            draw=draw,
        ),
    ),
)
"""

COUNT = """def count(units):
    ### BEGIN SOLUTION
    return 4 * units + units
    ### END SOLUTION"""
TWO_LAYERS = """def two_layers(x, units):
    ### BEGIN SOLUTION
    import keras

    y = keras.layers.Dense(units, activation="relu")(x)
    return keras.layers.Dense(units)(y)
    ### END SOLUTION"""
DOUBLE = """def double(number):
    ### BEGIN SOLUTION
    return 2 * number
    ### END SOLUTION"""

CONFIG = """
from grader.nbgrader_plugin import configure

c = get_config()
configure(c)
c.CourseDirectory.source_directory = "units"
c.CourseDirectory.course_id = "small"
c.ExecuteAndJudge.timeout = 40
c.ExecuteAndJudge.interrupt_grace = 2
"""

Edit = Callable[[NotebookNode], None]


def cell(source: str, name: str, *, grade: float | None = None, solution: bool = False) -> NotebookNode:
    """Make a code cell with nbgrader metadata: locked unless it is a solution."""
    data = {
        "schema_version": 3,
        "grade_id": name,
        "grade": grade is not None,
        "solution": solution,
        "locked": not solution,
        "task": False,
    }
    if grade is not None:
        data["points"] = grade
    return new_code_cell(source, metadata={"nbgrader": data})


def assignment() -> NotebookNode:
    """Make the unit's assignment, solutions in."""
    explanation = new_markdown_cell(
        "Because.",
        metadata={
            "nbgrader": {
                "schema_version": 3,
                "grade_id": "why",
                "grade": True,
                "solution": True,
                "locked": False,
                "task": False,
                "points": 1,
            }
        },
    )
    cells = [
        cell(f'import grader\n\nunit = grader.unit("{UNIT}")', "setup"),
        cell(COUNT, "count_solution", solution=True),
        cell('unit.check("count", count)', "count", grade=2),
        cell(TWO_LAYERS, "two_layers_solution", solution=True),
        cell('unit.check("two_layers", two_layers)', "two_layers", grade=4),
        cell(DOUBLE, "double_solution", solution=True),
        cell("assert double(3) == 6", "double", grade=2),
        explanation,
    ]
    return new_notebook(
        cells=cells,
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )


def make_course(root: Path) -> Path:
    """Write the course: its config, its unit, and what the unit's authors keep beside it."""
    folder = root / "units" / UNIT
    (folder / "samples").mkdir(parents=True)
    (folder / "tasks.py").write_text(TASKS)
    (folder / "notes.txt").write_text("what the authors noted: the solution is Dense, Dense\n")
    (folder / "samples" / "correct_plain.py").write_text(TWO_LAYERS)
    nbformat.write(assignment(), folder / "assignment.ipynb")
    (root / "nbgrader_config.py").write_text(CONFIG)
    return root


def released_course(factory: pytest.TempPathFactory, name: str) -> Path:
    """Return a copy of the course as it is after ``nbgrader generate_assignment``, which runs once a session."""
    template = factory.getbasetemp() / "released-course"
    if not template.exists():
        make_course(template)
        done = nbgrader(template, "generate_assignment", UNIT)
        assert done.returncode == 0, done.stderr
    return Path(shutil.copytree(template, factory.mktemp(name), dirs_exist_ok=True))


def nbgrader(course: Path, *arguments: str, backend: str = "jax") -> subprocess.CompletedProcess[str]:
    """Run nbgrader's command line in a course."""
    return _run([sys.executable, "-m", "nbgrader", *arguments], course, backend)


def grader(folder: Path, *arguments: str, backend: str = "jax") -> subprocess.CompletedProcess[str]:
    """Run our own command line, as it is installed, in a folder."""
    return _run([str(Path(sys.executable).parent / "grader"), *arguments], folder, backend)


def _run(command: list[str], folder: Path, backend: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "KERAS_BACKEND": backend,
        "PYTHONPATH": str(PROJECT),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )


def released(course: Path) -> NotebookNode:
    """Read the assignment as students get it."""
    return nbformat.read(course / "release" / UNIT / "assignment.ipynb", as_version=4)


def find(nb: NotebookNode, name: str) -> int:
    """Return the place of a cell."""
    return next(
        index
        for index, found in enumerate(nb.cells)
        if found.metadata.get("nbgrader", {}).get("grade_id") == name
    )


def without_markers(source: str) -> str:
    """Return a reference solution as a student would have typed it."""
    return "\n".join(line for line in source.splitlines() if "### " not in line)


def solve(nb: NotebookNode, **sources: str) -> None:
    """Fill in the solution cells: with the given sources, else with the reference's."""
    given = {"count": COUNT, "two_layers": TWO_LAYERS, "double": DOUBLE} | sources
    for name, source in given.items():
        nb.cells[find(nb, f"{name}_solution")].source = without_markers(source)
    nb.cells[find(nb, "why")].source = "Because I say so."


def submit(course: Path, student: str, edit: Edit | None = None, **files: str) -> Path:
    """Hand in an edited copy of the release, with files beside it."""
    nb = released(course)
    if edit is not None:
        edit(nb)
    folder = course / "submitted" / student / UNIT
    folder.mkdir(parents=True)
    # Not through nbformat, which would mend what students' notebooks do have: ids that are not unique.
    (folder / "assignment.ipynb").write_text(json.dumps(nb))
    (folder / "public_key.json").write_text((course / "release" / UNIT / "public_key.json").read_text())
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def scores(course: Path, student: str) -> dict[str, float | None]:
    """Read a student's automatic scores, cell by cell."""
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        submission = gradebook.find_submission(UNIT, student)
        return {
            grade.name: grade.auto_score for notebook in submission.notebooks for grade in notebook.grades
        }


def pending(course: Path, student: str) -> set[str]:
    """Return the cells that wait for a person."""
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        submission = gradebook.find_submission(UNIT, student)
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        return {grade.name for grade in grades if grade.needs_manual_grade}


def verdict(course: Path, student: str, task: str) -> Verdict:
    """Read the verdict kept for one task."""
    kept = [found for stored in read_verdicts(course, UNIT, student) for found in stored.verdicts]
    return next(found for found in kept if found.task == task)


def feedback(course: Path, student: str) -> str:
    """Read a student's feedback page."""
    return (course / "feedback" / student / UNIT / "assignment.html").read_text()
