"""Run a model on JAX as one compiled function, once compiled for all runs.

Run call by call, JAX compiles every loop of a recurrent layer anew each time the layer is called: a third of
a second for each layer and run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from grader.models.structures import flatten, pack
from grader.models.taken_statistics import taken_statistics

__all__ = ["QUICK", "CompiledRuns"]

Arrays = Sequence[NDArray[np.generic]]

# The functions run a handful of times: what optimising would save, compiling takes.
QUICK = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


class CompiledRuns:
    """A model's forward pass as a function of its weights and inputs, compiled for each mode when first run.

    ``variables`` are those that are set and read; ``arguments`` the structure of the model's inputs. ``usable``
    is for the caller to take back, when the model cannot be compiled.
    """

    def __init__(self, model: Any, variables: Sequence[Any], arguments: tuple[Any, ...]) -> None:
        self.model, self.variables, self.arguments = model, variables, arguments
        self.usable = True
        self._compiled: dict[bool, Any] = {}

    def run(
        self, weights: Arrays, inputs: Sequence[Any], *, training: bool
    ) -> tuple[list[Any], list[Any], Any]:
        """Return the outputs, the variables' values after the run, and the sum of the model's losses."""
        if training not in self._compiled:
            import jax

            self._compiled[training] = jax.jit(
                lambda values, given: self._forward(values, given, training=training),
                compiler_options=QUICK,
            )
        values = [
            keras.ops.convert_to_tensor(weight.reshape(tuple(variable.shape)), dtype=variable.dtype)
            for variable, weight in zip(self.variables, weights, strict=True)
        ]
        outputs, after, penalty = self._compiled[training](values, list(inputs))
        return outputs, after, penalty

    def _forward(
        self, values: list[Any], inputs: list[Any], *, training: bool
    ) -> tuple[list[Any], list[Any], Any]:
        state = list(zip(self.variables, values, strict=True))
        scope = keras.StatelessScope(state_mapping=state, collect_losses=True)
        with scope, taken_statistics(self.model):
            outputs = self.model(*pack(list(self.arguments), iter(inputs)), training=training)
            penalty = sum(self.model.losses, start=keras.ops.zeros(()))
            after = [scope.get_current_value(variable) for variable in self.variables]
        kept = [value if now is None else now for now, value in zip(after, values, strict=True)]
        return flatten(outputs), kept, penalty
