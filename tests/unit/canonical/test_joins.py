"""A dense block adds to what it has joined, or joins a list of all parts anew: one architecture."""

from __future__ import annotations

import pytest

from grader.canonical import joined_anew, normalize
from grader.comparison import compare_graphs
from grader.errors import GraderError
from grader.graph import ModelGraph
from grader.tasks import CompareOptions
from tests.blueprints import Blueprint


def dense_block(
    rounds: int, style: str, *, newest_first: bool = False, without: int | None = None
) -> ModelGraph:
    """Each round reads all features made before; ``without`` leaves one out of the last ``Concatenate``."""
    plan = Blueprint()
    x = plan.input(4)
    parts, joined = [x], x
    for _ in range(rounds):
        new = plan.dense(joined, 2, "relu")
        parts = [new, *parts] if newest_first else [*parts, new]
        if style == "list":
            kept = [part for number, part in enumerate(parts) if number != without]
            joined = plan.concatenate(*(kept if len(parts) > rounds else parts))
        else:
            joined = plan.concatenate(new, joined) if newest_first else plan.concatenate(joined, new)
    return plan.graph(plan.dense(joined, 3))


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_list_of_parts_and_a_growing_one_are_one_block(newest_first: bool) -> None:
    """Whichever way the parts are collected, and whichever end they are added at."""
    growing = dense_block(4, "growing", newest_first=newest_first)
    assert compare_graphs(growing, dense_block(4, "list")).equivalent
    assert compare_graphs(dense_block(4, "list"), growing).equivalent
    asked = CompareOptions(concatenate_order=True)
    assert compare_graphs(growing, dense_block(4, "list"), asked).equivalent != newest_first


def test_a_part_left_out_shows_and_is_told_once() -> None:
    """Written the same way or not, a part is missing; written the same way, that is one difference."""
    short = dense_block(4, "list", without=1)
    assert not compare_graphs(short, dense_block(4, "growing")).equivalent
    differences = compare_graphs(short, dense_block(4, "list")).differences
    assert 1 <= len(differences) <= 2


def test_another_axis_or_a_step_in_between_keeps_them_apart() -> None:
    """Only joins along one axis, one right behind the other, are drawn together."""

    def joined(axis: int, *, step: bool) -> ModelGraph:
        plan = Blueprint()
        x = plan.input(4, 4)
        first = plan.concatenate(x, x)
        between = plan.relu(first) if step else first
        layer = plan.layer("Concatenate", axis=axis)
        shape = (4, 16) if axis == -1 else (8, 8)
        second = plan.call(layer, between, between, shape=shape, listed=True)
        return plan.graph(second, plan.dense(first, 2))

    assert joined_anew(normalize(joined(1, step=False))) is None
    assert joined_anew(normalize(joined(-1, step=True))) is None
    found = joined_anew(normalize(joined(-1, step=False)))
    assert found is not None
    assert [4, 2] == sorted(
        (len(node.edges) for node in found.nodes if node.op == "concatenate"), reverse=True
    )


def test_a_block_of_hundreds_of_layers_may_be_written_either_way() -> None:
    """However many parts a join has, collecting them in a list and adding to what was joined are one block."""
    assert compare_graphs(dense_block(300, "growing"), dense_block(300, "list")).equivalent


def test_joins_without_end_are_not_written_out_without_end() -> None:
    """Where too many parts would have to be written out, nothing is decided, and the message says so."""
    plan = Blueprint()
    joined = plan.input(1)
    for _ in range(800):
        joined = plan.concatenate(joined, plan.dense(joined, 1))
    with pytest.raises(GraderError, match=r"more than 250,000 parts in all, .* was not decided"):
        joined_anew(normalize(plan.graph(joined)))


def test_graphs_of_other_layers_are_told_apart_however_long_their_joins() -> None:
    """Nothing has to be written out where the layers that are joined differ."""
    growing = dense_block(800, "growing")
    plan = Blueprint()
    x = plan.input(4)
    assert not compare_graphs(growing, plan.graph(plan.dense(plan.concatenate(x, x), 3))).equivalent
