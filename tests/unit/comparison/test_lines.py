"""Branches that were to stand side by side and stand in one line, and a constant in a layer's place."""

from __future__ import annotations

import pytest

from grader.comparison import analyse
from grader.graph import Argument, ModelGraph
from tests.blueprints import Blueprint


def two_views(kind: str) -> ModelGraph:
    """Look at an image with two kernel sizes: joined, or one after the other, or without the join alone."""
    plan = Blueprint()
    x = plan.input(8, 8, 2)
    first = plan.conv(x, 4, 3, "relu")
    second = plan.conv(first if kind == "in line" else x, 4, 5, "relu")
    return plan.graph(plan.norm(plan.concatenate(first, second) if kind == "joined" else second))


def test_branches_in_one_line_are_one_difference_where_the_line_begins() -> None:
    """The step that takes the other branch is told, with what it should take and the join that is missing."""
    (found,) = analyse(two_views("in line"), two_views("joined")).differences
    assert "wrong-connection" == found.kind
    assert (
        "The second Conv2D takes the relu, expected the input: two branches that a Concatenate should join "
        "stand in one line."
    ) == found.message.replace("the first relu", "the relu")


def test_a_branch_and_a_join_that_are_missing_are_no_line() -> None:
    """Where nothing takes another branch, nothing is said of a line."""
    told = [found.message for found in analyse(two_views("alone"), two_views("joined")).differences]
    assert told
    assert not [message for message in told if "in one line" in message]


@pytest.mark.parametrize("learned", [True, False])
def test_a_constant_in_a_layers_place_comes_after_the_missing_layer(learned: bool) -> None:
    """A layer that is missing is told before the constant that stands for it."""

    def model(constant: bool) -> ModelGraph:
        plan = Blueprint()
        x = plan.input(3)
        if not constant:
            return plan.graph(plan.add(x, plan.dense(x, 3)))
        made = plan.call(plan.layer("Add", origin="keras.ops"), x, shape=(3,))
        call = plan.calls[-1]
        arguments = (*call.arguments, Argument(place="1", value=[1.0, 2.0, 3.0]))
        plan.calls[-1] = call.model_copy(update={"arguments": arguments})
        return plan.graph(made)

    kinds = [found.kind for found in analyse(model(learned), model(not learned)).differences]
    assert (["missing-layer", "wrong-config"] if learned else ["wrong-config", "extra-layer"]) == kinds
