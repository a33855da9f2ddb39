"""A parity report in words and as a picture."""

from __future__ import annotations

import pytest

from grader.evidence import Failure
from grader.portability.check import check
from grader.portability.records import ParityReport
from grader.portability.rendering import html, picture, text
from tests.unit.portability.standins import StandIn, makers


def differing() -> ParityReport:
    return check("chain", makers(tensorflow=StandIn(), jax=StandIn(planted={1: 1.001}), torch=StandIn()))


def test_a_report_that_passed_says_on_what() -> None:
    """The first line is the answer, and every row ends in a mark."""
    shown = text(check("chain", makers(tensorflow=StandIn(), jax=StandIn(), torch=StandIn())))
    assert shown.startswith("chain computes the same on JAX, TensorFlow and PyTorch.\n")
    assert 8 == shown.count("✓ passed")
    assert "planted: how" in shown


def test_where_outputs_part_is_said_in_text_html_and_picture() -> None:
    """By name of backend and layer, with the size of the gap."""
    report = differing()
    drawn = picture(report)
    layer = report.parts_at["torch, jax"]
    for shown in (text(report), html(report), drawn.alt):
        assert f"PyTorch and JAX part at {layer} by 0.001" in shown
    assert layer in drawn.svg
    assert b"\x89PNG" == drawn.png[:4]


def test_what_a_process_wrote_cannot_break_out() -> None:
    """Names and messages of a student's code are text."""
    failure = Failure(type="ValueError", message="<script>alert(1)</script>\x1b[2J")
    report = check(
        "<b>chain", makers(jax=StandIn(failure=failure), torch=StandIn()), backends=("jax", "torch")
    )
    assert "<script>" not in html(report)
    assert "<b>" not in html(report)
    assert "\x1b" not in text(report)


def test_nothing_to_draw_is_an_error_that_says_so() -> None:
    """One backend alone has no differences."""
    with pytest.raises(ValueError, match="No two backends"):
        picture(check("chain", makers(torch=StandIn())))
