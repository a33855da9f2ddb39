"""The verdict on one task: points, outcome, message, and what is believed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from grader.errors import CourseError
from grader.evidence import (
    Array,
    Case,
    CaseEvidence,
    Challenge,
    Evidence,
    Failure,
    Reply,
    ReplyPart,
    RunFacts,
)
from grader.graph import Compiled, ModelGraph
from grader.judge import ask, challenge_for, judge, probes_from
from grader.judge.probes import drawn, tells
from grader.keys import TaskKey
from grader.report.text import render
from grader.tasks import (
    Answer,
    Api,
    Architecture,
    CompareOptions,
    Connectivity,
    Expectation,
    Parameters,
    PublicTask,
)
from grader.verdict import Outcome
from tests.blueprints import Blueprint, residual_block, shuffled

MODEL = (Architecture(points=3), Connectivity(points=1), Parameters(points=1))


def evidence(*cases: CaseEvidence) -> Evidence:
    return Evidence(task="block", backend="none", keras="3", cases=cases)


def model(graph: ModelGraph) -> CaseEvidence:
    return CaseEvidence(kind="model", graph=graph)


def value(given: Any) -> CaseEvidence:
    return CaseEvidence(kind="value", value=given)


def failure(message: str = "no", *, not_implemented: bool = False) -> CaseEvidence:
    kind = "NotImplementedError" if not_implemented else "ValueError"
    return CaseEvidence(
        kind="failure", failure=Failure(type=kind, message=message, not_implemented=not_implemented)
    )


def key(
    *reference: CaseEvidence, expects: tuple[Expectation, ...] = MODEL, visible: int | None = None
) -> TaskKey:
    return TaskKey(
        task=PublicTask(id="block", title="A block", expects=expects, hints=("one", "two", "three")),
        cases=tuple(Case(arguments={"number": number}) for number in range(len(reference))),
        visible=len(reference) if visible is None else visible,
        evidence=evidence(*reference),
    )


def test_an_equivalent_model_gets_every_point() -> None:
    """Another order of writing is the same work."""
    verdict = judge(key(model(residual_block())), evidence(model(shuffled(residual_block(), 4))))
    assert (Outcome.CORRECT, 5.0, 5.0) == (verdict.outcome, verdict.score, verdict.max_score)
    assert () == verdict.diagnoses


def test_a_wrong_model_keeps_the_points_of_what_is_right() -> None:
    """Without a shortcut the parameters still agree; the rest does not."""
    verdict = judge(key(model(residual_block())), evidence(model(residual_block(kind="missing-skip"))))
    assert (Outcome.PARTIAL, 1.0) == (verdict.outcome, verdict.score)
    assert {"Architecture": False, "Connectivity": False, "Parameters": True} == {
        row.name: row.passed for row in verdict.rows
    }
    assert ["missing-skip"] == [diagnosis.id for diagnosis in verdict.diagnoses]
    assert verdict.hints == verdict.diagnoses[0].hints


def test_parameters_and_connectivity_are_shown_where_no_points_hang_on_them() -> None:
    """Every report on a model has both rows; unasked and met, they carry no tick and no points."""
    asked = key(model(residual_block()), expects=(Architecture(points=2),))
    right = judge(asked, evidence(model(residual_block())))
    assert [("Parameters", None, 0.0), ("Connectivity", None, 0.0)] == [
        (row.name, row.passed, row.max_points) for row in right.rows[1:]
    ]


def test_parameter_counts_are_traced_to_the_layers_that_differ() -> None:
    """The row names the layer and does the arithmetic."""
    verdict = judge(
        key(model(residual_block(4, 8))), evidence(model(residual_block(4, 8, kind="missing-projection")))
    )
    (row,) = (row for row in verdict.rows if row.name == "Parameters")
    assert "missing the third Conv2D: 1×1×4×8 + 8 = 40" in row.detail


def test_work_that_fits_only_the_visible_case_is_named_hard_coded() -> None:
    """A drawn case that fails alone says that a size was written out."""
    wanted = key(model(residual_block(4, 4)), model(residual_block(6, 6)), visible=1)
    verdict = judge(wanted, evidence(model(residual_block(4, 4)), model(residual_block(6, 4))))
    assert "hard-coded-size" == verdict.diagnoses[0].id
    assert verdict.hidden_case
    assert {"number": 1} == (verdict.case and verdict.case.arguments)


def test_an_untouched_function_is_not_attempted() -> None:
    """``raise NotImplementedError`` is no error of the student's."""
    stub = failure(not_implemented=True)
    verdict = judge(key(model(residual_block())), evidence(stub))
    assert (Outcome.NOT_ATTEMPTED, 0.0) == (verdict.outcome, verdict.score)


