"""What a call stands for once the style of writing is taken away: none, one or two steps.

The facts about layers, operations and their defaults are those of Keras 3.15 (``keras/src/layers``,
``keras/src/ops``, ``keras/src/activations``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grader.graph import Layer, Shape

__all__ = ["ASSOCIATIVE", "COMMUTATIVE", "MERGES", "steps"]

Step = tuple[str, dict[str, Any]]

COMMUTATIVE = frozenset({"add", "multiply", "maximum", "minimum", "average"})
_NEUTRAL = {"add": 0, "multiply": 1}
ASSOCIATIVE = frozenset({"add", "multiply", "maximum", "minimum"})

# Layers whose `activation` is applied to their output and to nothing else, so it can be split off.
# Recurrent layers use theirs inside the step, and keep it.
_SPLIT_ACTIVATION = frozenset(
    {
        "Dense",
        "EinsumDense",
        *(f"Conv{dims}D{transposed}" for dims in (1, 2, 3) for transposed in ("", "Transpose")),
        *(f"{kind}Conv{dims}D" for kind in ("Depthwise", "Separable") for dims in (1, 2)),
    }
)
_MERGES = {
    "Add": "add",
    "Multiply": "multiply",
    "Maximum": "maximum",
    "Minimum": "minimum",
    "Average": "average",
    "Subtract": "subtract",
    "Concatenate": "concatenate",
}
MERGES = frozenset(_MERGES.values())
_ACTIVATION_OPS = {
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
_IGNORED_KEYS = frozenset({"name", "trainable", "dtype", "seed", "batch_shape", "batch_input_shape"})


def steps(
    layer: Layer,
    constants: Mapping[str, Any],
    shapes: tuple[Shape, ...],
    fed: tuple[Shape, ...],
) -> list[Step]:
    """Return the steps a call stands for: none for an identity, two where an activation is split off."""
    config = {
        key: value
        for key, value in layer.config.items()
        if key not in _IGNORED_KEYS and not key.endswith("_initializer") and value is not None
    }
    kind, rank = layer.class_name, len(shapes[0]) if shapes else 0
    if layer.origin == "custom":
        return [(f"custom {kind}", {**config, **_constants(constants)})]
    if layer.origin == "keras.ops":
        return _op_steps(kind, {**config, **_constants(constants)}, shapes, fed)
    if kind == "InputLayer":
        return []
    if kind == "Identity" or (kind in _DROPOUTS and config.get("rate") == 0):
        return []
    if kind in _MERGES:
        return [(_MERGES[kind], _axis(config, rank))]
    if kind in ("Flatten", "Reshape"):
        return [] if fed[0] == shapes[0] else [("reshape", {"shape": list(shapes[0][1:])})]
    activation = _layer_activation(kind, config, rank)
    if activation is not None:
        return activation
    config = _axis(config, rank)
    if kind in _SPLIT_ACTIVATION:
        function = config.pop("activation", "linear")
        return [(kind, _pointwise(config)), *_activation(function, {}, rank)]
    return [(kind, {**config, **_constants(constants)})]


_DROPOUTS = frozenset(
    {"Dropout", "GaussianDropout", "AlphaDropout", *(f"SpatialDropout{dims}D" for dims in (1, 2, 3))}
)


def _constants(constants: Mapping[str, Any]) -> dict[str, Any]:
    return {f"argument {place}": value for place, value in sorted(constants.items())}


def _axis(config: dict[str, Any], rank: int) -> dict[str, Any]:
    """Count an axis from the front, so that -1 and the last axis's own number agree."""
    axis = config.get("axis")
    if isinstance(axis, int) and axis < 0:
        return {**config, "axis": axis + rank}
    if isinstance(axis, list) and all(isinstance(number, int) for number in axis):
        return {**config, "axis": sorted(number % rank for number in axis)}
    return config


def _pointwise(config: dict[str, Any]) -> dict[str, Any]:
    """Drop the padding and dilation of a kernel of size one: they change nothing, at any stride."""
    size = config.get("kernel_size")
    if isinstance(size, list) and all(length == 1 for length in size):
        return {key: value for key, value in config.items() if key not in ("padding", "dilation_rate")}
    return config


