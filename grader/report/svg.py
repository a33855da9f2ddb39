"""A scene as SVG: boxes and lines where the layout puts them, marks, and a legend below.

Every mark is a shape or a number as well as a colour. The card is white whatever the theme. There
is no script, no style sheet, and no id but two that carry a hash of the content, so that several
pictures can lie in one page.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from grader.report.escape import html_text
from grader.report.frames import Frame, find_frames
from grader.report.layout import Layout, Link, Point, Size, place
from grader.report.metrics import fit, text_width, wrap
from grader.report.scene import Box, Line, Scene

__all__ = ["draw", "measure"]

# Okabe and Ito's palette, darkened where text has to be read on it or in it.
_INK, _SOFT, _LINE, _PAPER = "#1a1a1a", "#595959", "#7a7a7a", "#ffffff"
_WRONG, _MISSING = "#b84300", "#00588f"
_SHARED = ("#8a5a00", "#00664b", "#7b3f6b", "#3b5998", "#5c5c00", "#7a2e2e")
_FILL = {"input": "#e8f2fa", "output": "#e8f2fa", "call": "#f6f6f6", "ghost": _PAPER, "fold": "#ececec"}

_TITLE, _SETTINGS, _NOTE, _TINY = 12.5, 11.5, 10.5, 9.5
_PAD, _MARGIN = 11.0, 20.0
_MAX_TEXT = 280.0
_LEGEND_WIDTH = 430.0
_KINDS = {"input": "", "output": "", "call": "", "ghost": "missing", "fold": ""}


@dataclass(frozen=True, slots=True)
class _Text:
    """The lines of a box, measured: a title with settings beside or beneath it, and a note."""

    title: str
    beside: str
    beneath: tuple[str, ...]
    note: str
    size: Size


def measure(box: Box) -> _Text:
    """Break a box's text into lines and find the size of the box."""
    title = fit(box.title, _MAX_TEXT, _TITLE, bold=True)
    title_width = text_width(title, _TITLE, bold=True)
    note = " · ".join(part for part in (_KINDS[box.kind], box.note) if part)
    note = fit(note, _MAX_TEXT, _NOTE)
    settings_width = text_width(box.settings, _SETTINGS)
    if box.kind in ("input", "output"):
        width = title_width + (text_width(note, _NOTE) + 8 if note else 0)
        return _Text(title, "", (), note, Size(round(width + 2 * _PAD), 24.0))
    inline = title_width + 7 + settings_width <= _MAX_TEXT
    beneath = (
        ()
        if inline or not box.settings
        else tuple(wrap(box.settings, _MAX_TEXT - 40, _SETTINGS, 2, joint=" · "))
    )
    beside = box.settings if inline else ""
    widths = [title_width + (7 + settings_width if beside else 0), text_width(note, _NOTE)]
    widths += [text_width(line, _SETTINGS) for line in beneath]
    if box.shared is not None:
        widths[0] = max(widths[0], 2 * _tag_width(box.shared) - 24)  # clear of a line into the middle
    height = 24.0 + 14.0 * len(beneath) + (14.0 if note else 0.0)
    return _Text(title, beside, beneath, note, Size(round(max(*widths, 30.0) + 2 * _PAD), height))


def draw(scene: Scene, description: str) -> tuple[str, int, int]:
    """Return the scene as SVG text, with its width and height in pixels.

    The same scene gives the same text. ``description`` is the text alternative.
    """
    texts = [measure(box) for box in scene.boxes]
    links = [Link(line.source, line.target, loose=line.kind == "missing") for line in scene.lines]
    layout = place([text.size for text in texts], links)
    frames = find_frames(scene, [text.size for text in texts], layout)
    left = min([0.0, *(frame.left for frame in frames)]) - _MARGIN
    right = max([layout.width, *(frame.right for frame in frames)]) + _MARGIN
    top = min([0.0, *(frame.top for frame in frames)]) - _MARGIN
    legend = _legend(scene, layout, max(right - left - 2 * _MARGIN, _LEGEND_WIDTH))
    if legend:
        spare = max(0.0, _LEGEND_WIDTH + 2 * _MARGIN - (right - left))
        left, right = left - spare / 2, right + spare / 2
    bottom = layout.height + _MARGIN
    parts = [_frame(frame) for frame in frames]
    parts += [_line(line, path) for line, path in zip(scene.lines, layout.paths, strict=True) if path]
    parts += [
        _box(box, text, centre) for box, text, centre in zip(scene.boxes, texts, layout.centres, strict=True)
    ]
    body = "\n".join(parts)
    width, height = round(right - left), round(bottom - top + legend.height)
    mark = hashlib.sha256(f"{description}\n{body}\n{legend.svg}".encode()).hexdigest()[:10]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-labelledby="kp-{mark}-t kp-{mark}-d" '
        f'font-family="DejaVu Sans, Verdana, Helvetica, Arial, sans-serif" fill="{_INK}">\n'
        f'<title id="kp-{mark}-t">{html_text("Graph of the model")}</title>\n'
        f'<desc id="kp-{mark}-d">{html_text(description, 4000)}</desc>\n'
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8" fill="{_PAPER}" stroke="#cccccc"/>\n'
        f'<g transform="translate({_n(-left)} {_n(-top)})">\n{body}\n</g>\n'
        f'<g transform="translate({_n(_MARGIN)} {_n(bottom - top)})">\n{legend.svg}\n</g>\n</svg>\n'
    )
    return svg, width, height


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".") if "." in f"{value:.1f}" else f"{value:.1f}"


