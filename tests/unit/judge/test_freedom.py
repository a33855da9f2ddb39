"""A challenge to work that was given freedom: it follows the student's order, and asks only what can be told."""

from __future__ import annotations

import pytest

from grader.evidence import Array, Case, CaseEvidence, Challenge, Evidence, Reply, ReplyPart
from grader.graph import ModelGraph
from grader.judge import ask, challenge_for, judge, probes_from
from grader.keys import TaskKey
from grader.tasks import Architecture, CompareOptions, PublicTask
from grader.verdict import Outcome
from tests.blueprints import Blueprint

SIZES = (3, 5)


def two_lines(sizes: tuple[int, int]) -> ModelGraph:
    """Two inputs of these sizes, each with a Dense layer that gives an output of its own."""
    plan = Blueprint()
    ends = [plan.dense(x, 2) for x in [plan.input(size) for size in sizes]]
    return plan.graph(*ends)


def evidence(graph: ModelGraph) -> Evidence:
    return Evidence(task="t", backend="none", keras="3", cases=(CaseEvidence(kind="model", graph=graph),))


def computed(challenge: Challenge, crossed: bool = False) -> Reply:
    """Answer as such a model does; ``crossed``, with its outputs the other way round."""
    parts = []
    for question in challenge.questions:
        weights = [array.numpy() for array in question.weights]
        inputs = [array.numpy() for array in question.inputs]
        outputs = [inputs[n] @ weights[2 * n] + weights[2 * n + 1] for n in range(2)]
        ordered = outputs[::-1] if crossed else outputs
        parts.append(ReplyPart(case=0, outputs=tuple(map(Array.of, ordered))))
    return Reply(task="t", parts=tuple(parts))


def key(options: CompareOptions) -> TaskKey:
    reference = evidence(two_lines(SIZES))
    task = PublicTask(id="t", title="T", hints=("h",), expects=(Architecture(points=2, options=options),))
    probes = probes_from(reference, 5, computed(ask(reference, 5)))
    return TaskKey(task=task, cases=(Case(),), visible=1, evidence=reference, probes=probes)


@pytest.mark.parametrize("sizes", [SIZES, SIZES[::-1]])
def test_a_challenge_speaks_in_the_students_order(sizes: tuple[int, int]) -> None:
    """Where order is free, inputs are sent and outputs are read in the order the student chose."""
    private, given = key(CompareOptions(free_order=True)), evidence(two_lines(sizes))
    challenge = challenge_for(private, given)
    assert challenge is not None
    assert [(4, size) for size in sizes] == [array.shape for array in challenge.questions[0].inputs]
    assert Outcome.CORRECT == judge(private, given, computed(challenge)).outcome
    assert Outcome.INCORRECT == judge(private, given, computed(challenge, crossed=True)).outcome


def test_the_order_counts_unless_it_is_free() -> None:
    """Without the freedom, the same model in another order is another model."""
    private, given = key(CompareOptions()), evidence(two_lines(SIZES[::-1]))
    assert challenge_for(private, given) is None
    assert Outcome.CORRECT != judge(private, given).outcome


@pytest.mark.parametrize(("free", "asked"), [("rate", True), ("units", False), ("activation", False)])
def test_what_cannot_be_held_against_anything_is_not_asked(free: str, asked: bool) -> None:
    """A freedom that shows in the outputs leaves nothing to compare them with; a silent one does."""
    private, given = key(CompareOptions(free_settings=(free,))), evidence(two_lines(SIZES))
    assert asked == (challenge_for(private, given) is not None)
