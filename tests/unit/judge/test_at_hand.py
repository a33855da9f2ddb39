"""When one run of two models that are at hand is enough."""

import numpy as np
import pytest

from grader.comparison.records import Behaviour
from grader.evidence import Array
from grader.judge.at_hand import _clearly_apart
from grader.keys import Probe


def probe(largest):
    outputs = (Array.of(np.array([[0.0, largest]], "float32")),)
    return Probe(case=0, seed=0, draw=0, strength=1.0, training=False, outputs=outputs)


@pytest.mark.parametrize(
    ("same", "gap", "expected"),
    [(False, 0.02, True), (False, 0.0199, False), (True, 0.02, False), (False, 0.0, False)],
)
def test_a_gap_of_a_hundredth_of_the_outputs_tells_models_apart(same, gap, expected):
    """Outputs that differ by a hundredth of the largest decide, whatever they react to; a smaller gap does not."""
    assert expected == _clearly_apart(Behaviour(same=same, runs=1, gap=gap), probe(2.0))


def test_a_run_that_failed_decides_nothing():
    """Outputs that are all nought, and a run without any, tell nothing."""
    assert not _clearly_apart(Behaviour(same=False, runs=1), probe(0.0))
    assert not _clearly_apart(None, probe(2.0))
