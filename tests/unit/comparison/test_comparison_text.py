"""A comparison as text: what a notebook or a terminal shows of it."""

from __future__ import annotations

import pytest

from grader.comparison import Comparison, compare_graphs
from grader.graph import ModelGraph
from tests.blueprints import Blueprint, residual_block, shuffled


def line(units: int) -> ModelGraph:
    plan = Blueprint()
    return plan.graph(plan.dense(plan.dense(plan.input(8), units), 3))


def test_equal_models_are_said_to_be_that_and_nothing_more() -> None:
    """There is nothing to add to a verdict of equal."""
    assert "Equivalent: the same architecture." == str(compare_graphs(shuffled(line(4), 1), line(4)))


def test_parameters_stand_beside_the_expected_ones_with_the_arithmetic() -> None:
    """Counts that differ are a line of their own, traced to the layers."""
    lines = str(compare_graphs(line(4), line(6))).splitlines()
    assert lines[:2] == ["Not equivalent:", "  1. The first Dense has units=4, expected units=6."]
    assert lines[2].startswith("Parameters: 51 in total: 51 trainable, 0 non-trainable; expected 75 in total")
    assert "The first Dense: 8×4 + 4 = 36, expected 8×6 + 6 = 54" in lines[3]
    assert lines[3].endswith("together 24 fewer than expected.")
    assert lines[4:] == ["Connectivity: as expected."]


def test_connectivity_is_a_line_of_its_own() -> None:
    """What feeds what is told apart from what the steps are; equal counts are not told."""
    lines = str(compare_graphs(residual_block(kind="missing-skip"), residual_block())).splitlines()
    assert lines[-1] == "Connectivity: differs."
    assert not any(one.startswith("Parameters") for one in lines)


def test_a_notebook_shows_the_text() -> None:
    """The last line of a cell is shown as the text, not as the fields of the record."""
    result = compare_graphs(line(4), line(6))
    assert str(result) == repr(result)


@pytest.mark.parametrize("student", [line(4), line(6), residual_block()])
def test_a_comparison_is_read_back_as_it_was_written(student: ModelGraph) -> None:
    """What is stored of a verdict holds the comparison, and is validated when it is read."""
    result = compare_graphs(student, line(6))
    assert result == Comparison.model_validate_json(result.to_json())
