"""What the normal form takes away, and what it keeps."""

from __future__ import annotations

from typing import Any

import pytest

from grader.canonical import normalize
from grader.comparison import compare_graphs
from grader.graph import Argument, Call, ModelGraph
from tests.blueprints import Blueprint

SHAPE = (8, 8, 4)


def one_call(
    class_name: str, *, origin: str = "keras.layers", shape: tuple[int, ...] = SHAPE, **config: Any
) -> ModelGraph:
    plan = Blueprint()
    x = plan.input(*SHAPE)
    return plan.graph(plan.call(plan.layer(class_name, origin=origin, **config), x, shape=shape))


def ops(graph: ModelGraph) -> list[str]:
    return [node.op for node in normalize(graph).nodes if node.op != "input"]


RELU = {"negative_slope": 0.0, "max_value": None, "threshold": 0.0}


@pytest.mark.parametrize(
    "other",
    [
        one_call("Activation", activation="relu"),
        one_call("Relu", origin="keras.ops"),
        one_call("ReLU", origin="keras.ops", **RELU),
        one_call("LeakyReLU", negative_slope=0.0),
    ],
    ids=["Activation", "ops.relu", "activations.relu", "LeakyReLU without a slope"],
)
def test_every_way_to_write_relu_is_relu(other: ModelGraph) -> None:
    """Layer, named activation, operation and function are one activation."""
    assert compare_graphs(other, one_call("ReLU", **RELU)).equivalent


@pytest.mark.parametrize(
    "other",
    [
        one_call("ReLU", negative_slope=0.1, max_value=None, threshold=0.0),
        one_call("ReLU", negative_slope=0.0, max_value=6.0, threshold=0.0),
        one_call("ReLU", negative_slope=0.0, max_value=None, threshold=1.0),
        one_call("LeakyReLU", negative_slope=0.3),
        one_call("Activation", activation="gelu"),
    ],
    ids=["slope", "cap", "threshold", "leaky", "gelu"],
)
def test_what_is_not_relu_stays_apart(other: ModelGraph) -> None:
    """A slope, a cap or a threshold makes another function."""
    assert not compare_graphs(other, one_call("ReLU", **RELU)).equivalent


def test_a_leaky_relu_has_the_default_slope_of_its_layer() -> None:
    """The layer's slope is 0.3 and the op's 0.2; both are written out before they are compared."""
    layer, op = one_call("LeakyReLU"), one_call("LeakyRelu", origin="keras.ops")
    assert not compare_graphs(layer, op).equivalent
    assert compare_graphs(layer, one_call("LeakyRelu", origin="keras.ops", negative_slope=0.3)).equivalent


@pytest.mark.parametrize(
    "nothing",
    [
        one_call("Identity"),
        one_call("Activation", activation="linear"),
        one_call("Dropout", rate=0.0),
        one_call("Reshape", target_shape=list(SHAPE)),
    ],
    ids=["Identity", "linear", "Dropout(0)", "same shape"],
)
def test_what_changes_nothing_is_dropped(nothing: ModelGraph) -> None:
    """Identities leave no node behind."""
    assert [] == ops(nothing)


def test_a_dropout_that_drops_is_kept_with_its_rate() -> None:
    """Probes cannot see a rate, so the graph has to."""
    half, some = one_call("Dropout", rate=0.5), one_call("Dropout", rate=0.2)
    assert ["wrong-config"] == [d.kind for d in compare_graphs(half, some).differences]


def test_flatten_is_a_reshape() -> None:
    """``Flatten()`` and ``Reshape((-1,))`` give the same tensor."""
    flat, shaped = one_call("Flatten", shape=(256,)), one_call("Reshape", shape=(256,), target_shape=[-1])
    assert compare_graphs(flat, shaped).equivalent


