"""Named mistakes: one module per family, and the one place that asks them all."""

from __future__ import annotations

from grader.comparison import Analysis
from grader.comparison.records import Behaviour, Diagnosis
from grader.evidence import Failure
from grader.graph import ModelGraph
from grader.misconceptions.misconception import Misconception
from grader.misconceptions.residual import RESIDUAL
from grader.misconceptions.structural import HARD_CODED_SIZE, structural_diagnosis
from grader.misconceptions.training import TRAINING
from grader.misconceptions.transfer import TRANSFER

__all__ = ["CATALOGUE", "HARD_CODED_SIZE", "Misconception", "diagnose", "diagnose_failure"]

_ARCHITECTURE: tuple[Misconception, ...] = RESIDUAL
_TRAINED: tuple[Misconception, ...] = (*TRANSFER, *TRAINING)
CATALOGUE: tuple[Misconception, ...] = (*_ARCHITECTURE, *_TRAINED)


def diagnose(analysis: Analysis, behaviour: Behaviour | None = None) -> tuple[Diagnosis, ...]:
    """Name what went wrong between two models, root cause first; nothing when they are the same.

    How a model is trained comes after what it is made of. ``behaviour`` is what runs of the two showed:
    where they compute the same, nothing is said of the architecture.
    """
    same = analysis.same or (behaviour is not None and behaviour.same)
    trained = tuple(mistake.diagnosis for mistake in _TRAINED if mistake.seen_in(analysis))
    return trained if same else (*_of_architecture(analysis), *trained)


def _of_architecture(analysis: Analysis) -> tuple[Diagnosis, ...]:
    named = tuple(mistake.diagnosis for mistake in _ARCHITECTURE if mistake.seen_in(analysis))
    if named:
        return named
    first: dict[str, Diagnosis] = {}
    for difference in analysis.differences:
        if difference.kind not in first:
            first[difference.kind] = structural_diagnosis(difference, analysis)
    return tuple(first.values())


def diagnose_failure(failure: Failure, reference: ModelGraph) -> tuple[Diagnosis, ...]:
    """Name the mistake behind a model that could not be built, where one is recognised."""
    return tuple(mistake.diagnosis for mistake in CATALOGUE if mistake.seen_in_failure(failure, reference))
