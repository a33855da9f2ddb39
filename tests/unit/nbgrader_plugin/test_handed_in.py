"""What is said of submissions that lie in the wrong place, under the wrong name, or nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from nbgrader.apps import NbGrader  # noqa: F401 - nbgrader's modules import each other in this order only
from nbgrader.coursedir import CourseDirectory

from grader.nbgrader_plugin.handed_in import Submissions


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty course, seen from its root."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def submissions(course: Path) -> Submissions:
    return Submissions(CourseDirectory(root=str(course)), "01_small")


def hand_in(course: Path, *names: str, student: str = "student-01", unit: str = "01_small") -> None:
    folder = course / "submitted" / student / unit
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()


def test_a_submission_in_its_place_has_no_fault(course: Path, submissions: Submissions) -> None:
    """The notebook of the right name is all that is needed, whatever lies beside it."""
    hand_in(course, "assignment.ipynb", "assignment (1).ipynb", "notes.txt")
    assert None is submissions.fault("student-01")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            ["assignment (1).ipynb"],
            (
                "found 'assignment (1).ipynb', expected 'assignment.ipynb': rename it in submitted/student-01/01_small/ "
                "and grade again."
            ),
        ),
        (
            ["Assignment.IPYNB", "lesson.ipynb", "public_key.json"],
            (
                "found 'Assignment.IPYNB', expected 'assignment.ipynb': rename it in submitted/student-01/01_small/ "
                "and grade again."
            ),
        ),
        (
            ["a.ipynb", "b.ipynb"],
            (
                "found 'a.ipynb', 'b.ipynb', expected 'assignment.ipynb': rename the one that counts in "
                "submitted/student-01/01_small/ and grade again."
            ),
        ),
        (
            [],
            (
                "submitted/student-01/01_small/ is empty, expected 'assignment.ipynb' in it: ask the student for it, put "
                "it there and grade again."
            ),
        ),
        (
            ["timestamp.txt", ".DS_Store"],
            (
                "submitted/student-01/01_small/ is empty, expected 'assignment.ipynb' in it: ask the student for it, put "
                "it there and grade again."
            ),
        ),
        (
            ["lesson.ipynb"],
            (
                "found only 'lesson.ipynb', expected 'assignment.ipynb': ask the student for it, put it in "
                "submitted/student-01/01_small/ and grade again."
            ),
        ),
        (
            ["work/assignment.ipynb"],
            (
                "found submitted/student-01/01_small/work/assignment.ipynb, expected it one folder higher: move it to "
                "submitted/student-01/01_small/ and grade again."
            ),
        ),
    ],
)
def test_a_fault_says_what_was_found_and_how_to_mend_it(
    course: Path, submissions: Submissions, names: list[str], said: str
) -> None:
    """Found, expected, and what to do, with the names and the folder as one would type them."""
    hand_in(course, *names)
    assert said == submissions.fault("student-01")


def test_notebooks_that_nobody_grades_are_listed(course: Path, submissions: Submissions) -> None:
    """A second notebook is listed, the lesson and other files are not."""
    hand_in(course, "assignment.ipynb", "assignment (1).ipynb", "lesson.ipynb", "notes.txt")
    assert ["assignment (1).ipynb"] == submissions.ungraded("student-01")


def test_nothing_handed_in_nor_released_names_layout_and_command(submissions: Submissions) -> None:
    """Before anything is there, the layout is said, and the command that comes first."""
    assert (
        "Nothing is handed in for '01_small': looked for submitted/STUDENT/01_small/assignment.ipynb. Nothing is "
        "released either: run `grader release 01_small` and give students what is then in release/01_small."
    ) == submissions.nobody(["01_small"])


def test_nothing_handed_in_of_a_released_unit_names_the_layout_alone(
    course: Path, submissions: Submissions
) -> None:
    """What is released is not asked for again."""
    (course / "release" / "01_small").mkdir(parents=True)
    assert (
        "Nothing is handed in for '01_small': looked for submitted/STUDENT/01_small/assignment.ipynb."
    ) == submissions.nobody(["01_small"])


def test_a_notebook_without_its_units_folder_is_found(course: Path, submissions: Submissions) -> None:
    """A notebook right in a student's folder is named with the place where it belongs."""
    hand_in(course, "x.txt", unit="")
    (course / "submitted" / "student-01" / "assignment.ipynb").touch()
    expected = (
        "found submitted/student-01/assignment.ipynb, expected submitted/student-01/01_small/assignment.ipynb: "
        "move it there."
    )
    assert [expected] == submissions.strays(["01_small"])
    assert submissions.nobody(["01_small"]).endswith(f" F{expected[1:]}")


def test_a_folder_with_a_slip_in_its_name_is_found(course: Path, submissions: Submissions) -> None:
    """A folder named almost like the unit is named; another unit's is not, nor one who has a submission."""
    hand_in(course, "assignment.ipynb", unit="01_smal")
    hand_in(course, "assignment.ipynb", student="student-02", unit="02_small")
    hand_in(course, "assignment.ipynb", student="student-03")
    (course / "submitted" / "student-03" / "assignment.ipynb").touch()
    assert [
        "found the folder submitted/student-01/01_smal, expected submitted/student-01/01_small: rename it."
    ] == submissions.strays(["01_small", "02_small"])


def test_a_student_who_handed_in_nothing_is_named_beside_those_who_did(submissions: Submissions) -> None:
    """A slip in a student's name is met with the names that are there, a class of hundreds not listed whole."""
    there = [f"student-{number:02d}" for number in range(1, 31)]
    assert (
        "'student-3' handed in nothing for '01_small': there is no submitted/student-3/01_small/. Submissions are "
        "there of student-01, student-02, student-03, student-04, student-05, student-06, student-07, student-08 and "
        "22 more. Did you mean 'student-30'?"
    ) == submissions.absent(["student-3"], there)
