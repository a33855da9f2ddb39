"""Numbers that no training changes and no run compares, because weights are exchanged before."""

from __future__ import annotations

import pytest

from grader.comparison import compare_graphs
from grader.evidence import Case, CaseEvidence, Evidence
from grader.graph import ModelGraph
from grader.judge import judge
from grader.keys import TaskKey
from grader.tasks import Architecture, PublicTask
from tests.backends.worker import Workers
from tests.blueprints import Blueprint
from tests.unit.canonical.test_styles import BACKENDS

MODULE = "tests.unit.comparison.table_models"
FOUND = {
    "the same": [],
    "by an initializer": [],
    "with other last bits": [],
    "statistics": [],
    "Keras's own statistics": [],
    "another base": ["'table' of Positions"],
    "another base by an initializer": ["the weight of shape (6, 4) of Positions"],
    "two tables, one of another base": ["'table' of Positions"],
    "two tables, exchanged": ["'table' of Positions"],
    "drawn at random": ["the weight of shape (4, 5) of Projection"],
}


@pytest.mark.backends
@BACKENDS
def test_a_table_of_other_numbers_is_to_be_looked_at(workers: Workers, backend: str) -> None:
    """Other numbers are named, at random or not; the same ones are not, however they were made."""
    assert {name: [True, tables] for name, tables in FOUND.items()} == workers[backend].run(MODULE, "found")


def with_table(*numbers: float) -> ModelGraph:
    """A dense layer, and a class of one's own with a weight for which these numbers stand."""
    plan = Blueprint()
    x = plan.dense(plan.input(8), 8)
    holder = plan.layer("Positions", (8,), origin="custom")
    graph = plan.graph(plan.call(holder, x, shape=(8,)))
    *others, table = graph.weights
    return graph.model_copy(
        update={"weights": (*others, table.model_copy(update={"trainable": False, "fixed": numbers}))}
    )


def test_what_to_look_at_is_a_sentence() -> None:
    """The text of a comparison says which numbers, and when they are as they should be."""
    text = str(compare_graphs(with_table(1.0, 0.5, 0.5, 0.5), with_table(1.0, 0.5, 0.5, 0.6)))
    assert "\n  Look at the numbers in 'w0' of Positions: they are not the expected ones" in text
    assert text.endswith("Only where they are drawn at random is that as it should be.")


@pytest.mark.parametrize("numbers", [(), (1.0, 0.5)])
def test_numbers_that_cannot_be_read_are_not_taken_for_the_expected_ones(numbers: tuple[float, ...]) -> None:
    """Nothing, or less than was asked for, stands for no table."""
    assert compare_graphs(with_table(*numbers), with_table(1.0, 0.5, 0.5, 0.6)).tables


def test_in_grading_a_person_looks_and_the_student_is_told() -> None:
    """No points are taken for numbers that may be drawn at random; with the expected ones nobody is troubled."""
    key = TaskKey(
        task=PublicTask(id="block", title="A block", expects=(Architecture(points=3),), hints=("one",)),
        cases=(Case(),),
        visible=1,
        evidence=evidence(with_table(1.0, 0.5, 0.5, 0.6)),
    )
    other = judge(key, evidence(with_table(1.0, 0.5, 0.5, 0.5)))
    right = judge(key, evidence(with_table(1.0, 0.5, 0.5, 0.6)))
    assert (3.0, 3.0, None) == (other.score, right.score, right.needs_look)
    assert other.needs_look is not None
    assert other.needs_look.startswith("Look at the numbers in 'w0' of Positions")
    assert other.needs_look in other.remarks
    assert not any("numbers" in remark for remark in right.remarks)


def evidence(graph: ModelGraph) -> Evidence:
    return Evidence(task="block", backend="none", keras="3", cases=(CaseEvidence(kind="model", graph=graph),))
