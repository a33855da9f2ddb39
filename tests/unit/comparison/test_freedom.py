"""What a teacher may leave to the student: settings, sharing, and the order of inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from grader.canonical import shows_in_outputs
from grader.comparison import compare_graphs
from grader.graph import ModelGraph, Port
from grader.tasks import CompareOptions
from tests.blueprints import Blueprint


def network(
    units: int = 4,
    activation: str = "relu",
    rate: float = 0.5,
    classes: int = 3,
    depth: int = 1,
    dtype: str = "float32",
) -> ModelGraph:
    plan = Blueprint()
    x = plan.input(5)
    for _ in range(depth):
        x = plan.dense(x, units, activation)
    x = plan.call(plan.layer("Dropout", rate=rate), x, shape=plan.shape(x))
    graph = plan.graph(plan.dense(x, classes, "softmax"))
    layers = tuple(layer.model_copy(update={"dtype": dtype}) for layer in graph.layers)
    return graph.model_copy(update={"layers": layers})


def twins(shared: bool, units: int = 2) -> ModelGraph:
    plan = Blueprint()
    a, b = plan.input(3), plan.input(3)
    first = plan.layer("Dense", (3, 2), (2,), units=2, activation="linear")
    second = first if shared else plan.layer("Dense", (3, 2), (2,), units=2, activation="linear")
    joined = plan.concatenate(plan.call(first, a, shape=(2,)), plan.call(second, b, shape=(2,)))
    return plan.graph(plan.dense(joined, units))


def heads(order: int, keys: tuple[str, str] = ("0", "1")) -> ModelGraph:
    plan = Blueprint()
    image, table = (plan.input(6), plan.input(2)) if order > 0 else reversed((plan.input(2), plan.input(6)))
    joined = plan.concatenate(plan.dense(image, 4), plan.dense(table, 4))
    ends = [plan.dense(joined, 3, "softmax"), plan.dense(joined, 1)][::order]
    graph = plan.graph(*ends)
    ports = tuple(Port(key=key, tensor=tensor) for key, tensor in zip(keys, ends, strict=True))
    return graph.model_copy(update={"outputs": ports})


@pytest.mark.parametrize(
    ("free", "student"),
    [
        (("rate",), lambda: network(rate=0.1)),
        (("Dropout.rate",), lambda: network(rate=0.1)),
        (("ra*",), lambda: network(rate=0.1)),
        (("Dense.units",), lambda: network(units=9)),
        (("activation",), lambda: network(activation="tanh")),
        (("dtype",), lambda: network(dtype="mixed_float16")),
        (("units", "rate", "activation"), lambda: network(units=7, activation="gelu", rate=0.2)),
    ],
)
def test_a_free_setting_may_be_anything(free: tuple[str, ...], student: Callable[[], ModelGraph]) -> None:
    """What is left to the student makes no difference, and does make one by default."""
    assert not compare_graphs(student(), network()).equivalent
    assert compare_graphs(student(), network(), CompareOptions(free_settings=free)).equivalent


@pytest.mark.parametrize(
    ("free", "student", "kind"),
    [
        (("Dense.rate",), lambda: network(rate=0.1), "wrong-config"),
        (("units",), lambda: network(rate=0.1), "wrong-config"),
        (("units",), lambda: network(classes=4), "wrong-shape"),
        (("units",), lambda: network(depth=2), "extra-layer"),
        (("rate",), lambda: network(units=5), "wrong-config"),
        (("activation",), lambda: network(activation="linear"), "wrong-activation"),
        (("units",), lambda: network(activation="tanh"), "wrong-activation"),
    ],
)
def test_everything_else_still_counts(
    free: tuple[str, ...], student: Callable[[], ModelGraph], kind: str
) -> None:
    """A freedom covers the settings it names, of the classes it names, and neither outputs nor steps."""
    result = compare_graphs(student(), network(), CompareOptions(free_settings=free))
    assert (False, kind) == (result.equivalent, result.differences[0].kind)


def test_sharing_may_be_left_open_both_ways() -> None:
    """Where sharing is free, two layers will do for one and one for two; nothing else is let through."""
    free = CompareOptions(free_sharing=True)
    for one, two in ((True, False), (False, True)):
        assert not compare_graphs(twins(one), twins(two)).equivalent
        assert compare_graphs(twins(one), twins(two), free).equivalent
        other = compare_graphs(twins(one, units=5), twins(two), free)
        assert ["wrong-config"] == [difference.kind for difference in other.differences]


def test_a_weight_that_stands_for_two_has_no_counterpart() -> None:
    """A layer shared where the reference has two cannot be given both of their weights."""
    free = CompareOptions(free_sharing=True)
    assert (-1, -1, 4, 5) == compare_graphs(twins(True), twins(False), free).weight_map
    assert (0, 1, 0, 1, 2, 3) == compare_graphs(twins(False), twins(True), free).weight_map


def test_inputs_and_outputs_may_come_in_any_order() -> None:
    """Where order is free, neither the order nor the keys of inputs and outputs matter."""
    free = CompareOptions(free_order=True)
    for student in (heads(-1), heads(1, keys=("class", "box"))):
        assert not compare_graphs(student, heads(1)).equivalent
        assert compare_graphs(student, heads(1), free).equivalent


def test_in_any_order_they_are_still_the_same_tensors() -> None:
    """An output taken from elsewhere is told where order is free, and told as one difference."""
    plan = Blueprint()
    table, image = plan.input(2), plan.input(6)
    joined = plan.concatenate(plan.dense(image, 4), plan.dense(table, 4))
    end = plan.dense(joined, 3, "softmax")
    student = plan.graph(plan.dense(plan.relu(joined), 1), end)
    found = compare_graphs(student, heads(1), CompareOptions(free_order=True))
    assert ["wrong-activation"] == [difference.kind for difference in found.differences]


@pytest.mark.parametrize(
    ("free", "shows"),
    [(("rate", "*_regularizer"), False), (("rate", "units"), True), (("activation",), True), ((), False)],
)
def test_what_shows_in_the_outputs_is_known(free: tuple[str, ...], shows: bool) -> None:
    """A rate changes no output in inference; a size or an activation does."""
    assert shows == shows_in_outputs(free)
