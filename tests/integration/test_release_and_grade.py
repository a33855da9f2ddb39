"""Releasing to one learner, and grading a class from Python, as ``grader release`` and ``grader grade`` do."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest

from grader.course import UnitFolder
from grader.errors import CourseError, UsageError
from grader.execution.compile import compile_key
from grader.keys import read_key
from grader.nbgrader_plugin.feedback import feedback_unit
from grader.nbgrader_plugin.grade import grade_unit
from grader.nbgrader_plugin.release import release_unit
from grader.nbgrader_plugin.results import submission_results
from grader.verdict import Outcome
from tests.integration import small_course as small

pytestmark = [pytest.mark.keras, pytest.mark.slow]


@pytest.fixture
def course(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A released course; its public key is made, so that a release to a learner starts no kernel."""
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    return small.released_course(tmp_path_factory, "course")


def test_learners_copy_has_no_solutions_in_its_notebook(course: Path) -> None:
    """A learner's copy holds the student version, and the solutions in the key only."""
    release = release_unit(small.UNIT, course, self_paced=True)
    folder = course / "work" / small.UNIT
    assert release.written == ("assignment.ipynb", "public_key.json")
    assert sorted(path.name for path in folder.iterdir()) == [
        ".released.json",
        "assignment.ipynb",
        "public_key.json",
    ]
    assert "raise NotImplementedError()" in (folder / "assignment.ipynb").read_text()
    assert "4 * units + units" not in (folder / "assignment.ipynb").read_text()
    assert "4 * units + units" in read_key(folder / "public_key.json").solutions["count"]


def test_releasing_again_does_no_work_twice(course: Path) -> None:
    """Nothing is written when nothing has changed."""
    release_unit(small.UNIT, course, self_paced=True)
    again = release_unit(small.UNIT, course, self_paced=True)
    assert (again.written, again.kept, again.beside) == ((), (), ())


