"""What a call stands for once the style of writing is taken away: none, one or two steps.

The facts about layers and their defaults are those of Keras 3.15 (``keras/src/layers``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grader.canonical.activations import Step, activation_step, layer_activation
from grader.canonical.arguments import RANDOM_LAYERS
from grader.canonical.merges import MERGE_OPS, positive_axis
from grader.canonical.operations import affine_step, op_steps
from grader.graph import Layer, Shape

__all__ = ["steps"]

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
_IGNORED_KEYS = frozenset({"name", "trainable", "dtype", "seed", "batch_shape", "batch_input_shape"})


def steps(
    layer: Layer,
    constants: Mapping[str, Any],
    shapes: tuple[Shape, ...],
    fed: tuple[Shape, ...],
    *,
    idle: bool = False,
) -> list[Step]:
    """Return the steps a call stands for: none for an identity, two where an activation is split off.

    With ``idle``, a dropout that is called with ``training=False`` is a step, though it does nothing.
    """
    config = {
        key: value
        for key, value in layer.config.items()
        if value is not None and key not in _IGNORED_KEYS and key[-12:] != "_initializer"
    }
    kind, origin, rank = layer.class_name, layer.origin, len(shapes[0]) if shapes else 0
    if origin == "custom":
        return [(f"custom {kind}", {**config, **_constants(constants)})]
    if origin == "keras.ops":
        return op_steps(kind, {**config, **_constants(constants)}, shapes, fed)
    if kind == "InputLayer":
        return []
    quiet = config.get("rate") == 0 or (constants.get("training") is False and not idle)
    if kind == "Identity" or (kind in RANDOM_LAYERS and quiet):
        return []
    if kind in MERGE_OPS:
        return [(MERGE_OPS[kind], positive_axis(config, rank))]
    if kind in ("Flatten", "Reshape"):
        return [] if fed[:1] == shapes else [("reshape", {"shape": list(shapes[0][1:])})]
    activation = layer_activation(kind, config, rank)
    if activation is not None:
        return activation
    if kind == "TimeDistributed" and _is_dense(config.get("layer")):  # Dense reads the last axis alone
        inner: Any = config["layer"]
        dense = layer.model_copy(update={"class_name": "Dense", "config": inner["config"]})
        return steps(dense, {}, shapes, fed)
    if kind == "Rescaling":
        scale, offset = config.get("scale"), config.get("offset")
        if isinstance(scale, (int, float)) and isinstance(offset, (int, float)):
            return affine_step(scale, offset)
    config = positive_axis(config, rank) if "axis" in config else config
    if kind.startswith("Global") and config.get("keepdims"):
        return [(kind, {**config, "keepdims": False}), ("reshape", {"shape": list(shapes[0][1:])})]
    if kind in _SPLIT_ACTIVATION:
        function = config.pop("activation", "linear")
        return [(kind, _pointwise(config)), *activation_step(function, {}, rank)]
    return [(kind, {**config, **_constants(constants)} if constants else config)]


def _constants(constants: Mapping[str, Any]) -> dict[str, Any]:
    return {f"argument {place}": value for place, value in sorted(constants.items())}


def _pointwise(config: dict[str, Any]) -> dict[str, Any]:
    """Drop the padding and dilation of a kernel of size one: they change nothing, at any stride."""
    size = config.get("kernel_size")
    if isinstance(size, list) and all(length == 1 for length in size):
        return {key: value for key, value in config.items() if key not in ("padding", "dilation_rate")}
    return config


def _is_dense(inner: Any) -> bool:
    return (
        isinstance(inner, dict)
        and inner.get("class_name") == "Dense"
        and isinstance(inner.get("config"), dict)
    )
