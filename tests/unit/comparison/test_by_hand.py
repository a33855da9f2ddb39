"""What is wrong with a layer that its author wrote out is told there, in its terms, and first."""

from __future__ import annotations

import pytest

from tests.backends.worker import Workers

MODULE = "tests.unit.comparison.hand_written_models"
ONLY = {
    "too wide": "In Squeeze (your layer), at the first ops.matmul + bias, the weight 'w1' has the shape (16, 6), "
    "expected (16, 4).",
    "no bias": "In Squeeze (your layer), at the ops.matmul, expected the weight 'b1' to be added, as a bias: it "
    "holds 4 parameters, and no output depends on them.",
    "activation": "In Squeeze (your layer), after the first ops.matmul + bias, expected the activation relu, "
    "found tanh.",
    "times the bias": "In Squeeze (your layer), after the ops.matmul, expected the weight 'b2' to be added, as a "
    "bias; found Multiply with it.",
    "bias twice": "In Squeeze (your layer), after the second ops.matmul + bias, found an Add with a weight that the "
    "expected model does not have.",
    "add": "In Squeeze (your layer), after the relu and the Reshape, expected a Multiply, found an Add.",
    "axis": "In Squeeze (your layer), after the relu, expected a GlobalAveragePooling2D, found an ops.mean and the "
    "slice x[:, 0].",
    "a bias that is not made": "In NoBias (your layer), at the ops.matmul, expected a bias of shape (5,) to be added, "
    "found none.",
    "a bias that is not used": "In NoBias (your layer), at the ops.matmul, expected the weight of shape (5,) to be "
    "added, as a bias: it holds 5 parameters, and no output depends on them.",
    "a bias nobody asked for": "The Dense has use_bias=True, expected use_bias=False.",
    "a weight added twice": "In Scale (your layer), after the first Add with a weight, found an Add with a weight that "
    "the expected model does not have.",
    "a weight never used": "In Scale (your layer), after the Add with a weight, expected a Multiply with a weight, "
    "found the model's output at once. The model holds such weights, and no output depends on them.",
}


@pytest.mark.backends
@pytest.mark.parametrize("slip", list(ONLY))
def test_a_slip_in_a_layer_written_out_is_all_that_is_told(workers: Workers, slip: str) -> None:
    """The layer is named, and what was expected of it is not a Dense; what follows from the slip is not told."""
    equivalent, messages, _ = workers["torch"].run(MODULE, "told", pair=slip)
    assert (False, [ONLY[slip]]) == (equivalent, messages)


@pytest.mark.backends
@pytest.mark.parametrize(
    ("pair", "size", "others"),
    [
        ("a spare weight", 4, []),
        ("a spare weight and other units", 5, ["The Dense has units=5, expected units=6."]),
    ],
)
def test_a_weight_that_is_made_and_never_used_is_told_first(
    workers: Workers, pair: str, size: int, others: list[str]
) -> None:
    """By its name, in the class that made it."""
    _, (first, *rest), _ = workers["torch"].run(MODULE, "told", pair=pair)
    assert (
        f"In Spare (your layer), no output depends on the weight 'spare': {size} parameters that are made and "
        "never used."
    ) == first
    assert others == rest


@pytest.mark.backends
def test_a_bias_that_is_never_used_is_mended_by_using_it(workers: Workers) -> None:
    """The fix speaks of the weight, and not of a layer that nobody wrote."""
    _, _, fix = workers["torch"].run(MODULE, "told", pair="no bias")
    assert "Use the weight 'b1' where it belongs, or leave it out." == fix


@pytest.mark.backends
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_a_layer_written_out_without_a_slip_is_the_layer(workers: Workers, backend: str) -> None:
    """Outputs decide that; graphs alone differ, and then the layer is what differs."""
    equivalent, messages, _ = workers[backend].run(MODULE, "told", pair="")
    assert (True, []) == (equivalent, messages)
    equivalent, messages = workers[backend].run(MODULE, "told_of_graphs", pair="")
    assert not equivalent
    assert any("expected a Dense" in message for message in messages)
