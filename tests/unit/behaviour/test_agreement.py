"""When outputs agree: as a part of how far they lie apart, and what float32 cannot tell."""

from __future__ import annotations

import numpy as np
import pytest

from grader.behaviour import agree

TOLERANCE = 2e-5
CLOSE = np.asarray([[0.330, 0.670], [0.335, 0.665]], "float32")  # of a softmax that hardly tells inputs apart


@pytest.mark.parametrize(("gap", "agrees"), [(0.0, True), (2.4e-7, True), (2e-6, False)])
def test_a_few_units_in_the_last_place_are_no_difference(gap: float, agrees: bool) -> None:
    """Sums taken in another order round otherwise, and may do so by more than the tolerated part of a small spread."""
    assert agrees == (agree([CLOSE + np.float32(gap)], [CLOSE], TOLERANCE).fault is None)


def test_the_tolerance_is_a_part_of_the_spread() -> None:
    """Where outputs lie far apart, more is rounded."""
    wide = np.asarray([[0.0], [1000.0]], "float32")
    assert agree([wide + np.float32(0.01)], [wide], TOLERANCE).fault is None
    assert agree([wide + np.float32(0.05)], [wide], TOLERANCE).fault is not None


def test_what_is_no_number_agrees_with_nothing() -> None:
    """NaN is a fault, whatever the tolerance."""
    assert agree([CLOSE * np.float32("nan")], [CLOSE], TOLERANCE).fault is not None
