"""Write the feedback of a graded class, and say who gets none yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from grader.errors import UsageError
from grader.messages import shown
from grader.nbgrader_plugin.causes import cause
from grader.nbgrader_plugin.handed_in import Submissions
from grader.nbgrader_plugin.interrupts import held_back
from grader.nbgrader_plugin.release import course_api, find_unit
from grader.nbgrader_plugin.results import submission_results

__all__ = ["Feedback", "feedback_unit"]


@dataclass(frozen=True)
class Feedback:
    """What was written: per student its folder, why others have none, and whose page holds no judgement yet."""

    folders: dict[str, Path]
    missing: dict[str, str]
    unjudged: tuple[str, ...] = ()


def feedback_unit(unit_id: str, course_dir: Path, *, students: Iterable[str] | None = None) -> Feedback:
    """Write the HTML feedback of every graded submission.

    Raises:
        UnknownUnitError: there is no such unit.
        UsageError: nothing has been graded.
    """
    folder = find_unit(unit_id, course_dir)
    api = course_api(course_dir)
    directory = api.coursedir
    handed_in = Submissions(directory, unit_id, folder.assignment.name)
    there = set(api.get_submitted_students(unit_id))
    graded = set(api.get_autograded_students(unit_id))
    chosen = there | graded if students is None else set(students)
    folders: dict[str, Path] = {}
    missing: dict[str, str] = {}
    for student in sorted(chosen):
        fault = handed_in.fault(student) if student in there else None
        if fault is not None:
            missing[student] = fault
        elif student not in graded:
            missing[student] = _ungraded(unit_id, student, handed_in, student in there)
        else:
            with held_back():  # nbgrader takes the page that is there away first
                result = api.generate_feedback(unit_id, student, force=True)
            if result["success"]:
                folders[student] = Path(directory.format_path(directory.feedback_directory, student, unit_id))
            else:
                missing[student] = f"nbgrader could not write it: {cause(result)}."
    if not folders and not graded & chosen:
        raise UsageError(f"No submission of {unit_id!r} has been graded; run `grader grade {unit_id}` first.")
    results = submission_results(unit_id, course_dir, students=folders)
    return Feedback(folders, missing, tuple(result.student for result in results if result.score is None))


def _ungraded(unit_id: str, student: str, handed_in: Submissions, there: bool) -> str:
    if not there:
        return f"handed in nothing: there is no {shown(handed_in.folder(student))}/."
    return f"not graded, or handed in again since: run `grader grade {unit_id} --student {student}`."
