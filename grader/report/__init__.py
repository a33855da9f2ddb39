"""Renderers of verdicts, graphs and errors: deterministic, escaping pure functions of records."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING

from grader.report import html, text
from grader.report.explanation import Explanation, explanation_of
from grader.report.picture import Picture, draw_graph
from grader.verdict import Outcome

if TYPE_CHECKING:
    from grader.verdict import Verdict

__all__ = ["Explanation", "Picture", "draw_graph", "explanation_of", "notebook_outputs"]


def notebook_outputs(
    verdict: Verdict, *, feedback: bool = False, lessons: Container[str] = ()
) -> list[dict[str, str]]:
    """Return the MIME bundles that show a verdict in a notebook.

    The first bundle is the report as HTML and plain text; the second, when the verdict holds a
    comparison, is the picture as PNG (base64) and SVG with its description as plain text.
    ``feedback`` is for pages read after grading, ``lessons`` are the units that can be linked: see
    ``grader.report.html.render``. In feedback a model that is right goes without the PNG, whose making costs more
    than judging it: pages show the SVG.
    """
    outputs = [
        {
            "text/html": html.render(verdict, feedback=feedback, lessons=lessons),
            "text/plain": text.render(verdict),
        }
    ]
    if verdict.comparison is not None:
        picture = draw_graph(verdict.comparison.student, verdict.comparison)
        outputs.append(picture.mime_bundle(png=not (feedback and verdict.outcome is Outcome.CORRECT)))
    return outputs
