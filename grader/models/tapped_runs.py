"""Run a model on given weights and inputs, and see what each of its layers gives on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from grader.models.chance import repeatable
from grader.models.compiled_runs import QUICK
from grader.models.depth import room_for
from grader.models.describe import Described
from grader.models.probe import borrowed_weights, run_model
from grader.models.structures import flatten, pack
from grader.models.taken_statistics import taken_statistics
from grader.models.taps import tapped

__all__ = ["TappedRuns"]

Arrays = Sequence[NDArray[np.generic]]


class TappedRuns:
    """Runs of one model. On JAX a run is compiled, once for each mode: call by call it would compile each layer."""

    def __init__(self, described: Described) -> None:
        self._described = described
        self._compiled: dict[bool, Any] = {}
        self._compiles = keras.backend.backend() == "jax"
        self._taps = True

    def run(
        self, weights: Arrays, inputs: Arrays, *, training: bool
    ) -> tuple[list[NDArray[np.generic]], dict[str, NDArray[np.generic]]]:
        """Return the outputs, and by layer some numbers of what it gave; random layers repeat themselves.

        Raises:
            EvidenceError: the number of weights or inputs is not the model's, or a size.
            Exception: whatever the model's code raises.
        """
        with room_for(self._described.model), repeatable():
            if self._compiles:
                try:
                    return self._run_compiled(weights, inputs, training=training)
                except (
                    Exception
                ):  # what cannot be compiled is run as it stands, and raises what it raises there
                    self._compiles = False
            if self._taps:
                try:
                    return self._run(weights, inputs, training=training, taps=True)
                except Exception:  # what a layer gives inside a loop of its own cannot be taken out
                    self._taps = False
            return self._run(weights, inputs, training=training, taps=False)

    def _run(
        self, weights: Arrays, inputs: Arrays, *, training: bool, taps: bool
    ) -> tuple[list[NDArray[np.generic]], dict[str, NDArray[np.generic]]]:
        with borrowed_weights(self._described, weights):
            if not taps:
                return run_model(self._described, inputs, training=training), {}
            with tapped() as seen:
                outputs = run_model(self._described, inputs, training=training)
        return outputs, {name: _numbers(values) for name, values in seen.items()}

    def _run_compiled(
        self, weights: Arrays, inputs: Arrays, *, training: bool
    ) -> tuple[list[NDArray[np.generic]], dict[str, NDArray[np.generic]]]:
        if training not in self._compiled:
            import jax

            def forward(values: list[Any], given: list[Any]) -> tuple[list[Any], dict[str, Any]]:
                described = self._described
                state = list(zip(described.variables, values, strict=True))
                scope = keras.StatelessScope(state_mapping=state)
                with scope, taken_statistics(described.model), tapped() as seen:
                    outputs = described.model(
                        *pack(list(described.arguments), iter(given)), training=training
                    )
                return flatten(outputs), {f"{n:06d} {name}": v for n, (name, v) in enumerate(seen.items())}

            self._compiled[training] = jax.jit(forward, compiler_options=QUICK)
        variables, ports = self._described.variables, self._described.graph.inputs
        tensors = self._described.graph.tensors
        outputs, seen = self._compiled[training](
            [
                keras.ops.convert_to_tensor(weight.reshape(tuple(variable.shape)), dtype=variable.dtype)
                for variable, weight in zip(variables, weights, strict=True)
            ],
            [
                keras.ops.convert_to_tensor(array, dtype=tensors[port.tensor].dtype)
                for array, port in zip(inputs, ports, strict=True)
            ],
        )
        layers = {name[7:]: _numbers(seen[name]) for name in sorted(seen)}
        return [_numbers(output) for output in outputs], layers


def _numbers(value: Any) -> NDArray[np.generic]:
    return np.asarray(keras.ops.convert_to_numpy(value))
