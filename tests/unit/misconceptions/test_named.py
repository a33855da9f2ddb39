"""Each mistake in what a model is made of: named where it was made, first, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from grader.comparison import Comparison, Diagnosis, analyse, summarize
from grader.evidence import CaseEvidence, parse_evidence
from grader.graph import ModelGraph
from grader.misconceptions import diagnose, diagnose_failure
from tests.backends.worker import Workers

pytestmark = pytest.mark.backends

FAMILIES = {
    "residual_models": (
        "missing-skip",
        "skip-from-wrong-tensor",
        "concatenate-instead-of-add",
        "missing-projection",
        "activation-before-add",
    ),
    "layer_models": (
        "wrong-layer",
        "wrong-config",
        "missing-layer",
        "extra-layer",
        "wrong-activation",
        "wrong-shape",
    ),
    "wiring_models": (
        "wrong-connection",
        "missing-connection",
        "extra-connection",
        "unused-input",
        "dead-branch",
    ),
    "sharing_models": ("weights-not-shared", "weights-wrongly-shared", "submodel-rebuilt"),
    "output_models": ("missing-output", "outputs-swapped", "wrong-head-activation"),
}
MISTAKES = [(family, mistake) for family, listed in FAMILIES.items() for mistake in listed]
AT_LEAST = 3
MOST_DIFFERENCES = 3


@dataclass(frozen=True)
class Found:
    """What was said of one pair: ``comparison`` is ``None`` where the student's model could not be built."""

    diagnoses: tuple[Diagnosis, ...]
    comparison: Comparison | None
    wanted: str | None = None

    @property
    def first(self) -> str | None:
        return next((diagnosis.id for diagnosis in self.diagnoses), None)


def looked_at(student: CaseEvidence, reference: CaseEvidence, wanted: str | None = None) -> Found:
    assert reference.graph is not None, reference.failure
    if student.graph is None:
        assert student.failure is not None
        return Found(diagnose_failure(student.failure, reference.graph), None, wanted)
    analysis = analyse(student.graph, reference.graph)
    diagnoses = diagnose(analysis)
    return Found(diagnoses, summarize(analysis, diagnoses), wanted)


@pytest.fixture(scope="module")
def tables(workers: Workers) -> dict[str, dict[str, list[Found]]]:
    """What was said of every pair of every family, by table and mistake."""
    found: dict[str, dict[str, list[Found]]] = {"TRIGGERS": {}, "NEAR_MISSES": {}}
    for family in FAMILIES:
        read = workers["torch"].run("tests.unit.misconceptions.building", "evidence", family=family)
        assert isinstance(read, dict)
        for table, mistakes in read.items():
            for mistake, rows in mistakes.items():
                found[table][mistake] = [
                    looked_at(*(parse_evidence(text).cases[0] for text in row[:2]), *row[2:]) for row in rows
                ]
    return found


@pytest.mark.parametrize(("family", "mistake"), MISTAKES)
def test_whoever_made_it_is_told_so_first(
    tables: dict[str, dict[str, list[Found]]], family: str, mistake: str
) -> None:
    """Its name comes before every other one, and the differences are few."""
    found = tables["TRIGGERS"][mistake]
    assert len(found) >= AT_LEAST
    assert [mistake] * len(found) == [one.first for one in found]
    compared = [one.comparison for one in found if one.comparison is not None]
    assert not any(one.equivalent for one in compared)
    assert max(len(one.differences) for one in compared) <= MOST_DIFFERENCES


@pytest.mark.parametrize(("family", "mistake"), MISTAKES)
def test_what_looks_like_it_has_its_own_name_or_none(
    tables: dict[str, dict[str, list[Found]]], family: str, mistake: str
) -> None:
    """A near-miss never gets the name: equal work gets none, another mistake its own."""
    found = tables["NEAR_MISSES"][mistake]
    assert len(found) >= AT_LEAST
    assert [one.wanted for one in found] == [one.first for one in found]
    assert not [one for one in found if mistake in {diagnosis.id for diagnosis in one.diagnoses}]


def test_no_residual_mistake_is_seen_where_nothing_is_residual(workers: Workers) -> None:
    """U-Nets, dense blocks, towers and twins that are joined wrongly hear nothing of shortcuts."""
    pairs = workers["torch"].run("tests.unit.misconceptions.joins", "graphs")
    assert isinstance(pairs, list)
    found = [
        {diagnosis.id for diagnosis in diagnose(analyse(*map(ModelGraph.from_json, pair)))} for pair in pairs
    ]
    assert all(found)
    assert set() == set().union(*found) & set(FAMILIES["residual_models"])
