"""Run a described model on given weights and inputs, and put its own weights back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from grader.errors import EvidenceError
from grader.models.describe import Described
from grader.models.structures import flatten, pack

__all__ = ["borrowed_weights", "run_model"]

Arrays = Sequence[NDArray[np.generic]]


@contextmanager
def borrowed_weights(described: Described, weights: Arrays) -> Iterator[None]:
    """Set the model's weights, in the order of ``graph.weights``, for the ``with`` block.

    Raises:
        EvidenceError: their number or a shape is not the model's.
    """
    variables = described.variables
    if len(weights) != len(variables):
        raise EvidenceError(f"the model has {len(variables)} weights, the challenge has {len(weights)}")
    for index, (variable, weight) in enumerate(zip(variables, weights, strict=True)):
        if tuple(variable.shape) != weight.shape:
            raise EvidenceError(
                f"weight {index} ({variable.name}) has the shape {tuple(variable.shape)}, "
                f"the challenge has {weight.shape}"
            )
    own = [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]
    try:
        for variable, weight in zip(variables, weights, strict=True):
            variable.assign(weight)
        yield
    finally:
        for variable, weight in zip(variables, own, strict=True):
            variable.assign(weight)


def run_model(described: Described, inputs: Arrays) -> list[NDArray[np.generic]]:
    """Compute the outputs in inference mode; inputs and outputs are in the order of the graph's ports.

    Raises:
        EvidenceError: the number of inputs is not the model's.
    """
    if len(inputs) != len(described.graph.inputs):
        raise EvidenceError(
            f"the model has {len(described.graph.inputs)} inputs, the challenge has {len(inputs)}"
        )
    values: Iterator[Any] = iter([keras.ops.convert_to_tensor(array) for array in inputs])
    arguments = pack(list(described.arguments), values)
    outputs = described.model(*arguments, training=False)
    return [np.asarray(keras.ops.convert_to_numpy(output)) for output in flatten(outputs)]
