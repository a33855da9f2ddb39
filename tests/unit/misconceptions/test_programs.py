"""Mistakes that often leave no model to compare, in whole checks on each backend: named first, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from grader.evidence import Case, Evidence, parse_evidence
from grader.judge import judge
from grader.keys import TaskKey
from grader.tasks import Api, Architecture, Expectation, PublicTask
from grader.verdict import Outcome, Verdict
from tests.backends.worker import Workers

pytestmark = pytest.mark.backends

FAMILIES = {
    "construction_models": (
        "sequential-cannot-branch",
        "missing-input",
        "input-not-listed",
    ),
    "deciding_models": ("python-branch-on-tensor",),
    "own_class_models": (
        "missing-super-init",
        "config-not-saved",
        "not-registered",
        "static-graph-subclassed",
    ),
    "backend_models": ("backend-only-function",),
}
MISTAKES = [mistake for listed in FAMILIES.values() for mistake in listed]
STATIC = "static-graph-subclassed"
AT_LEAST = 3


@dataclass(frozen=True)
class Judged:
    """What a check said of a student's work, and what it should have said first of a near-miss."""

    verdict: Verdict
    wanted: str | None = None

    @property
    def ids(self) -> list[str]:
        return [diagnosis.id for diagnosis in self.verdict.diagnoses]

    @property
    def first(self) -> str | None:
        """The first diagnosis; the empty text where the work is not right and has none."""
        right = self.verdict.outcome is Outcome.CORRECT
        return self.ids[0] if self.ids else None if right else ""


def judged(mistake: str, student: Evidence, reference: Evidence, wanted: str | None = None) -> Judged:
    """Judge as a check would; a class where none is needed is a mistake only where the task says so."""
    expects: tuple[Expectation, ...] = (Architecture(points=1),)
    if mistake == STATIC:
        expects += (Api(points=1, api="functional"),)
    task = PublicTask(id="pair", title="A pair", expects=expects, hints=("Look.",))
    assert reference.cases[0].kind == "model", reference.cases[0]
    return Judged(judge(TaskKey(task=task, cases=(Case(),), visible=1, evidence=reference), student), wanted)


@pytest.fixture(scope="module", params=("tensorflow", "jax", "torch"))
def backend(request: pytest.FixtureRequest) -> str:
    """Run the test once on each backend."""
    return request.param


@pytest.fixture(scope="module")
def tables(workers: Workers, backend: str) -> dict[str, dict[str, list[Judged]]]:
    """What was said of every row, by table and mistake."""
    found: dict[str, dict[str, list[Judged]]] = {"TRIGGERS": {}, "NEAR_MISSES": {}}
    for family in FAMILIES:
        read: Any = workers[backend].run("tests.unit.misconceptions.building", "evidence", family=family)
        for table, mistakes in read.items():
            for mistake, rows in mistakes.items():
                found[table][mistake] = [
                    judged(mistake, *map(parse_evidence, row[:2]), *row[2:]) for row in rows
                ]
    return found


@pytest.mark.parametrize("mistake", MISTAKES)
def test_whoever_made_it_is_told_so_first(tables: dict[str, dict[str, list[Judged]]], mistake: str) -> None:
    """Whether an exception was raised or a model came of it, its name comes before every other one."""
    found = tables["TRIGGERS"][mistake]
    assert len(found) >= AT_LEAST
    assert [mistake] * len(found) == [one.first for one in found]
    assert not [one for one in found if one.verdict.outcome is Outcome.CORRECT]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_looks_like_it_has_its_own_name_or_none(
    tables: dict[str, dict[str, list[Judged]]], mistake: str
) -> None:
    """What raises for another reason, or looks like the mistake and works, never gets its name."""
    found = tables["NEAR_MISSES"][mistake]
    assert len(found) >= AT_LEAST
    assert [one.wanted for one in found] == [one.first for one in found]
    assert not [one for one in found if mistake in one.ids]


def test_a_class_where_nothing_is_dynamic_costs_the_points_of_the_api_alone(
    tables: dict[str, dict[str, list[Judged]]],
) -> None:
    """Its architecture is right all the same."""
    found = tables["TRIGGERS"][STATIC]
    assert [1.0] * len(found) == [one.verdict.score for one in found]
