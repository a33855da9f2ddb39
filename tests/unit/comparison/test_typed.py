"""What a message asks for can be typed: functions of keras.ops, slices, settings, layers of Keras."""

from __future__ import annotations

from typing import Any

import pytest

from grader.canonical import Edge, Node
from grader.comparison import Comparison, compare_graphs
from grader.comparison.typed import ops_name, step_code
from grader.comparison.wording import article, label
from grader.graph import ModelGraph, Port
from tests.backends.worker import Workers
from tests.blueprints import Blueprint

MODULE = "tests.unit.comparison.operation_names"
FIRST = [
    {"class_name": "__slice__", "config": {"start": None, "stop": None, "step": None}},
    0,
]


def step(op: str, tensors: int = 1, **settings: Any) -> Node:
    edges = tuple(Edge(str(place), 0, 0) for place in range(tensors))
    return Node(op, settings, (op, "", (), ()), edges, ((None, 4),), (), (0,))


@pytest.mark.backends
def test_every_operation_is_called_by_a_function_of_keras(workers: Workers) -> None:
    """No class name such as GetItem or TrueDivide is asked for: nobody can write it."""
    assert [] == workers["torch"].run(MODULE, "without_a_function")


@pytest.mark.backends
def test_every_kind_of_step_has_the_name_of_a_layer_or_an_activation(workers: Workers) -> None:
    """What layers and operations share is called by the layer."""
    assert [] == workers["torch"].run(MODULE, "labels_without_a_name")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Absolute", "ops.absolute"),
        ("ExpandDims", "ops.expand_dims"),
        ("Log1p", "ops.log1p"),
        ("LayerNorm", "ops.layer_normalization"),
        ("RGBToHSV", "ops.image.rgb_to_hsv"),
    ],
)
def test_an_operation_is_called_by_its_function(kind: str, name: str) -> None:
    """Also where the class has another name, or the function lies deeper."""
    assert name == ops_name(kind) == label(f"ops {kind}", {})


@pytest.mark.parametrize(
    ("node", "code"),
    [
        (step("ops Power", **{"argument 1": 2}), "x ** 2"),
        (step("ops Greater", tensors=2), "x > y"),
        (step("ops Mean", axis=[1]), "ops.mean(x, axis=(1,))"),
        (step("maximum", constants=[1]), "ops.maximum(x, 1)"),
        (step("ops Matmul", **{"weight slots": ["1"]}), "x @ a weight"),
        (step("ops Subtract", **{"argument 0": 1}), "1 - x"),
        (step("ops GetItem", **{"argument 1": FIRST}), "x[:, 0]"),
        (step("ops GetItem", **{"argument 1": [*FIRST, 3]}), "x[:, 0, 3]"),
        (step("ops Where", tensors=2, **{"argument 2": 0}), "ops.where(x, y, 0)"),
    ],
)
def test_an_operation_is_written_with_its_constants(node: Node, code: str) -> None:
    """As an expression where there is an operator, else as a call."""
    assert code == step_code(node)


def test_a_slice_is_called_a_slice() -> None:
    """The article goes before a word that can be said."""
    assert "the slice x[:, 0]" == article(label("ops GetItem", {"argument 1": FIRST}))


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"scale": 0.5, "offset": 0.0}, "Rescaling(0.5)"),
        ({"scale": 2.0, "offset": -1.0}, "Rescaling(2, offset=-1)"),
    ],
)
def test_a_rescaling_is_written_as_the_layer(settings: dict[str, float], name: str) -> None:
    """So that it can be copied into the model."""
    assert name == label("Rescaling", settings)


def sliced(index: int) -> ModelGraph:
    plan = Blueprint()
    x = plan.input(6, 8)
    graph = plan.graph(plan.call(plan.layer("GetItem", origin="keras.ops"), x, shape=(8,)))
    (call,) = graph.calls
    place = call.arguments[0].model_copy(update={"place": "1", "tensor": None, "value": [FIRST[0], index]})
    return graph.model_copy(
        update={"calls": (call.model_copy(update={"arguments": (*call.arguments, place)}),)}
    )


def test_another_slice_is_told_as_it_is_written() -> None:
    """Neither the class GetItem nor the number of its argument is spoken of."""
    (found,) = compare_graphs(sliced(1), sliced(0)).differences
    assert "At the slice x[:, 1], expected x[:, 0], found x[:, 1]." == found.message


def named(*names: str, units: int = 4, inputs: tuple[str, ...] = ("",)) -> ModelGraph:
    """A stack of Dense layers with names; the last one has other units."""
    plan = Blueprint()
    first, *others = [plan.input(4) for _ in inputs]
    x = first
    for place, name in enumerate(names, start=1):
        x = plan.dense(x, units if place == len(names) else 4)
        plan.layers[-1] = plan.layers[-1].model_copy(update={"name": name})
    graph = plan.graph(x, *(plan.relu(other) for other in others))
    ports = tuple(
        Port(key=port.key, tensor=port.tensor, name=name)
        for port, name in zip(graph.inputs, inputs, strict=True)
    )
    return graph.model_copy(update={"inputs": ports})


def only(result: Comparison) -> str:
    (difference,) = result.differences
    return difference.message


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("dense", "dense_1", "head"), "The Dense named 'head' has"),
        (("dense", "dense_1", "dense_2"), "The third Dense has"),
        (("same", "same", "same"), "The third Dense has"),
        (("head",), "The Dense has"),
    ],
)
def test_a_layer_is_called_by_the_name_its_author_gave(names: tuple[str, ...], told: str) -> None:
    """But not by one that Keras chose, nor by one that two layers have, nor where there is only one such layer."""
    assert only(compare_graphs(named(*names, units=3), named(*names))).startswith(told)


def test_the_references_names_are_not_told() -> None:
    """The reader has not written them."""
    text = str(compare_graphs(named("dense"), named("secret", "hidden", "last")))
    assert "missing the second Dense" in text
    assert not any(name in text for name in ("secret", "hidden", "'last'"))


def test_an_input_is_called_by_its_name() -> None:
    """Where there are several, and their author named them."""
    ours = named("dense", inputs=("text", "picture"))
    wider = ours.model_copy(
        update={
            "tensors": tuple(
                tensor.model_copy(update={"shape": (None, 5)}) if index == 1 else tensor
                for index, tensor in enumerate(ours.tensors)
            )
        }
    )
    messages = [difference.message for difference in compare_graphs(wider, ours).differences]
    assert "The input named 'picture' has the shape (None, 5), expected (None, 4)." in messages
