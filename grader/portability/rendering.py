"""A parity report as text, as HTML, and as a picture of the differences along the model."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

from grader.portability.records import BACKEND_NAMES, OUTCOMES, LayerGap, ParityReport, ParityRow
from grader.report.escape import html_text, plain, prose
from grader.report.metrics import fit, text_width
from grader.report.picture import Picture

__all__ = ["html", "picture", "text"]

_NAMES = {**BACKEND_NAMES, "live": "your model"}
_MARKS = {"passed": "✓", "failed": "✗", "unproven": "?", "skipped": "–"}
_HEADS = ("check", "backends", "difference", "allowed", "spread", "planted", "")
_LEGEND = (
    "allowed: what rounding may do to the difference. spread: how far the outputs lie apart by themselves. planted: how "
    "far a small change of one weight takes them, which has to be more than is allowed."
)
_CELL = 'style="text-align: left; padding: 2px 12px 2px 0; vertical-align: top"'


def headline(report: ParityReport) -> str:
    """Say in one sentence what came out."""
    name = plain(report.model, 80)
    if report.passed:
        backends = sorted(
            {b for row in report.rows if row.verdict == "passed" for b in row.backends if b != "live"}
        )
        return f"{name} computes the same on {_listed([_NAMES.get(b, b) for b in backends])}."
    failed = [row for row in report.rows if row.verdict == "failed"]
    if failed:
        return f"{name} is not the same on every backend: {len(failed)} of {len(report.rows)} checks failed."
    others = sorted(
        {OUTCOMES[row.verdict] for row in report.rows if row.verdict not in ("passed", "skipped")}
    )
    return f"{name}: nothing differs in what was compared, but not everything was ({', '.join(others) or 'one backend alone'})."


def text(report: ParityReport) -> str:
    """Render a report as plain text, without a trailing line end."""
    table = [_HEADS, *(_cells(row) for row in report.rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(_HEADS))]
    lines = [headline(report), ""]
    lines += [
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
        for cells in table
    ]
    lines += ["", *textwrap.wrap(_LEGEND, 96)] if any(row.noticed is not None for row in report.rows) else []
    notes = [f"{_check(row)}: {plain(row.note, 400)}" for row in report.rows if row.note and _told(row)]
    if notes:
        lines += ["", *notes]
    if report.parts_at:
        lines += ["", *_partings(report)]
    for diagnosis in report.diagnoses:
        lines += ["", f"{plain(diagnosis.title, 100)} [{plain(diagnosis.id, 60)}]"]
        lines += textwrap.wrap(
            plain(diagnosis.explanation, 1200), 96, initial_indent="  ", subsequent_indent="  "
        )
        lines += textwrap.wrap(plain(diagnosis.fix, 600), 96, initial_indent="  ", subsequent_indent="  ")
    if report.remarks:
        lines += ["", *(plain(remark, 600) for remark in report.remarks)]
    return "\n".join(lines)


def html(report: ParityReport) -> str:
    """Render a report as an HTML fragment that survives a sanitiser."""
    head = "".join(f"<th {_CELL}>{html_text(cell)}</th>" for cell in _HEADS)
    body = "\n".join(
        "<tr>" + "".join(f"<td {_CELL}>{html_text(cell)}</td>" for cell in _cells(row)) + "</tr>"
        for row in report.rows
    )
    parts = [f"<p><strong>{html_text('✓' if report.passed else '✗')} {prose(headline(report))}</strong></p>"]
    parts.append(f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>")
    if any(row.noticed is not None for row in report.rows):
        parts.append(f"<p><small>{prose(_LEGEND)}</small></p>")
    parts += [
        f"<p>{prose(_check(row))}: {prose(plain(row.note, 400))}</p>"
        for row in report.rows
        if row.note and _told(row)
    ]
    parts += [f"<p>{prose(line)}</p>" for line in _partings(report)]
    parts += [
        f"<p><strong>{html_text(found.title)}</strong> {prose(found.explanation)} {prose(found.fix)}</p>"
        for found in report.diagnoses
    ]
    parts += [f"<p>{prose(remark)}</p>" for remark in report.remarks]
    return '<div class="keras-plumbing-parity">\n' + "\n".join(parts) + "\n</div>"


def _told(row: ParityRow) -> bool:
    return row.verdict != "passed"


def _check(row: ParityRow) -> str:
    return f"{row.check} ({_pair(row)})" if row.backends else row.check


def _pair(row: ParityRow) -> str:
    joint = " → " if row.check == "save and load" else ", "
    return joint.join(_NAMES.get(backend, backend) for backend in row.backends)


def _cells(row: ParityRow) -> tuple[str, ...]:
    verdict = f"{_MARKS.get(row.verdict, '!')} {OUTCOMES[row.verdict]}"
    numbers = [_short(value) for value in (row.difference, row.tolerance, row.spread, row.noticed)]
    if row.check in ("parameters", "shapes and dtypes"):
        numbers = [plain(row.note, 40), "", "", ""]
    return (row.check, _pair(row), *numbers, verdict)


def _short(value: float | None) -> str:
    if value is None:
        return ""
    return "0" if value == 0 else "no number" if value > 1e300 else f"{value:.2g}"


def _partings(report: ParityReport) -> list[str]:
    lines = []
    for pair, layer in report.parts_at.items():
        names = " and ".join(_NAMES.get(name, name) for name in pair.split(", "))
        gap = next((g for g in report.layers if g.layer == layer and ", ".join(g.backends) == pair), None)
        size = f" by {_short(gap.difference)} of the largest number" if gap is not None else ""
        lines.append(f"{names} part at {plain(layer, 120)}{size}; before it they agree.")
    return lines


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


# ---- picture -----------------------------------------------------------------------------------------

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 640, 300, 64, 34, 46
_LINES = (("#b84300", ""), ("#00588f", "6 3"), ("#00664b", "9 2 2 2"))
_LEAST = 1e-9


def picture(report: ParityReport) -> Picture:
    """Draw the difference of each layer's outputs along the model, on a logarithmic scale, and what is allowed.

    Raises:
        ValueError: no layer was compared.
    """
    if not report.layers:
        raise ValueError("No two backends ran this model, so there are no differences to draw.")
    pairs = list(dict.fromkeys(gap.backends for gap in report.layers))
    runs = {pair: [gap for gap in report.layers if gap.backends == pair] for pair in pairs}
    longest = max(runs.values(), key=len)
    top = max(
        1.0e-2,
        *(min(gap.difference, 1e3) for gap in report.layers),
        *(gap.tolerance for gap in report.layers),
    )
    parts = [_axes(longest, top)]
    allowed = [(_x(n, len(longest)), _y(gap.tolerance, top)) for n, gap in enumerate(longest)]
    parts.append(_path(allowed, "#7a7a7a", "2 3"))
    place = float(_LEFT)
    for number, (pair, run) in enumerate(runs.items()):
        colour, dashes = _LINES[number % len(_LINES)]
        points = [(_x(n, len(longest)), _y(gap.difference, top)) for n, gap in enumerate(run)]
        parts.append(_path(points, colour, dashes))
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{colour}"/>' for x, y in points]
        label = " and ".join(_NAMES.get(name, name) for name in pair)
        parts.append(_text(place, 20, label, colour))
        place += text_width(label, 11) + 24
        layer = report.parts_at.get(", ".join(pair))
        for n, gap in enumerate(run):
            if gap.layer == layer:
                x, y = points[n]
                anchor = "end" if x > _WIDTH / 2 else "start"
                parts.append(
                    f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="none" stroke="{colour}" stroke-width="2"/>'
                )
                parts.append(
                    _text(x + (-9 if anchor == "end" else 9), y + 4, fit(layer, 240, 11), colour, anchor)
                )
                break
    parts.append(_text(place, 20, "dotted: allowed", "#595959"))
    alt = _described(report, runs)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" font-family="DejaVu Sans, sans-serif" font-size="11">'
        f"<title>{html_text(alt, 1500)}</title>"
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>' + "".join(parts) + "</svg>"
    )
    return Picture(svg, alt, _WIDTH, _HEIGHT)


def _x(position: int, count: int) -> float:
    return _LEFT + (_WIDTH - _LEFT - 16) * (position + 0.5) / max(count, 1)


def _y(value: float, top: float) -> float:
    low, high = math.log10(_LEAST), math.ceil(math.log10(top))
    share = (math.log10(min(max(value, _LEAST), 10.0**high)) - low) / (high - low)
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _axes(run: Sequence[LayerGap], top: float) -> str:
    parts = []
    for power in range(-9, math.ceil(math.log10(top)) + 1, 2):
        y = _y(10.0**power, top)
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - 16}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e4e4e4"/>')
        parts.append(_text(_LEFT - 8, y + 4, "0" if power == -9 else f"1e{power}", "#595959", "end"))
    parts.append(_text(_LEFT, _HEIGHT - 26, fit(f"first: {run[0].layer}", 260, 11), "#595959"))
    parts.append(_text(_WIDTH - 16, _HEIGHT - 26, fit(f"last: {run[-1].layer}", 260, 11), "#595959", "end"))
    parts.append(
        _text(
            (_LEFT + _WIDTH) / 2,
            _HEIGHT - 8,
            "layers in the order of their calls; difference as a part of the largest number",
            "#1a1a1a",
            "middle",
        )
    )
    return "".join(parts)


def _path(points: Sequence[tuple[float, float]], colour: str, dashes: str) -> str:
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"{dashed}/>'


def _text(x: float, y: float, words: str, colour: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}">{html_text(words, 200)}</text>'
    )


def _described(report: ParityReport, runs: dict[tuple[str, str], list[LayerGap]]) -> str:
    told = []
    for pair, run in runs.items():
        worst = max(run, key=lambda gap: gap.difference)
        names = " and ".join(_NAMES.get(name, name) for name in pair)
        told.append(f"{names}: largest difference {_short(worst.difference)} at {worst.layer}")
    parting = " ".join(_partings(report)) or "No layer is further apart than rounding may take it."
    return plain(
        f"Difference of {len(next(iter(runs.values())))} layers' outputs along the model. {'; '.join(told)}. {parting}",
        1500,
    )
