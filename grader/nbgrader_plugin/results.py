"""What a graded submission got, read from the gradebook and the kept verdicts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from nbgrader.api import Grade, Gradebook, MissingEntry, SubmittedAssignment

from grader.messages import quoted, some
from grader.nbgrader_plugin.handed_in import Submissions
from grader.nbgrader_plugin.points import Points, cells_for_a_person, tally
from grader.nbgrader_plugin.release import course_api, find_unit
from grader.nbgrader_plugin.store import read_verdicts
from grader.record import Record
from grader.verdict import Outcome, Verdict

__all__ = ["SubmissionResult", "submission_results"]


class SubmissionResult(Record):
    """One student's result. ``score`` is ``None`` while a part of what the checks give is open.

    ``checks`` are the points that code decides on, ``by_hand`` those that a person gives; together
    they make ``score`` and ``max_score``. ``pending`` names the cells that a person has yet to grade,
    ``needs_look`` says why to open the submission. ``graded_before`` names the pending cells that hold
    points a person gave before this run.
    """

    student: str
    score: float | None
    max_score: float
    checks: Points
    by_hand: Points
    verdicts: tuple[Verdict, ...] = ()
    needs_look: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    graded_before: tuple[str, ...] = ()


def submission_results(
    unit_id: str,
    course_dir: Path,
    *,
    students: Iterable[str] | None = None,
    failed: dict[str, str] | None = None,
) -> list[SubmissionResult]:
    """Read the results of a graded unit; ``failed`` says why a student's submission could not be graded now."""
    folder = find_unit(unit_id, course_dir)
    api = course_api(course_dir)
    handed_in = Submissions(api.coursedir, unit_id, folder.assignment.name)
    wanted = sorted(api.get_submitted_students(unit_id)) if students is None else list(students)
    results = []
    with Gradebook(api.coursedir.db_url) as gradebook:
        by_hand = cells_for_a_person(gradebook.find_assignment(unit_id).notebooks)
        for student in wanted:
            fault = handed_in.fault(student) or (failed or {}).get(student)
            if fault is not None:
                # What was kept of an earlier submission says nothing about this one.
                results.append(_not_graded(gradebook, unit_id, student, by_hand, fault))
                continue
            stored = read_verdicts(folder.course, unit_id, student)
            verdicts = tuple(verdict for item in stored for verdict in item.verdicts)
            looks = [look for item in stored for look in item.needs_look]
            others = handed_in.ungraded(student)
            if others and any(verdict.outcome is Outcome.NOT_ATTEMPTED for verdict in verdicts):
                # The work may stand in the other file: nobody should get zero for that unseen.
                looks.append(
                    f"found {some([quoted(name) for name in others], 4)} beside {handed_in.notebook}; "
                    f"only {handed_in.notebook} was graded"
                )
            results.append(_graded(gradebook, unit_id, student, by_hand, verdicts, tuple(looks)))
    return results


def _graded(
    gradebook: Gradebook,
    unit_id: str,
    student: str,
    by_hand: set[tuple[str, str]],
    verdicts: tuple[Verdict, ...],
    looks: tuple[str, ...],
) -> SubmissionResult:
    try:
        submission = gradebook.find_submission(unit_id, student)
    except MissingEntry:
        return _not_graded(gradebook, unit_id, student, by_hand, *looks)
    checks, hand = tally(_grades(submission), by_hand)
    return SubmissionResult(
        student=student,
        score=None if checks.open else float(submission.score),
        max_score=float(submission.max_score),
        checks=checks,
        by_hand=hand,
        verdicts=verdicts,
        needs_look=looks,
        pending=tuple(grade.name for grade in _grades(submission) if grade.needs_manual_grade),
        graded_before=tuple(
            grade.name
            for grade in _grades(submission)
            if grade.needs_manual_grade and grade.manual_score is not None
        ),
    )


def _not_graded(
    gradebook: Gradebook, unit_id: str, student: str, by_hand: set[tuple[str, str]], *looks: str
) -> SubmissionResult:
    assignment = gradebook.find_assignment(unit_id)
    points = {
        (notebook.name, cell.name): float(cell.max_score)
        for notebook in assignment.notebooks
        for cell in (*notebook.grade_cells, *notebook.task_cells)
    }
    hand = sum(worth for cell, worth in points.items() if cell in by_hand)
    checks = sum(points.values()) - hand
    return SubmissionResult(
        student=student,
        score=None,
        max_score=float(assignment.max_score),
        checks=Points(given=0.0, of=checks, open=checks),
        by_hand=Points(given=0.0, of=hand, open=hand),
        needs_look=looks,
    )


def _grades(submission: SubmittedAssignment) -> list[Grade]:
    return [grade for notebook in submission.notebooks for grade in notebook.grades]
