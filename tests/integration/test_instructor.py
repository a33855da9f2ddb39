"""What an instructor reads: a class with everything that goes wrong in it, through our own command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from bs4 import BeautifulSoup
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from nbgrader.api import MissingEntry

from tests.integration import small_course as small

pytestmark = [pytest.mark.keras, pytest.mark.slow]

NATIVE = "I0000 00:00:1795379189.603142   25973 port.cc:153] oneDNN custom operations are on."
NOISY = f"""import os, sys
print({NATIVE!r}, file=sys.stderr)
print("my own line on stderr", file=sys.stderr)
print("level", os.environ["TF_CPP_MIN_LOG_LEVEL"])"""


def noisy(nb: NotebookNode) -> None:
    small.solve(nb)
    nb.cells.insert(0, new_code_cell(NOISY))


def untouched(nb: NotebookNode) -> None:
    """Hand in what was released."""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class in which most notebooks are misnamed, missing, unreadable or in the wrong place."""
    course = small.released_course(tmp_path_factory, "course")
    small.submit(course, "student-01", noisy)
    misnamed = small.submit(course, "student-02", small.solve) / "assignment.ipynb"
    misnamed.rename(misnamed.with_name("assignment (1).ipynb"))
    for path in small.submit(course, "student-03").iterdir():
        path.unlink()
    unreadable = small.submit(course, "student-04", small.solve) / "assignment.ipynb"
    unreadable.write_text(unreadable.read_text()[:900])
    both = small.submit(course, "student-05", untouched)
    shutil.copy(misnamed.with_name("assignment (1).ipynb"), both)
    (small.submit(course, "student-06", small.solve) / "timestamp.txt").write_text("yesterday")
    stray = course / "submitted" / "student-07"
    stray.mkdir()
    shutil.copy(both / "assignment.ipynb", stray)
    return course


@pytest.fixture(scope="module")
def graded(course: Path) -> CompletedProcess[str]:
    return small.grader(course, "grade", small.UNIT)


@pytest.fixture(scope="module")
def given(course: Path, graded: CompletedProcess[str]) -> CompletedProcess[str]:
    return small.grader(course, "feedback", small.UNIT)


