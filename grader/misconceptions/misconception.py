"""What a misconception is: its words, and how it is recognised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grader.causes import Cause
from grader.comparison import Analysis
from grader.comparison.records import Diagnosis
from grader.evidence import Failure
from grader.graph import ModelGraph

__all__ = ["Misconception", "caused_by", "never", "never_fails"]


def never(_analysis: Analysis) -> bool:
    """Recognise nothing: for a mistake that does not show in a finished graph."""
    return False


def as_it_is(_analysis: Analysis, diagnosis: Diagnosis) -> Diagnosis:
    """Add nothing: for a mistake whose words fit wherever it is seen."""
    return diagnosis


def never_fails(_failure: Failure, _reference: ModelGraph | None) -> bool:
    """Recognise nothing: for a mistake that raises no exception."""
    return False


def caused_by(recognise: Callable[[Cause], bool]) -> Callable[[Failure, ModelGraph | None], bool]:
    """Recognise failures by their cause; one without a cause is not recognised."""

    def seen(failure: Failure, _reference: ModelGraph | None) -> bool:
        return failure.cause is not None and recognise(failure.cause)

    return seen


@dataclass(frozen=True)
class Misconception:
    """A mistake with a name.

    ``seen_in`` reads a pair of graphs that differ; ``seen_in_failure`` reads the exception of a
    model that could not be built, beside the reference's graph where there is one. ``told`` makes its
    words those of a pair of graphs. ``hints`` are three: a nudge, a
    pointer, and nearly the solution. ``unit`` is where the course teaches it.
    """

    id: str
    title: str
    explanation: str
    symptom: str
    fix: str
    hints: tuple[str, str, str]
    unit: str
    seen_in: Callable[[Analysis], bool] = never
    told: Callable[[Analysis, Diagnosis], Diagnosis] = as_it_is
    seen_in_failure: Callable[[Failure, ModelGraph | None], bool] = never_fails

    def told_of(self, analysis: Analysis) -> Diagnosis:
        """Return the words for a pair of graphs in which the mistake was seen."""
        return self.told(analysis, self.diagnosis)

    @property
    def diagnosis(self) -> Diagnosis:
        """Return the words alone, as a verdict carries them."""
        return Diagnosis(
            id=self.id,
            title=self.title,
            explanation=self.explanation,
            symptom=self.symptom,
            fix=self.fix,
            hints=self.hints,
            unit=self.unit,
        )
