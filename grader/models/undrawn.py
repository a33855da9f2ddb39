"""Weights without random numbers, for models that are given others before they are run.

Drawing initial values takes JAX longer than all the rest of building a model: it compiles a function for each shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras.src.initializers.constant_initializers import Ones, Zeros
from keras.src.initializers.random_initializers import RandomInitializer

__all__ = ["undrawn", "undrawn_weights"]

_METHOD = "_initialize_with_initializer"


def undrawn(initializer: Any) -> Any:
    """Return what gives the values of an initializer, and zeros in place of random ones, without compiling."""
    if isinstance(initializer, (RandomInitializer, Zeros)):
        return _zeros
    return _ones if isinstance(initializer, Ones) else initializer


def _zeros(shape: Sequence[int], dtype: Any = None) -> Any:
    return keras.ops.convert_to_tensor(np.zeros(shape, "float32"), dtype=dtype)


def _ones(shape: Sequence[int], dtype: Any = None) -> Any:
    return keras.ops.convert_to_tensor(np.ones(shape, "float32"), dtype=dtype)


@contextmanager
def undrawn_weights() -> Iterator[None]:
    """Give variables that are made in the ``with`` block zeros where they would have random values.

    A class of Keras's backend is changed meanwhile: not for a process in which a student's models are made.
    """
    own = getattr(keras.Variable, _METHOD)

    def initialize(variable: Any, initializer: Any) -> None:
        own(variable, undrawn(initializer))

    inherited = _METHOD not in vars(keras.Variable)
    setattr(keras.Variable, _METHOD, initialize)
    try:
        yield
    finally:
        if inherited:
            delattr(keras.Variable, _METHOD)
        else:
            setattr(keras.Variable, _METHOD, own)
