"""The table that ``grader grade`` and ``grader demo`` print, and what has to be said under it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from grader.messages import some
from grader.nbgrader_plugin.points import Points
from grader.nbgrader_plugin.results import SubmissionResult
from grader.verdict import Outcome, Verdict

_ENDED = (Outcome.CRASHED, Outcome.TIMEOUT)

__all__ = ["points_for_a_person", "results_table", "summary"]


def results_table(results: Sequence[tuple[str, SubmissionResult]], heading: str) -> Table:
    """Return a table of name, points of the checks and of a person, and what was found."""
    by_hand = any(result.by_hand.of for _, result in results)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(heading, no_wrap=True)
    table.add_column("checks", justify="right", no_wrap=True)
    if by_hand:
        table.add_column("by hand", justify="right", no_wrap=True)
    table.add_column("found", overflow="fold")
    for name, result in results:
        points = [_points(result.checks), *([_points(result.by_hand)] if by_hand else [])]
        table.add_row(escape(name), *points, escape(summary(result)))
    return table


def _points(points: Points) -> str:
    return f"{'open' if points.open else format(points.given, 'g')} / {points.of:g}"


def summary(result: SubmissionResult) -> str:
    """Say in one line what was found in a submission: diagnoses by task, or the outcome."""
    parts = []
    for verdict in result.verdicts:
        if verdict.outcome is Outcome.CORRECT:
            continue
        found = ", ".join(diagnosis.id for diagnosis in verdict.diagnoses) or _words(verdict)
        parts.append(f"{verdict.task}: {found}")
    if not parts and result.verdicts:
        parts.append("all checks pass")
    parts += [f"needs a look: {reason}" for reason in result.needs_look]
    if result.graded_before:
        parts.append(f"graded by hand before, look again: {', '.join(result.graded_before)}")
    return "; ".join(parts) or "no check was judged"


def _words(verdict: Verdict) -> str:
    """Name the outcome, and the limit where one ended the kernel."""
    words = verdict.outcome.value.replace("_", " ")
    _, _, why = verdict.message.partition(": ")
    return f"{words} ({why.rstrip('.')})" if why and verdict.outcome in _ENDED else words


def points_for_a_person(results: Sequence[SubmissionResult]) -> str | None:
    """Say what checks do not decide: how many points wait for a person, in which cells, of whom."""
    judged = [result for result in results if result.score is not None]
    waiting = [result for result in judged if result.by_hand.open]
    if not waiting:
        return None
    most = max(waiting, key=lambda result: result.by_hand.open)
    checked = {verdict.task for result in waiting for verdict in result.verdicts}
    cells = some(sorted({name for result in waiting for name in result.pending} - checked))
    amount = "1 point awaits" if most.by_hand.open == 1 else f"{most.by_hand.open:g} points await"
    upto = "" if len({result.by_hand.open for result in waiting}) == 1 else "Up to "
    return (
        f"{upto}{amount} a person ({cells}), for {_whom(waiting, judged)}: checks decide {most.checks.of:g} of "
        f"{most.max_score:g} points. Grade the rest in JupyterLab: Nbgrader, Formgrader, Manual Grading."
    )


def _whom(waiting: Sequence[SubmissionResult], judged: Sequence[SubmissionResult]) -> str:
    if len(waiting) == len(judged):
        return "every student" if len(waiting) > 1 else waiting[0].student
    names = [result.student for result in waiting]
    return ", ".join(names) if len(names) <= 4 else f"{len(names)} of {len(judged)} students"
