"""What an author is told when an assignment does not fit its tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course import UnitFolder, load_unit
from grader.errors import CourseError, UnknownUnitError
from grader.nbgrader_plugin.prepare import check_assignment, check_unit, unlisted
from grader.nbgrader_plugin.release import find_unit
from tests.integration import small_course as small


@pytest.fixture
def folder(tmp_path: Path) -> UnitFolder:
    small.make_course(tmp_path)
    return UnitFolder(course=tmp_path, path=tmp_path / "units" / small.UNIT)


def test_fitting_assignment_is_accepted(folder: UnitFolder) -> None:
    """An assignment whose check cells have their tasks' ids and points is accepted."""
    assert check_unit(folder).id == small.UNIT


@pytest.mark.parametrize(
    ("name", "change", "parts"),
    [
        ("count", {"points": 3}, ["'count'", "3 points", "its task 2"]),
        ("count", {"grade_id": "counts"}, ["Task 'count'", "no check cell"]),
        ("count", {"solution": True}, ["'count'", "automatic tests"]),
        ("double", {"grade_id": "triple"}, []),
    ],
)
def test_disagreement_is_named(
    folder: UnitFolder, name: str, change: dict[str, object], parts: list[str]
) -> None:
    """Other points, another id, or a check that students could edit is refused with its name."""
    nb = small.assignment()
    nb.cells[small.find(nb, name)].metadata["nbgrader"].update(change)
    if not parts:
        check_assignment(nb, folder.load())
        return
    with pytest.raises(CourseError) as caught:
        check_assignment(nb, folder.load())
    for part in parts:
        assert part in str(caught.value)


def test_check_without_a_task_is_named(folder: UnitFolder) -> None:
    """A graded cell that calls ``check`` for a task that is not declared is refused."""
    nb = small.assignment()
    nb.cells.append(small.cell('unit.check("third", third)', "third", grade=1))
    with pytest.raises(CourseError, match=r"'third'.*no such task"):
        check_assignment(nb, folder.load())


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("raise ValueError('broken')", "tasks.py, line 1: ValueError: broken"),
        ("UNIT = 3", "must end in UNIT"),
        ("from grader.tasks import Unit\nUNIT = Unit(id='other', title='t')", "name it like its folder"),
    ],
)
def test_broken_tasks_file_is_named(folder: UnitFolder, source: str, part: str) -> None:
    """A ``tasks.py`` that raises, declares no unit, or another one, says so."""
    folder.tasks.write_text(source)
    with pytest.raises(CourseError, match=part):
        load_unit(folder.path)


def test_missing_tasks_file_is_named(tmp_path: Path) -> None:
    """A folder without ``tasks.py`` is no unit."""
    with pytest.raises(CourseError, match=r"has no tasks\.py"):
        load_unit(tmp_path)


def test_unknown_unit_lists_those_there_are(folder: UnitFolder) -> None:
    """A name that is no unit is answered with the names that are."""
    with pytest.raises(UnknownUnitError, match=rf"'02_other'.*There are: {small.UNIT}\."):
        find_unit("02_other", folder.course)


def test_unlisted_files_of_a_release_are_found(tmp_path: Path) -> None:
    """Whatever is not a notebook of the unit, its public key or its data must not be released."""
    for name in ("assignment.ipynb", "lesson.ipynb", "public_key.json", "tasks.py", "solution.ipynb"):
        (tmp_path / name).write_text("")
    (tmp_path / "data").mkdir()
    (tmp_path / "samples").mkdir()
    assert [path.name for path in unlisted(tmp_path)] == ["samples", "solution.ipynb", "tasks.py"]
