"""Room on Python's stack for models nested deeper than its limit allows.

Keras asks a model for its weights, and calls it, by asking each layer within in turn, so every level of
nesting takes frames of Python's stack. Whoever built such a model had raised the limit for it; reading it
must not depend on that.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from grader.errors import UnreadableModelError

__all__ = ["room_for"]

# A layer within a layer, traced: some twenty frames of Keras and ours, once for each mode at the innermost.
_FRAMES_PER_LEVEL = 40
_LEVELS_WITHOUT_ASKING = 8
# Deeper ones would need more of the machine's stack than a main thread has (8 MiB on Linux).
_MOST_LEVELS = 1_000


@contextmanager
def room_for(model: Any) -> Iterator[None]:
    """Raise the recursion limit by what the model's nesting needs, for the ``with`` block.

    Raises:
        UnreadableModelError: the model is nested deeper than the machine's own stack could bear.
    """
    levels = _levels(model)
    if levels > _MOST_LEVELS:
        raise UnreadableModelError(
            f"The model {model.name!r} holds layers within layers, {levels:,} levels deep. "
            f"Models of up to {_MOST_LEVELS:,} levels can be read."
        )
    if levels <= _LEVELS_WITHOUT_ASKING:
        yield
        return
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + levels * _FRAMES_PER_LEVEL)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def _levels(model: Any) -> int:
    """Count the levels of layers within layers; iterative, and each layer once: it is asked before there is room."""
    depth: dict[int, int] = {}
    stack: list[tuple[Any, bool]] = [(model, False)]
    entered: set[int] = set()
    while stack:
        layer, complete = stack.pop()
        inner = getattr(layer, "_layers", None) or ()
        if complete:
            depth[id(layer)] = 1 + max((depth.get(id(held), 1) for held in inner), default=0)
        elif id(layer) not in entered:
            entered.add(id(layer))
            stack.append((layer, True))
            stack.extend((held, False) for held in inner if getattr(held, "_layers", None))
    return depth[id(model)]
