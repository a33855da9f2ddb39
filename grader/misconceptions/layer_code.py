"""A layer of a graph as the code that makes it, without the settings that Keras chooses by itself."""

from __future__ import annotations

from typing import Any

from grader.comparison import Analysis, Difference
from grader.comparison.typed import call_code, setting_text
from grader.graph import Call, Layer

__all__ = ["code_of"]

_MOST_LAYERS = 2  # a longer run would give the solution away
_MOST_SETTINGS = 6
_IMPLIED = {  # what most Keras 3.15 layers choose when a setting is left out
    "activation": "linear",
    "axis": -1,
    "center": True,
    "data_format": "channels_last",
    "depth_multiplier": 1,
    "dilation_rate": 1,
    "epsilon": 0.001,
    "groups": 1,
    "momentum": 0.99,
    "padding": "valid",
    "recurrent_activation": "sigmoid",
    "renorm_momentum": 0.99,
    "scale": True,
    "unit_forget_bias": True,
    "use_bias": True,
}
_FIRST = ("units", "filters", "input_dim", "output_dim", "rate")  # what a constructor takes without a name


def code_of(difference: Difference, analysis: Analysis) -> str:
    """Write the reference's layers of a difference as code; nothing where that would name another step.

    For example "`Conv2D(filters=8, kernel_size=(3, 3))`, then `ReLU()`".
    """
    graph = analysis.reference.source
    there = difference.reference[: len(difference.reference) // difference.places]
    first = {graph.calls[call].layer: graph.calls[call] for call in reversed(there)}
    layers = list(dict.fromkeys(graph.calls[call].layer for call in there))
    if difference.kind == "missing-layer" and _partly_there(difference, analysis):
        return ""
    if difference.kind == "wrong-layer" and any(
        graph.layers[layer].class_name.lower() not in difference.expected.lower() for layer in layers
    ):
        return ""
    parts = [f"`{_code(graph.layers[layer], first[layer])}`" for layer in layers[:_MOST_LAYERS]]
    if len(layers) > _MOST_LAYERS:
        parts.append("what comes after it")
    return ", then ".join(parts)


def _partly_there(difference: Difference, analysis: Analysis) -> bool:
    """Whether a call of the reference is two steps, as ``Dense(activation=...)`` is, and one is not missing."""
    return any(
        not set(difference.reference).isdisjoint(node.calls) and index in analysis.back
        for index, node in enumerate(analysis.reference.nodes)
    )


def _code(layer: Layer, call: Call) -> str:
    if layer.origin == "keras.ops":
        return call_code(call, layer)
    settings = [(name, value) for name, value in layer.config.items() if not _is_implied(layer, name, value)]
    settings.sort(key=lambda item: item[0] not in _FIRST)
    shown = [f"{name}={setting_text(value)}" for name, value in settings[:_MOST_SETTINGS]]
    if len(settings) > _MOST_SETTINGS:
        shown.append("…")
    return f"{layer.class_name}({', '.join(shown)})"


def _is_implied(layer: Layer, name: str, value: Any) -> bool:
    if value is None or name.endswith("_initializer"):
        return True
    if name == "strides":
        same = layer.config.get("pool_size", [1] * len(value) if isinstance(value, list) else 1)
        return bool(value == same)
    if name == "activation" and "recurrent_activation" in layer.config:
        return bool(value == "tanh")
    implied = _IMPLIED.get(name, False)
    return value == implied or (isinstance(value, list) and all(item == implied for item in value))
