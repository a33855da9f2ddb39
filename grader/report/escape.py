"""Make text of unknown origin fit to print: bounded, and free of what breaks XML or a terminal."""

import re
from html import escape

__all__ = ["html_text", "plain", "prose"]

# Outside the XML 1.0 character range, or able to steer a terminal or turn the reading direction.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_SPACE = re.compile(r"\s+")


def plain(text: str, limit: int = 400, *, lines: bool = False) -> str:
    """Return ``text`` on one line, at most ``limit`` characters long, unsafe characters as ``\ufffd``.

    ``lines`` keeps line ends. The text is cut before it is cleaned, so a huge one costs nothing.
    """
    text = text[: limit + 1]
    cut = len(text) > limit
    text = _UNSAFE.sub("\ufffd", text.replace("\r", "\n"))
    if not lines:
        text = _SPACE.sub(" ", text).strip()
    return text[: limit - 1] + "…" if cut else text


def html_text(text: str, limit: int = 400) -> str:
    """Return ``plain(text)`` with ``& < > " '`` escaped, fit for HTML and XML text and attributes."""
    return escape(plain(text, limit), quote=True)


def prose(text: str, limit: int = 1200) -> str:
    """Escape a text for HTML, and show what stands between backticks as code."""
    pieces = [escape(piece) for piece in plain(text, limit).split("`")]
    if len(pieces) % 2 == 0:
        return "`".join(pieces)
    return "".join(f"<code>{piece}</code>" if index % 2 else piece for index, piece in enumerate(pieces))