def test_an_unchanged_starting_point_is_not_attempted() -> None:
    """A model handed out to be repaired earns nothing as it is; right work in another cell does."""
    untouched = RunFacts(attempted=False)
    wanted = key(model(residual_block()))
    broken = judge(wanted, evidence(model(residual_block(kind="missing-skip"))), None, untouched)
    assert (Outcome.NOT_ATTEMPTED, 0.0) == (broken.outcome, broken.score)
    assert Outcome.CORRECT == judge(wanted, evidence(model(residual_block())), None, untouched).outcome


def test_an_exception_is_a_runtime_error_with_its_message() -> None:
    """What the student's code raised is quoted, with the arguments that led to it."""
    verdict = judge(
        key(model(residual_block()), model(residual_block())), evidence(failure("too thin"), failure())
    )
    assert Outcome.RUNTIME_ERROR == verdict.outcome
    assert {"number": 0} == (verdict.case and verdict.case.arguments)
    assert "ValueError: too thin" in verdict.message


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        (RunFacts(crashed=True), Outcome.CRASHED),
        (RunFacts(crashed=True, over_limit="it used too much"), Outcome.CRASHED),
        (RunFacts(timed_out=True), Outcome.TIMEOUT),
        (RunFacts(attempted=False, error="NameError: answer"), Outcome.NOT_ATTEMPTED),
        (RunFacts(error="NameError: answer"), Outcome.RUNTIME_ERROR),
        (RunFacts(), Outcome.RUNTIME_ERROR),
    ],
)
def test_a_check_without_evidence_gets_zero_and_its_proper_outcome(facts: RunFacts, outcome: Outcome) -> None:
    """No evidence, no points; the run says why there is none."""
    verdict = judge(key(model(residual_block())), None, None, facts)
    assert (outcome, 0.0) == (verdict.outcome, verdict.score)


def test_a_kernel_stopped_over_a_limit_is_told_with_the_values() -> None:
    """What was used and what is allowed stand in the message; restarting, which would show nothing, is not advised."""
    used = "it used 2.31 GB of memory, more than the 2 GB allowed"
    verdict = judge(
        key(model(residual_block())), None, None, RunFacts(crashed=True, over_limit=used, notes=("Cell 2.",))
    )
    assert f"The notebook's kernel was stopped before this check was done: {used}." == verdict.message
    assert "grading allows no more" in verdict.next_step
    assert ("Cell 2.",) == verdict.remarks
    assert "Restart" not in render(verdict)


@pytest.mark.parametrize(
    ("given", "wanted", "tolerance", "right"),
    [
        (3, 3, 0, True),
        (3.0004, 3, 1e-3, True),
        (3.1, 3, 1e-3, False),
        (True, 1, 0, False),
        (" yes ", "yes", 0, True),
        ([1, 2], [1, 2], 0, True),
        ([1], [1, 2], 0, False),
        ({"a": 1}, {"a": 1}, 0, True),
        ("3", 3, 0, False),
        (None, 3, 0, False),
    ],
)
def test_a_plain_answer_is_compared_by_value(given: Any, wanted: Any, tolerance: float, right: bool) -> None:
    """Numbers within the tolerance, text without outer blanks, containers element by element."""
    asked = key(value(wanted), expects=(Answer(points=2, tolerance=tolerance),))
    verdict = judge(asked, evidence(value(given)))
    assert (2.0 if right else 0.0) == verdict.score
    assert repr(wanted) not in verdict.rows[0].expected  # the answer itself is never shown


def test_a_model_where_a_number_is_asked_for_says_so() -> None:
    """The message names both kinds."""
    verdict = judge(key(value(3), expects=(Answer(points=2),)), evidence(model(residual_block())))
    assert "Found a model, expected a plain value" in verdict.message


def test_a_task_may_ask_for_an_api() -> None:
    """The graph is the same; how it was built is a row of its own."""
    asked = key(model(residual_block()), expects=(Architecture(points=1), Api(points=1, api="functional")))
    traced = residual_block().model_copy(update={"api": "subclassed"})
    verdict = judge(asked, evidence(model(traced)))
    assert (Outcome.PARTIAL, 1.0) == (verdict.outcome, verdict.score)


def test_subclassing_a_static_graph_costs_nothing_but_a_remark() -> None:
    """Unless a task asks for an API, the choice is the student's."""
    traced = residual_block().model_copy(update={"api": "subclassed"})
    verdict = judge(key(model(residual_block())), evidence(model(traced)))
    assert Outcome.CORRECT == verdict.outcome
    assert verdict.remarks[0].startswith("static-graph-subclassed")


def test_evidence_for_other_cases_is_refused() -> None:
    """Evidence has to cover the cases that were given out, all of them."""
    verdict = judge(key(model(residual_block()), model(residual_block())), evidence(model(residual_block())))
    assert (Outcome.INCORRECT, 0.0) == (verdict.outcome, verdict.score)
    assert verdict.needs_look is not None