def rows(output: str) -> dict[str, str]:
    """Return the table by student, rows that were folded put together."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in output.splitlines()[1:]:
        if not line.startswith((" ", "student-")):
            break
        words = line.split()
        if line.startswith("student-"):
            name = words.pop(0)
        found.setdefault(name, []).extend(words)
    return {name: " ".join(words) for name, words in found.items()}


def test_the_table_says_what_was_found_and_how_to_mend_it(graded: CompletedProcess[str]) -> None:
    """Every submission that cannot be graded says what was found, what was expected, and what to do."""
    table = rows(graded.stdout)
    fault = table.pop("student-06")
    assert fault.startswith("open / 8 open / 1 needs a look: nbgrader could not grade it: AttributeError: ")
    assert fault.endswith("run `nbgrader autograde 01_small --student student-06 --force`")
    assert {
        "student-01": "8 / 8 open / 1 all checks pass",
        "student-02": "open / 8 open / 1 needs a look: found 'assignment (1).ipynb', expected 'assignment.ipynb': "
        "rename it in submitted/student-02/01_small/ and grade again.",
        "student-03": "open / 8 open / 1 needs a look: submitted/student-03/01_small/ is empty, expected "
        "'assignment.ipynb' in it: ask the student for it, put it there and grade again.",
        "student-04": "open / 8 open / 1 needs a look: 'assignment.ipynb' cannot be read: it is cut short after 900 "
        "bytes. Ask the student for it again.",
        "student-05": "0 / 8 0 / 1 count: not attempted; two_layers: not attempted; needs a look: found "
        "'assignment (1).ipynb' beside assignment.ipynb; only assignment.ipynb was graded",
    } == table


def test_under_the_table_stands_what_is_open_and_where_things_are(graded: CompletedProcess[str]) -> None:
    """Points that wait for a person, the folders and the gradebook, and what lies in the wrong place."""
    under = graded.stdout.splitlines()[-7:]
    assert [
        (
            "1 point awaits a person (why), for student-01: checks decide 8 of 9 points. Grade the rest in JupyterLab: "
            "Nbgrader, Formgrader, Manual Grading."
        ),
        "submissions: submitted",
        "graded notebooks: autograded",
        "feedback: feedback",
        "gradebook: gradebook.db",
        "`grader feedback 01_small` writes the feedback.",
        (
            "not graded: found submitted/student-07/assignment.ipynb, expected submitted/student-07/01_small/"
            "assignment.ipynb: move it there."
        ),
    ] == under


def test_a_class_that_needs_a_look_exits_with_1_and_nothing_on_stderr(graded: CompletedProcess[str]) -> None:
    """Neither log lines nor a stray blank line reach a terminal that is none."""
    assert (1, "") == (graded.returncode, graded.stderr)


def test_a_notebook_that_is_not_there_is_never_a_zero(course: Path, graded: CompletedProcess[str]) -> None:
    """A misnamed notebook gets no score at all, where nbgrader gives zero for one that it does not find."""
    with pytest.raises(MissingEntry):
        small.scores(course, "student-02")


def test_feedback_names_everyone_who_gets_none(given: CompletedProcess[str]) -> None:
    """Each student has a line: where the page is, or why there is none."""
    assert 1 == given.returncode
    assert [
        "student-01: feedback/student-01/01_small",
        "student-04: feedback/student-04/01_small (not judged yet, and the page says so)",
        "student-05: feedback/student-05/01_small",
        (
            "student-02: no feedback: found 'assignment (1).ipynb', expected 'assignment.ipynb': rename it in "
            "submitted/student-02/01_small/ and grade again."
        ),
        (
            "student-03: no feedback: submitted/student-03/01_small/ is empty, expected 'assignment.ipynb' in it: ask the "
            "student for it, put it there and grade again."
        ),
        (
            "student-06: no feedback: not graded, or handed in again since: run `grader grade 01_small --student "
            "student-06`."
        ),
    ] == given.stdout.splitlines()


def test_a_page_without_a_judgement_says_so_first(course: Path, given: CompletedProcess[str]) -> None:
    """Before any cell stands that nothing is judged, why, and what the student can do."""
    page = BeautifulSoup(small.feedback(course, "student-04"), "html.parser")
    first = page.select("#notebook-container .text_cell, #notebook-container .code_cell")[0].text
    assert "Not judged yet" in first
    assert "it is cut short after 900 bytes. Please hand it in again." in first


def test_native_log_lines_stay_out_of_feedback(course: Path, given: CompletedProcess[str]) -> None:
    """What a backend's libraries log is in no page; what the student wrote to stderr is."""
    page = BeautifulSoup(small.feedback(course, "student-01"), "html.parser")
    shown = " ".join(output.text for output in page.select(".output_area"))
    assert "my own line on stderr" in shown
    assert "level 3" in shown
    assert "port.cc" not in shown


def test_the_json_keeps_points_of_checks_and_of_a_person_apart(
    course: Path, graded: CompletedProcess[str]
) -> None:
    """A script finds what was given, of how many, and what is open; notes go to stderr."""
    (course / "submitted" / "student-01" / small.UNIT / "assignment.ipynb").unlink()
    done = small.grader(course, "grade", small.UNIT, "--student", "student-01", "--json")
    (found,) = json.loads(done.stdout)
    assert {"given": 0.0, "of": 8.0, "open": 8.0} == found["checks"]
    assert {"given": 0.0, "of": 1.0, "open": 1.0} == found["by_hand"]
    assert (None, 9.0, []) == (found["score"], found["max_score"], found["verdicts"])
