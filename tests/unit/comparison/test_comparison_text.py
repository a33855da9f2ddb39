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


def towers(first: int) -> ModelGraph:
    plan = Blueprint()
    x = plan.input(8)
    for units in range(first, first + 14):
        x = plan.dense(x, units)
    return plan.graph(x)


def test_of_many_differences_the_first_are_told_and_the_rest_counted() -> None:
    """Nobody mends more than a dozen one by one; the record keeps them all."""
    result = compare_graphs(towers(4), towers(5))
    lines = str(result).splitlines()
    assert 14 == len(result.differences)
    assert lines[13] == "  12. The 12th Dense has units=15, expected units=16."
    assert lines[14] == "  … and 2 more: 2 wrong-config."


def test_that_two_larger_models_have_little_in_common_is_said_first() -> None:
    """A list of what differs helps nobody who has written another network."""
    lines = str(compare_graphs(towers(4), towers(5))).splitlines()
    assert (
        "  The two models have little in common: yours has 14 steps and the expected one 14; "
        "none of them stand in both."
    ) == lines[1]
    assert "" == compare_graphs(line(4), line(6)).in_common
    assert "" == compare_graphs(towers(4), towers(4)).in_common


def test_a_long_row_of_missing_steps_is_counted_by_kind() -> None:
    """A sentence that names dozens of steps says less than how many there are of each."""
    plan = Blueprint()
    short = plan.graph(plan.dense(plan.input(8), 3))
    plan = Blueprint()
    x = plan.dense(plan.input(8), 3)
    for _ in range(5):
        x = plan.relu(plan.dense(x, 3))
    first, *_ = compare_graphs(short, plan.graph(x)).differences
    assert "expected 5 × Dense and 5 × relu, found" in first.message
