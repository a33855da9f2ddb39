"""How large a planted change is."""

from __future__ import annotations

import pytest

from grader.graph import ModelGraph
from grader.portability.planted import PLANTED, size_of_planted
from tests.blueprints import residual_block


def computing_in(policy: str) -> ModelGraph:
    graph = residual_block()
    return graph.model_copy(
        update={"layers": tuple(layer.model_copy(update={"dtype": policy}) for layer in graph.layers)}
    )


@pytest.mark.parametrize(
    ("policy", "coarser", "size"),
    [
        ("float32", 1, PLANTED),
        ("float32", 4, PLANTED),
        ("mixed_float16", 1, 2**-5),
        ("mixed_float16", 4, 2**-3),
        ("mixed_bfloat16", 1, 2**-2),
    ],
)
def test_a_change_is_larger_than_what_rounding_loses(policy: str, coarser: float, size: float) -> None:
    """A thousandth where numbers are fine enough; where more is allowed, more is planted."""
    assert size == size_of_planted(computing_in(policy), coarser)
