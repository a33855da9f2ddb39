"""A call that was refused because of a shape → the plain difference it comes from."""

from __future__ import annotations

from grader.causes import (
    Cause,
    UnknownLength,
    UnlikeShapes,
    WindowTooLarge,
    WrongCount,
    WrongLength,
    WrongRank,
    WrongSize,
)
from grader.comparison.records import Diagnosis, DifferenceKind
from grader.evidence import Failure
from grader.graph import ModelGraph
from grader.misconceptions.cause_words import words_of
from grader.misconceptions.fit_words import FIT_WORDS, RECURRENT
from grader.misconceptions.partial import difference_before
from grader.misconceptions.structural import structural_diagnosis
from grader.misconceptions.structural_words import KINDS

__all__ = ["fit_diagnosis", "told"]


def told(diagnosis: Diagnosis, cause: Cause) -> Diagnosis:
    """Fill a diagnosis with the names and values of its cause: the fix, and the lower steps of the ladder.

    A shape that was refused is often only where another mistake shows; then that mistake's own words stay.
    """
    if type(cause) in FIT_WORDS and diagnosis.id not in (_kind(cause), *_also(cause)):
        return diagnosis
    words = words_of(cause)
    nudge = diagnosis.hints[0]
    return diagnosis.model_copy(update={"fix": words.fix, "hints": (nudge, words.pointer, words.nearly)})


def _also(cause: Cause) -> tuple[str, ...]:
    return ("missing-projection",) if isinstance(cause, UnlikeShapes) and cause.shortcut else ()


def fit_diagnosis(failure: Failure, reference: ModelGraph | None) -> tuple[Diagnosis, ...]:
    """Name the plain difference behind a refused shape; nothing for another cause."""
    kind = _kind(failure.cause)
    if kind is None or failure.cause is None:
        return ()
    if reference is not None and failure.call is not None and isinstance(failure.cause, UnlikeShapes):
        found = difference_before(failure.call, reference)
        if found is not None:
            return (structural_diagnosis(*found),)
    words = KINDS[kind]
    diagnosis = Diagnosis(
        id=kind,
        title=words.title,
        explanation=words.explanation,
        symptom=words.symptom,
        hints=(words.nudge,),
        unit=words.unit,
    )
    return (told(diagnosis, failure.cause),)


def _kind(cause: Cause | None) -> DifferenceKind | None:
    if isinstance(cause, WindowTooLarge):
        return "wrong-config"
    if isinstance(cause, WrongRank):
        return "wrong-config" if cause.lost_by in RECURRENT else "wrong-shape"
    if isinstance(cause, WrongCount):
        return "missing-connection" if cause.wanted is None and cause.found == 1 else None
    if isinstance(cause, (UnlikeShapes, WrongLength, UnknownLength, WrongSize)):
        return "wrong-shape"
    return None
