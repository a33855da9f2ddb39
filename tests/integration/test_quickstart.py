"""nbgrader's own example course, graded by stock nbgrader and through our preprocessors."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbgrader.api import Gradebook

from tests.integration import small_course as small

pytestmark = pytest.mark.slow

OURS = "\nfrom grader.nbgrader_plugin import configure\n\nconfigure(c)\n"
SQUARES = {
    "correct": "def squares(n):\n    if n < 1:\n        raise ValueError('n must be at least 1')\n    return [i ** 2 for i in range(1, n + 1)]",
    "wrong": "def squares(n):\n    return [i ** 2 for i in range(n)]",
    "error": "def squares(n):\n    return undefined",
}
SUM = "def sum_of_squares(n):\n    print('summing')\n    return sum(squares(n))"
# A nonsensical number, a result that is no number, and a part of the points: all scored by nbgrader's rules.
LAST = {"correct": "0.5", "wrong": "'text'", "error": "-3"}


def _hand_in(course: Path, student: str) -> None:
    for path in sorted((course / "release" / "ps1").glob("*.ipynb")):
        nb = nbformat.read(path, as_version=4)
        _answer(nb, student)
        target = course / "submitted" / student / "ps1"
        target.mkdir(parents=True, exist_ok=True)
        nbformat.write(nb, target / path.name)


def _answer(nb: NotebookNode, student: str) -> None:
    for cell in nb.cells:
        data = cell.metadata.get("nbgrader", {})
        if not data.get("solution"):
            continue
        if cell.cell_type == "markdown":
            cell.source = "My answer."
        elif "def squares" in cell.source:
            cell.source = SQUARES[student]
        elif "def sum_of_squares" in cell.source:
            cell.source = SUM
        else:
            cell.source = LAST.get(student, "pass")


def _grade(course: Path, config: str) -> dict[tuple[str, str, str], tuple[float | None, float | None, bool]]:
    """Grade a copy of the example course and return, per student, notebook and cell, its grade."""
    with (course / "nbgrader_config.py").open("a") as file:
        file.write(config)
    done = small.nbgrader(course, "generate_assignment", "ps1", "--force")
    assert done.returncode == 0, done.stderr
    for student in SQUARES:
        _hand_in(course, student)
    done = small.nbgrader(course, "autograde", "ps1")
    assert done.returncode == 0, done.stderr
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        return {
            (student, notebook.name, grade.name): (
                grade.auto_score,
                grade.max_score,
                grade.needs_manual_grade,
            )
            for student in SQUARES
            for notebook in gradebook.find_submission("ps1", student).notebooks
            for grade in notebook.grades
        }


def test_scores_equal_those_of_stock_nbgrader(tmp_path: Path) -> None:
    """On nbgrader's example course our preprocessors give every cell the score that stock nbgrader gives."""
    done = small.nbgrader(tmp_path, "quickstart", "example")
    assert done.returncode == 0, done.stderr
    courses = [shutil.copytree(tmp_path / "example", tmp_path / name) for name in ("stock", "ours")]
    with ThreadPoolExecutor() as pool:
        stock, ours = pool.map(_grade, courses, ("", OURS))
    scores = {
        student: sum(grade[0] or 0 for key, grade in stock.items() if key[0] == student)
        for student in SQUARES
    }
    assert scores["correct"] > scores["wrong"] > 0
    assert stock == ours
