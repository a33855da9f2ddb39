"""What a task's parity makes of a report: who failed, what a person should look at, and what is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from grader.comparison import Diagnosis
from grader.evidence import CaseEvidence
from grader.keys import TaskKey
from grader.parity_answers import Portable
from grader.portability import grading
from grader.portability.records import ParityReport, ParityRow
from grader.tasks import Architecture, Parity
from tests.blueprints import residual_block
from tests.unit.judge.test_judge import key, model

GRAPH = residual_block()
PASSED = ParityRow(
    check="outputs", backends=("torch", "jax"), verdict="passed", difference=0.0, tolerance=1.0
)
FAILED = ParityRow(
    check="outputs", backends=("torch", "jax"), verdict="failed", difference=0.25, tolerance=1e-6
)
NAMED = Diagnosis(
    id="backend-only-function", title="t", explanation="e", symptom="s", fix="f", hints=("a", "b", "c")
)


def asked(tolerance: float | None = None) -> TaskKey:
    return key(model(GRAPH), expects=(Architecture(points=1), Parity(points=1, tolerance=tolerance)))


def sent(source: str = "", number: int = 0) -> CaseEvidence:
    config: Any = {"class_name": "Functional", "config": {"name": f"functional_{number}", "layers": []}}
    travelling = Portable(name=f"functional_{number}", config=config, source=source)
    return model(GRAPH).model_copy(update={"portable": travelling.to_json()})


class Checked:
    """Stands in for the comparison: gives one report, and counts how often it is asked."""

    def __init__(self, *rows: ParityRow, **more: Any) -> None:
        self.report = ParityReport(model="model", level="quick", rows=rows, **more)
        self.times = 0
        self.told: dict[str, Any] = {}

    def __call__(self, _name: str, _makers: object, **told: Any) -> ParityReport:
        self.times += 1
        self.told = told
        return self.report


Checking = Callable[..., Checked]


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> Checking:
    """Put a report in the place of the comparison, and forget what was found before."""

    def put(*rows: ParityRow, **more: Any) -> Checked:
        stand_in = Checked(*rows, **more)
        monkeypatch.setattr(grading, "check", stand_in)
        monkeypatch.setattr(grading, "_known", type(grading._known)())
        return stand_in

    return put


def test_what_passes_passes(checked: Checking) -> None:
    """And nobody has to look."""
    checked(PASSED)
    found = grading.try_parity(asked(), sent())
    assert (True, "") == (found.passed, found.look)


def test_what_fails_is_told_with_its_figures(checked: Checking) -> None:
    """Where, by how much, at which layer, and under which name; of code of one's own it is nobody else's doing."""
    checked(PASSED, FAILED, diagnoses=(NAMED,), parts_at={"torch, jax": "dense (Dense)"})
    found = grading.try_parity(asked(), sent("class Own: ..."))
    assert (False, "1 of 2 comparisons failed", "") == (found.passed, found.found, found.look)
    assert (
        "Parity: outputs on PyTorch and JAX: 0.25 apart, allowed are 1e-06. The outputs part at dense (Dense)."
        == found.detail
    )
    assert (NAMED,) == found.diagnoses


def test_a_person_looks_where_backends_disagree_about_keras_alone(checked: Checking) -> None:
    """A model without code of its own cannot well be at fault."""
    checked(FAILED)
    assert "Keras's doing" in grading.try_parity(asked(), sent()).look


@pytest.mark.parametrize("verdict", ["unproven", "skipped"])
def test_what_was_not_proved_takes_no_points(checked: Checking, verdict: Any) -> None:
    """But it is said to whoever grades."""
    checked(
        PASSED, ParityRow(check="builds", backends=("jax",), verdict=verdict, note="JAX is not installed")
    )
    found = grading.try_parity(asked(), sent())
    assert (True, "Parity was not proved on JAX: JAX is not installed.") == (found.passed, found.look)


@pytest.mark.parametrize("verdict", ["crashed", "timed_out", "over_limit"])
def test_a_process_that_ended_is_looked_at_and_tried_again(checked: Checking, verdict: Any) -> None:
    """It may be the machine's doing, and go otherwise the next time."""
    stand_in = checked(
        PASSED, ParityRow(check="process", backends=("jax",), verdict=verdict, note="it took too much")
    )
    for _ in range(2):
        found = grading.try_parity(asked(), sent())
        assert not found.passed
        assert "it took too much" in found.look
    assert 2 == stand_in.times


def test_the_same_model_is_tried_once(checked: Checking) -> None:
    """Whatever number Keras gave it; with other code, or another tolerance, it is another."""
    stand_in = checked(PASSED)
    for number in range(3):
        assert grading.try_parity(asked(), sent(number=number)).passed
    assert 1 == stand_in.times
    grading.try_parity(asked(), sent("class Own: ..."))
    grading.try_parity(asked(0.01), sent())
    assert (3, 0.01) == (stand_in.times, stand_in.told["tolerance"])


def test_what_cannot_travel_says_why(checked: Checking) -> None:
    """No report is needed for that."""
    stand_in = checked(PASSED)
    given = model(GRAPH).model_copy(update={"unportable": "The code of Own was not found."})
    found = grading.try_parity(asked(), given)
    assert (False, "The code of Own was not found.") == (found.passed, found.detail)
    broken = grading.try_parity(asked(), model(GRAPH).model_copy(update={"portable": "{"}))
    assert (False, True) == (broken.passed, bool(broken.look))
    assert 0 == stand_in.times


def test_another_model_than_the_described_is_looked_at(
    checked: Checking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel may send one model to be judged and another one to travel."""
    checked(PASSED)
    same = grading._Tried(Checked(PASSED).report, ("torch",), GRAPH)
    other = grading._Tried(Checked(PASSED).report, ("torch",), residual_block(kind="missing-skip"))
    looks = []
    for tried in (same, other):
        monkeypatch.setattr(grading, "_tried", lambda *_, tried=tried: tried)
        monkeypatch.setattr(grading, "_known", type(grading._known)())
        looks.append(grading.try_parity(asked(), sent()).look)
    assert [
        "",
        "The model that was sent for other backends to build is not the one that was described.",
    ] == looks
