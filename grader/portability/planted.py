"""What a small change of one weight does to the outputs: a check that would not notice it proves nothing."""

from __future__ import annotations

import numpy as np

from grader.behaviour import Drawn
from grader.evidence import Array
from grader.graph import ModelGraph
from grader.parity_answers import Run, RunAnswer
from grader.portability.gaps import distance
from grader.portability.panel import Subject
from grader.portability.tolerance import roundoff

__all__ = ["PLANTED", "noticed", "size_of_planted"]

PLANTED = 1e-3
"""By how much a planted change enlarges one weight: a difference that nobody would see in a training curve."""

_ROUNDINGS = 64  # what is planted is at least so many roundings large


def size_of_planted(graph: ModelGraph, coarser: float = 1.0) -> float:
    """Return by how much a weight is enlarged: ``PLANTED``, or more where layers compute in half precision.

    ``coarser`` is how many times the tolerance of inference is allowed in the run that is looked at.
    """
    coarsest = max((roundoff(graph.layers[call.layer].dtype) for call in graph.calls), default=0.0)
    return max(PLANTED, coarser * _ROUNDINGS * coarsest)


def noticed(
    subject: Subject,
    graph: ModelGraph,
    drawn: Drawn,
    expected: RunAnswer,
    size: float,
    *,
    training: bool = False,
) -> float:
    """Return how far the least felt of some planted changes takes the outputs, as a part of the largest.

    Planted in the first, the middle and the last kernel; in the inputs, where a model has no weights. In training
    mode in the last alone: what is in front of a BatchNormalization may be any number of times as large there. A
    run that fails has noticed nothing.
    """
    kernels = [
        n
        for n, w in enumerate(graph.weights)
        if w.dtype.startswith(("float", "bfloat")) and np.any(drawn.weights[n])
    ]
    large = [n for n in kernels if len(graph.weights[n].shape) > 1] or kernels
    if not large:
        moved = tuple(
            Array.of(np.multiply(a, np.float32(1 + size)).astype(a.dtype) if a.dtype.kind == "f" else a)
            for a in drawn.inputs
        )
        answers = [subject.run(Run(inputs=moved, training=training))]
        subject.run(
            Run(weights=tuple(map(Array.of, drawn.weights)), inputs=tuple(map(Array.of, drawn.inputs)))
        )
    else:
        places = (large[-1],) if training else (large[0], large[len(large) // 2], large[-1])
        answers = [
            subject.run(Run(scaled={place: 1 + size}, training=training)) for place in dict.fromkeys(places)
        ]
    felt = [distance(answer, expected)[0] for answer in answers if answer.failure is None]
    return min(felt) if len(felt) == len(answers) and np.isfinite(felt).all() else 0.0
