"""Correct work that stands in a notebook with something wrong in it is graded for what it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from nbgrader.api import Gradebook

from grader.verdict import Outcome
from tests.integration import small_course as small

pytestmark = [pytest.mark.keras, pytest.mark.slow]

FULL = {"count": 2.0, "two_layers": 4.0, "double": 2.0}


def ends_kernel(how: str) -> small.Edit:
    """All is right but for a first exercise that ends its kernel."""
    return lambda nb: small.solve(nb, count=f"def count(units):\n    return 0\n\n{how}")


def unmarked(nb: NotebookNode) -> None:
    """All is right, and an editor has dropped the cells' metadata."""
    small.solve(nb)
    for cell in nb.cells:
        cell.metadata = {}


def check_on_top(nb: NotebookNode) -> None:
    """All is right, and a check was dragged to the top."""
    small.solve(nb)
    nb.cells.insert(0, nb.cells.pop(small.find(nb, "two_layers")))


def into_check(nb: NotebookNode) -> None:
    """All is right, and a solution was merged into the check below it."""
    small.solve(nb)
    work = nb.cells.pop(small.find(nb, "two_layers_solution"))
    check = nb.cells[small.find(nb, "two_layers")]
    check.source = f"{work.source}\n\n{check.source}"


def scratch(nb: NotebookNode) -> None:
    """All is right, and a cell for trying things out, between two exercises, ends the kernel."""
    small.solve(nb)
    nb.cells.insert(small.find(nb, "two_layers_solution"), new_code_cell("quit()"))


def asks(nb: NotebookNode) -> None:
    """The first exercise asks whoever runs it."""
    small.solve(nb, count="def count(units):\n    return int(input('how many?'))")


def broken(nb: NotebookNode) -> None:
    """The first exercise is no Python."""
    small.solve(nb, count="def count(units)\n    return 5 * units")


SUBMISSIONS: dict[str, small.Edit] = {
    "asks": asks,
    "broken": broken,
    "exits": ends_kernel("import os\nos._exit(3)"),
    "marked": small.solve,
    "merged": into_check,
    "quits": ends_kernel("quit()"),
    "scratch": scratch,
    "top": check_on_top,
    "unmarked": unmarked,
}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    course = small.released_course(tmp_path_factory, "one-bad-cell")
    for student, edit in SUBMISSIONS.items():
        small.submit(course, student, edit)
    marked = course / "submitted" / "marked" / small.UNIT / "assignment.ipynb"
    marked.write_bytes(b"\xef\xbb\xbf" + marked.read_bytes())
    done = small.grader(course, "grade", small.UNIT)
    assert 0 == done.returncode, done.stdout + done.stderr
    return course


def given(course: Path, student: str) -> dict[str, float | None]:
    found = small.scores(course, student)
    return {name: found[name] for name in FULL}


@pytest.mark.parametrize("student", ["marked", "merged", "scratch", "top", "unmarked"])
def test_correct_work_gets_its_marks(course: Path, student: str) -> None:
    """A byte order mark, a merged or a moved cell, lost marks: nothing of that is the student's mistake."""
    assert FULL == given(course, student)
    assert {"why"} == small.pending(course, student)


@pytest.mark.parametrize("student", ["exits", "quits"])
def test_a_cell_that_ends_its_kernel_costs_its_own_exercise_alone(course: Path, student: str) -> None:
    """The exercises behind it are graded, and of its own it is told that it ended the kernel."""
    assert {**FULL, "count": 0.0} == given(course, student)
    found = small.verdict(course, student, "count")
    assert Outcome.CRASHED == found.outcome
    how = "exit code 3" if student == "exits" else "quit()"
    assert any("Cell 2," in remark and how in remark for remark in found.remarks), found.remarks
    assert () == small.verdict(course, student, "two_layers").remarks


def test_asking_is_an_attempt(course: Path) -> None:
    """`input()` has nobody to answer, which is no function that was never written."""
    assert {**FULL, "count": 0.0} == given(course, "asks")
    found = small.verdict(course, "asks", "count")
    assert Outcome.RUNTIME_ERROR == found.outcome
    assert "input" in found.message


def test_a_missing_name_is_led_back_to_the_cell_that_stopped(course: Path) -> None:
    """The SyntaxError is the cause, and told in one breath with what follows from it."""
    found = small.verdict(course, "broken", "count")
    assert "NameError" in found.message
    assert "cell 2, before it, had stopped with SyntaxError" in found.message
    assert ".py" not in found.message


def test_what_a_person_gave_stays_where_nothing_has_changed(course: Path) -> None:
    """Grading once more leaves the gradebook alone; with ``--afresh``, or a change, a person is asked to look."""
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        grade = gradebook.find_grade("why", "assignment", small.UNIT, "marked")
        grade.manual_score, grade.needs_manual_grade = 1.0, False
        gradebook.db.commit()
    assert 0 == small.grader(course, "grade", small.UNIT).returncode
    assert set() == small.pending(course, "marked")
    assert 0 == small.grader(course, "grade", small.UNIT, "--student", "marked", "--afresh").returncode
    assert {"why"} == small.pending(course, "marked")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("c.ExecuteAndJudge.notebok_memory = 5", "there is no such setting. Did you mean 'notebook_memory'?"),
        ("c.ExecuteAndJudge.notebook_memory = '8GB'", "notebook_memory"),
        ("c.ExecuteAndJudge.timeout = -5", "timeout"),
    ],
)
def test_a_limit_that_cannot_be_used_is_refused_before_anything_is_graded(
    tmp_path_factory: pytest.TempPathFactory, line: str, told: str
) -> None:
    """Else every student would be left to a person."""
    course = small.released_course(tmp_path_factory, "limits")
    small.submit(course, "student-01", small.solve)
    config = course / "nbgrader_config.py"
    config.write_text(f"{config.read_text()}\n{line}\n")
    done = small.grader(course, "grade", small.UNIT)
    assert (2, "") == (done.returncode, done.stdout)
    assert told in done.stderr
    assert not (course / "autograded").exists()
