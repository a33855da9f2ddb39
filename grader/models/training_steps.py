"""A few steps of training from given weights on one batch, the same on every backend.

The targets are made here, from the shapes of the outputs and the losses alone: every process makes the same ones.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from grader.evidence import Array
from grader.models.chance import repeatable
from grader.models.compiled_runs import QUICK
from grader.models.describe import Described
from grader.models.probe import borrowed_weights
from grader.models.structures import flatten, pack
from grader.parity_answers import SAMPLED, TrainAnswer

__all__ = ["train"]

Arrays = Sequence[NDArray[np.generic]]

_GOLDEN = 0.6180339887498949


def train(described: Described, weights: Arrays, inputs: Arrays, steps: int) -> TrainAnswer:
    """Train the compiled model and tell of losses, first gradients and last weights; its own weights are put back.

    Random layers repeat themselves. The optimizer starts anew.

    Raises:
        Exception: whatever the model's code, its loss or Keras raises.
    """
    model = described.model
    optimizer = type(model.optimizer).from_config(model.optimizer.get_config())
    trainable = list(model.trainable_variables)
    places = {id(variable): place for place, variable in enumerate(described.variables)}
    tensors = [described.graph.tensors[port.tensor].dtype for port in described.graph.inputs]
    given = [keras.ops.convert_to_tensor(a, dtype=dtype) for a, dtype in zip(inputs, tensors, strict=True)]
    arguments = pack(list(described.arguments), iter(given))
    x = arguments[0] if len(arguments) == 1 else arguments
    with borrowed_weights(described, weights), repeatable():
        y = _targets(model, model(*arguments, training=False))
        optimizer.build(trainable)
        stepper = _STEPPERS[keras.backend.backend()](model, optimizer, trainable, arguments, x, y)
        losses: list[float] = []
        first: list[NDArray[np.generic]] = []
        for step in range(steps):
            loss, gradients = stepper.step()
            losses.append(loss)
            first = gradients if step == 0 else first
        after = [_numbers(variable) for variable in trainable]
    known = [places.get(id(variable)) for variable in trainable]
    return TrainAnswer(
        losses=tuple(losses),
        gradients={p: _sample(g) for p, g in zip(known, first, strict=True) if p is not None},
        weights={p: _sample(w) for p, w in zip(known, after, strict=True) if p is not None},
    )


def _numbers(value: Any) -> NDArray[np.generic]:
    return np.asarray(keras.ops.convert_to_numpy(value))


def _sample(values: NDArray[np.generic]) -> Array:
    flat = values.reshape(-1)
    return Array.of(flat[:: -(-flat.size // SAMPLED) or 1])


# ---- targets -----------------------------------------------------------------------------------------


def _targets(model: Any, outputs: Any) -> Any:
    """Make targets for the outputs, in their structure, that each one's loss takes."""
    leaves = flatten(outputs)
    losses = flatten(model._compile_loss._user_loss) if model._compile_loss is not None else []
    if len(losses) != len(leaves):
        losses = [losses[0] if losses else None] * len(leaves)
    made = [
        _target(tuple(leaf.shape), loss, number)
        for number, (leaf, loss) in enumerate(zip(leaves, losses, strict=True))
    ]
    return pack(outputs, iter(made)) if len(made) > 1 else made[0]


def _target(shape: tuple[int, ...], loss: Any, number: int) -> Any:
    name = (
        (loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__))
        .lower()
        .replace("_", "")
    )
    even = _even(shape, 0.1 + 0.2 * number)
    if name.startswith("sparse"):
        classes = np.floor(_even(shape[:-1], 0.1 + 0.2 * number) * shape[-1])
        return keras.ops.convert_to_tensor(classes.astype("int32"))
    if "categorical" in name:
        even = np.asarray(even >= even.max(axis=-1, keepdims=True), "float64")
    elif "crossentropy" in name or "hinge" in name:
        even = np.asarray(even > 0.5, "float64")
    return keras.ops.convert_to_tensor(even.astype("float32"))


