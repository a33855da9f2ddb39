"""A verdict as plain text, for terminals and for front ends that show no HTML."""

from __future__ import annotations

import textwrap
from itertools import zip_longest
from typing import TYPE_CHECKING

from grader.comparison.records import more_text
from grader.report.escape import plain
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
    from grader.verdict import Verdict

__all__ = ["render"]

MAX_DIFFERENCES = 6
_WIDTH = 96
_CELL = 30


def render(verdict: Verdict) -> str:
    """Render a verdict as plain text of about 96 columns, without a trailing line end.

    At most six differences and the first hint of the ladder are shown: a near-solution is never
    printed unasked.
    """
    words = OUTCOMES[verdict.outcome]
    head = [f"{words.mark} {words.headline}", plain(verdict.title, 80), score_words(verdict)]
    parts = [" · ".join(part for part in head if part)]
    parts += _wrapped(verdict.message)
    if verdict.line is not None:
        parts += [line_words(verdict), f"    {plain(verdict.line.text, 200)}"]
    parts += _wrapped(case_words(verdict))
    parts += _wrapped(next_step(verdict))
    absent = nothing_compared(verdict)
    if absent:
        parts += _wrapped(absent)
    elif verdict.rows:
        parts += ["", *_table(verdict)]
    parts += _differences(verdict)
    for diagnosis in verdict.diagnoses:
        parts += ["", f"{plain(diagnosis.title, 100)} [{plain(diagnosis.id, 60)}]"]
        parts += _wrapped(diagnosis.explanation, first="  ", rest="  ")
    hints = hint_steps(verdict)
    if hints and hints_on_task(verdict):
        parts += ["", f'For hints on the task, run unit.hint("{plain(verdict.task, 60)}").']
    elif hints:
        parts += ["", *_wrapped(hints[0], first="Hint: ", rest="      ")]
    if verdict.remarks:
        parts.append("")
        for remark in verdict.remarks:
            parts += _wrapped(remark, first="Remark: ", rest="        ")
    return "\n".join(parts)


def _wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(plain(text, 1200), _WIDTH, initial_indent=first, subsequent_indent=rest)


def _differences(verdict: Verdict) -> list[str]:
    others = other_differences(verdict)
    if not others or verdict.comparison is None:
        return []
    first, last = others[0][0], MAX_DIFFERENCES
    parts = ["", "What differs" if first == 1 else "What else differs"]
    parts += _wrapped(verdict.comparison.in_common, first="  ", rest="  ")
    for number, message in others[: last - first + 1]:
        parts += _wrapped(message, first=f"  {number}. ", rest="     ")
    if rest := verdict.comparison.differences[last:]:
        parts += _wrapped(f"… {more_text(rest)}.", first="     ", rest="     ")
    return parts


def _table(verdict: Verdict) -> list[str]:
    rows = verdict.rows
    cells: list[tuple[str, ...]] = [("", "", "yours", "expected", "points")]
    for row in rows:
        earned = f"{points(row.points)}/{points(row.max_points)}" if row.max_points else ""
        cells.append(
            (mark(row)[0], *(plain(t, 3 * _CELL) for t in (row.name, row.found, row.expected)), earned)
        )
    folded = [[textwrap.wrap(text, _CELL) or [""] for text in line] for line in cells]
    widths = [max(len(text) for line in folded for text in line[column]) for column in range(5)]
    lines = []
    for index, line in enumerate(folded):
        for parts in zip_longest(*line, fillvalue=""):
            padded = (text.ljust(width) for text, width in zip(parts, widths, strict=True))
            lines.append("  ".join(padded).rstrip())
        if index:
            lines += _wrapped(row_detail(verdict, rows[index - 1]), first="     ", rest="     ")
    return lines
