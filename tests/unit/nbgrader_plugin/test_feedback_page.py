"""The head of a feedback page: every part by its name, and what the points are made of."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from traitlets.config import Config
from traitlets.utils.importstring import import_item

from grader.nbgrader_plugin import configure
from grader.nbgrader_plugin.feedback_page import (
    FeedbackExporter,
    FeedbackGrades,
    Page,
    Part,
    _drop_scores,
    page,
)
from grader.nbgrader_plugin.points import Points

HOSTILE = '"><script>alert("planted")</script>'
CHECKS = Points(given=18.5, of=23)
PERSON = Points(given=2, of=3)
WAITING = Points(given=0, of=3, open=3)
NONE = Points(given=0, of=0)


def cell(name: str, kind: str = "code", **data: Any) -> NotebookNode:
    facts = {"grade_id": name, "grade": True, "solution": False, "score": 1.0, "points": 2.0} | data
    make = new_code_cell if kind == "code" else new_markdown_cell
    return make("1", metadata={"nbgrader": facts})


def head(checks: Points, by_hand: Points = NONE, penalty: float = 0.0) -> list[str]:
    found = page([], {}, checks, by_hand, penalty)
    return [found.total, *found.sentences]


@pytest.mark.parametrize(
    ("checks", "by_hand", "said"),
    [
        (CHECKS, PERSON, ["20.5 of 26 points", "18.5 of 23 points from checks; 2 of 3 from a person."]),
        (
            CHECKS,
            WAITING,
            [
                "18.5 of 26 points so far",
                "18.5 of 23 points from checks; 3 for a person to grade, which is not done yet.",
            ],
        ),
        (CHECKS, NONE, ["18.5 of 23 points"]),
        (NONE, WAITING, ["not judged yet", "3 points for a person to grade, which is not done yet."]),
        (
            Points(given=0, of=23, open=23),
            WAITING,
            [
                "not judged yet",
                "The checks could not be judged. This is no zero: a person will look at them.",
                "3 points for a person to grade, which is not done yet.",
            ],
        ),
        (
            Points(given=10, of=23, open=1),
            NONE,
            ["10 of 23 points so far", "1 point could not be judged. This is no zero: a person will look."],
        ),
        (NONE, NONE, ["0 of 0 points"]),
    ],
)
def test_the_total_says_what_it_is_made_of(checks: Points, by_hand: Points, said: list[str]) -> None:
    """Points of checks and of a person are told apart, and what is open is no zero."""
    assert said == head(checks, by_hand)


def test_points_taken_off_for_handing_in_late_are_said() -> None:
    """The total is less them, and a sentence says why."""
    assert ["17.5 of 23 points", "1 point taken off for handing in late."] == head(CHECKS, penalty=1.0)


def test_every_part_has_a_name() -> None:
    """A task has its title, any other cell what it is and its id; a comment says what it is on."""
    cells = [
        new_markdown_cell("# Text"),
        cell("block"),
        cell("double", open=True),
        cell("code_answer", solution=True, comment="Well done."),
        cell("why", "markdown", solution=True, open=True, points=1.0),
        cell("essay", "markdown", grade=False, task=True),
        cell("free_solution", grade=False, solution=True),
    ]
    parts = page(cells, {"block": "A block of any size"}, CHECKS, PERSON).parts
    assert (
        Part(anchor="block", title="A block of any size", score="1 of 2 points"),
        Part(anchor="double", title="Test: double", score="no score yet"),
        Part(anchor="code_answer", title="Your code: code_answer", score="1 of 2 points"),
        Part(anchor="comment-code_answer", title="Comment: code_answer"),
        Part(anchor="why", title="Your answer: why", score="1 point for a person to grade"),
        Part(anchor="essay", title="Task: essay", score="1 of 2 points"),
    ) == parts


def test_the_page_is_nbgraders_with_our_head() -> None:
    """The head is ours and escaped, the cells below are nbgrader's, whatever template nbgrader names."""
    config = Config()
    configure(config)
    config.HTMLExporter.template_name = "feedback"  # as nbgrader's application does
    resources = {
        "nbgrader": {"notebook": HOSTILE, "score": 1, "max_score": 2, "late_penalty": 0},
        "grader_page": Page(
            total=HOSTILE, sentences=(HOSTILE,), parts=(Part(anchor=HOSTILE, title=HOSTILE, score=HOSTILE),)
        ),
    }
    assert FeedbackExporter is import_item(config.GenerateFeedback.exporter_class)
    assert FeedbackGrades is import_item(config.GenerateFeedback.preprocessors[0])
    exporter = FeedbackExporter(config=config)
    html, _ = exporter.from_notebook_node(new_notebook(cells=[cell("block")]), resources=resources)
    body = BeautifulSoup(html, "html.parser").body
    assert body is not None
    assert [] == [script for script in body.select("script") if "planted" in script.text]
    assert 5 == body.select_one(".panel-heading").text.count("planted")
    assert f"#{HOSTILE}" == body.select_one("#toc a")["href"]
    assert "Grade cell: block" in body.select_one("#notebook").text
    assert "feedback" == config.HTMLExporter.template_name


def test_the_bare_score_is_not_shown_above_its_report() -> None:
    """A check's report says the score in words; what a plain cell gave stays."""
    check, plain = cell("sum"), cell("other")
    for each in (check, plain):
        each.outputs = [
            new_output("execute_result", data={"text/plain": "1"}),
            new_output("stream", name="stdout", text="seen"),
        ]
    _drop_scores([check, plain, cell("words", kind="markdown")], {"sum": "Sum"})
    assert ["stream"] == [output.output_type for output in check.outputs]
    assert ["execute_result", "stream"] == [output.output_type for output in plain.outputs]
