"""The table of results: what checks give, what a person gives, and what is still open."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from grader.nbgrader_plugin.points import Points
from grader.nbgrader_plugin.results import SubmissionResult
from grader.results_table import points_for_a_person, results_table, summary
from grader.verdict import Outcome, Verdict


def verdict(task: str, outcome: Outcome) -> Verdict:
    return Verdict(task=task, title=task, outcome=outcome, score=0.0, max_score=1.0, message="As it is.")


def result(
    student: str,
    *outcomes: Outcome,
    checks: Points | None = None,
    by_hand: Points | None = None,
    **more: object,
) -> SubmissionResult:
    checks = checks or Points(given=23.0, of=23.0)
    by_hand = by_hand or Points(given=0.0, of=3.0, open=3.0)
    return SubmissionResult(
        student=student,
        score=None if checks.open else checks.given + by_hand.given,
        max_score=checks.of + by_hand.of,
        checks=checks,
        by_hand=by_hand,
        verdicts=tuple(verdict(f"task_{number}", outcome) for number, outcome in enumerate(outcomes)),
        **{"pending": ("explain",)} | more,
    )


GRADED = result("student-02", Outcome.CORRECT, by_hand=Points(given=2.0, of=3.0), pending=())
OPEN = result("student-03", checks=Points(given=0.0, of=23.0, open=23.0))


def rows(*results: SubmissionResult) -> list[list[str]]:
    """Return the printed table's cells."""
    screen = io.StringIO()
    Console(file=screen, width=200).print(
        results_table([(item.student, item) for item in results], "student")
    )
    return [line.split() for line in screen.getvalue().splitlines()]


def test_points_of_checks_and_of_a_person_stand_apart() -> None:
    """Nothing is divided by a total it does not belong to: 23 of 23 from checks, 2 of 3 by hand."""
    assert [
        ["student", "checks", "by", "hand", "found"],
        ["student-01", "23", "/", "23", "open", "/", "3", "all", "checks", "pass"],
        ["student-02", "23", "/", "23", "2", "/", "3", "all", "checks", "pass"],
        ["student-03", "open", "/", "23", "open", "/", "3", "no", "check", "was", "judged"],
    ] == rows(result("student-01", Outcome.CORRECT), GRADED, OPEN)


def test_a_unit_without_such_points_has_no_such_column() -> None:
    """Where checks decide on everything there is one column of points."""
    assert ["student", "checks", "found"] == rows(result("student-01", by_hand=Points(given=0.0, of=0.0)))[0]


def test_what_failed_and_what_needs_a_look_is_in_the_row() -> None:
    """The outcome stands in words where there is no diagnosis, and a reason to look is added."""
    given = result("student-01", Outcome.NOT_ATTEMPTED, Outcome.CORRECT, needs_look=("it is odd",))
    assert "task_0: not attempted; needs a look: it is odd" == summary(given)


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ([GRADED, OPEN], None),
        (
            [result("student-01"), result("student-04")],
            "3 points await a person (explain), for every student: checks decide 23 of 26 points.",
        ),
        (
            [result("student-01"), GRADED, OPEN],
            "3 points await a person (explain), for student-01: checks decide 23 of 26 points.",
        ),
        (
            [result("student-01", by_hand=Points(given=0.0, of=1.0, open=1.0))],
            "1 point awaits a person (explain), for student-01: checks decide 23 of 24 points.",
        ),
        (
            [*(result(f"student-1{number}") for number in range(5)), GRADED],
            "3 points await a person (explain), for 5 of 6 students: checks decide 23 of 26 points.",
        ),
        (
            [result("student-01"), result("student-04", by_hand=Points(given=1.0, of=3.0, open=2.0))],
            "Up to 3 points await a person (explain), for every student: checks decide 23 of 26 points.",
        ),
    ],
)
def test_what_waits_for_a_person_is_said_once(results: list[SubmissionResult], said: str | None) -> None:
    """The sentence names the points, the cells and the students; those that are not judged do not count."""
    found = points_for_a_person(results)
    assert said == (
        found and found.removesuffix(" Grade the rest in JupyterLab: Nbgrader, Formgrader, Manual Grading.")
    )


def test_a_check_that_needs_a_look_is_not_counted_to_a_person() -> None:
    """A check cell among the pending ones has its points from the check."""
    given = result("student-01", Outcome.CORRECT, pending=("task_0", "explain"))
    assert "3 points await a person (explain)," in (points_for_a_person([given]) or "")


def test_points_given_by_hand_before_are_asked_to_be_looked_at_again() -> None:
    """After grading again, a person's points stay, and the line says which to look at."""
    again = result("student-04", Outcome.CORRECT, by_hand=GRADED.by_hand, graded_before=("explain",))
    assert "all checks pass; graded by hand before, look again: explain" == summary(again)
    assert "all checks pass" == summary(GRADED)