def linear(units: int = 3) -> ModelGraph:
    """A graph that can be computed here: one Dense layer without activation."""
    plan = Blueprint()
    return plan.graph(plan.dense(plan.input(5), units))


def compute(challenge: Challenge, scale: float = 1.0) -> Reply:
    """Answer a challenge on ``linear()`` models, as a kernel would."""
    parts = []
    for question in challenge.questions:
        weights = {len(w.shape): w.numpy() for w in question.weights}
        output = (question.inputs[0].numpy() @ weights[2] + weights[1]) * scale
        parts.append(ReplyPart(case=question.case, outputs=(Array.of(output.astype("float32")),)))
    return Reply(task=challenge.task, parts=tuple(parts))


def private_key() -> TaskKey:
    public = key(model(linear()), model(linear(4)))
    reply = compute(ask(public.evidence, seed=11))
    return public.model_copy(update={"probes": probes_from(public.evidence, 11, reply)})


def test_a_right_reply_proves_the_evidence() -> None:
    """Weights arrive in the student's own order, and the outputs agree."""
    private = private_key()
    given = evidence(model(shuffled(linear(), 1)), model(shuffled(linear(4), 2)))
    challenge = challenge_for(private, given)
    assert challenge is not None
    assert Outcome.CORRECT == judge(private, given, compute(challenge)).outcome


@pytest.mark.parametrize("reply", ["none", "scaled", "failed", "nan", "short"])
def test_a_claim_without_proof_gets_nothing_and_a_look(reply: str) -> None:
    """A graph that is right on paper earns no point when the kernel does not compute it."""
    private = private_key()
    given = evidence(model(linear()), model(linear(4)))
    challenge = challenge_for(private, given)
    assert challenge is not None
    replies = {
        "none": None,
        "scaled": compute(challenge, scale=1.01),
        "failed": Reply(
            task="block", parts=(ReplyPart(case=0, failure="no"), ReplyPart(case=1, failure="no"))
        ),
        "nan": compute(challenge, scale=float("nan")),
        "short": Reply(task="block", parts=compute(challenge).parts[:1]),
    }
    verdict = judge(private, given, replies[reply])
    assert (Outcome.INCORRECT, 0.0) == (verdict.outcome, verdict.score)
    assert verdict.needs_look is not None


def test_a_wrong_model_that_is_confirmed_is_asked_nothing() -> None:
    """There is nothing to prove about a graph that differs and is known to be its model's."""
    given = evidence(model(linear(2)), model(linear(2)))
    assert challenge_for(private_key(), given, confirmed=(0, 1)) is None
    verdict = judge(private_key(), given, facts=RunFacts(confirmed=(0, 1)))
    assert (Outcome.PARTIAL, 1.0) == (verdict.outcome, verdict.score)  # the wiring alone is right


def test_a_wrong_model_keeps_its_points_where_it_fits_its_graph() -> None:
    """The model takes weights of the sizes that the graph names, and gives outputs of its shapes."""
    given = evidence(model(linear(2)), model(linear(2)))
    challenge = challenge_for(private_key(), given)
    assert challenge is not None
    verdict = judge(private_key(), given, compute(challenge))
    assert (Outcome.PARTIAL, 1.0, None) == (verdict.outcome, verdict.score, verdict.needs_look)


@pytest.mark.parametrize("reply", ["none", "other weights", "other shape", "too few"])
def test_a_wrong_graph_that_is_not_its_models_earns_nothing(reply: str) -> None:
    """A forged graph that is right in part needs a model that fits it."""
    given = evidence(model(linear(2)), model(linear(2)))
    challenge = challenge_for(private_key(), given)
    assert challenge is not None
    fitting = compute(challenge).parts
    unfit = "EvidenceError: weight 0 (kernel) has the shape (5, 9), the challenge has (5, 2)"
    wide = Array.of(np.zeros((4, 3), "float32"))
    parts = {
        "none": (),
        "other weights": (fitting[0], ReplyPart(case=1, failure=unfit)),
        "other shape": (fitting[0], ReplyPart(case=1, outputs=(wide,))),
        "too few": (fitting[0], ReplyPart(case=1)),
    }
    verdict = judge(private_key(), given, Reply(task="block", parts=parts[reply]))
    assert (Outcome.INCORRECT, 0.0) == (verdict.outcome, verdict.score)
    assert verdict.needs_look is not None
    assert "case 2" in verdict.needs_look


def test_a_wrong_model_that_cannot_be_run_keeps_its_points_and_gets_a_look() -> None:
    """What cannot be run is not shown to be another model."""
    given = evidence(model(linear(2)), model(linear(2)))
    challenge = challenge_for(private_key(), given)
    assert challenge is not None
    parts = (compute(challenge).parts[0], ReplyPart(case=1, failure="InvalidArgumentError: out of range"))
    verdict = judge(private_key(), given, Reply(task="block", parts=parts))
    assert (Outcome.PARTIAL, 1.0) == (verdict.outcome, verdict.score)
    assert verdict.needs_look == (
        "Case 2 earns points in part and could not be run: InvalidArgumentError: out of range"
    )


