"""Grade a class: run and judge several submissions at a time, and hand what they give to nbgrader."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI

from grader.course import UnitFolder
from grader.errors import UsageError
from grader.execution.keyring import private_key
from grader.execution.pool import WorkerEndedError, run_all
from grader.execution.temporary import sweep
from grader.execution.zygotes import OWNER_VARIABLE
from grader.nbgrader_plugin.ahead import Ahead, grade_ahead
from grader.nbgrader_plugin.alone import alone
from grader.nbgrader_plugin.causes import cause
from grader.nbgrader_plugin.handed_in import Submissions
from grader.nbgrader_plugin.interrupts import held_back
from grader.nbgrader_plugin.once import done_once
from grader.nbgrader_plugin.release import course_api, find_unit, release_unit, unit_names
from grader.nbgrader_plugin.results import SubmissionResult, submission_results
from grader.nbgrader_plugin.settings import refuse_bad_settings

__all__ = ["Progress", "grade_unit", "misplaced_submissions"]

# Called after each submission with the student, how many are done, how many there are, and how many failed.
Progress = Callable[[str, int, int, int], None]


def grade_unit(
    unit_id: str,
    course_dir: Path,
    *,
    students: Iterable[str] | None = None,
    force: bool = True,
    jobs: int | None = None,
    afresh: bool = False,
    progress: Progress | None = None,
) -> list[SubmissionResult]:
    """Grade the submissions of a unit, ``jobs`` at a time (as many as there are cores), and return what each got.

    Submissions are run and judged in processes of their own, which keep what they find; this process alone writes
    the gradebook, one submission after the other, from what is kept. A run that was killed goes on where it was.
    With ``afresh`` nothing kept is used. ``students`` limits it to some; without ``force`` a graded submission is
    left as it is. ``progress`` is told of each that is done. One that cannot be graded does not stop the others:
    it comes back with ``needs_look``.

    Raises:
        UnknownUnitError: there is no such unit.
        UsageError: there are no submissions, or one of ``students`` handed in nothing; another run is at work on the
            course; or a limit is set that cannot be used.
        CourseError: the reference solution fails.
    """
    folder = find_unit(unit_id, course_dir)
    api = course_api(course_dir)
    refuse_bad_settings(api.config)
    handed_in = Submissions(api.coursedir, unit_id, folder.assignment.name)
    wanted = _wanted(handed_in, api, students, unit_names(course_dir))
    # nbgrader gives zero for a notebook it does not find
    there = [student for student in wanted if handed_in.fault(student) is None]
    with alone(folder.course):
        sweep()
        failed = _graded(folder, api, there, force, jobs or os.cpu_count() or 1, afresh, progress)
    return submission_results(unit_id, course_dir, students=wanted, failed=failed)


def _graded(
    folder: UnitFolder,
    api: NbGraderAPI,
    there: list[str],
    force: bool,
    jobs: int,
    afresh: bool,
    progress: Progress | None,
) -> dict[str, str]:
    """Grade the submissions that can be; return why others could not, by student."""
    course_dir, unit_id = folder.course, folder.path.name
    failed: dict[str, str] = {}
    if there:
        private_key(folder)
    if not _is_released(api.coursedir.db_url, unit_id):
        release_unit(unit_id, course_dir)
    calls = {student: (str(course_dir), unit_id, student, afresh) for student in there}
    # Graded once more, what a person gave would have to be looked at again.
    in_gradebook = api.get_autograded_students(unit_id)
    with _owned_zygotes(), done_once(), closing(_graded_ahead(calls, jobs)) as graded:
        for number, (student, ahead) in enumerate(graded, start=1):
            if isinstance(ahead, WorkerEndedError):
                failed[student] = f"It could not be run: {ahead}."
            elif not (isinstance(ahead, Ahead) and ahead.settled and student in in_gradebook):
                # Where grading ahead failed, this runs it again and says why.
                with held_back():
                    result = api.autograde(unit_id, student, force=force, create=True)
                if not result["success"]:
                    failed[student] = (
                        f"nbgrader could not grade it: {cause(result)}. The whole log: in the course's folder, run "
                        f"`nbgrader autograde {unit_id} --student {student} --force`"
                    )
            if progress is not None:
                progress(student, number, len(there), len(failed))
    return failed


def _graded_ahead(calls: dict[str, tuple[Any, ...]], jobs: int) -> Generator[tuple[str, Any]]:
    """Grade ahead on ``jobs`` processes; where one does, in this one, which saves starting it."""
    if min(jobs, len(calls)) > 1:
        yield from run_all(grade_ahead, calls, jobs)
        return
    for student, arguments in calls.items():
        try:
            yield student, grade_ahead(*arguments)
        except Exception as error:  # noqa: BLE001 - as a pool does; nbgrader, which runs it again, says why
            yield student, error


@contextmanager
def _owned_zygotes() -> Iterator[None]:
    """Have what is started to fork kernels end with this process."""
    before = os.environ.get(OWNER_VARIABLE)
    os.environ[OWNER_VARIABLE] = str(os.getpid())
    try:
        yield
    finally:
        if before is None:
            del os.environ[OWNER_VARIABLE]
        else:
            os.environ[OWNER_VARIABLE] = before


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
