"""What each layer of a model gives while the model runs, a few numbers of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras

from grader.models.structures import flatten
from grader.parity_answers import SAMPLED

__all__ = ["tapped"]

Taps = dict[str, Any]


@contextmanager
def tapped() -> Iterator[Taps]:
    """Lend a dict that fills with the outputs of each layer called in the ``with`` block, in the order they are made.

    Keys are ``"name (Class)"``, with a number where one is called several times; values are flat tensors of at most
    ``SAMPLED`` numbers. Recorded are the layers and operations of models, at any depth, and not what other layers
    call: that may stand in a loop, out of which nothing can be taken.
    """
    taps: Taps = {}
    inside: list[Any] = []
    own = {cls: cls.__call__ for cls in (keras.Operation, keras.Layer)}

    def recording(call: Callable[..., Any]) -> Callable[..., Any]:
        def recorded(operation: Any, *args: Any, **kwargs: Any) -> Any:
            inside.append(operation)
            try:
                made = call(operation, *args, **kwargs)
            finally:
                inside.pop()
            if not isinstance(operation, keras.Model) and all(isinstance(o, keras.Model) for o in inside):
                _take(taps, operation, made)
            return made

        return recorded

    try:
        for cls, call in own.items():
            cls.__call__ = recording(call)
        yield taps
    finally:
        for cls, call in own.items():
            cls.__call__ = call


def _take(taps: Taps, operation: Any, made: Any) -> None:
    name = f"{operation.name} ({type(operation).__name__})"
    for output in flatten(made):
        if not keras.ops.is_tensor(output) or "float" not in keras.backend.standardize_dtype(output.dtype):
            continue
        count = math.prod(int(length) for length in output.shape)
        step = -(-count // SAMPLED) or 1
        again = sum(1 for known in taps if known == name or known.startswith(f"{name} #"))
        key = f"{name} #{again + 1}" if again else name
        taps[key] = keras.ops.reshape(output, (-1,))[::step]
