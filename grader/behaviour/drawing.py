"""Weights and inputs to compare two models with, drawn so that wrong models differ.

The numbers come from the raw bits of NumPy's PCG64, whose stream is the same in every release of NumPy
(https://numpy.org/doc/stable/reference/random/compatibility.html), so that a key made with one release can
be used with another: an answer key holds a seed and the outputs, never the weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from grader.graph import ModelGraph, Weight

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DRAWS", "STRENGTHS", "Drawn", "draw", "weakened"]

DRAWS = 2
"""How often weights and inputs are drawn: once at ordinary size, once with inputs large enough to saturate."""
STRENGTHS = (1.0, 0.1, 0.01, 0.001)
"""Factors of the weights in front of the outputs: a softmax that is fed large numbers says one class always."""

_BATCH = 4
_OPEN_LENGTH = 8  # a length the model leaves open
_VOCABULARY = 10  # whole numbers are drawn below this, or below the smallest table that reads them
_SIZES = (1.0, 6.0)
_STILL = 3.4  # with these variances, numbers stay as large behind fifty normalisations as they were before


@dataclass(frozen=True)
class Drawn:
    """Arrays in the order of the graph's ``weights`` and ``inputs``."""

    weights: tuple[NDArray[np.generic], ...]
    inputs: tuple[NDArray[np.generic], ...]


def draw(graph: ModelGraph, seed: Sequence[int], number: int, strength: float) -> Drawn:
    """Draw weights and inputs for a graph; the same arguments draw the same.

    Kernels and matrices are scaled by their fan-in, scales lie around one, variances are positive and some
    of them small (so that an ``epsilon`` shows), the rest lies around zero. ``number`` counts up to
    ``DRAWS``; ``strength`` multiplies the weights in front of the outputs. The second draw's inputs are
    six times as large: a bound such as relu6's shows only where numbers reach it.
    """
    numbers = _Numbers((*seed, number))
    apart = _by_channel(graph)
    weights = [_weight(weight, numbers, by_channel=n in apart) for n, weight in enumerate(graph.weights)]
    return weakened(graph, Drawn(tuple(weights), tuple(_inputs(graph, numbers, _SIZES[number]))), strength)


def weakened(graph: ModelGraph, drawn: Drawn, strength: float) -> Drawn:
    """Multiply the weights in front of the outputs by ``strength``; the others are the same arrays."""
    if strength == 1:
        return drawn
    last = _before_outputs(graph)
    scaled = (np.multiply(w, np.float32(strength)) if n in last else w for n, w in enumerate(drawn.weights))
    return Drawn(tuple(scaled), drawn.inputs)


class _Numbers:
    """Random numbers from raw bits."""

    def __init__(self, seed: tuple[int, ...]) -> None:
        self.bits = np.random.PCG64(np.random.SeedSequence(seed))

    def uniform(self, shape: Sequence[int]) -> NDArray[np.float64]:
        """Return numbers strictly between 0 and 1."""
        raw = np.asarray(self.bits.random_raw(math.prod(shape)), "uint64")
        return ((raw >> np.uint64(11)).astype("float64") + 0.5).reshape(shape) * 2.0**-53

    def normal(self, shape: Sequence[int]) -> NDArray[np.float64]:
        """Return standard normal numbers (Box and Muller, 1958)."""
        radius = np.sqrt(-2.0 * np.log(self.uniform(shape)))
        return np.asarray(radius * np.cos(2.0 * np.pi * self.uniform(shape)))

    def integers(self, high: int, shape: Sequence[int]) -> NDArray[np.int32]:
        """Return whole numbers from 0 to ``high`` - 1."""
        return np.floor(self.uniform(shape) * high).astype("int32")


def _before_outputs(graph: ModelGraph) -> set[int]:
    """Return the weights of the last layer with weights on the way to each output."""
    makers = {tensor: call for call in graph.calls for tensor in call.outputs}
    found: set[int] = set()
    waiting, seen = [port.tensor for port in graph.outputs], set[int]()
    while waiting:
        tensor = waiting.pop()
        if tensor in seen or tensor not in makers:
            continue
        seen.add(tensor)
        call = makers[tensor]
        weights = graph.layers[call.layer].weights
        if weights:
            found.update(weights)
        else:
            waiting += [argument.tensor for argument in call.arguments if argument.tensor is not None]
    return {index for index in found if graph.weights[index].dtype.startswith("float")}


def _by_channel(graph: ModelGraph) -> set[int]:
    """Return the kernels that read each channel by itself: what they add up is small."""
    return {
        index
        for layer in graph.layers
        for index in layer.weights
        if layer.class_name.startswith("DepthwiseConv") or graph.weights[index].name == "depthwise_kernel"
    }


def _weight(weight: Weight, numbers: _Numbers, *, by_channel: bool) -> NDArray[np.generic]:
    if not weight.dtype.startswith(("float", "bfloat")):
        return np.zeros(weight.shape, "int32")
    noise = numbers.normal(weight.shape)
    if "variance" in weight.name:
        drawn = (0.5 + np.abs(noise)) * np.where(numbers.uniform(weight.shape) < 0.25, 0.1, 1.0) * _STILL
    elif weight.name == "gamma" or "scale" in weight.name:
        drawn = 1.0 + 0.3 * noise
    elif len(weight.shape) > 1:
        fan_in = max(1, math.prod(weight.shape[:-2] if by_channel else weight.shape[:-1]))
        drawn = noise * math.sqrt(2.0 / fan_in)
    else:
        drawn = 0.3 * noise
    return np.asarray(drawn, "float32")


def _inputs(graph: ModelGraph, numbers: _Numbers, size: float) -> list[NDArray[np.generic]]:
    tables = _tables(graph)
    arrays: list[NDArray[np.generic]] = []
    for port in graph.inputs:
        tensor = graph.tensors[port.tensor]
        shape = (tensor.shape[0] or _BATCH, *(length or _OPEN_LENGTH for length in tensor.shape[1:]))
        if tensor.dtype == "bool":
            arrays.append(numbers.uniform(shape) < 0.7)
        elif tensor.dtype.startswith(("int", "uint")) or port.tensor in tables:
            arrays.append(numbers.integers(tables.get(port.tensor, _VOCABULARY), shape))
        else:
            arrays.append(_samples(shape, numbers, size))
    return arrays


def _tables(graph: ModelGraph) -> dict[int, int]:
    """Return, for each tensor that an ``Embedding`` reads, how many rows the smallest such table has."""
    found: dict[int, int] = {}
    for call in graph.calls:
        layer = graph.layers[call.layer]
        rows = layer.config.get("input_dim")
        if layer.class_name == "Embedding" and layer.origin == "keras.layers" and isinstance(rows, int):
            for argument in call.arguments:
                if argument.tensor is not None:
                    found[argument.tensor] = max(1, min(rows, found.get(argument.tensor, _VOCABULARY)))
    return found


def _samples(shape: tuple[int, ...], numbers: _Numbers, size: float) -> NDArray[np.float32]:
    """Draw inputs that still differ after averaging over space or time.

    Plain noise would not: the mean of many pixels is nearly the same for every sample. So each
    sample has a strength of its own, and an offset for each of its channels.
    """
    strength = 0.3 + 1.7 * numbers.uniform((shape[0], *[1] * (len(shape) - 1)))
    offset = 1.5 * numbers.normal((shape[0], *[1] * (len(shape) - 2), *shape[1:][-1:]))
    return np.asarray((numbers.normal(shape) * strength + offset) * size, "float32")
