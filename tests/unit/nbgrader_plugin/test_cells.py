"""How a verdict is written into a check cell."""

from __future__ import annotations

import logging
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_output
from nbgrader.utils import determine_grade

from grader.nbgrader_plugin.cells import internal_error, let_stderr_pass, score_text, write_verdict
from grader.verdict import Outcome, Verdict


def _verdict(score: float, maximum: float = 5.0) -> Verdict:
    return Verdict(
        task="t", title="A task", outcome=Outcome.PARTIAL, score=score, max_score=maximum, message="As it is."
    )


@pytest.mark.parametrize(
    ("score", "points", "text"),
    [
        (5.0, 5.0, "5"),
        (3.5, 5.0, "3.5"),
        (0.0, 5.0, "0"),
        (5.0, 0.1, "0.1"),
        (2.5, 10.0, "5"),
        (9.0, 5.0, "5"),
    ],
)
def test_score_is_a_plain_decimal_scaled_to_the_cell(score: float, points: float, text: str) -> None:
    """The score is scaled to the cell's points, clipped, and written without a trailing zero."""
    assert score_text(_verdict(score), points) == text


@given(st.floats(0, 100), st.floats(0, 100), st.floats(0, 1000))
def test_nbgrader_reads_back_the_score(score: float, maximum: float, points: float) -> None:
    """The text is taken by nbgrader for what it is: a number between nothing and the cell's points."""
    text = score_text(_verdict(score, maximum), points)
    assert "e" not in text
    assert 0 <= float(text) <= points
    if maximum > 0:
        assert math.isclose(float(text), min(score / maximum, 1) * points, abs_tol=1e-6)


def _check_cell() -> object:
    metadata = {
        "nbgrader": {"grade": True, "solution": False, "grade_id": "t", "points": 5.0, "locked": True}
    }
    return new_code_cell("unit.check('t', t)", metadata=metadata)


def test_score_comes_first_and_the_students_text_last() -> None:
    """The number is the first output; the student's number and report are gone, text comes after ours."""
    cell = _check_cell()
    cell.outputs = [
        new_output("stream", name="stderr", text="a log line"),
        new_output("execute_result", data={"text/plain": "5.0"}),
        new_output("display_data", data={"text/html": "<b>Full marks!</b>"}),
        new_output("error", ename="E", evalue="v", traceback=[]),
    ]
    write_verdict(cell, _verdict(3.0), 5.0)
    kinds = [output.output_type for output in cell.outputs]
    assert kinds[0] == "execute_result"
    assert kinds[-2:] == ["stream", "error"]
    assert determine_grade(cell, logging.getLogger()) == (3.0, 5.0)
    assert "Full marks!" not in str(cell.outputs)


def test_internal_error_is_no_score_to_be_taken_for_work() -> None:
    """An error of ours writes zero, names itself as such and asks for a look."""
    verdict = internal_error("t", "A task", 5.0, "ValueError: broken")
    assert verdict.outcome is Outcome.INTERNAL_ERROR
    assert verdict.needs_look == "ValueError: broken"
    assert score_text(verdict, 5.0) == "0"


def test_stderr_of_a_plain_test_cell_costs_nothing() -> None:
    """A passing test cell with text on stderr gets zero from nbgrader, and full marks once it is let pass."""
    cell = _check_cell()
    cell.outputs = [new_output("stream", name="stderr", text="a log line")]
    assert determine_grade(cell)[0] == 0
    let_stderr_pass(cell)
    assert determine_grade(cell)[0] == 5.0
    assert cell.outputs[0].text == "a log line"
