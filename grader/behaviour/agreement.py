"""Compare what two models put out, and say when the comparison could not have told them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Agreement", "agree", "least_spread"]

_ROUNDING = 8 * 2.0**-23  # a few units in the last place: sums taken in another order

Arrays = Sequence["NDArray[np.generic]"]


@dataclass(frozen=True)
class Agreement:
    """How far outputs lie apart: ``gap`` in the outputs' unit, ``spread`` of the outputs over inputs.

    ``fault`` says in words what does not agree; ``None`` where everything does. ``failure`` says why there was
    nothing to compare: then neither is known.
    """

    gap: float = 0.0
    spread: float = 0.0
    fault: str | None = None
    failure: str | None = None

    @property
    def complete(self) -> bool:
        """Whether everything was compared and agrees."""
        return self.fault is None and self.failure is None


def agree(found: Arrays, expected: Arrays, tolerance: float) -> Agreement:
    """Compare outputs; they agree when no number differs by more than ``tolerance`` times its output's spread.

    What float32 rounds away is allowed on top: of large numbers that lie close together, as a softmax gives where
    it cannot tell, the spread may be smaller than that.
    """
    if len(found) != len(expected):
        return Agreement(fault=f"{len(found)} outputs came back, expected {len(expected)}")
    worst = Agreement()
    for given, wanted in zip(found, expected, strict=True):
        if given.shape != wanted.shape:
            return Agreement(fault=f"an output of shape {given.shape} came back, expected {wanted.shape}")
        theirs: Any = np.asarray(wanted, "float64")
        scale = _spread(theirs)
        gap = float(np.max(np.abs(np.asarray(given, "float64") - theirs), initial=0.0))
        largest = float(np.max(np.abs(theirs), initial=0.0))
        if not gap <= tolerance * scale + _ROUNDING * largest:  # NaN fails as well
            return Agreement(gap, scale, f"outputs differ by {gap:.2g} where they spread by {scale:.2g}")
        if scale and gap / scale >= (worst.gap / worst.spread if worst.spread else 0.0):
            worst = Agreement(gap, scale)
    return worst


def least_spread(outputs: Arrays) -> float:
    """Return the smallest spread of the outputs, each as a part of its largest number; NaN counts as none."""
    return min((_relative_spread(np.asarray(output)) for output in outputs), default=0.0)


def _relative_spread(values: NDArray[np.generic]) -> float:
    numbers = np.asarray(values, "float64")
    largest = float(np.max(np.abs(numbers), initial=0.0))
    return _spread(numbers) / largest if 0 < largest < float("inf") else 0.0


def _spread(numbers: NDArray[np.float64]) -> float:
    """Return how far the outputs of different inputs lie apart."""
    return float(np.max(np.ptp(numbers, axis=0), initial=0.0)) if numbers.ndim else 0.0