def _activation(function: Any, parameters: dict[str, Any], rank: int) -> list[Step]:
    """Return the step of an activation: nothing for linear."""
    if isinstance(function, dict):
        parameters = {**parameters, "config": function.get("config")}
        function = function.get("class_name", "?")
    name = _ALIASES.get(function, function)
    if name == "identity":
        return []
    settings = {**_ACTIVATION_DEFAULTS.get(name, {}), **parameters}
    axis = settings.get("axis")
    if isinstance(axis, int) and axis < 0:
        settings["axis"] = axis + rank
    return [("activation", {"function": name, **settings})]


def _layer_activation(kind: str, config: dict[str, Any], rank: int) -> list[Step] | None:
    """Return the step of a layer that is nothing but an activation, or ``None``."""
    if kind == "Activation":
        return _activation(config.get("activation", "linear"), {}, rank)
    if kind == "ReLU":
        slope, top = config.get("negative_slope") or 0.0, config.get("max_value")
        if config.get("threshold"):
            return None
        if top is None:
            return (
                _activation("leaky_relu", {"negative_slope": slope}, rank)
                if slope
                else _activation("relu", {}, rank)
            )
        return _activation("relu6", {}, rank) if top == 6 and not slope else None
    if kind == "LeakyReLU":
        return _activation("leaky_relu", {"negative_slope": config.get("negative_slope", 0.3)}, rank)
    if kind == "ELU":
        return _activation("elu", {"alpha": config.get("alpha", 1.0)}, rank)
    if kind == "Softmax":
        axis = config.get("axis", -1)
        axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
        return _activation("softmax", {"axis": axis}, rank)
    return None


def _op_steps(
    kind: str, config: dict[str, Any], shapes: tuple[Shape, ...], fed: tuple[Shape, ...]
) -> list[Step]:
    """Return the steps of a ``keras.ops`` operation, under its layer's name where there is one."""
    rank = len(shapes[0]) if shapes else 0
    if kind == "Identity":
        return []
    if kind in _MERGES:
        op = _MERGES[kind]
        if op == "concatenate":
            return [(op, _axis(_unargued(config, "axis", 1), rank))]
        return _with_constant(op, _unplaced(config), rank) if op in COMMUTATIVE else [(op, config)]
    if kind == "ReLU":  # what keras.activations.relu records
        return _layer_activation(kind, config, rank) or [(f"ops {kind}", config)]
    if kind in _ACTIVATION_OPS:
        name = _ACTIVATION_OPS[kind]
        known = _ACTIVATION_DEFAULTS.get(name, {})
        return _activation(name, {key: config[key] for key in known if key in config}, rank)
    if kind in ("Reshape", "Flatten") and shapes:
        return [] if fed and fed[0] == shapes[0] else [("reshape", {"shape": list(shapes[0][1:])})]
    if kind == "Mean" and fed and not config.get("keepdims"):
        axes = config.get("axis", config.get("argument 1"))
        dims = len(fed[0]) - 2
        listed = sorted(axis % len(fed[0]) for axis in axes) if isinstance(axes, list) else None
        if dims in (2, 3) and listed == list(range(1, dims + 1)):
            return [(f"GlobalAveragePooling{dims}D", {"data_format": "channels_last", "keepdims": False})]
    return [(f"ops {kind}", config)]


def _with_constant(op: str, config: dict[str, Any], rank: int) -> list[Step]:
    """Drop ``x + 0`` and ``x * 1``, and read ``maximum(x, 0)`` as the relu it is."""
    constants = config.get("constants")
    if constants == [_NEUTRAL.get(op)]:  # Python's sum() starts from such a zero
        return []
    if op == "maximum" and constants == [0]:
        return _activation("relu", {}, rank)
    return [(op, config)]


def _unplaced(config: dict[str, Any]) -> dict[str, Any]:
    """Forget on which side of an unordered operation a constant stands: ``2 * x`` is ``x * 2``."""
    constants = [key for key in config if key.startswith("argument ")]
    if not constants:
        return config
    kept = {key: value for key, value in config.items() if key not in constants}
    return {**kept, "constants": sorted((config[key] for key in constants), key=repr)}


def _unargued(config: dict[str, Any], name: str, position: int) -> dict[str, Any]:
    """Give a positional constant its keyword's name."""
    if f"argument {position}" in config and name not in config:
        config = {**config, name: config[f"argument {position}"]}
        del config[f"argument {position}"]
    return config
