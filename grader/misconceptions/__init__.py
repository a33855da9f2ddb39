"""Named mistakes: one module per family, and the one place that asks them all."""

from __future__ import annotations

from grader.comparison import Analysis
from grader.comparison.records import Diagnosis
from grader.evidence import Failure
from grader.graph import ModelGraph
from grader.misconceptions.misconception import Misconception
from grader.misconceptions.residual import RESIDUAL
from grader.misconceptions.structural import HARD_CODED_SIZE, structural_diagnosis

__all__ = ["CATALOGUE", "HARD_CODED_SIZE", "Misconception", "diagnose", "diagnose_failure"]

CATALOGUE: tuple[Misconception, ...] = RESIDUAL


def diagnose(analysis: Analysis) -> tuple[Diagnosis, ...]:
    """Name what went wrong between two graphs, root cause first; nothing when they are the same."""
    if analysis.same:
        return ()
    named = tuple(mistake.diagnosis for mistake in CATALOGUE if mistake.seen_in(analysis))
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
