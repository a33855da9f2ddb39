"""The words and marks that text and HTML reports share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from grader.report.escape import plain
from grader.verdict import Outcome, Row, Verdict

if TYPE_CHECKING:
    from grader.evidence import Case, CodeLine

__all__ = [
    "OUTCOMES",
    "OutcomeWords",
    "case_words",
    "code_line_words",
    "hint_steps",
    "hints_on_task",
    "line_words",
    "mark",
    "next_step",
    "nothing_compared",
    "other_differences",
    "points",
    "row_detail",
    "score_words",
]


class OutcomeWords(NamedTuple):
    """How an outcome is announced: a mark, a headline, its colour, and what to do next."""

    mark: str
    headline: str
    colour: str
    next_step: str


OUTCOMES: dict[Outcome, OutcomeWords] = {
    Outcome.CORRECT: OutcomeWords("✓", "Correct", "#009e73", ""),
    Outcome.PARTIAL: OutcomeWords("◐", "Partly correct", "#e69f00", ""),
    Outcome.INCORRECT: OutcomeWords("✗", "Not correct yet", "#d55e00", ""),
    Outcome.NOT_ATTEMPTED: OutcomeWords(
        "○",
        "Not attempted",
        "#888888",
        "Write your code in the cell above the check, run it, then check again.",
    ),
    Outcome.RUNTIME_ERROR: OutcomeWords(
        "!",
        "Your code raised an error",
        "#d55e00",
        "Restart the kernel and run all cells from the top: the first one that fails is the one to mend.",
    ),
    Outcome.TIMEOUT: OutcomeWords(
        "⧖",
        "Your code took too long",
        "#d55e00",
        "Look for a loop that never ends, or work that belongs in no check.",
    ),
    Outcome.CRASHED: OutcomeWords(
        "!",
        "The notebook's process ended early",
        "#d55e00",
        "Restart the kernel and run all cells to see which one ends it.",
    ),
    Outcome.INTERNAL_ERROR: OutcomeWords(
        "?",
        "Could not be judged",
        "#cc79a7",
        "This is not your fault and not a zero: your instructor will look at it.",
    ),
}


def points(value: float) -> str:
    """Write points without needless decimals: ``2``, ``0.5``, ``0.33``."""
    return f"{round(value, 2):g}" if value < 10000 else f"{value:.0f}"


def score_words(verdict: Verdict) -> str:
    """Say the score; empty for a task without points."""
    if verdict.outcome is Outcome.INTERNAL_ERROR:
        return "no score yet"
    if not verdict.max_score:
        return ""
    unit = "point" if points(verdict.max_score) == "1" else "points"
    return f"{points(verdict.score)} of {points(verdict.max_score)} {unit}"


def mark(row: Row) -> tuple[str, str]:
    """Return a row's mark and the word that goes with it."""
    if row.passed is None:
        return "·", "for information"
    if not row.tried:
        return "–", "not tried"
    return ("✓", "right") if row.passed else ("✗", "differs")


def case_words(verdict: Verdict) -> str:
    """Say which arguments a difference was seen with, when there were any."""
    if verdict.outcome is Outcome.CORRECT:
        return ""
    case = verdict.case
    given = _arguments(case) if case is not None else ""
    if verdict.hidden_case:
        drawn = "Seen with arguments drawn for grading, not the ones in the notebook"
        return f"{drawn}: {given}." if given else f"{drawn}."
    return f"Seen with {given}." if given else ""


def next_step(verdict: Verdict) -> str:
    """Say what to do next: what the judge says of this work, or else what goes with the outcome."""
    return verdict.next_step or OUTCOMES[verdict.outcome].next_step


def line_words(verdict: Verdict) -> str:
    """Say where the student's line stands, as Python's tracebacks do; empty when there is none."""
    return code_line_words(verdict.line) if verdict.line is not None else ""


def code_line_words(line: CodeLine) -> str:
    """Say where a line of code stands, as Python's tracebacks do."""
    place = f"{plain(line.place, 60)}, line {line.number}" if line.place else f"Line {line.number}"
    return f"{place}, in {plain(line.function, 60)}:" if line.function else f"{place}:"


def nothing_compared(verdict: Verdict) -> str:
    """Say that there was nothing to compare, where no row compares anything; else nothing."""
    if not verdict.rows or any(row.compared for row in verdict.rows):
        return ""
    return f"There is {verdict.rows[0].found}, so nothing could be compared."


def other_differences(verdict: Verdict) -> list[tuple[int, str]]:
    """Return what differs besides what the headline says, each with its number in the picture."""
    differences = verdict.comparison.differences if verdict.comparison else ()
    numbered = [(number, difference.message) for number, difference in enumerate(differences, start=1)]
    return numbered[1:] if numbered and numbered[0][1] == verdict.message else numbered


def row_detail(verdict: Verdict, row: Row) -> str:
    """Return what a row adds, unless the report says the same sentence anyway."""
    differences = verdict.comparison.differences if verdict.comparison else ()
    return "" if row.detail in (difference.message for difference in differences) else row.detail


def hints_on_task(verdict: Verdict) -> bool:
    """Whether the hints are on the task as a whole, and not on what happened."""
    if any(diagnosis.hints for diagnosis in verdict.diagnoses):
        return False
    unrelated = verdict.outcome in (Outcome.RUNTIME_ERROR, Outcome.TIMEOUT)
    return unrelated or bool(verdict.next_step) or bool(nothing_compared(verdict))


def _arguments(case: Case) -> str:
    inputs = [
        "an input of shape " + " × ".join("any" if n is None else str(n) for n in spec.shape)
        if spec.shape
        else "a scalar input"
        for spec in case.inputs[:4]
    ]
    values = [
        f"{plain(name, 40)}={plain(str(value), 60)}" for name, value in list(case.arguments.items())[:8]
    ]
    return ", ".join(inputs + values)


def hint_steps(verdict: Verdict) -> tuple[str, ...]:
    """Return the hint ladder: that of the first diagnosis, or the task's own; none when correct."""
    if verdict.outcome in (Outcome.CORRECT, Outcome.INTERNAL_ERROR, Outcome.CRASHED):
        return ()
    for diagnosis in verdict.diagnoses:
        if diagnosis.hints:
            return diagnosis.hints
    return verdict.hints
