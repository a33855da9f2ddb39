"""How far rounding alone may take two correct backends apart.

Let ``u`` be the unit roundoff of a layer's compute dtype (2**-24 for float32). A sum of ``n`` products whose terms are
rounded independently has, relative to its own size, an error of about ``u * sqrt(n / 2)``: partial sums grow as a
random walk, each is rounded once, and the squares of the roundings add up (Higham, *Accuracy and Stability of
Numerical Algorithms*, 2nd ed., section 2.8, on the rule of thumb that constants ``n`` become ``sqrt(n)``). Backends
sum in other orders and blocks, so that their errors are independent of each other. The errors of layers on the same
path are independent as well, and their squares add up:

    e(path)**2 = sum over its layers of u**2 * (1 + n / 2)

where the 1 is for the rounding of the result and of an activation. Two backends lie ``sqrt(2)`` times that apart. The
largest of many outputs lies at some five standard deviations, and layers that follow enlarge what reaches them by a
little; together that is ``SAFETY``. So the tolerance is ``SAFETY * sqrt(2) * e`` of the largest output.

A backward pass sums over the batch and over places as well, and goes back the same path: see ``of_training``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from grader.graph import Call, Layer, ModelGraph, Shape

__all__ = ["SAFETY", "along", "by_call", "of_outputs", "of_training", "roundoff"]

SAFETY = 8.0

_OPEN_LENGTH = 8  # what is drawn for a length that the model leaves open
_BITS = {"float64": 53, "float32": 24, "bfloat16": 8, "float16": 11}
_RECURRENT = frozenset(
    {"LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"}
)


def roundoff(policy: str) -> float:
    """Return the unit roundoff of what a dtype policy computes in: half the distance from 1 to the next number."""
    name = policy.removeprefix("mixed_")
    return 2.0 ** -_BITS.get(name, 24)


def along(graph: ModelGraph) -> list[float]:
    """Return, for each call, the relative error that one backend may have made up to there (``e`` above)."""
    reached = [0.0] * len(graph.tensors)  # squares
    errors = []
    for call in graph.calls:
        layer = graph.layers[call.layer]
        sources = [argument.tensor for argument in call.arguments if argument.tensor is not None]
        before = max((reached[tensor] for tensor in sources), default=0.0)
        unit = roundoff(layer.dtype)
        error = before + unit**2 * (1 + _accumulated(graph, call, layer) / 2)
        for tensor in call.outputs:
            reached[tensor] = error
        errors.append(math.sqrt(error))
    return errors


def by_call(graph: ModelGraph) -> dict[str, float]:
    """Return the tolerance of what each call gives, as a part of its largest number.

    Keys are ``"name (Class)"``, with a number where one layer is called several times, as ``RunAnswer.layers`` has them.
    """
    found: dict[str, float] = {}
    for call, error in zip(graph.calls, along(graph), strict=True):
        layer = graph.layers[call.layer]
        label = f"{layer.name} ({layer.class_name})"
        again = sum(1 for known in found if known == label or known.startswith(f"{label} #"))
        found[f"{label} #{again + 1}" if again else label] = SAFETY * math.sqrt(2.0) * error
    return found


def of_outputs(graph: ModelGraph) -> float:
    """Return the tolerance of the outputs, as a part of the largest of them."""
    made = {
        tensor: error
        for call, error in zip(graph.calls, along(graph), strict=True)
        for tensor in call.outputs
    }
    worst = max((made.get(port.tensor, 0.0) for port in graph.outputs), default=0.0)
    return SAFETY * math.sqrt(2.0) * max(worst, 2.0**-24)


def of_training(graph: ModelGraph, batch: int) -> float:
    """Return the tolerance of gradients, as a part of their spread.

    The path is gone twice, and a weight that is used at many places sums over all of them and over the batch.
    """
    places = max(
        (
            math.prod(_lengths(graph.tensors[tensor].shape)[:-1])
            for call in graph.calls
            for tensor in call.outputs
        ),
        default=1,
    )
    unit = max((roundoff(graph.layers[call.layer].dtype) for call in graph.calls), default=2.0**-24)
    forward = of_outputs(graph) / (SAFETY * math.sqrt(2.0))
    return SAFETY * math.sqrt(2.0) * math.sqrt(2 * forward**2 + unit**2 * batch * places / 2)


def _accumulated(graph: ModelGraph, call: Call, layer: Layer) -> float:
    """Return how many terms a layer sums for one number of its output."""
    kernels = [graph.weights[index] for index in layer.weights if len(graph.weights[index].shape) > 1]
    terms = max((_fan_in(layer, weight.name, weight.shape) for weight in kernels), default=0)
    taken = max((_size(graph, a.tensor) for a in call.arguments if a.tensor is not None), default=1)
    made = max((_size(graph, tensor) for tensor in call.outputs), default=1)
    reduced = taken / made if made else 1.0
    if "Normalization" in layer.class_name and layer.class_name != "BatchNormalization":
        reduced = taken
    if layer.class_name in _RECURRENT:
        sources = [a.tensor for a in call.arguments if a.tensor is not None]
        times = _lengths(graph.tensors[sources[0]].shape)[:1] if sources else []
        return terms * (times[0] if times else 1)
    if layer.class_name.endswith("Attention"):
        terms += max(
            (
                length
                for a in call.arguments
                if a.tensor is not None
                for length in _lengths(graph.tensors[a.tensor].shape)[:-1]
            ),
            default=0,
        )
    return max(float(terms), reduced)


def _fan_in(layer: Layer, name: str, shape: Sequence[int]) -> int:
    by_channel = layer.class_name.startswith("DepthwiseConv") or name == "depthwise_kernel"
    return math.prod(shape[:-2] if by_channel else shape[:-1])


def _lengths(shape: Shape) -> list[int]:
    return [_OPEN_LENGTH if length is None else length for length in shape[1:]]


def _size(graph: ModelGraph, tensor: int) -> int:
    return math.prod(_lengths(graph.tensors[tensor].shape))
