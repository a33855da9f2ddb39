"""What layers do beside giving tensors, noted while they are called: they draw random numbers, or add a loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import keras

from grader.graph import Beside

__all__ = ["noting_effects"]

# What whoever writes a layer calls; initializers and Keras's own layers draw by other ways.
_RANDOM = ("beta", "binomial", "categorical", "gamma", "normal", "randint", "truncated_normal", "uniform")


@contextmanager
def noting_effects(note: Callable[[Beside], None]) -> Iterator[None]:
    """Call ``note`` whenever random numbers are drawn or a loss is added in the ``with`` block.

    Not for several threads at once: functions of Keras are wrapped meanwhile.
    """
    wrapped: list[tuple[Any, str, Any]] = [
        *((keras.random, name, getattr(keras.random, name)) for name in _RANDOM),
        (keras.Layer, "add_loss", keras.Layer.add_loss),
    ]
    for owner, name, function in wrapped:
        setattr(
            owner,
            name,
            _noted(function, note, "adds a loss" if name == "add_loss" else "draws random numbers"),
        )
    try:
        yield
    finally:
        for owner, name, function in wrapped:
            setattr(owner, name, function)


def _noted(function: Any, note: Callable[[Beside], None], effect: Beside) -> Any:
    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        note(effect)
        return function(*args, **kwargs)

    return wrapped