def test_changed_work_is_kept(course: Path) -> None:
    """A learner's changed notebook is never overwritten; a new version lands beside it, and is named."""
    release_unit(small.UNIT, course, self_paced=True)
    mine = course / "work" / small.UNIT / "assignment.ipynb"
    mine.write_text(mine.read_text().replace("raise NotImplementedError()", "return 1"))
    kept = mine.read_text()
    unchanged = release_unit(small.UNIT, course, self_paced=True)
    assert (unchanged.kept, unchanged.beside) == (("assignment.ipynb",), ())
    source = course / "units" / small.UNIT / "assignment.ipynb"
    stamp = source.stat()
    source.write_text(source.read_text().replace("assert double(3) == 6", "assert double(4) == 8"))
    os.utime(source, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # the key need not be made again for this
    changed = release_unit(small.UNIT, course, self_paced=True)
    assert (changed.kept, changed.beside) == (("assignment.ipynb",), ("assignment.new.ipynb",))
    assert mine.read_text() == kept
    assert "double(4)" in (mine.parent / "assignment.new.ipynb").read_text()


def test_untouched_work_is_brought_up_to_date(course: Path) -> None:
    """A notebook the learner has not changed is replaced by the new version."""
    release_unit(small.UNIT, course, self_paced=True)
    source = course / "units" / small.UNIT / "assignment.ipynb"
    stamp = source.stat()
    source.write_text(source.read_text().replace("assert double(3) == 6", "assert double(4) == 8"))
    os.utime(source, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert release_unit(small.UNIT, course, self_paced=True).written == ("assignment.ipynb",)


def test_release_to_a_class_refuses_other_points(course: Path) -> None:
    """A check cell with other points than its task is not released, by us or by nbgrader's own command."""
    source = course / "units" / small.UNIT / "assignment.ipynb"
    source.write_text(source.read_text().replace('"points": 4', '"points": 5'))
    with pytest.raises(CourseError, match=r"'two_layers'.*5 points, its task 4"):
        release_unit(small.UNIT, course)
    done = small.nbgrader(course, "generate_assignment", small.UNIT, "--force")
    assert done.returncode != 0
    assert "its task 4" in done.stderr


def test_failing_reference_is_named(course: Path) -> None:
    """A reference solution that raises stops the compiling with the name of its task."""
    folder = UnitFolder(course=course, path=course / "units" / small.UNIT)
    nb = small.assignment()
    nb.cells[small.find(nb, "two_layers_solution")].source = "def two_layers(x, units):\n    return x.missing"
    nbformat.write(nb, folder.assignment)
    with pytest.raises(CourseError) as caught:
        compile_key(folder.assignment, folder.load(), None)
    for part in ("'two_layers'", small.UNIT, "AttributeError"):
        assert part in str(caught.value)


def test_grading_without_submissions_says_where_it_looked(course: Path) -> None:
    """Nothing handed in is an error of use that names the folder; it costs no compiling of a key."""
    with pytest.raises(UsageError, match=r"Nothing is handed in.*submitted/STUDENT"):
        grade_unit(small.UNIT, course)
    assert not (course / "private").exists()


@pytest.mark.parametrize("kernel", ["keras-jax", "a-kernel-nobody-has"])
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_a_submission_runs_in_the_courses_kernel(course: Path, kernel: str) -> None:
    """Whichever kernel a learner has chosen and saved, the work is graded in the kernel of the release."""

    def elsewhere(nb: nbformat.NotebookNode) -> None:
        small.solve(nb)
        nb.metadata["kernelspec"] = {"name": kernel, "display_name": kernel, "language": "python"}

    small.submit(course, "student-01", elsewhere)
    (result,) = grade_unit(small.UNIT, course, students=["student-01"])
    assert [Outcome.CORRECT, Outcome.CORRECT] == [verdict.outcome for verdict in result.verdicts]
    graded = course / "autograded" / "student-01" / small.UNIT / "assignment.ipynb"
    assert "python3" == nbformat.read(graded, as_version=4).metadata.kernelspec.name


# nbgrader's own ``Gradebook.add_submission`` makes SQLAlchemy warn.
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_class_is_graded_from_python(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results carry score, verdicts and what needs a look; an error of ours is never a zero."""

    def early_exit(nb: nbformat.NotebookNode) -> None:
        small.solve(nb, count="import os\nos._exit(1)")

    small.submit(course, "student-01", early_exit)
    (small.submit(course, "student-02") / "assignment.ipynb").write_text("[]")
    seen: list[tuple[str, int, int, int]] = []
    first, second = grade_unit(small.UNIT, course, jobs=2, progress=lambda *step: seen.append(step))
    assert [(1, 2, 0), (2, 2, 0)] == [step[1:] for step in seen]
    assert {"student-01", "student-02"} == {step[0] for step in seen}
    assert (first.student, first.score, first.max_score) == ("student-01", 6.0, 9.0)
    assert [verdict.outcome for verdict in first.verdicts] == [Outcome.CRASHED, Outcome.CORRECT]
    assert first.pending == ("why",)
    assert second.score is None
    assert (
        "'assignment.ipynb' cannot be read: it holds JSON, but no cells. Ask the student for it again.",
    ) == (second.needs_look)
    key = read_key(course / "private" / f"{small.UNIT}.json")
    again = grade_unit(small.UNIT, course, students=["student-01"])
    assert again == [first]
    assert read_key(course / "private" / f"{small.UNIT}.json") == key
    assert submission_results(small.UNIT, course) == [first, second]
    written = feedback_unit(small.UNIT, course)
    assert set(written.folders) == {"student-01", "student-02"}
    assert (written.missing, written.unjudged) == ({}, ("student-02",))

    def broken(*_: object) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("grader.execution.examination.judge", broken)
    (ours,) = grade_unit(small.UNIT, course, students=["student-01"], afresh=True)
    assert ours.score is None
    assert set(ours.pending) == {"count", "two_layers", "why"}
    assert [verdict.outcome for verdict in ours.verdicts] == [Outcome.INTERNAL_ERROR] * 2
    assert "ZeroDivisionError: planted" in ours.needs_look[0]
