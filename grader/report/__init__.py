"""Renderers of verdicts: deterministic, escaping pure functions of records."""

from grader.report import html, text
from grader.verdict import Verdict

__all__ = ["notebook_outputs"]


def notebook_outputs(verdict: Verdict, *, feedback: bool = False) -> list[dict[str, str]]:
    """Return the MIME bundles that show a verdict in a notebook.

    The first bundle is the report as HTML and plain text; the second, when the verdict holds a
    comparison, is the picture as PNG (base64) and SVG with its description as plain text.
    ``feedback`` is for pages read after grading: see ``grader.report.html.render``.
    """
    return [{"text/html": html.render(verdict, feedback=feedback), "text/plain": text.render(verdict)}]
