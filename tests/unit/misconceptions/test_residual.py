"""The mistakes around ``output = F(x) + x``: each is named, and nothing right is."""

from __future__ import annotations

import pytest

from grader.causes import TensorNote, UnlikeShapes
from grader.comparison import analyse
from grader.evidence import FailedCall, Failure
from grader.graph import ModelGraph
from grader.misconceptions import CATALOGUE, diagnose, diagnose_failure
from tests.blueprints import Blueprint, residual_block, shuffled

MISTAKES = [
    "missing-skip",
    "skip-from-wrong-tensor",
    "concatenate-instead-of-add",
    "activation-before-add",
]
SIZES = [(4, 4), (4, 8), (1, 8)]


def named(student: ModelGraph, reference: ModelGraph) -> list[str]:
    return [diagnosis.id for diagnosis in diagnose(analyse(student, reference))]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_named_alone(mistake: str, size: tuple[int, int]) -> None:
    """One mistake gives one diagnosis, its own, at every size and in every order of writing."""
    student = shuffled(residual_block(*size, kind=mistake), seed=5)
    assert [mistake] == named(student, residual_block(*size))


@pytest.mark.parametrize("size", [(4, 8), (1, 8)])
def test_a_missing_projection_is_named(size: tuple[int, int]) -> None:
    """A sum that takes the block's input where the reference projects it, broadcasting included."""
    assert ["missing-projection"] == named(
        residual_block(*size, kind="missing-projection"), residual_block(*size)
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["right", "operator"])
def test_a_right_block_gets_no_diagnosis(kind: str, size: tuple[int, int]) -> None:
    """Other styles of the same block are not mistakes."""
    assert [] == named(shuffled(residual_block(*size, kind=kind), seed=2), residual_block(*size))


def test_another_activation_is_not_taken_for_a_residual_mistake() -> None:
    """A plain difference keeps its plain name."""

    def block(activation: str) -> ModelGraph:
        plan = Blueprint()
        x = plan.input(8, 8, 4)
        y = plan.conv(plan.conv(x, 4, activation=activation), 4)
        return plan.graph(plan.relu(plan.add(y, x)))

    assert ["wrong-activation"] == named(block("tanh"), block("relu"))


@pytest.mark.parametrize("size", SIZES)
def test_a_layer_missing_before_the_sum_is_not_taken_for_another_shortcut(size: tuple[int, int]) -> None:
    """Without its last normalization the branch still ends in the sum, and the shortcut is right."""
    plan = Blueprint()
    x = plan.input(8, 8, size[0])
    y = plan.conv(plan.relu(plan.norm(plan.conv(x, size[1]))), size[1])
    shortcut = x if size[0] == size[1] else plan.norm(plan.conv(x, size[1], size=1))
    assert ["missing-layer"] == named(plan.graph(plan.relu(plan.add(y, shortcut))), residual_block(*size))


def test_a_concatenation_is_one_difference_without_its_effects() -> None:
    """That later shapes change too is not reported: it is the effect of the one mistake."""
    analysis = analyse(residual_block(kind="concatenate-instead-of-add"), residual_block())
    assert ["wrong-layer"] == [difference.kind for difference in analysis.differences]


@pytest.mark.parametrize("merge", ["none", "concatenate"])
def test_a_sum_of_separate_inputs_is_no_shortcut(merge: str) -> None:
    """What joins two inputs leads around nothing, so leaving it out is no missing shortcut."""

    def graph(kind: str) -> ModelGraph:
        plan = Blueprint()
        first, second = (plan.dense(plan.input(4), 3) for _ in range(2))
        if kind == "none":
            return plan.graph(plan.dense(first, 2))
        return plan.graph(plan.dense(getattr(plan, kind)(first, second), 2))

    found = named(graph(merge), graph("add"))
    assert found
    assert not {mistake.id for mistake in CATALOGUE} & set(found)


def test_one_missing_shortcut_in_a_stack_is_found() -> None:
    """In a stack of three blocks the one without a shortcut is named, and only once."""

    def stack(broken: int | None) -> ModelGraph:
        plan = Blueprint()
        x = plan.input(8, 8, 4)
        for number in range(3):
            y = plan.norm(plan.conv(plan.relu(plan.norm(plan.conv(x, 4))), 4))
            x = plan.relu(y if number == broken else plan.add(y, x))
        return plan.graph(x)

    analysis = analyse(stack(1), stack(None))
    assert ["missing-skip"] == [d.id for d in diagnose(analysis)]
    assert ["missing-layer"] == [d.kind for d in analysis.differences]


def failing_add(shortcut_is_input: bool) -> Failure:
    plan = Blueprint()
    x = plan.input(8, 8, 4)
    y = plan.conv(x, 8)
    other = x if shortcut_is_input else plan.conv(plan.input(8, 8, 2), 3)
    graph = plan.graph(y, other)
    shapes = tuple(graph.tensors[port.tensor].shape for port in graph.outputs)
    return Failure(
        type="ValueError",
        message="any text",
        call=FailedCall(class_name="Add", shapes=shapes, graph=graph),
        cause=UnlikeShapes(
            class_name="Add",
            tensors=(TensorNote(maker="Conv2D", shape=shapes[0]), TensorNote(variable="x", shape=shapes[1])),
            axis=3,
            shortcut=shortcut_is_input,
        ),
    )


def test_shapes_that_do_not_add_up_are_diagnosed_from_the_failing_call() -> None:
    """When ``Add`` refuses, the diagnosis comes from the tensors' history, not from the message."""
    reference = residual_block(4, 8)
    assert ["missing-projection"] == [d.id for d in diagnose_failure(failing_add(True), reference)]


def test_an_add_of_unrelated_tensors_is_no_missing_projection() -> None:
    """Two shapes that differ are not enough: one summand has to be the other's beginning."""
    assert ["wrong-shape"] == [d.id for d in diagnose_failure(failing_add(False), residual_block(4, 8))]


def test_a_reference_without_projection_asks_for_none() -> None:
    """Nobody is told to project a shortcut that the task adds as it is."""
    assert "missing-projection" not in [
        d.id for d in diagnose_failure(failing_add(True), residual_block(4, 4))
    ]


def test_every_misconception_says_all_it_has_to() -> None:
    """No text is empty, and every ladder goes three different steps."""
    for mistake in CATALOGUE:
        texts = [
            mistake.title,
            mistake.explanation,
            mistake.symptom,
            mistake.fix,
            mistake.unit,
            *mistake.hints,
        ]
        assert all(text.strip() for text in texts), mistake.id
        assert 3 == len(set(mistake.hints)), mistake.id
    assert len(CATALOGUE) == len({mistake.id for mistake in CATALOGUE})
