"""How far rounding alone may take two backends apart."""

from __future__ import annotations

import numpy as np
import pytest

from grader.graph import ModelGraph
from grader.portability.tolerance import by_call, of_outputs, of_training, roundoff
from tests.blueprints import Blueprint
from tests.unit.portability.standins import chain


def dense(terms: int, dtype: str = "float32") -> ModelGraph:
    """One Dense layer that sums so many terms."""
    plan = Blueprint()
    x = plan.input(terms)
    x = plan.call(plan.layer("Dense", (terms, 4), units=4), x, shape=(4,))
    graph = plan.graph(x)
    layers = tuple(layer.model_copy(update={"dtype": dtype}) for layer in graph.layers)
    return graph.model_copy(update={"layers": layers})


@pytest.mark.parametrize(
    ("policy", "unit"),
    [("float32", 2**-24), ("mixed_float16", 2**-11), ("bfloat16", 2**-8), ("float64", 2**-53)],
)
def test_the_unit_is_half_the_distance_to_the_next_number(policy: str, unit: float) -> None:
    """As NumPy has it, for the dtypes that it knows."""
    assert unit == roundoff(policy)
    name = policy.removeprefix("mixed_")
    if name != "bfloat16":
        assert unit == float(np.finfo(name).eps) / 2


def test_longer_sums_deeper_models_and_coarser_dtypes_may_differ_more() -> None:
    """Each of the three that the derivation names moves the tolerance, in its direction."""
    assert of_outputs(dense(10)) < of_outputs(dense(1000)) < of_outputs(dense(1000, "mixed_float16"))
    assert of_outputs(chain(depth=2)) < of_outputs(chain(depth=20))
    assert of_outputs(dense(1000)) < 1e-4


def test_it_grows_with_the_root_of_a_sums_length() -> None:
    """Roundings that are independent add up as their squares do."""
    assert 10.0 == pytest.approx(of_outputs(dense(100_000)) / of_outputs(dense(1000)), rel=0.02)


def test_sums_in_two_orders_lie_within_it_and_a_thousandth_does_not() -> None:
    """Measured on sums of a thousand terms in float32, forwards and in blocks, over many draws."""
    numbers = np.random.default_rng(0)
    worst = 0.0
    for _ in range(50):
        x, w = (numbers.normal(size=shape).astype("float32") for shape in ((4, 1000), (1000, 64)))
        one = x @ w
        other = sum(
            (x[:, start : start + 10] @ w[start : start + 10] for start in range(0, 1000, 10)),
            start=np.zeros((4, 64), "float32"),
        )
        worst = max(worst, float(np.max(np.abs(one - other)) / np.max(np.abs(one))))
    assert 0 < worst < of_outputs(dense(1000)) < 0.001


def test_each_call_has_its_own_and_the_last_is_that_of_the_outputs() -> None:
    """Along a line it only grows."""
    found = list(by_call(chain()).values())
    assert found == sorted(found)
    assert found[-1] == of_outputs(chain())


def test_a_layer_called_twice_has_two() -> None:
    """They are told apart by number."""
    plan = Blueprint()
    x = plan.input(4)
    shared = plan.layer("Dense", (4, 4), units=4)
    x = plan.call(shared, plan.call(shared, x, shape=(4,)), shape=(4,))
    assert ["dense_0 (Dense)", "dense_0 (Dense) #2"] == list(by_call(plan.graph(x)))


def test_training_may_differ_more_than_inference() -> None:
    """The path is gone twice, and sums go over the batch."""
    graph = chain()
    assert of_outputs(graph) < of_training(graph, 4) < of_training(graph, 400)