@pytest.mark.parametrize("kind", ["BatchNormalization", "Softmax", "LayerNormalization"])
def test_the_last_axis_may_be_counted_from_either_end(kind: str) -> None:
    """Axis -1 of a rank-4 tensor is axis 3."""
    last, third = (-1, 3) if kind != "LayerNormalization" else ([-1], [3])
    assert compare_graphs(one_call(kind, axis=last), one_call(kind, axis=third)).equivalent
    first = 1 if kind != "LayerNormalization" else [1]
    assert not compare_graphs(one_call(kind, axis=last), one_call(kind, axis=first)).equivalent


@pytest.mark.parametrize(("size", "same"), [([1, 1], True), ([3, 3], False), ([1, 3], False)])
def test_the_padding_of_a_kernel_of_one_pixel_does_not_matter(size: list[int], same: bool) -> None:
    """A 1×1 kernel reaches over no edge, so there is nothing to pad."""
    padded = one_call("Conv2D", kernel_size=size, padding="same")
    bare = one_call("Conv2D", kernel_size=size, padding="valid")
    assert same == compare_graphs(padded, bare).equivalent


def test_a_mean_over_the_image_is_global_average_pooling() -> None:
    """``keras.ops.mean`` over height and width is what the layer computes."""
    layer = one_call("GlobalAveragePooling2D", shape=(4,), data_format="channels_last", keepdims=False)
    mean = one_call("Mean", origin="keras.ops", shape=(4,), axis=[1, 2], keepdims=False)
    other = one_call("Mean", origin="keras.ops", shape=(4,), axis=[1], keepdims=False)
    assert compare_graphs(layer, mean).equivalent
    assert not compare_graphs(layer, other).equivalent


def with_constant(kind: str, *, first: bool, value: float) -> ModelGraph:
    plan = Blueprint()
    x = plan.input(4)
    layer, made = plan.layer(kind, origin="keras.ops"), plan.tensor(4)
    tensor, constant = (
        Argument(place="1" if first else "0", tensor=x),
        Argument(place="0" if first else "1", value=value),
    )
    arguments = (constant, tensor) if first else (tensor, constant)
    plan.calls.append(Call(layer=layer, arguments=arguments, outputs=(made,)))
    return plan.graph(made)


def test_a_constant_may_stand_on_either_side_where_order_has_no_meaning() -> None:
    """``2 * x`` is ``x * 2``, but ``2 - x`` is not ``x - 2``, and ``3 * x`` is another model."""
    left, right = (
        with_constant("Multiply", first=True, value=2),
        with_constant("Multiply", first=False, value=2),
    )
    assert compare_graphs(left, right).equivalent
    assert not compare_graphs(left, with_constant("Multiply", first=True, value=3)).equivalent
    minus = [with_constant("Subtract", first=side, value=2) for side in (True, False)]
    assert not compare_graphs(*minus).equivalent


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("Add", 0, []),
        ("Add", 0.0, []),
        ("Add", 1, ["Rescaling"]),
        ("Multiply", 1, []),
        ("Multiply", 0, ["Rescaling"]),
        ("Maximum", 0, ["activation"]),
        ("Maximum", 1, ["maximum"]),
        ("Minimum", 0, ["minimum"]),
    ],
)
def test_a_constant_that_changes_nothing_is_dropped(kind: str, value: float, expected: list[str]) -> None:
    """``sum([a, b])`` starts from 0, and ``maximum(x, 0)`` is relu."""
    assert expected == ops(with_constant(kind, first=True, value=value))


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("zero", [0, 0.0])
def test_the_larger_of_x_and_zero_is_relu_on_either_side(first: bool, zero: float) -> None:
    """``maximum(0, x)``, ``maximum(x, 0.0)`` and ``ReLU()`` are the same."""
    plan = Blueprint()
    relu = plan.graph(plan.relu(plan.input(4)))
    assert compare_graphs(with_constant("Maximum", first=first, value=zero), relu).equivalent


@pytest.mark.parametrize("kind", ["Add", "Multiply", "Subtract", "TrueDivide"])
def test_a_whole_number_may_be_written_as_a_float(kind: str) -> None:
    """``x + 1`` and ``x + 1.0`` are the same."""
    whole, point = (with_constant(kind, first=False, value=value) for value in (3, 3.0))
    assert compare_graphs(whole, point).equivalent
