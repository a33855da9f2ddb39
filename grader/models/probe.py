"""Run a described model on given weights and inputs, and put its own weights back."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from grader.errors import EvidenceError
from grader.models.chance import repeatable
from grader.models.depth import room_for
from grader.models.describe import Described
from grader.models.structures import flatten, pack
from grader.models.taken_statistics import taken_statistics

__all__ = ["Ran", "borrowed_weights", "run_model", "run_steadily", "silent_weights"]

Arrays = Sequence[NDArray[np.generic]]

_NUDGE = 0.25  # of each weight, and as much again of their mean size
_FELT = 1e-3  # of the outputs' size
_ROUNDING = 1e-5  # of the outputs' size: sums in another order
_TELLING = (
    5e-3  # of the outputs' size: half of what the judge asks of a run it believes, as one side of a span
)


@dataclass(frozen=True)
class Ran:
    """What one run gave: outputs in the order of the graph's ports, and what it left behind.

    ``changed`` are the weights that the run itself changed, by their place in ``graph.weights``, as BatchNorm
    does in training; ``penalty`` is the sum of ``model.losses``: regularizers, activity penalties, whatever
    ``add_loss`` was given.
    """

    outputs: list[NDArray[np.generic]]
    changed: dict[int, NDArray[np.generic]]
    penalty: float


@contextmanager
def borrowed_weights(described: Described, weights: Arrays) -> Iterator[None]:
    """Set the model's weights, in the order of ``graph.weights``, for the ``with`` block.

    A weight of the same size in another shape is reshaped, row by row (C order).

    Raises:
        EvidenceError: their number or a size is not the model's.
    """
    _require_fit(described, weights)
    variables = described.variables
    own = [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]
    try:
        for variable, weight in zip(variables, weights, strict=True):
            variable.assign(weight.reshape(tuple(variable.shape)))
        with taken_statistics(described.model):
            yield
    finally:
        for variable, weight in zip(variables, own, strict=True):
            variable.assign(weight)


def _require_fit(described: Described, weights: Arrays) -> None:
    variables = described.variables
    if len(weights) != len(variables):
        raise EvidenceError(f"the model has {len(variables)} weights, the challenge has {len(weights)}")
    for index, (variable, weight) in enumerate(zip(variables, weights, strict=True)):
        if math.prod(variable.shape) != weight.size:
            raise EvidenceError(
                f"weight {index} ({variable.name}) has the shape {tuple(variable.shape)}, "
                f"the challenge has {weight.shape}"
            )


def run_model(described: Described, inputs: Arrays, *, training: bool = False) -> list[NDArray[np.generic]]:
    """Compute the outputs; inputs and outputs are in the order of the graph's ports.

    Raises:
        EvidenceError: the number of inputs is not the model's.
    """
    arguments = pack(list(described.arguments), iter(_as_tensors(described, inputs)))
    with room_for(described.model), _without_gradients():
        outputs = described.model(*arguments, training=training)
    return [np.asarray(keras.ops.convert_to_numpy(output)) for output in flatten(outputs)]


def _as_tensors(described: Described, inputs: Arrays) -> list[Any]:
    if len(inputs) != len(described.graph.inputs):
        raise EvidenceError(
            f"the model has {len(described.graph.inputs)} inputs, the challenge has {len(inputs)}"
        )
    dtypes = [described.graph.tensors[port.tensor].dtype for port in described.graph.inputs]
    return [keras.ops.convert_to_tensor(a, dtype=dtype) for a, dtype in zip(inputs, dtypes, strict=True)]


@contextmanager
def _without_gradients() -> Iterator[None]:
    """Let PyTorch keep no steps for a backward pass: of a large model they take gigabytes."""
    if keras.backend.backend() != "torch":
        yield
        return
    import torch

    with torch.no_grad():
        yield


def run_steadily(described: Described, weights: Arrays, inputs: Arrays, *, training: bool) -> Ran:
    """Run with these weights, random layers made repeatable; the model keeps its own weights.

    Raises:
        EvidenceError: the number of weights or inputs is not the model's, or a size.
    """
    _require_fit(described, weights)
    if keras.backend.backend() == "jax" and described.compiled_runs.usable:
        values = _as_tensors(described, inputs)
        try:
            with room_for(described.model), repeatable():
                return _ran_compiled(described, weights, values, training=training)
        except Exception:  # the student's code may do what cannot be compiled: then it is run as it stands
            described.compiled_runs.usable = False
    with borrowed_weights(described, weights), repeatable():
        outputs = run_model(described, inputs, training=training)
        penalty = float(sum(float(keras.ops.convert_to_numpy(loss)) for loss in described.model.losses))
        after = [np.array(keras.ops.convert_to_numpy(variable)) for variable in described.variables]
    return Ran(outputs, _changed(weights, after), penalty)


def _ran_compiled(described: Described, weights: Arrays, values: list[Any], *, training: bool) -> Ran:
    ran = described.compiled_runs.run(weights, values, training=training)
    outputs, after = ([np.asarray(value) for value in values] for values in ran[:2])
    return Ran(outputs, _changed(weights, after), float(ran[2]))


def _changed(weights: Arrays, after: Arrays) -> dict[int, NDArray[np.generic]]:
    given = [weight.reshape(array.shape) for weight, array in zip(weights, after, strict=True)]
    return {n: array for n, array in enumerate(after) if not np.array_equal(array, given[n])}


def silent_weights(
    described: Described, weights: Arrays, inputs: Arrays, felt: Collection[int] = ()
) -> list[int]:
    """Return the weights of layers that the outputs do not react to: of those, a probe can tell nothing.

    Layer by layer, the weights are changed by about a quarter, in inference mode. Where the outputs hardly
    differ between inputs, as those of a softmax fed large numbers, nothing is tried and nothing returned. Nor are
    layers tried whose weights are all ``felt``. The first sample is asked alone, where the others do not matter to
    it: what moves its outputs is felt, and of a large model it takes a fraction of the time.
    """
    layers = {layer.weights for layer in described.graph.layers if layer.weights}
    innermost = [held for held in layers if not any(set(other) < set(held) for other in layers)]
    tried = sorted(held for held in innermost if not set(felt).issuperset(held))
    before = run_steadily(described, weights, inputs, training=False)
    if not all(_moved(output[:1], output, _TELLING) for output in before.outputs):
        return []
    with _nudged_runs(described, weights, before) as run:
        one = [array[:1] for array in inputs]
        alone = run((), one) if _one_suffices(described, inputs) else None
        if alone is not None and not _first_of(alone, before.outputs):
            alone = None

        def reacts(held: tuple[int, ...]) -> bool:
            sizes = [_size(output) for output in before.outputs]
            if alone is not None and any(map(_apart, alone, run(held, one), sizes)):
                return True
            return any(map(_apart, before.outputs, run(held, inputs), sizes))

        return sorted(weight for held in tried if not reacts(held) for weight in held)


@contextmanager
def _nudged_runs(
    described: Described, weights: Arrays, before: Ran
) -> Iterator[Callable[[Sequence[int], Arrays], Arrays]]:
    """Lend a function that runs the model on inputs with some of the weights nudged, and gives its outputs.

    The others are set once for all runs, where no run changes them and nothing is compiled.
    """
    if before.changed or keras.backend.backend() == "jax":
        yield (
            lambda held, inputs: (
                run_steadily(
                    described,
                    [_nudged(w) if index in held else w for index, w in enumerate(weights)],
                    inputs,
                    training=False,
                ).outputs
            )
        )
        return

    def run(held: Sequence[int], inputs: Arrays) -> Arrays:
        try:
            _assign(described, held, [_nudged(weights[index]) for index in held])
            with repeatable(), taken_statistics(described.model):
                return run_model(described, inputs)
        finally:
            _assign(described, held, [weights[index] for index in held])

    with borrowed_weights(described, weights):
        yield run


def _assign(described: Described, indexes: Sequence[int], weights: Arrays) -> None:
    for index, weight in zip(indexes, weights, strict=True):
        variable = described.variables[index]
        variable.assign(weight.reshape(tuple(variable.shape)))


def _one_suffices(described: Described, inputs: Arrays) -> bool:
    """Say whether one sample may be run by itself, and is fewer than there are; JAX would compile that anew."""
    graph = described.graph
    batched = all(graph.tensors[port.tensor].shape[:1] == (None,) for port in (*graph.inputs, *graph.outputs))
    return batched and keras.backend.backend() != "jax" and all(len(array) > 1 for array in inputs)


def _first_of(alone: Arrays, outputs: Arrays) -> bool:
    """Say whether outputs of the first sample alone are what they are among the others."""
    return all(
        one.shape == several[:1].shape and not _apart(one, several[:1], _size(several), _ROUNDING)
        for one, several in zip(alone, outputs, strict=True)
    )


def _nudged(weight: NDArray[np.generic]) -> NDArray[np.generic]:
    if weight.dtype.kind != "f":
        return weight
    signs = np.where(np.arange(weight.size).reshape(weight.shape) % 3 == 0, 1.0, -0.6)
    size = float(np.mean(np.abs(weight))) or 1.0
    return np.asarray(np.multiply(weight, 1 + _NUDGE * signs) + _NUDGE * size * np.abs(signs), weight.dtype)


def _moved(before: NDArray[np.generic], after: NDArray[np.generic], least: float) -> bool:
    return _apart(before, after, _size(before), least)


def _apart(
    before: NDArray[np.generic], after: NDArray[np.generic], size: float, least: float = _FELT
) -> bool:
    return bool(np.max(np.abs(np.asarray(after, "float64") - before), initial=0.0) > least * size)


def _size(numbers: NDArray[np.generic]) -> float:
    return float(np.max(np.abs(np.asarray(numbers, "float64")), initial=0.0))
