"""How wide text is drawn, without a font library.

The widths are those of DejaVu Sans, as wide as any sans-serif a browser may put in its place, so
that text measured here fits the box drawn around it.
"""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["fit", "text_width", "wrap"]

# Advance widths of the characters from space to ~, in hundredths of the font size.
_REGULAR: Final = bytes.fromhex(
    "20282e54405f4e1b272732542024202240404040404040404040222254545435644445464d3f3a4d"
    "4b1d1d4238564b4f3c4f453f3d494463453d452722275432323d3f373f3e233f3f1c1c3a1c613f3d"
    "3f3f2934273f3b523b3b3440224054"
)
_BOLD: Final = bytes.fromhex(
    "232e34544664571f2e2e3454262a26254646464646464646464628285454543a644d4c4953444452"
    "5425254d4064545549554d4844514d6e4d48492e252e54323243483b48442c484722224322684745"
    "4848313c3047415c41413a47254754"
)
_WIDE: Final = 100
_OTHER: Final = 84


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of ``text`` in pixels at a font size of ``size`` pixels."""
    table = _BOLD if bold else _REGULAR
    return sum(_advance(char, table) for char in text) * size / 100


def _advance(char: str, table: bytes) -> int:
    if " " <= char <= "~":
        return table[ord(char) - 32]
    if char == "·":
        return table[0]
    if unicodedata.combining(char):
        return 0
    return _WIDE if char == "…" or unicodedata.east_asian_width(char) in "WF" else _OTHER


def fit(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """Cut ``text`` at its end, with an ellipsis, so that it is at most ``width`` pixels wide."""
    if text_width(text, size, bold=bold) <= width:
        return text
    room = width - text_width("…", size, bold=bold)
    kept = 0
    for char in text:
        room -= text_width(char, size, bold=bold)
        if room < 0:
            break
        kept += 1
    return text[:kept].rstrip() + "…"


def wrap(text: str, width: float, size: float, lines: int, joint: str = " ") -> list[str]:
    """Break ``text`` at ``joint`` into at most ``lines`` lines of ``width`` pixels; the last one is cut to fit."""
    wrapped: list[str] = []
    current = ""
    words = [word for word in text.split(joint) if word]
    for index, word in enumerate(words):
        longer = f"{current}{joint}{word}" if current else word
        if text_width(longer, size) <= width or not current:
            current = longer
            continue
        if len(wrapped) == lines - 1:
            current = joint.join([current, *words[index:]])
            break
        wrapped.append(current)
        current = word
    wrapped.append(current)
    return [fit(line, width, size) for line in wrapped if line]
