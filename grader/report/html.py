"""A verdict as an HTML fragment that survives a sanitiser.

JupyterLab strips ``<style>``, SVG and ``data:`` images from the output of a notebook it does not
trust, and nbgrader's feedback page is cleaned too. So: semantic tags, a few inline styles whose
loss costs nothing, text colours left to the theme, and no picture (it travels as an output of its own).
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from typing import TYPE_CHECKING

from grader.comparison.records import more_text
from grader.report.escape import html_text, plain, prose
from grader.report.words import (
    OUTCOMES,
    case_words,
    hint_steps,
    hints_on_task,
    line_words,
    mark,
    next_step,
    nothing_compared,
    other_differences,
    points,
    row_detail,
    score_words,
)

if TYPE_CHECKING:
    from grader.comparison import Diagnosis
    from grader.verdict import Verdict

__all__ = ["render"]

MAX_DIFFERENCES = 12
_UNIT_NAME = re.compile(r"[A-Za-z0-9_]{1,60}")
_CELL = 'style="text-align: left; padding: 2px 12px 2px 0; vertical-align: top"'
# nbgrader's pages style a summary as a block, which hides the triangle that says it can be opened.
_SUMMARY = '<summary style="display: list-item">'


def render(verdict: Verdict, *, feedback: bool = False, lessons: Container[str] = ()) -> str:
    """Render a verdict as an HTML fragment.

    ``feedback`` is for a page that is read after grading: the whole hint ladder is there, each
    step folded, and lessons are named instead of linked. ``lessons`` are the units that the reader has: no other is
    named. Otherwise only the first hint is shown
    and the next ones are left to ``unit.hint``. ``needs_look`` is for instructors and not shown.
    """
    words = OUTCOMES[verdict.outcome]
    head = [f"<strong>{html_text(words.mark)} {html_text(words.headline)}</strong>"]
    head += [html_text(part) for part in (plain(verdict.title, 80), score_words(verdict)) if part]
    parts = [f"<p>{' · '.join(head)}</p>"]
    parts += [_paragraph(verdict.message), _line_of_code(verdict)]
    parts += [_paragraph(text) for text in (case_words(verdict), next_step(verdict))]
    absent = nothing_compared(verdict)
    parts.append(_paragraph(absent) if absent else _table(verdict))
    parts.append(_differences(verdict))
    parts += [_diagnosis(diagnosis, feedback=feedback, lessons=lessons) for diagnosis in verdict.diagnoses]
    parts.append(_hints(verdict, feedback=feedback))
    parts += [_paragraph(f"Remark: {remark}") for remark in verdict.remarks]
    body = "\n".join(part for part in parts if part)
    return (
        f'<div class="keras-plumbing-report" style="border-left: 4px solid {words.colour}; '
        f'padding: 2px 0 2px 14px; margin: 6px 0">\n{body}\n</div>'
    )


def _line_of_code(verdict: Verdict) -> str:
    where = line_words(verdict)
    if verdict.line is None or not where:
        return ""
    return f"<p>{html_text(where)}</p>\n<pre>    {html_text(verdict.line.text, 200)}</pre>"


def _paragraph(text: str) -> str:
    return f"<p>{prose(text)}</p>" if text else ""


def _table(verdict: Verdict) -> str:
    rows = verdict.rows
    if not rows:
        return ""
    lines = [_line("th", ("", "Checked", "Yours", "Expected", "Points"))]
    for row in rows:
        sign, meaning = mark(row)
        earned = f"{points(row.points)} of {points(row.max_points)}" if row.max_points else ""
        lines.append(_line("td", (f"{sign} {meaning}", row.name, row.found, row.expected, earned)))
        if detail := row_detail(verdict, row):
            lines.append(f'<tr><td></td><td colspan="4" {_CELL}><small>{prose(detail)}</small></td></tr>\n')
    head, *body = lines
    return f'<table style="margin: 6px 0">\n<thead>{head}</thead>\n<tbody>{"".join(body)}</tbody>\n</table>'


def _line(tag: str, cells: Iterable[str]) -> str:
    first, *rest = (html_text(cell, 160) for cell in cells)
    narrow = _CELL.replace('style="', 'style="white-space: nowrap; ')  # a mark and its word stay together
    cells_html = f"<{tag} {narrow}>{first}</{tag}>" + "".join(
        f"<{tag} {_CELL}>{cell}</{tag}>" for cell in rest
    )
    return f"<tr>{cells_html}</tr>\n"


def _differences(verdict: Verdict) -> str:
    others = other_differences(verdict)
    if not others or verdict.comparison is None:
        return ""
    first = others[0][0]
    items = "".join(f"<li>{prose(message)}</li>\n" for _, message in others[: MAX_DIFFERENCES - first + 1])
    rest = verdict.comparison.differences[MAX_DIFFERENCES:]
    more = f"<p>… {more_text(rest)}.</p>" if rest else ""
    title = "What differs" if first == 1 else "What else differs"
    common = _paragraph(verdict.comparison.in_common)
    return (
        f"<p><strong>{title}</strong> (numbered as in the picture)</p>\n"
        f'{common}<ol start="{first}">\n{items}</ol>{more}'
    )


def _diagnosis(diagnosis: Diagnosis, *, feedback: bool, lessons: Container[str]) -> str:
    parts = [
        f"<p><strong>{prose(diagnosis.title)}</strong> <small>({html_text(diagnosis.id, 60)})</small></p>"
    ]
    parts.append(_paragraph(diagnosis.explanation))
    if diagnosis.symptom:
        parts.append(f"<p><em>How it shows:</em> {prose(diagnosis.symptom)}</p>")
    if diagnosis.fix:
        parts.append(f"<details>{_SUMMARY}How to mend it</summary><p>{prose(diagnosis.fix)}</p></details>")
    if diagnosis.unit in lessons and _UNIT_NAME.fullmatch(diagnosis.unit):
        name = html_text(diagnosis.unit.replace("_", " "))
        place = name if feedback else f'<a href="../{diagnosis.unit}/lesson.ipynb">{name}</a>'
        parts.append(f"<p>Read about it in unit {place}.</p>")
    return "\n".join(part for part in parts if part)


def _hints(verdict: Verdict, *, feedback: bool) -> str:
    hints = hint_steps(verdict)
    if not hints:
        return ""
    on_task = hints_on_task(verdict)
    ask = f"<code>unit.hint(&quot;{html_text(verdict.task, 60)}&quot;)</code>"
    if feedback:
        topic = " on the task" if on_task else ""
        return "\n".join(
            f"<details>{_SUMMARY}Hint {number} of {len(hints)}{topic}</summary><p>{prose(hint)}</p></details>"
            for number, hint in enumerate(hints, start=1)
        )
    if on_task:
        return f"<p><small>For hints on the task, run {ask}.</small></p>"
    more = f" <small>Want more? Run {ask}.</small>" if len(hints) > 1 else ""
    return f"<p><em>Hint:</em> {prose(hints[0])}{more}</p>"
