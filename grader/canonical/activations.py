"""Activations: the layers, names and operations that say one, brought to one step."""

from __future__ import annotations

from typing import Any

__all__ = ["ACTIVATION_OPS", "Step", "activation_step", "layer_activation", "op_activation", "relu_step"]

Step = tuple[str, dict[str, Any]]


ACTIVATION_OPS = {
    "Relu": "relu",
    "Relu6": "relu6",
    "Sigmoid": "sigmoid",
    "HardSigmoid": "hard_sigmoid",
    "Tanh": "tanh",
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "LeakyRelu": "leaky_relu",
    "Elu": "elu",
    "Selu": "selu",
    "Gelu": "gelu",
    "Silu": "silu",
    "HardSilu": "hard_silu",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Exp": "exponential",
    "Mish": "mish",
}
# Parameters an activation has when none are given; the layer and the op have different defaults,
# so both are written out before they are compared (Keras 3.15, keras/src/activations).
_ACTIVATION_DEFAULTS: dict[str, dict[str, Any]] = {
    "softmax": {"axis": -1},
    "log_softmax": {"axis": -1},
    "leaky_relu": {"negative_slope": 0.2},
    "elu": {"alpha": 1.0},
    "gelu": {"approximate": False},
}
_ALIASES = {"swish": "silu", "hard_swish": "hard_silu", "linear": "identity"}


def activation_step(function: Any, parameters: dict[str, Any], rank: int) -> list[Step]:
    """Return the step of an activation: nothing for linear."""
    if isinstance(function, dict):
        parameters = {**parameters, "config": function.get("config")}
        function = function.get("class_name", "?")
    if not isinstance(function, str):  # nothing that Keras writes: compared as it stands
        return [("activation", {"function": function, **parameters})]
    name = _ALIASES.get(function, function)
    if name == "identity":
        return []
    settings = {**_ACTIVATION_DEFAULTS.get(name, {}), **parameters}
    axis = settings.get("axis")
    if isinstance(axis, int) and axis < 0:
        settings["axis"] = axis + rank
    return [("activation", {"function": name, **settings})]


def layer_activation(kind: str, config: dict[str, Any], rank: int) -> list[Step] | None:
    """Return the step of a layer that is nothing but an activation, or ``None``."""
    if kind == "Activation":
        return activation_step(config.get("activation", "linear"), {}, rank)
    if kind == "ReLU":
        return relu_step(config, rank)
    if kind == "LeakyReLU":
        slope = config.get("negative_slope", 0.3)
        return (
            activation_step("leaky_relu", {"negative_slope": slope}, rank)
            if slope
            else activation_step("relu", {}, rank)
        )
    if kind == "ELU":
        return activation_step("elu", {"alpha": config.get("alpha", 1.0)}, rank)
    if kind == "Softmax":
        axis = config.get("axis", -1)
        axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
        return activation_step("softmax", {"axis": axis}, rank)
    return None


def relu_step(config: dict[str, Any], rank: int) -> list[Step]:
    """Return the step of a ReLU, layer or operation: plain, capped, leaky, or with a threshold."""
    slope, top, threshold = (config.get(key) for key in ("negative_slope", "max_value", "threshold"))
    if top == 6 and not (slope or threshold):
        return activation_step("relu6", {}, rank)
    if slope and top is None and not threshold:
        return activation_step("leaky_relu", {"negative_slope": slope}, rank)
    chosen = {"negative_slope": slope or None, "max_value": top, "threshold": threshold or None}
    return activation_step("relu", {key: value for key, value in chosen.items() if value is not None}, rank)


def op_activation(kind: str, config: dict[str, Any], rank: int) -> list[Step]:
    """Return the step of an operation of ``ACTIVATION_OPS``."""
    name = ACTIVATION_OPS[kind]
    known = _ACTIVATION_DEFAULTS.get(name, {})
    return activation_step(name, {key: config[key] for key in known if key in config}, rank)
