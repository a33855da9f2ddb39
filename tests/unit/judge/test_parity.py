"""Parity in a verdict: when it is tried, what it earns, and what is said of it."""

from __future__ import annotations

import pytest

from grader.errors import CourseError
from grader.evidence import CaseEvidence
from grader.judge import CaseParity, judge
from grader.keys import TaskKey
from grader.report.words import mark
from grader.tasks import Architecture, Parity
from grader.verdict import Outcome, Row, Verdict
from tests.blueprints import residual_block
from tests.unit.judge.test_judge import evidence, key, model

ASKED = (Architecture(points=3), Parity(points=1))
SAME = CaseParity(passed=True, found="the same on TensorFlow, JAX and PyTorch")
APART = CaseParity(passed=False, found="2 of 8 comparisons failed", detail="Parity: outputs on JAX: no.")


class Backends:
    """Gives each model in turn what is said of it, and counts."""

    def __init__(self, *said: CaseParity) -> None:
        self.said, self.tried = list(said), 0

    def __call__(self, _held: TaskKey, _given: CaseEvidence) -> CaseParity:
        self.tried += 1
        return self.said[self.tried - 1]


def row_of(verdict: Verdict) -> Row:
    return next(row for row in verdict.rows if row.name == "Parity")


def test_what_is_the_same_everywhere_earns_its_points() -> None:
    """Each case is tried."""
    wanted = key(model(residual_block()), model(residual_block()), expects=ASKED)
    backends = Backends(SAME, SAME)
    verdict = judge(wanted, evidence(model(residual_block()), model(residual_block())), parity=backends)
    assert (Outcome.CORRECT, 4.0, 2) == (verdict.outcome, verdict.score, backends.tried)
    assert (True, SAME.found, 1.0) == (row_of(verdict).passed, row_of(verdict).found, row_of(verdict).points)


def test_what_fails_elsewhere_keeps_the_points_of_the_rest() -> None:
    """One hidden case is enough, and no further one is tried; the message is what happened there."""
    wanted = key(*[model(residual_block())] * 3, expects=ASKED)
    backends = Backends(SAME, APART)
    verdict = judge(wanted, evidence(*[model(residual_block())] * 3), parity=backends)
    assert (Outcome.PARTIAL, 3.0, 2) == (verdict.outcome, verdict.score, backends.tried)
    assert (APART.detail, APART.found, APART.detail) == (
        verdict.message,
        row_of(verdict).found,
        row_of(verdict).detail,
    )


def test_nothing_is_tried_of_another_model() -> None:
    """It is no use to know where a wrong model runs, and the row says that."""
    backends = Backends()
    wrong = evidence(model(residual_block(kind="missing-skip")))
    verdict = judge(key(model(residual_block()), expects=ASKED), wrong, parity=backends)
    assert 0 == backends.tried
    assert ("not tried yet", 0.0, False) == (
        row_of(verdict).found,
        row_of(verdict).points,
        row_of(verdict).passed,
    )
    assert "Parity" not in verdict.message
    assert {"Parity": ("–", "not tried"), "Architecture": ("✗", "differs")}.items() <= {
        row.name: mark(row) for row in verdict.rows
    }.items()


def test_a_person_is_asked_to_look_where_it_was_not_proved() -> None:
    """What could not be tried takes no points."""
    doubtful = CaseParity(passed=True, found="the same on PyTorch", look="Parity was not proved on JAX.")
    wanted = key(model(residual_block()), expects=ASKED)
    verdict = judge(wanted, evidence(model(residual_block())), parity=Backends(doubtful))
    assert (Outcome.CORRECT, "Parity was not proved on JAX.") == (verdict.outcome, verdict.needs_look)


def test_without_backends_nothing_is_passed_in_silence() -> None:
    """A task that asks for parity cannot be judged where nobody tries it."""
    wanted = key(model(residual_block()), expects=ASKED)
    with pytest.raises(CourseError, match="asks for parity"):
        judge(wanted, evidence(model(residual_block())))