def test_a_graph_of_any_size_is_not_drawn() -> None:
    """Weights that a forged graph merely claims cost the judge no memory, and a person is told."""
    graph = linear(2)
    huge = graph.model_copy(
        update={"weights": tuple(w.model_copy(update={"shape": (10**6, 10**6)}) for w in graph.weights)}
    )
    given = evidence(model(huge), model(linear(4)))
    challenge = challenge_for(private_key(), given)
    assert challenge is not None
    assert [1] == [question.case for question in challenge.questions]
    verdict = judge(private_key(), given, compute(challenge))
    assert verdict.needs_look == "Case 1 earns points in part and is too large to be run."


def test_a_wrong_model_that_earns_nothing_is_asked_nothing() -> None:
    """Where no points hang on part of a model, there is nothing to claim with a graph that differs."""
    private = private_key()
    task = private.task.model_copy(update={"expects": (Architecture(points=5),)})
    given = evidence(model(linear(2)), model(linear(2)))
    assert challenge_for(private.model_copy(update={"task": task}), given) is None


def test_the_same_seed_asks_the_same_questions() -> None:
    """A run that is repeated or resumed grades alike; another campaign asks otherwise."""
    reference = evidence(model(residual_block()))
    assert ask(reference, 1) == ask(reference, 1)
    assert ask(reference, 1) != ask(reference, 2)


def test_a_reference_whose_outputs_do_not_vary_is_refused() -> None:
    """A challenge that every model would pass is no challenge; a key that is only learnt with keeps it, as doubtful."""
    reference = evidence(model(linear()))
    asked = ask(reference, seed=3)
    ones = Array.of(np.ones((4, 3), "float32"))
    even = Reply(task="block", parts=tuple(ReplyPart(case=0, outputs=(ones,)) for _ in asked.questions))
    with pytest.raises(CourseError, match="the same output for every input of case 0"):
        probes_from(reference, 3, even)
    assert [False] * 4 == [tells(probe) for probe in probes_from(reference, 3, even, strict=False)]


def test_a_saturated_classifier_is_asked_with_weaker_last_weights() -> None:
    """Of several strengths the one is kept whose outputs tell inputs apart best, in both modes."""
    reference = evidence(model(linear()))
    asked = ask(reference, seed=3)
    rng = np.random.default_rng(0)
    flat, lively = np.ones((4, 3), "float32"), rng.random((4, 3)).astype("float32")
    outputs = [flat] * (len(asked.questions) - 2) + [lively] * 2
    parts = tuple(ReplyPart(case=0, outputs=(Array.of(output),)) for output in outputs)
    kept = probes_from(reference, 3, Reply(task="block", parts=parts))
    assert (1, 0.001, False) == (kept[0].draw, kept[0].strength, kept[0].training)
    assert [False, True, False, True] == [probe.training for probe in kept]
    drawn_again = drawn(reference, 3, 0, kept[0].draw, kept[0].strength)
    assert tuple(map(Array.of, drawn_again.weights)) == asked.questions[-1].weights
    assert asked.questions[-1].weights != asked.questions[-3].weights
    assert asked.questions[-1].inputs == asked.questions[-3].inputs


def test_drawn_inputs_differ_between_samples_even_on_average() -> None:
    """A network that ends in global pooling would see the same mean in every sample of plain noise."""
    (question, *_) = ask(evidence(model(residual_block())), seed=5).questions
    means = question.inputs[0].numpy().mean(axis=(1, 2))
    assert np.ptp(means, axis=0).min() > 0.5


def test_a_model_that_is_only_trained_otherwise_is_said_to_be_that() -> None:
    """The row says that the architecture is right, and the points are lost all the same."""
    graph = residual_block()
    asked = (Architecture(points=3, options=CompareOptions(compile=True)),)
    rates = (1e-2, 1e-5)
    student, reference = (
        graph.model_copy(update={"compiled": Compiled(optimizer="Adam", learning_rate=rate)})
        for rate in rates
    )
    verdict = judge(key(model(reference), expects=asked), evidence(model(student)))
    row = verdict.rows[0]
    assert ("the same, trained otherwise", "the same, trained as asked", False) == (
        row.found,
        row.expected,
        row.passed,
    )
    assert (Outcome.INCORRECT, 0) == (verdict.outcome, verdict.score)
    assert ["learning-rate-too-high"] == [diagnosis.id for diagnosis in verdict.diagnoses]
    assert judge(key(model(graph), expects=asked), evidence(model(student))).outcome is Outcome.CORRECT
