"""Numbers that a class of the author's own holds and no training changes, as a table of sines: a few stand for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from grader.graph import Layer, Weight

__all__ = ["with_fixed_values"]

_MOST = 1_000_000  # numbers of one weight that are looked at
_SUMS = 3


def with_fixed_values(
    layers: Sequence[Layer], weights: Sequence[Weight], variables: Sequence[Any]
) -> tuple[Weight, ...]:
    """Return the weights, with what stands for the numbers of those that are fixed; ``variables`` are theirs.

    Those of Keras's own layers, the statistics of a BatchNormalization among them, begin alike in every model.
    """
    of_keras = {index for layer in layers if layer.origin != "custom" for index in layer.weights}
    fixed = {
        index
        for layer in layers
        if layer.origin == "custom" and layer.trainable
        for index in layer.weights
        if index not in of_keras and not weights[index].trainable
    }
    return tuple(
        weight.model_copy(update={"fixed": _stand_in(variables[index])}) if index in fixed else weight
        for index, weight in enumerate(weights)
    )


def _stand_in(variable: Any) -> tuple[float, ...]:
    """Return the size of the numbers and some sums of them, each number with a factor of its own; nothing if unread."""
    try:
        values = np.asarray(keras.ops.convert_to_numpy(variable), dtype="float64").ravel()
    except Exception:  # a weight without values, or of a dtype that is no number
        return ()
    if not 0 < values.size <= _MOST or not np.isfinite(values).all():
        return ()
    size = float(np.sqrt(np.mean(values**2)))
    factors = np.random.default_rng(values.size).standard_normal((_SUMS, values.size))
    return (size, *map(float, factors @ values / np.sqrt(values.size)))
