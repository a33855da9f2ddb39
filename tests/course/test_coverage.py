"""The coverage list: every name in it exists, and nothing a unit promises is missing from it."""

import re

import pytest

from tests.course.course_units import COURSE, UNITS, grade_id

COLUMNS = ["lesson cell", "exercise", "drill"]


def sections():
    """Unit → heading → rows of four texts."""
    found, unit, heading = {}, None, None
    for line in (COURSE / "coverage.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            unit = line[3:].strip()
            found[unit] = {}
        elif line.startswith("### "):
            heading = line[4:].strip()
            found[unit][heading] = []
        elif line.startswith("|") and unit:
            found[unit][heading].append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def rows(unit, heading=None):
    """The rows under one heading of a unit, or under all, without the table heads."""
    tables = sections()[unit]
    return [row for name, table in tables.items() if heading in (None, name) for row in table[2:]]


def named(text):
    return re.findall(r"`([^`]+)`", text)


def test_every_unit_is_listed():
    """The list has one section per unit, in order."""
    assert list(UNITS) == list(sections())


@pytest.mark.parametrize("name", UNITS)
def test_tables_have_the_same_columns(name):
    """Every table says lesson cell, exercise and drill, in that order."""
    assert [COLUMNS] * len(sections()[name]) == [table[0][1:] for table in sections()[name].values()]


def test_lesson_cells_exist(unit):
    """Every lesson cell named in the list is in the lesson."""
    cells = {cell.id for cell in unit.lesson.cells}
    assert [] == [name for row in rows(unit.name) for name in named(row[1]) if name not in cells]


def test_exercises_exist(unit):
    """Every exercise named in the list is a graded cell of the assignment."""
    graded = {
        grade_id(cell) for cell in unit.assignment.cells if cell.metadata.get("nbgrader", {}).get("grade")
    }
    assert [] == [name for row in rows(unit.name) for name in named(row[2]) if name not in graded]


def test_every_exercise_is_listed(unit):
    """Every graded cell of the assignment practises something in the list."""
    graded = {
        grade_id(cell) for cell in unit.assignment.cells if cell.metadata.get("nbgrader", {}).get("grade")
    }
    assert set() == graded - {name for row in rows(unit.name) for name in named(row[2])}


def test_nothing_is_taught_nowhere(unit):
    """Every row names a lesson cell or an exercise, and an empty place is written as a dash."""
    assert [] == [row[0] for row in rows(unit.name) if not named(row[1]) and not named(row[2])]
    assert [] == [row[0] for row in rows(unit.name) if any(not named(c) and c != "—" for c in row[1:])]


def test_every_objective_is_listed(unit):
    """The objectives of the unit's design are the objectives of the list."""
    design = (unit.path / "design.md").read_text(encoding="utf-8")
    objectives = re.search(r"^## Objectives\n(.*?)^## ", design, re.MULTILINE | re.DOTALL)[1]
    assert re.findall(r"^- `([^`]+)`", objectives, re.MULTILINE) == [
        named(row[0])[0] for row in rows(unit.name, "Objectives")
    ]


def test_every_mistake_with_a_sample_is_listed(unit):
    """Every mistake that the unit's design teaches is in the list."""
    design = (unit.path / "design.md").read_text(encoding="utf-8")
    taught = re.search(r"^## Mistakes it teaches\n(.*?)^## ", design, re.MULTILINE | re.DOTALL)[1]
    mistakes = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", taught))
    assert set() == mistakes - {name for row in rows(unit.name, "Mistakes") for name in named(row[0])}


def test_every_interview_question_of_the_lesson_is_listed(unit):
    """Every cell of a lesson that holds an interview question is in the list."""
    asking = {cell.id for cell in unit.lesson.cells if "Interview question:" in cell.source}
    assert set() == asking - {n for row in rows(unit.name, "Interview questions") for n in named(row[1])}
