"""Write a verdict into a check cell the way nbgrader reads a score."""

from __future__ import annotations

from collections.abc import Container
from decimal import Decimal

from nbformat import NotebookNode
from nbformat.v4 import new_output

from grader.report import notebook_outputs
from grader.verdict import Outcome, Verdict

__all__ = ["internal_error", "let_stderr_pass", "score_text", "write_verdict"]


def score_text(verdict: Verdict, points: float) -> str:
    """Return the verdict's score scaled to a cell's points: a plain decimal within 0 … ``points``.

    nbgrader gives full marks for anything else, and raises above the maximum (``utils.determine_grade``).
    """
    share = verdict.score / verdict.max_score if verdict.max_score > 0 else 0.0
    score = min(max(round(share * points, 6), 0.0), points)
    text = format(Decimal(repr(score)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def write_verdict(
    cell: NotebookNode, verdict: Verdict, points: float, *, lessons: Container[str] = ()
) -> None:
    """Replace a check cell's outputs by score and report; the student's text and errors come after.

    The score is the first output, so nothing the student's code printed can stand before it. Rich
    output of the check cell itself is dropped: it could pass for a second report. ``lessons`` are the units that the
    report may send a student to.
    """
    own = [output for output in cell.get("outputs", []) if output.output_type in ("stream", "error")]
    number = new_output(
        "execute_result",
        data={"text/plain": score_text(verdict, points)},
        execution_count=cell.get("execution_count"),
    )
    bundles = notebook_outputs(verdict, feedback=True, lessons=lessons)
    report = [new_output("display_data", data=bundle) for bundle in bundles]
    cell.outputs = [number, *report, *own]


def let_stderr_pass(cell: NotebookNode) -> None:
    """Keep what a plain test cell wrote to stderr as stdout: nbgrader scores zero for the former.

    TensorFlow logs there, so correct work would lose its points.
    """
    for output in cell.get("outputs", []):
        if output.output_type == "stream" and output.name == "stderr":
            output.name = "stdout"


def internal_error(task: str, title: str, max_score: float, reason: str) -> Verdict:
    """Return the verdict for a check that the grader itself failed on: no score, a person looks."""
    return Verdict(
        task=task,
        title=title,
        outcome=Outcome.INTERNAL_ERROR,
        score=0.0,
        max_score=max_score,
        message="This check could not be graded. It has no score yet; your instructor will look at it.",
        needs_look=reason,
    )
