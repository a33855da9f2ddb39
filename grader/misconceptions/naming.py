"""How a cause's tensors, shapes and names are written in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.causes import TensorNote

__all__ = ["CauseWords", "a_or_an", "code", "listed", "shape_text", "tensor"]


_COMPARISONS = ("Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "NotEqual")


@dataclass(frozen=True)
class CauseWords:
    """What happened, what was expected, how to mend it; ``pointer`` and ``nearly`` are steps of a hint ladder."""

    happened: str
    expected: str
    fix: str
    pointer: str
    nearly: str


def code(text: str) -> str:
    """Write a name as code."""
    return f"`{text.replace('`', chr(39))}`"


def a_or_an(noun: str) -> str:
    """Put the article before a noun."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def listed(items: Sequence[str]) -> str:
    """Join items as a sentence does."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def shape_text(shape: Sequence[int | None]) -> str:
    """Write a shape as Python does."""
    return str(tuple(shape))


def tensor(note: TensorNote, *, shape: bool = True) -> str:
    """Name a tensor: by its variable, its own name, or the layer that made it; with its shape."""
    if note.data:
        text = "a tensor"
    elif note.maker in _COMPARISONS and not note.variable:
        text = "the result of a comparison"
    elif note.maker:
        text = (
            f"{code(note.variable)}, the output of {note.maker},"
            if note.variable
            else f"the output of {note.maker}"
        )
    elif note.variable:
        text = f"the Input {code(note.variable)}"
    elif note.name:
        text = f"the Input named '{note.name}'"
    else:
        text = "an Input"
    return f"{text} of shape {shape_text(note.shape)}" if shape else text.rstrip(",")
