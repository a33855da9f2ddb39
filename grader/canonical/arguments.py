"""Which arguments of a call make a difference: masks that nobody reads, a key that is the value, a fixed mode.

The facts about layers are those of Keras 3.15 (``keras/src/layers``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grader.canonical.normal_graph import Edge
from grader.graph import Layer

__all__ = ["CONDITIONS", "RANDOM_LAYERS", "READ_LESS", "needed_constants", "needed_edges"]

CONDITIONS = frozenset(
    {
        *("Equal", "Greater", "GreaterEqual", "Less", "LessEqual", "NotEqual"),
        *("All", "Any", "LogicalAnd", "LogicalNot", "LogicalOr"),
    }
)
"""Operations that give truth values: the same question asked twice is one question."""

RANDOM_LAYERS = frozenset(
    {"Dropout", "GaussianDropout", "AlphaDropout", *(f"SpatialDropout{dims}D" for dims in (1, 2, 3))}
)
"""Layers with a ``rate`` that give what they are given, in inference."""

READ_LESS = frozenset({"TimeDistributed", "MultiHeadAttention"})
"""Layers that may be given a tensor which changes nothing."""

# Layers that do the same in both modes, unless a rate of theirs says otherwise.
_STEADY = frozenset(
    {
        "Attention",
        "AdditiveAttention",
        "GroupedQueryAttention",
        "MultiHeadAttention",
        "RNN",
        "StackedRNNCells",
    }
) | frozenset({"SimpleRNN", "GRU", "LSTM", "Bidirectional", "TimeDistributed", "Functional", "Sequential"})
_UNMASKED = frozenset(
    {
        "Activation",
        "Dense",
        "EinsumDense",
        "Embedding",
        "Flatten",
        "LayerNormalization",
        "Rescaling",
        "Reshape",
    }
) | frozenset(
    f"{kind}{dims}D"
    for kind in ("Conv", "DepthwiseConv", "SeparableConv", "MaxPooling", "AveragePooling", "ZeroPadding")
    for dims in (1, 2, 3)
)


def needed_edges(layer: Layer, edges: tuple[Edge, ...]) -> tuple[Edge, ...]:
    """Return the tensors a call reads, without those that change nothing."""
    if layer.origin != "keras.layers" or layer.class_name not in READ_LESS:
        return edges
    if layer.class_name == "TimeDistributed" and _class_of(layer.config.get("layer")) in _UNMASKED:
        return tuple(edge for edge in edges if edge.slot != "mask")
    if layer.class_name == "MultiHeadAttention":
        named = {edge.slot: (edge.node, edge.output) for edge in edges}
        spare = {
            key
            for key, value in (("key", "1"), ("key_mask", "value_mask"))
            if key in named and named[key] == named.get(value)
        }
        if "key_mask" in named and "key" in spare and "key_mask" not in spare:
            return edges
        return tuple(edge for edge in edges if edge.slot not in spare)
    return edges


def needed_constants(layer: Layer, constants: Mapping[str, Any]) -> dict[str, Any]:
    """Return the constants of a call, without a fixed mode where both modes are the same."""
    if "training" not in constants or layer.origin != "keras.layers" or not _same_in_both_modes(layer):
        return dict(constants)
    return {place: value for place, value in constants.items() if place != "training"}


def _same_in_both_modes(layer: Layer) -> bool:
    if layer.class_name == "BatchNormalization":
        return not layer.trainable  # a frozen one never uses the batch's own statistics
    return layer.class_name in _STEADY and not _has_rate(layer.config)


def _has_rate(config: Any) -> bool:
    if isinstance(config, list):
        return any(map(_has_rate, config))
    if not isinstance(config, dict):
        return False
    return any(
        _has_rate(value) or (name in ("dropout", "recurrent_dropout", "rate") and bool(value))
        for name, value in config.items()
    ) or config.get("class_name") in ("BatchNormalization", "custom")


def _class_of(inner: Any) -> Any:
    name = inner.get("class_name") if isinstance(inner, dict) else None
    return name if isinstance(name, str) else None
