"""Runs that failed while two models' outputs were compared: nothing is known of what they compute."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from grader.comparison import analyse, summarize
from grader.comparison.records import Behaviour
from grader.evidence import Array, Case, CaseEvidence, Challenge, Evidence, Reply, ReplyPart
from grader.graph import ModelGraph
from grader.judge import compare_behaviour, judge, probes_from
from grader.judge.challenge import try_out, weigh
from grader.judge.probes import ask
from grader.judge.replies import behaviour_of, worst_of
from grader.keys import TaskKey
from grader.tasks import Architecture, CompareOptions, PublicTask
from tests.blueprints import Blueprint

FAILED = "MemoryError: cannot allocate"
PLAIN = np.array([[1.0, 2.0], [3.0, 5.0]], "float32")
Answerer = Callable[[Challenge], Reply]


def network(*, rearranged: bool, twins: bool = False) -> ModelGraph:
    """A layer, or two that may change places, with relu on either side of a pooling: the same function."""
    plan = Blueprint()
    given = plan.input(4, 4, 2)
    x = plan.conv(given, 3, 1)
    if twins:
        x = plan.call(plan.layer("Subtract"), x, plan.conv(given, 3, 1), shape=(4, 4, 3), listed=True)
    pooling, relu = plan.layer("MaxPooling2D", pool_size=[2, 2]), plan.layer("ReLU")
    for layer in (pooling, relu) if rearranged else (relu, pooling):
        x = plan.call(layer, x, shape=(2, 2, 3) if rearranged or layer == pooling else (4, 4, 3))
    return plan.graph(x)


def evidence(graph: ModelGraph) -> Evidence:
    return Evidence(task="t", backend="none", keras="3", cases=(CaseEvidence(kind="model", graph=graph),))


def computing(outputs: np.ndarray = PLAIN, fail_at: int | None = None) -> Answerer:
    """Answer every run with outputs; from the run ``fail_at`` on with a failure."""
    runs = iter(range(10_000))

    def part(case: int) -> ReplyPart:
        failed = fail_at is not None and next(runs) >= fail_at
        return (
            ReplyPart(case=case, failure=FAILED)
            if failed
            else ReplyPart(case=case, outputs=(Array.of(outputs),))
        )

    return lambda challenge: Reply(
        task=challenge.task,
        parts=tuple(part(q.case) for q in challenge.questions for _ in q.orders or ((),)),
    )


def compared(student: Answerer, reference: Answerer) -> Behaviour | None:
    analysis = analyse(network(rearranged=True), network(rearranged=False))
    return compare_behaviour(analysis, CompareOptions(), student, reference)


@pytest.mark.parametrize("fail_at", [0, 1, 3])
def test_a_student_run_that_fails_shows_nothing(fail_at: int) -> None:
    """Whichever run fails, what failed is said, with no number and no verdict of the outputs."""
    expected = Behaviour(same=False, runs=0, failed=f"the model could not be run: {FAILED}")
    assert expected == compared(computing(fail_at=fail_at), computing())


@pytest.mark.parametrize("fail_at", [0, 5])
def test_a_reference_run_that_fails_shows_nothing(fail_at: int) -> None:
    """The expected model's failure is told as that, and not as the student's."""
    expected = Behaviour(same=False, runs=0, failed=f"the expected model could not be run: {FAILED}")
    assert expected == compared(computing(), computing(fail_at=fail_at))


def test_runs_that_succeed_still_tell() -> None:
    """The same outputs are agreement, others are a difference with its size."""
    same, other = compared(computing(), computing()), compared(computing(PLAIN * 2), computing())
    assert same is not None
    assert other is not None
    assert [(True, ""), (False, "")] == [(same.same, same.failed), (other.same, other.failed)]
    assert 5.0 == other.gap


def probes_and_key(*, twins: bool = False) -> TaskKey:
    wanted = evidence(network(rearranged=False, twins=twins))
    task = PublicTask(id="t", title="T", hints=(), expects=(Architecture(points=1),))
    key = TaskKey(task=task, cases=(Case(),), visible=1, evidence=wanted)
    return key.model_copy(update={"probes": probes_from(wanted, 0, computing()(ask(wanted, 0)))})


def test_a_difference_that_was_seen_outweighs_a_run_that_failed() -> None:
    """Outputs of one run that differ are a difference, whatever became of the other runs."""
    probes = probes_and_key().probes[:2]
    parts = [ReplyPart(case=0, failure=FAILED), ReplyPart(case=0, outputs=(Array.of(PLAIN * 2),))]
    worst = worst_of(probes, parts, ())
    assert (5.0, None) == (worst.gap, worst.failure)


@pytest.mark.parametrize(
    ("second", "expected"),
    [(PLAIN, (True, "")), (PLAIN * 2, (False, f"the model could not be run: {FAILED}"))],
)
def test_an_order_that_could_not_be_tried_may_have_been_the_right_one(second, expected) -> None:
    """Where one order of weights agrees, they are the same; where others differ and one failed, nothing is known."""
    probes = probes_and_key().probes[:1]
    parts = [ReplyPart(case=0, failure=FAILED), ReplyPart(case=0, outputs=(Array.of(second),))]
    found = behaviour_of(probes, [(0, 1), (1, 0)], parts)
    assert expected == (found.same, found.failed)


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_outputs_that_are_not_finite_show_nothing(number: float) -> None:
    """A square root of what may be negative is no reason to break off, and no difference either."""
    probes = probes_and_key().probes[:1]
    found = behaviour_of(probes, [()], [ReplyPart(case=0, outputs=(Array.of(PLAIN * number),))])
    assert (False, "they hold numbers that are not finite (NaN or infinity)") == (found.same, found.failed)


def test_an_order_that_failed_once_stays_unknown_when_the_others_differ_later() -> None:
    """An order that agrees in the first run and differs in the second leaves the one that failed in doubt."""
    orders: list[tuple[tuple[int, ...], ...]] = []

    def answer(challenge: Challenge) -> Reply:
        (question,) = challenge.questions
        first = not orders
        orders.append(question.orders)
        made = Array.of(PLAIN if first else PLAIN * 2)
        parts = [ReplyPart(case=0, outputs=(made,)) for _ in question.orders]
        return Reply(
            task="t", parts=(*parts[:-1], ReplyPart(case=0, failure=FAILED)) if first else tuple(parts)
        )

    found = try_out(probes_and_key(twins=True), evidence(network(rearranged=True, twins=True)), answer)
    assert f"the model could not be run: {FAILED}" == found.behaviours[0].failed
    assert len(orders[0]) == len(orders[1]) + 1 == 2


def test_the_report_says_that_nothing_was_shown() -> None:
    """The remark names what failed, the graph's differences stand, and a person is asked to look."""
    key, given = probes_and_key(), evidence(network(rearranged=True))
    reply = Reply(task="t", parts=(ReplyPart(case=0, failure=FAILED),) * len(key.probes))
    said = f"Outputs could not be compared, so they show nothing: the model could not be run: {FAILED}."
    found = judge(key, given, reply)
    assert ((said,), f"Case 1: {said}") == (found.remarks, found.needs_look)
    assert found.comparison is not None
    assert found.comparison.differences


def test_a_reply_that_never_came_shows_nothing() -> None:
    """Without an answer the outputs are not said to differ."""
    found = weigh(probes_and_key(), evidence(network(rearranged=True)), None).behaviours[0]
    assert (False, "the model could not be run: no answer came back") == (found.same, found.failed)


def test_a_comparison_says_that_nothing_was_shown() -> None:
    """The text of a comparison names what failed."""
    analysis = analyse(network(rearranged=True), network(rearranged=False))
    text = str(summarize(analysis, (), compared(computing(fail_at=0), computing())))
    assert (
        f"Outputs could not be compared, so they show nothing: the model could not be run: {FAILED}.\n"
        in f"{text}\n"
    )


def test_a_long_error_is_cut() -> None:
    """Of an error that fills pages the first characters are kept, on one line."""
    probes = probes_and_key().probes[:1]
    found = behaviour_of(probes, [()], [ReplyPart(case=0, failure="Error: " + "far\ntoo long " * 1000)])
    assert 300 == len(found.failed.removeprefix("the model could not be run: "))
    assert "\n" not in found.failed
