"""Grade a class through nbgrader's own machinery, and collect what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry

from grader.errors import UsageError
from grader.execution.keyring import private_key
from grader.nbgrader_plugin.release import course_api, find_unit, release_unit
from grader.nbgrader_plugin.store import read_verdicts
from grader.record import Record
from grader.verdict import Verdict

__all__ = ["SubmissionResult", "feedback_unit", "grade_unit", "submission_results"]


class SubmissionResult(Record):
    """One student's result. ``score`` is ``None`` while a part of it is open.

    ``pending`` names the cells that a person has yet to grade, ``needs_look`` says why to open the
    submission.
    """

    student: str
    score: float | None
    max_score: float
    verdicts: tuple[Verdict, ...] = ()
    needs_look: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()


def grade_unit(
    unit_id: str,
    course_dir: Path,
    *,
    students: Iterable[str] | None = None,
    force: bool = True,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[SubmissionResult]:
    """Grade the submissions of a unit, one after the other, and return what each got.

    ``students`` limits it to some; without ``force`` a graded submission is not run again.
    ``progress`` is called before each submission with the student, its number and how many there are.
    One that cannot be graded does not stop the others: it comes back with ``needs_look``.

    Raises:
        UnknownUnitError: there is no such unit.
        UsageError: there are no submissions.
        CourseError: the reference solution fails.
    """
    folder = find_unit(unit_id, course_dir)
    api = course_api(course_dir)
    there = sorted(api.get_submitted_students(unit_id))
    wanted = there if students is None else [student for student in there if student in set(students)]
    if not wanted:
        where = Path(api.coursedir.root) / api.coursedir.submitted_directory
        raise UsageError(f"There are no submissions of {unit_id!r} in {where}.")
    private_key(folder)
    if not _is_released(api.coursedir.db_url, unit_id):
        release_unit(unit_id, course_dir)
    failed: dict[str, str] = {}
    for number, student in enumerate(wanted, start=1):
        if progress is not None:
            progress(student, number, len(wanted))
        result = api.autograde(unit_id, student, force=force, create=True)
        if not result["success"]:
            failed[student] = _last_line(str(result.get("log") or result.get("error")))
    return submission_results(unit_id, course_dir, students=wanted, failed=failed)


def submission_results(
    unit_id: str,
    course_dir: Path,
    *,
    students: Iterable[str] | None = None,
    failed: dict[str, str] | None = None,
) -> list[SubmissionResult]:
    """Read the results of a graded unit from the gradebook and the kept verdicts."""
    folder = find_unit(unit_id, course_dir)
    api = course_api(course_dir)
    failed = failed or {}
    wanted = sorted(api.get_submitted_students(unit_id)) if students is None else list(students)
    results = []
    with Gradebook(api.coursedir.db_url) as gradebook:
        maximum = float(gradebook.find_assignment(unit_id).max_score)
        for student in wanted:
            stored = read_verdicts(folder.course, unit_id, student)
            looks = [look for item in stored for look in item.needs_look]
            if student in failed:
                looks.append(f"nbgrader could not grade it: {failed[student]}")
            score, pending = _score(gradebook, unit_id, student)
            results.append(
                SubmissionResult(
                    student=student,
                    score=score if student not in failed else None,
                    max_score=maximum,
                    verdicts=tuple(verdict for item in stored for verdict in item.verdicts),
                    needs_look=tuple(looks),
                    pending=pending,
                )
            )
    return results


def _score(gradebook: Gradebook, unit_id: str, student: str) -> tuple[float | None, tuple[str, ...]]:
    """Return the score, ``None`` when no cell has one yet, and the cells that wait for a person."""
    try:
        submission = gradebook.find_submission(unit_id, student)
    except MissingEntry:
        return None, ()
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    pending = tuple(grade.name for grade in grades if grade.needs_manual_grade)
    code = [grade for grade in grades if grade.cell_type == "code"]
    open_code = [grade for grade in code if grade.auto_score is None and grade.manual_score is None]
    return (None if open_code else float(submission.score)), pending


def feedback_unit(
    unit_id: str, course_dir: Path, *, students: Iterable[str] | None = None
) -> dict[str, Path]:
    """Write the HTML feedback of every graded submission; return, per student, its folder.

    Raises:
        UnknownUnitError: there is no such unit.
        UsageError: nothing has been graded.
    """
    find_unit(unit_id, course_dir)
    api = course_api(course_dir)
    graded = sorted(api.get_autograded_students(unit_id))
    wanted = graded if students is None else [student for student in graded if student in set(students)]
    if not wanted:
        raise UsageError(f"No submission of {unit_id!r} has been graded; run `grader grade {unit_id}` first.")
    folders: dict[str, Path] = {}
    for student in wanted:
        result = api.generate_feedback(unit_id, student, force=True)
        if result["success"]:
            directory = api.coursedir
            folders[student] = Path(directory.format_path(directory.feedback_directory, student, unit_id))
    return folders


def _is_released(db_url: str, unit_id: str) -> bool:
    with Gradebook(db_url) as gradebook:
        try:
            return bool(gradebook.find_assignment(unit_id).notebooks)
        except MissingEntry:
            return False


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no message"
