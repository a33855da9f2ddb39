"""Normalisations and activations that stand before or after where they should: told by the place alone."""

from __future__ import annotations

from grader.comparison import compare_graphs
from grader.graph import ModelGraph
from tests.blueprints import Blueprint


def blocks(order: str, number: int = 1, units: int = 4) -> ModelGraph:
    """Residual blocks of Dense layers; ``order`` says where they are normalised."""
    plan = Blueprint()
    x = plan.dense(plan.input(6), 4)
    for _ in range(number):
        y = plan.dense(plan.norm(x) if order == "pre" else x, units)
        x = plan.add(x, plan.dense(y, 4))
        x = plan.norm(x) if order == "post" else x
    return plan.graph(plan.dense(x, 2))


def messages(student: ModelGraph, reference: ModelGraph) -> list[str]:
    return [difference.message for difference in compare_graphs(student, reference).differences]


def test_a_norm_on_the_branch_is_told_from_one_after_the_sum() -> None:
    """The place on the branch is named by both of its ends, because two ways lead on from there."""
    student, reference = blocks("pre"), blocks("post")
    assert [
        "The BatchNormalization stands between the first Dense and the second Dense, expected after the Add."
    ] == messages(student, reference)
    assert [
        "The BatchNormalization stands after the Add, expected between the first Dense and the second Dense."
    ] == messages(reference, student)


def test_a_norm_that_stands_elsewhere_in_many_blocks_is_told_in_few_lines() -> None:
    """However many blocks there are, the first and the others make two lines at most."""
    found = messages(blocks("post", 5), blocks("pre", 5))
    assert 2 >= len(found)
    assert all("BatchNormalization" in message for message in found)


def test_another_mistake_is_told_beside_a_norm_that_stands_elsewhere() -> None:
    """Layers of other sizes do not keep the place from being told."""
    assert [
        "The second Dense has units=5, expected units=4.",
        "The BatchNormalization stands between the first Dense and the second Dense, expected after the Add.",
    ] == messages(blocks("pre", units=5), blocks("post"))


def test_activations_in_each_others_places_stay_other_activations() -> None:
    """In a plain stack an activation is what follows a layer, and does not move from one to another."""

    def stack(*activations: str) -> ModelGraph:
        plan = Blueprint()
        x = plan.input(6)
        for activation in activations:
            x = plan.norm(plan.dense(x, 4, activation))
        return plan.graph(plan.dense(x, 2))

    found = compare_graphs(stack("relu", "tanh"), stack("tanh", "relu")).differences
    assert ["wrong-activation"] * 2 == [difference.kind for difference in found]


def test_branches_that_only_their_activations_tell_apart_are_not_taken_for_each_other() -> None:
    """A dropout that stands elsewhere on one of two twin branches is one difference."""

    def twins(*, early: bool) -> ModelGraph:
        plan = Blueprint()
        x = plan.input(6)
        rate = plan.layer("Dropout", rate=0.5)

        def dropped(tensor: int) -> int:
            return plan.call(rate, tensor, shape=plan.shape(tensor))

        def branch(activation: str) -> int:
            if activation == "relu":
                return plan.dense(plan.dense(x, 6, "relu"), 6)
            y = plan.dense(plan.dense(dropped(x) if early else x, 6, "tanh"), 6)
            return y if early else dropped(y)

        branches = [branch(activation) for activation in (("tanh", "relu") if early else ("relu", "tanh"))]
        return plan.graph(plan.dense(plan.add(*branches), 2))

    assert 1 == len(messages(twins(early=True), twins(early=False)))