def _even(shape: Sequence[int], start: float) -> NDArray[np.float64]:
    places = np.arange(1, math.prod(shape) + 1, dtype="float64")
    return np.asarray(((places * _GOLDEN + start) % 1.0).reshape(shape))


# ---- steps -------------------------------------------------------------------------------------------


class _Stepper(ABC):
    """Takes steps of one optimizer on one batch."""

    def __init__(
        self, model: Any, optimizer: Any, trainable: list[Any], arguments: Any, x: Any, y: Any
    ) -> None:
        self.model, self.optimizer, self.trainable = model, optimizer, trainable
        self.arguments, self.x, self.y = arguments, x, y

    def compute_loss(self) -> Any:
        outputs = self.model(*self.arguments, training=True)
        return self.model.compute_loss(x=self.x, y=self.y, y_pred=outputs, training=True)

    @abstractmethod
    def step(self) -> tuple[float, list[NDArray[np.generic]]]:
        """Take a step; return the loss before it and the gradients."""


class _TensorFlowStepper(_Stepper):
    def step(self) -> tuple[float, list[NDArray[np.generic]]]:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = self.compute_loss()
        values = [variable.value for variable in self.trainable]
        gradients = tape.gradient(loss, values, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
        self.optimizer.apply(gradients, self.trainable)
        return float(loss), [_numbers(gradient) for gradient in gradients]


class _TorchStepper(_Stepper):
    def step(self) -> tuple[float, list[NDArray[np.generic]]]:
        import torch

        loss = self.compute_loss()
        values = [variable.value for variable in self.trainable]
        found = torch.autograd.grad(loss, values, allow_unused=True)
        gradients = [torch.zeros_like(v) if g is None else g for g, v in zip(found, values, strict=True)]
        with torch.no_grad():
            self.optimizer.apply(gradients, self.trainable)
        return float(loss), [_numbers(gradient) for gradient in gradients]


class _JaxStepper(_Stepper):
    """Compiles the loss with its gradients, and the optimizer's step, once each."""

    def __init__(
        self, model: Any, optimizer: Any, trainable: list[Any], arguments: Any, x: Any, y: Any
    ) -> None:
        import jax

        super().__init__(model, optimizer, trainable, arguments, x, y)
        known = {id(variable) for variable in trainable}
        self._others = [variable for variable in model.variables if id(variable) not in known]

        def loss_of(values: list[Any], others: list[Any]) -> tuple[Any, list[Any]]:
            state = [*zip(self.trainable, values, strict=True), *zip(self._others, others, strict=True)]
            with keras.StatelessScope(state_mapping=state) as scope:
                loss = self.compute_loss()
                after = [scope.get_current_value(variable) for variable in self._others]
            return loss, [old if new is None else new for new, old in zip(after, others, strict=True)]

        self._gradients = jax.jit(jax.value_and_grad(loss_of, has_aux=True), compiler_options=QUICK)
        self._apply = jax.jit(optimizer.stateless_apply, compiler_options=QUICK)

    def _evaluated(self) -> tuple[float, list[Any], list[Any]]:
        values = [variable.value for variable in self.trainable]
        (loss, others), gradients = self._gradients(values, [variable.value for variable in self._others])
        return float(loss), gradients, others

    def step(self) -> tuple[float, list[NDArray[np.generic]]]:
        loss, gradients, others = self._evaluated()
        state = [variable.value for variable in self.optimizer.variables]
        values, state = self._apply(state, gradients, [variable.value for variable in self.trainable])
        made = (*zip(self.trainable, values, strict=True), *zip(self._others, others, strict=True))
        for variable, value in (*made, *zip(self.optimizer.variables, state, strict=True)):
            variable.assign(value)
        return loss, [_numbers(gradient) for gradient in gradients]


_STEPPERS: dict[str, type[_Stepper]] = {
    "tensorflow": _TensorFlowStepper,
    "torch": _TorchStepper,
    "jax": _JaxStepper,
}
