"""Where the order of what is concatenated matters, and where it does not."""

from __future__ import annotations

import json

import pytest

from grader.comparison import compare_graphs
from grader.errors import GraderError
from grader.graph import ModelGraph
from grader.tasks import CompareOptions
from tests.backends.worker import Workers
from tests.blueprints import Blueprint


@pytest.mark.backends
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
@pytest.mark.parametrize(
    ("name", "permuted"),
    [
        *(("convolution", 1), ("normalised_and_flattened", 7), ("nested", 2), ("recurrent", 1)),
        *(("grouped", 3), ("one_by_one", 3)),
    ],
)
def test_permuted_weights_make_the_outputs_equal(
    workers: Workers, backend: str, name: str, permuted: int
) -> None:
    """The weights that are said to be permuted are those that make both orders compute the same."""
    same, count, gap = workers[backend].run("tests.unit.comparison.transplants", "gap", name=name)
    assert (True, permuted) == (same, count)
    assert gap < 1e-5


def joined(*order: int, then: str = "dense") -> ModelGraph:
    """Two branches of two and three channels, concatenated in that order, and what follows."""
    plan = Blueprint()
    x = plan.input(4)
    branches = [plan.dense(x, 2), plan.dense(x, 3)]
    y = plan.concatenate(*[branches[number] for number in order])
    if then == "nothing":
        return plan.graph(y)
    if then == "two readers":
        return plan.graph(plan.dense(y, 3), plan.relu(y))
    if then == "sum with another":
        return plan.graph(plan.dense(plan.add(y, plan.dense(x, 5)), 2))
    if then == "one layer for both orders":
        layer = plan.layer("Dense", (5, 2), units=2, activation="linear")
        other = plan.concatenate(*[branches[number] for number in sorted(order)])
        return plan.graph(plan.add(plan.call(layer, y, shape=(2,)), plan.call(layer, other, shape=(2,))))
    if then.startswith("reduced"):
        kind, _, axis = then.removeprefix("reduced by ").partition(" over ")
        layer = plan.layer(kind, origin="keras.ops", axis=json.loads(axis), keepdims=True)
        return plan.graph(plan.dense(plan.call(layer, y, shape=(1,)), 2))
    if then == "reshape":
        return plan.graph(plan.dense(plan.call(plan.layer("Reshape"), y, shape=(5, 1)), 2))
    return plan.graph(plan.dense(plan.relu(y), 2))


def test_a_dense_layer_takes_up_the_order() -> None:
    """What a Dense layer reads may be concatenated in any order; its kernel's rows are permuted with it."""
    comparison = compare_graphs(joined(1, 0), joined(0, 1))
    assert comparison.equivalent
    (moved,) = comparison.weight_orders
    assert (4, -2, (2, 3, 4, 0, 1)) == (moved.weight, moved.axis, moved.order)


@pytest.mark.parametrize(
    "then", ["nothing", "two readers", "sum with another", "one layer for both orders", "reshape"]
)
def test_the_order_counts_where_nothing_takes_it_up(then: str) -> None:
    """An output, a sum with something else, a kernel used both ways, or a reshape fix the order."""
    assert not compare_graphs(joined(1, 0, then=then), joined(0, 1, then=then)).equivalent
    assert compare_graphs(joined(1, 0, then=then), joined(1, 0, then=then)).equivalent


@pytest.mark.parametrize(
    "then",
    [
        *(
            f"reduced by {kind} over [1]"
            for kind in ("Max", "Min", "Mean", "Sum", "Prod", "Std", "Var", "Logsumexp")
        ),
        "reduced by Max over -1",
        "reduced by Amax over -1",
        "reduced by Max over null",
    ],
)
def test_a_reduction_over_what_is_joined_takes_up_the_order(then: str) -> None:
    """The largest, smallest, mean or sum of channels is the same in every order, and permutes no weight."""
    comparison = compare_graphs(joined(1, 0, then=then), joined(0, 1, then=then))
    assert (True, ()) == (comparison.equivalent, comparison.weight_orders)


@pytest.mark.parametrize("then", ["reduced by Argmax over -1", 'reduced by Max over "all"'])
def test_what_depends_on_places_takes_up_no_order(then: str) -> None:
    """Which channel is the largest depends on where it stands, and an axis that is no number says nothing."""
    assert not compare_graphs(joined(1, 0, then=then), joined(0, 1, then=then)).equivalent


