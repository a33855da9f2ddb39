"""What a few steps of training gave on two backends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grader.parity_answers import TrainAnswer
from grader.portability.gaps import by_weight, finite
from grader.portability.records import ParityRow, RowVerdict

__all__ = ["training_rows"]


def training_rows(
    pair: tuple[str, str],
    expected: TrainAnswer,
    answer: TrainAnswer,
    before: dict[int, NDArray[np.float64]],
    relative: float,
) -> tuple[list[ParityRow], str]:
    """Compare loss, gradients of the first step and weights after the last; return rows and a remark, if there is one.

    ``before`` are the weights that both began with, ``relative`` what rounding may do to a gradient, as a part of the
    largest of all weights. Differences of gradients and weights are root mean squares over a weight.
    """
    steps = len(expected.losses)
    size = max(abs(expected.losses[0]), 1e-6)
    gap = abs(expected.losses[0] - answer.losses[0])
    rows = [_judged("loss", pair, gap, relative * size, abs(expected.losses[0] - expected.losses[-1]))]
    gaps, sizes = by_weight(expected.gradients, answer.gradients, {})
    largest = max(sizes.values(), default=0.0)
    # One weight's gradient may be nothing but what rounding left of terms that cancel, as that of a bias in front of a
    # BatchNormalization: it is as exact as those terms are.
    rows.append(_judged("gradients", pair, max(gaps.values(), default=0.0), relative * largest, largest))
    gaps, moved = by_weight(expected.weights, answer.weights, before)
    told = [place for place in gaps if sizes.get(place, 0.0) > relative * largest]
    worst = max(told, key=lambda place: gaps[place] / max(moved[place], 1e-30), default=None)
    found = (gaps[worst], 4 * relative * moved[worst], moved[worst]) if worst is not None else (0.0, 0.0, 0.0)
    rows.append(_judged(f"weights after {steps} steps", pair, *found))
    left_out = len(gaps) - len(told)
    if not left_out:
        return rows, ""
    return rows, (
        f"{left_out} of {len(gaps)} trainable weights have no gradient but rounding; an optimizer may move them "
        "anywhere, and they are left out after training."
    )


def _judged(check: str, pair: tuple[str, str], gap: float, allowed: float, spread: float) -> ParityRow:
    """Give a verdict; where the numbers themselves are no larger than what is allowed, nothing could have failed."""
    verdict: RowVerdict = "failed" if not gap <= allowed else "passed" if spread > allowed else "unproven"
    return ParityRow(
        check=check,
        backends=pair,
        verdict=verdict,
        difference=finite(gap),
        tolerance=finite(allowed),
        spread=finite(spread),
        note="the model has nothing that training moves" if verdict == "unproven" and not spread else "",
    )
