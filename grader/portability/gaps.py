"""How far numbers of two backends lie apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grader.errors import EvidenceError
from grader.evidence import Array
from grader.parity_answers import SAMPLED, RunAnswer

__all__ = ["arrays_of", "by_weight", "distance", "finite", "sampled", "values_of"]


def by_weight(
    expected: dict[int, Array], found: dict[int, Array], before: dict[int, NDArray[np.float64]]
) -> tuple[dict[int, float], dict[int, float]]:
    """Return the root mean square difference of each weight, and how large its numbers are, or moved since ``before``."""
    gaps: dict[int, float] = {}
    spreads: dict[int, float] = {}
    for place, array in expected.items():
        ours = values_of(array)
        theirs = values_of(found[place]) if place in found else ours * np.nan
        if ours.shape != theirs.shape:
            theirs = ours * np.nan
        gaps[place] = float(np.sqrt(np.mean((ours - theirs) ** 2))) if ours.size else 0.0
        moved = ours - before[place] if place in before and before[place].shape == ours.shape else ours
        spreads[place] = float(np.sqrt(np.mean(moved**2))) if ours.size else 0.0
    return gaps, spreads


def sampled(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return those numbers of a weight that ``TrainAnswer`` tells of."""
    flat = np.asarray(values, "float64").reshape(-1)
    return flat[:: -(-flat.size // SAMPLED) or 1]


def finite(value: float) -> float:
    """Return a number that JSON can hold: the largest there is, in place of infinity and of what is no number."""
    return float(value) if np.isfinite(value) else float(np.finfo("float64").max)


def values_of(array: Array) -> NDArray[np.float64]:
    """Return an array's numbers; one that is no number, where it cannot be read."""
    try:
        return np.asarray(array.numpy(), "float64")
    except EvidenceError:
        return np.full(1, np.nan)


def arrays_of(answer: RunAnswer) -> list[NDArray[np.float64]]:
    """Return the outputs of a run."""
    return [values_of(array) for array in answer.outputs]


def distance(answer: RunAnswer, expected: RunAnswer) -> tuple[float, float, float]:
    """Return the largest relative difference of any output, with that output's largest number and its spread."""
    if answer.failure is not None or len(answer.outputs) != len(expected.outputs):
        return float("inf"), 1.0, 0.0
    worst = (-1.0, 1.0, 0.0)
    for found, wanted in zip(arrays_of(answer), arrays_of(expected), strict=True):
        if found.shape != wanted.shape:
            return float("inf"), 1.0, 0.0
        scale = float(np.max(np.abs(wanted), initial=0.0)) or 1.0
        gap = float(np.max(np.abs(found - wanted), initial=0.0)) / scale
        gap = gap if np.isfinite(gap) else float("inf")
        spread = float(np.max(np.ptp(wanted, axis=0), initial=0.0)) if wanted.ndim else 0.0
        if gap > worst[0]:
            worst = (gap, scale, spread)
    return max(worst[0], 0.0), worst[1], worst[2]