@pytest.mark.parametrize(
    ("widths", "groups", "same"),
    [((4, 2), 3, True), ((4, 2), 1, True), ((5, 1), 6, True), ((5, 1), 3, False), ((4, 2), 2, False)],
)
def test_groups_are_normalised_alike_where_they_stay_together(
    widths: tuple[int, int], groups: int, same: bool
) -> None:
    """Whole groups may change places; where a group would take in other channels, the order counts."""

    def normalised(*order: int) -> ModelGraph:
        plan = Blueprint()
        x = plan.input(4)
        branches = [plan.dense(x, width) for width in widths]
        y = plan.concatenate(*[branches[number] for number in order])
        layer = plan.layer("GroupNormalization", (6,), (6,), groups=groups, axis=-1, epsilon=0.001)
        return plan.graph(plan.dense(plan.call(layer, y, shape=(6,)), 2))

    assert same is compare_graphs(normalised(1, 0), normalised(0, 1)).equivalent
    assert compare_graphs(normalised(1, 0), normalised(1, 0)).equivalent


@pytest.mark.parametrize(("axes", "handed_on"), [([1], True), ([2], False), ([1, 2], False)])
def test_a_reduction_over_other_axes_hands_the_order_on(axes: list[int], handed_on: bool) -> None:
    """Each channel keeps its place where the mean is taken over the positions."""

    def attended(*order: int) -> ModelGraph:
        plan = Blueprint()
        x = plan.input(3, 4)
        branches = [plan.dense(x, 2), plan.dense(x, 3)]
        y = plan.concatenate(*[branches[number] for number in order])
        layer = plan.layer("Sum", origin="keras.ops", axis=axes, keepdims=True)
        shape = tuple(1 if axis in axes else size for axis, size in enumerate((3, 5), start=1))
        summed = plan.call(layer, y, shape=shape)
        return plan.graph(plan.dense(plan.norm(summed), 2))

    comparison = compare_graphs(attended(1, 0), attended(0, 1))
    assert (True, handed_on) == (comparison.equivalent, bool(comparison.weight_orders))


def test_a_teacher_may_ask_for_the_order() -> None:
    """With ``concatenate_order`` the order counts although nothing depends on it."""
    options = CompareOptions(concatenate_order=True)
    assert not compare_graphs(joined(1, 0), joined(0, 1), options).equivalent


def test_the_order_along_another_axis_counts() -> None:
    """What is put one below the other, not side by side, keeps its order."""

    def stacked(*order: int) -> ModelGraph:
        plan = Blueprint()
        x = plan.input(3, 4)
        branches = [plan.dense(x, 2), plan.relu(plan.dense(x, 2))]
        layer = plan.layer("Concatenate", axis=1)
        y = plan.call(layer, *[branches[number] for number in order], shape=(6, 2), listed=True)
        return plan.graph(plan.dense(y, 2))

    assert not compare_graphs(stacked(1, 0), stacked(0, 1)).equivalent
    assert compare_graphs(stacked(1, 0), stacked(1, 0)).equivalent


def turned_round(rounds: int, channels: int, *, newest_first: bool) -> ModelGraph:
    """A dense block whose joins are all written the other way round."""
    plan = Blueprint()
    x = plan.dense(plan.input(4), channels)
    for _ in range(rounds):
        new = plan.dense(x, channels)
        x = plan.norm(plan.concatenate(new, x) if newest_first else plan.concatenate(x, new))
    return plan.graph(plan.dense(x, 2))


def test_an_order_is_kept_once_for_the_weights_that_share_it() -> None:
    """However many layers read what was joined in another order, the order is written out once."""
    rounds = 20
    comparison = compare_graphs(
        turned_round(rounds, 500, newest_first=True), turned_round(rounds, 500, newest_first=False)
    )
    assert comparison.equivalent
    assert 5 * rounds == len(comparison.weight_orders)
    assert rounds == len({id(moved.order) for moved in comparison.weight_orders})
    longest = max((moved.order for moved in comparison.weight_orders), key=len)
    assert sorted(longest) == list(range(500 * (rounds + 1)))


def test_an_order_of_channels_without_end_is_not_written_out() -> None:
    """A shape that a file claims may be of any length: then nothing is decided, and the message says so."""
    pair = [turned_round(2, 10**9, newest_first=first) for first in (True, False)]
    with pytest.raises(GraderError, match=r"5,000,000,000 places of channels, .* was not decided"):
        compare_graphs(*pair)
