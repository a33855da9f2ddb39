"""Grade a class through nbgrader's own machinery."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI

from grader.errors import UsageError
from grader.execution.keyring import private_key
from grader.nbgrader_plugin.causes import cause
from grader.nbgrader_plugin.handed_in import Submissions
from grader.nbgrader_plugin.release import course_api, find_unit, release_unit, unit_names
from grader.nbgrader_plugin.results import SubmissionResult, submission_results

__all__ = ["grade_unit", "misplaced_submissions"]


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
        UsageError: there are no submissions, or one of ``students`` handed in nothing.
        CourseError: the reference solution fails.
    """
    folder = find_unit(unit_id, course_dir)
    api = course_api(course_dir)
    handed_in = Submissions(api.coursedir, unit_id, folder.assignment.name)
    wanted = _wanted(handed_in, api, students, unit_names(course_dir))
    failed: dict[str, str] = {}
    if any(handed_in.fault(student) is None for student in wanted):
        private_key(folder)
    if not _is_released(api.coursedir.db_url, unit_id):
        release_unit(unit_id, course_dir)
    for number, student in enumerate(wanted, start=1):
        if progress is not None:
            progress(student, number, len(wanted))
        if handed_in.fault(student) is not None:
            continue  # nbgrader gives zero for a notebook it does not find
        result = api.autograde(unit_id, student, force=force, create=True)
        if not result["success"]:
            failed[student] = (
                f"nbgrader could not grade it: {cause(result)}. The whole log: in the course's folder, run "
                f"`nbgrader autograde {unit_id} --student {student} --force`"
            )
    return submission_results(unit_id, course_dir, students=wanted, failed=failed)


def misplaced_submissions(unit_id: str, course_dir: Path) -> list[str]:
    """Say what looks like a submission of the unit and lies where none is looked for."""
    return Submissions(course_api(course_dir).coursedir, unit_id).strays(unit_names(course_dir))


def _wanted(
    handed_in: Submissions, api: NbGraderAPI, students: Iterable[str] | None, units: list[str]
) -> list[str]:
    there = sorted(api.get_submitted_students(handed_in.unit))
    if not there:
        raise UsageError(handed_in.nobody(units))
    if students is None:
        return there
    asked = sorted(set(students))
    absent = [student for student in asked if student not in there]
    if absent:
        raise UsageError(handed_in.absent(absent, there))
    return asked


def _is_released(db_url: str, unit_id: str) -> bool:
    with Gradebook(db_url) as gradebook:
        try:
            return bool(gradebook.find_assignment(unit_id).notebooks)
        except MissingEntry:
            return False
