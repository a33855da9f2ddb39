"""The table that ``grader grade`` and ``grader demo`` print."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from grader.nbgrader_plugin.grade import SubmissionResult
from grader.verdict import Outcome

__all__ = ["results_table", "summary"]


def results_table(results: Sequence[tuple[str, SubmissionResult]], heading: str) -> Table:
    """Return a table of name, automatic score, and what was found."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(heading, no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("found", overflow="fold")
    for name, result in results:
        score = "open" if result.score is None else f"{result.score:g}"
        table.add_row(escape(name), f"{score} / {automatic_maximum(result):g}", escape(summary(result)))
    return table


def automatic_maximum(result: SubmissionResult) -> float:
    """Return the points the checks can give; what a person grades is not in it."""
    checks = sum(verdict.max_score for verdict in result.verdicts)
    return checks or result.max_score


def summary(result: SubmissionResult) -> str:
    """Say in one line what was found in a submission: diagnoses by task, or the outcome."""
    parts = []
    for verdict in result.verdicts:
        if verdict.outcome is Outcome.CORRECT:
            continue
        found = ", ".join(diagnosis.id for diagnosis in verdict.diagnoses) or verdict.outcome.value
        parts.append(f"{verdict.task}: {found}")
    if not parts and result.verdicts:
        parts.append("all checks pass")
    parts += [f"needs a look: {reason}" for reason in result.needs_look]
    return "; ".join(parts) or "no check was judged"
