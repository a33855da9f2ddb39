"""Random layers that answer the same every time, so that two models with dropout can be compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras.src import backend
from numpy.typing import NDArray

__all__ = ["repeatable"]

_GOLDEN = 0.6180339887498949


@contextmanager
def repeatable() -> Iterator[None]:
    """Let Keras's random functions depend on shapes and rates alone, for the ``with`` block.

    A ``Dropout`` then keeps or drops each place by the place's number: a dropout of another rate, kind or
    place gives other outputs. Not for several threads at once: functions of Keras's backend are replaced.
    """
    module: Any = backend.random
    own = {name: getattr(module, name) for name in _STAND_INS}
    try:
        for name, stand_in in _STAND_INS.items():
            setattr(module, name, stand_in)
        yield
    finally:
        for name, function in own.items():
            setattr(module, name, function)


def _even(shape: Any, start: float) -> NDArray[np.float64]:
    """Return numbers spread evenly over (0, 1): multiples of the golden ratio, whole parts dropped."""
    lengths = [int(length) for length in shape]
    places = np.arange(1, math.prod(lengths) + 1, dtype="float64")
    return np.asarray(np.clip((places * _GOLDEN + start) % 1.0, 1e-6, 1 - 1e-6).reshape(lengths))


def _as_tensor(values: NDArray[np.generic], dtype: Any) -> Any:
    return keras.ops.convert_to_tensor(
        values, dtype=keras.backend.standardize_dtype(dtype or keras.config.floatx())
    )


def _uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:  # noqa: ARG001 - Keras's signature
    low, high = _as_tensor(np.asarray(minval), dtype), _as_tensor(np.asarray(maxval), dtype)
    return _as_tensor(_even(shape, 0.1), dtype) * (high - low) + low


def _normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:  # noqa: ARG001 - Keras's signature
    radius = np.sqrt(-2.0 * np.log(_even(shape, 0.2)))
    return _as_tensor(radius * np.cos(2.0 * np.pi * _even(shape, 0.7) * 7.0), dtype) * stddev + mean


def _randint(shape: Any, minval: Any, maxval: Any, dtype: Any = "int32", seed: Any = None) -> Any:  # noqa: ARG001 - Keras's signature
    return _as_tensor(np.floor(_even(shape, 0.3) * (int(maxval) - int(minval))) + int(minval), dtype)


def _dropout(inputs: Any, rate: Any, noise_shape: Sequence[Any] | None = None, seed: Any = None) -> Any:  # noqa: ARG001 - Keras's signature
    shape = [int(length) for length in inputs.shape]
    if noise_shape is not None:
        shape = [own if given is None else int(given) for given, own in zip(noise_shape, shape, strict=True)]
    kept = _as_tensor(_even(shape, 0.4) >= float(rate), inputs.dtype)
    return inputs * kept / max(1.0 - float(rate), 1e-6)


_STAND_INS: dict[str, Callable[..., Any]] = {
    "dropout": _dropout,
    "normal": _normal,
    "randint": _randint,
    "truncated_normal": _normal,
    "uniform": _uniform,
}
