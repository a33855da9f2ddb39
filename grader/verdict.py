"""What the judge says of one task: records only, rendered by ``grader.report``."""

from __future__ import annotations

from enum import Enum, unique

from pydantic import Field

from grader.comparison import Comparison, Diagnosis
from grader.evidence import Case, CodeLine
from grader.record import Record

__all__ = ["Outcome", "Row", "Verdict"]


@unique
class Outcome(Enum):
    """How a task ended. ``INTERNAL_ERROR`` is never a zero: an instructor has to look."""

    CORRECT = "correct"
    PARTIAL = "partial"
    INCORRECT = "incorrect"
    NOT_ATTEMPTED = "not_attempted"
    RUNTIME_ERROR = "runtime_error"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    INTERNAL_ERROR = "internal_error"


class Row(Record):
    """One line of a report: a property, the student's value beside the reference's, its points.

    ``passed`` is ``None`` for a row that informs but is not asked for (0 points). ``compared`` is false
    where the work gave nothing to hold against the reference; ``found`` then names what is missing. ``tried`` is
    false where that waits until the rest is right.
    """

    name: str
    passed: bool | None
    found: str
    expected: str
    points: float = 0.0
    max_points: float = 0.0
    detail: str = ""
    compared: bool = True
    tried: bool = True


class Verdict(Record):
    """The judgement of one task.

    ``score`` lies in 0 … ``max_score``. ``message`` is one sentence: what happened, what was
    expected. ``line`` is the student's own, where an error came from; ``next_step`` says what to do,
    where more can be said than the outcome says. ``comparison`` belongs to ``case``, the first case that did not pass, or else the
    first. ``remarks`` cost nothing. ``needs_look`` tells an instructor why to open this one.
    """

    task: str
    title: str
    outcome: Outcome
    score: float = Field(ge=0)
    max_score: float = Field(ge=0)
    message: str
    line: CodeLine | None = None
    next_step: str = ""
    rows: tuple[Row, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    comparison: Comparison | None = None
    case: Case | None = None
    hidden_case: bool = False
    hints: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    needs_look: str | None = None