def _words(
    x: float,
    y: float,
    text: str,
    size: float,
    *,
    fill: str = _INK,
    bold: bool = False,
    anchor: str = "start",
    extra: str = "",
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    place_at = "" if anchor == "start" else f' text-anchor="{anchor}"'
    colour = "" if fill == _INK else f' fill="{fill}"'
    return (
        f'<text x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}"{weight}{place_at}{colour}{extra}>'
        f"{html_text(text, 300)}</text>"
    )


def _box(box: Box, text: _Text, centre: Point) -> str:
    width, height = text.size.width, text.size.height
    left, top = centre[0] - width / 2, centre[1] - height / 2
    ghost, marked = box.kind == "ghost", bool(box.badges)
    stroke, thick = (_MISSING, 1.8) if ghost else (_WRONG, 2.6) if marked else (_LINE, 1.0)
    dash = ' stroke-dasharray="6 4"' if ghost else ""
    round_by = 12 if box.kind in ("input", "output") else 5
    parts = [
        (
            f'<rect x="{_n(left)}" y="{_n(top)}" width="{_n(width)}" height="{_n(height)}" rx="{round_by}" '
            f'fill="{_FILL[box.kind]}" stroke="{stroke}" stroke-width="{thick}"{dash}/>'
        )
    ]
    if box.shared is not None:
        parts.append(_shared_tag(box.shared, left, top, width, height))
    ink = _MISSING if ghost else _INK
    if box.kind in ("input", "output"):
        x = left + _PAD
        parts.append(_words(x, centre[1] + 4.5, text.title, _TITLE, bold=True))
        if text.note:
            x += text_width(text.title, _TITLE, bold=True) + 8
            parts.append(_words(x, centre[1] + 4.5, text.note, _NOTE, fill=_SOFT))
    else:
        title_width = text_width(text.title, _TITLE, bold=True)
        whole = title_width + (7 + text_width(text.beside, _SETTINGS) if text.beside else 0)
        x, y = centre[0] - whole / 2, top + 16.5
        parts.append(_words(x, y, text.title, _TITLE, bold=True, fill=ink))
        if text.beside:
            parts.append(_words(x + title_width + 7, y, text.beside, _SETTINGS, fill=ink))
        for line in text.beneath:
            y += 14
            parts.append(_words(centre[0], y, line, _SETTINGS, anchor="middle", fill=ink))
        if text.note:
            parts.append(
                _words(centre[0], y + 14, text.note, _NOTE, anchor="middle", fill=ink if ghost else _SOFT)
            )
    for index, number in enumerate(box.badges[:4]):
        parts.append(_badge(left + 3 + 19 * index, top, number, _MISSING if ghost else _WRONG))
    return "\n".join(parts)


def _badge(x: float, y: float, number: int, colour: str) -> str:
    digits = _words(x, y + 3.7, str(number), 10.5, fill=_PAPER, bold=True, anchor="middle")
    return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="9" fill="{colour}" stroke="{_PAPER}" stroke-width="1.5"/>{digits}'


def _tag_width(number: int) -> float:
    return text_width(f"shared {number}", _TINY, bold=True) + 10


def _shared_tag(number: int, left: float, top: float, width: float, height: float) -> str:
    """A band down the left side and a tag on the upper right corner, alike for every call of one layer."""
    colour = _SHARED[(number - 1) % len(_SHARED)]
    tag = _tag_width(number)
    x = left + width - tag + 6
    words = _words(x + 5, top + 0.5, f"shared {number}", _TINY, fill=_PAPER, bold=True)
    return (
        f'<rect x="{_n(left)}" y="{_n(top)}" width="5" height="{_n(height)}" rx="2" fill="{colour}"/>'
        f'<rect x="{_n(x)}" y="{_n(top - 10)}" width="{_n(tag)}" height="14" rx="7" fill="{colour}"/>{words}'
    )


def _line(line: Line, path: tuple[Point, ...]) -> str:
    colour, thick, dash = {
        "plain": (_LINE, 1.4, ""),
        "wrong": (_WRONG, 2.6, ""),
        "missing": (_MISSING, 1.8, ' stroke-dasharray="6 4"'),
    }[line.kind]
    *_, (x, bottom) = path
    steps = [f"M{_n(path[0][0])} {_n(path[0][1])}"]
    for index in range(1, len(path)):
        (x0, y0), (x1, y1) = path[index - 1], path[index]
        if index == len(path) - 1:
            y1 -= 6
        if abs(x0 - x1) < 1:
            steps.append(f"L{_n(x1)} {_n(y1)}")
        else:
            bend = (y1 - y0) * 0.55
            steps.append(f"C{_n(x0)} {_n(y0 + bend)} {_n(x1)} {_n(y1 - bend)} {_n(x1)} {_n(y1)}")
    head = f'<path d="M{_n(x - 4)} {_n(bottom - 8)}L{_n(x + 4)} {_n(bottom - 8)}L{_n(x)} {_n(bottom)}Z" fill="{colour}"/>'
    parts = [f'<path d="{"".join(steps)}" fill="none" stroke="{colour}" stroke-width="{thick}"{dash}/>{head}']
    if line.kind == "wrong":
        parts.append(_cross(path))
    if line.label:
        halo = f' stroke="{_PAPER}" stroke-width="3" paint-order="stroke"'
        from_left = path[-3][0] < x - 1
        side, anchor = (6, "start") if from_left else (-6, "end")
        parts.append(_words(x + side, bottom - 4, line.label, _TINY, fill=_SOFT, anchor=anchor, extra=halo))
    return "\n".join(parts)


def _cross(path: tuple[Point, ...]) -> str:
    """A cross over the first bend of a wrong line, so that it does not rest on colour alone."""
    (x0, y0), (x1, y1) = path[1], path[2]
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    strokes = (
        f"M{_n(x - 5)} {_n(y - 5)}L{_n(x + 5)} {_n(y + 5)}M{_n(x - 5)} {_n(y + 5)}L{_n(x + 5)} {_n(y - 5)}"
    )
    return f'<path d="{strokes}" stroke="{_PAPER}" stroke-width="5.5"/><path d="{strokes}" stroke="{_WRONG}" stroke-width="2.6"/>'


def _frame(frame: Frame) -> str:
    return (
        f'<rect x="{_n(frame.left)}" y="{_n(frame.top)}" width="{_n(frame.right - frame.left)}" '
        f'height="{_n(frame.bottom - frame.top)}" rx="8" fill="#fafafa" stroke="#bdbdbd" stroke-dasharray="2 3"/>'
        + _words(frame.left + frame.indent, frame.top + 12, frame.words, _TINY, fill=_SOFT)
    )


@dataclass(frozen=True, slots=True)
class _Legend:
    svg: str
    height: float

    def __bool__(self) -> bool:
        return bool(self.svg)


def _legend(scene: Scene, layout: Layout, width: float) -> _Legend:
    """The numbered differences, what the marks mean, and what is left out."""
    parts: list[str] = []
    y = 4.0
    missing = {number for box in scene.boxes if box.kind == "ghost" for number in box.badges}
    for number, message in scene.legend:
        parts.append(_badge(9, y + 8, number, _MISSING if number in missing else _WRONG))
        for line in wrap(message, width - 28, _SETTINGS, 4):
            parts.append(_words(26, y + 12, line, _SETTINGS))
            y += 16
        y += 7
    if any(box.kind == "ghost" for box in scene.boxes) or any(line.kind == "missing" for line in scene.lines):
        parts.append(
            f'<path d="M2 {_n(y + 8)}h26" stroke="{_MISSING}" stroke-width="1.8" stroke-dasharray="6 4"/>'
        )
        parts.append(_words(36, y + 12, "dashed: expected, and missing from this model", _NOTE, fill=_SOFT))
        y += 18
    notes = list(scene.notes)
    long = sum(path is None for path in layout.paths)
    if long:
        notes.append(f"{long} long connections are not drawn.")
    for note in notes:
        for line in wrap(note, width, _NOTE, 3):
            parts.append(_words(0, y + 12, line, _NOTE, fill=_SOFT))
            y += 15
    return _Legend("\n".join(parts), y + 12 if parts else 0.0)
