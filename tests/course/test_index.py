"""The course's front page: it lists the units there are, and sends learners to their own copies."""

import re

import nbformat
import pytest

from tests.course.course_units import COURSE, UNITS


@pytest.fixture(scope="module")
def page():
    return nbformat.read(COURSE / "index.ipynb", as_version=4)


@pytest.fixture(scope="module")
def links(page):
    return re.findall(r"\]\(([^)]+)\)", "\n".join(cell.source for cell in page.cells))


def test_the_index_lists_every_unit_and_no_other(links):
    """The lesson and assignment of each unit are linked once, in order."""
    assert [f"work/{unit}/{name}.ipynb" for unit in UNITS for name in ("lesson", "assignment")] == links


def test_the_index_links_to_what_release_will_lay_out(links):
    """What the index links to in course/work has its source in course/units."""
    missing = [link for link in links if not (COURSE / link.replace("work/", "units/", 1)).is_file()]
    assert [] == missing


def test_the_index_runs_nothing(page):
    """The index has no code, so that opening it changes no tracked file."""
    assert {"markdown"} == {cell.cell_type for cell in page.cells}


def test_the_index_names_only_tasks_there_are(page):
    """Every task that the index takes as an example exists in the unit it opens."""
    from grader.course import load_unit

    text = "\n".join(cell.source for cell in page.cells)
    (unit,) = set(re.findall(r'grader\.unit\("([^"]+)"\)', text))
    tasks = {task.id for task in load_unit(COURSE / "units" / unit).tasks}
    assert set() == set(re.findall(r'unit\.(?:check|hint|solution)\("([^"]+)"', text)) - tasks
