"""The page a student gets back: nbgrader's, with a head that names every part and says what its points are.

``configure`` puts both classes into ``GenerateFeedback``; formgrader's own pages stay as they are.
"""

from __future__ import annotations

import copy
from collections.abc import Container
from pathlib import Path
from typing import Any

import nbgrader
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution, is_task
from traitlets.config import Config

from grader.nbgrader_plugin.grades import ReadGrades
from grader.nbgrader_plugin.place import unit_folder
from grader.nbgrader_plugin.points import Points
from grader.nbgrader_plugin.store import read_verdicts
from grader.record import Record
from grader.report.words import points

__all__ = ["FeedbackExporter", "FeedbackGrades", "Page", "Part", "page"]

_OURS = Path(__file__).with_name("templates")
_FORMGRADER = Path(nbgrader.__file__).parent / "server_extensions" / "formgrader"
_THEIRS = _FORMGRADER / "templates"
_STYLES = _FORMGRADER / "static" / "node_modules" / "bootstrap" / "dist" / "css"


class Part(Record):
    """One line of a page's head: a graded cell, or a comment on one (which has no ``score``)."""

    anchor: str
    title: str
    score: str = ""


class Page(Record):
    """The head of a feedback page: the total, what it is made of, and the parts in the order of the page."""

    total: str
    sentences: tuple[str, ...]
    parts: tuple[Part, ...]


class FeedbackExporter(HTMLExporter):
    """Renders with our template, which extends nbgrader's ``feedback``."""

    def __init__(self, config: Config | None = None, **kw: Any) -> None:
        # Set here: nbgrader names its own template for every HTMLExporter, whatever the course's config says.
        config = Config() if config is None else copy.deepcopy(config)
        config.FeedbackExporter.template_name = "grader_feedback"
        config.FeedbackExporter.extra_template_basedirs = [str(_OURS), str(_THEIRS)]
        config.FeedbackExporter.extra_template_paths = [str(_THEIRS), str(_STYLES)]
        super().__init__(config=config, **kw)


class FeedbackGrades(ReadGrades):
    """Reads the grades of one notebook, and puts the head of its page into ``resources["grader_page"]``."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Read grades, comments, and the titles of the tasks."""
        nb, resources = super().preprocess(nb, resources)
        names = resources["nbgrader"]
        folder = unit_folder(self, names["assignment"])
        kept = read_verdicts(folder.course, folder.path.name, names["student"]) if folder is not None else ()
        titles = {verdict.task: verdict.title for stored in kept for verdict in stored.verdicts}
        _drop_scores(nb.cells, titles)
        penalty = float(names["late_penalty"])
        resources["grader_page"] = page(nb.cells, titles, names["checks"], names["by_hand"], penalty)
        return nb, resources


def _drop_scores(cells: list[NotebookNode], titles: Container[str]) -> None:
    """Take out the bare numbers that nbgrader reads a check cell's score from: the report says them in words."""
    for cell in cells:
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade_id") in titles:
            cell.outputs = [output for output in cell.outputs if output.output_type != "execute_result"]


def page(
    cells: list[NotebookNode],
    titles: dict[str, str],
    checks: Points,
    by_hand: Points,
    late_penalty: float = 0.0,
) -> Page:
    """Return the head of a page; ``titles`` are those of the tasks, by the ids of their cells."""
    parts = []
    for cell in cells:
        data = cell.metadata.get("nbgrader", {})
        if is_grade(cell) or is_task(cell):
            title = titles.get(data["grade_id"]) or f"{_kind(cell)}: {data['grade_id']}"
            parts.append(Part(anchor=data["grade_id"], title=title, score=_score(cell)))
        if data.get("comment"):
            parts.append(Part(anchor=f"comment-{data['grade_id']}", title=f"Comment: {data['grade_id']}"))
    return Page(
        total=_total(checks, by_hand, late_penalty),
        sentences=tuple(_sentences(checks, by_hand, late_penalty)),
        parts=tuple(parts),
    )


def _total(checks: Points, by_hand: Points, late_penalty: float) -> str:
    whole = checks.of + by_hand.of
    if whole and checks.open + by_hand.open == whole:
        return "not judged yet"
    total = f"{points(checks.given + by_hand.given - late_penalty)} of {_points(whole)}"
    return total + (" so far" if checks.open or by_hand.open else "")


def _sentences(checks: Points, by_hand: Points, late_penalty: float) -> list[str]:
    sentences = []
    if checks.open == checks.of > 0:
        sentences.append("The checks could not be judged. This is no zero: a person will look at them.")
    elif checks.open:
        amount = _points(checks.open)
        sentences.append(f"{amount} could not be judged. This is no zero: a person will look.")
    if checks.open < checks.of and by_hand.of:
        person = f"{points(by_hand.given)} of {points(by_hand.of)} from a person"
        if by_hand.open:
            person = f"{points(by_hand.open)} for a person to grade, which is not done yet"
        sentences.append(f"{points(checks.given)} of {_points(checks.of)} from checks; {person}.")
    elif by_hand.open:
        sentences.append(f"{_points(by_hand.open)} for a person to grade, which is not done yet.")
    if late_penalty:
        sentences.append(f"{_points(late_penalty)} taken off for handing in late.")
    return sentences


def _kind(cell: NotebookNode) -> str:
    if is_task(cell):
        return "Task"
    if not is_solution(cell):
        return "Test"
    return "Your code" if cell.cell_type == "code" else "Your answer"


def _score(cell: NotebookNode) -> str:
    data = cell.metadata["nbgrader"]
    maximum = _points(float(data["points"]))
    if not data.get("open"):
        return f"{points(float(data['score']))} of {maximum}"
    return f"{maximum} for a person to grade" if is_solution(cell) or is_task(cell) else "no score yet"


def _points(value: float) -> str:
    text = points(value)
    return f"{text} point" if text == "1" else f"{text} points"
