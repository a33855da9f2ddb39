"""A config with plain names in place of those that Keras counted: the same for the same model, whoever built it.

Keras names a layer by how many of its kind the process has made, so that two students' configs of one model
differ. What was made of one serves for the other, once the names are put back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from grader.graph import ModelGraph

__all__ = ["PlainConfig", "plainly_named"]

_HELD = ("layer", "backward_layer", "cell", "cells")  # of wrappers and recurrent layers
_MODELS = ("Functional", "Sequential", "Model")
_COUNTED_INPUT = re.compile(r"(input_layer|input|keras_tensor)(_\d+)?")
_PLAIN = re.compile(r"\bplain_\d+\b")


@dataclass(frozen=True)
class PlainConfig:
    """A config whose names are counted from its own beginning; ``names`` maps them to those they replace."""

    config: JsonValue
    names: Mapping[str, str]

    def put_back(self, graph: ModelGraph) -> ModelGraph:
        """Return a graph of the model with its own names."""
        name = self.names.get
        return graph.model_copy(
            update={
                "name": name(graph.name, graph.name),
                "layers": tuple(
                    layer.model_copy(update={"name": name(layer.name, layer.name)}) for layer in graph.layers
                ),
                "inputs": tuple(
                    port.model_copy(update={"name": name(port.name, port.name)}) for port in graph.inputs
                ),
            }
        )

    def put_back_text(self, text: str) -> str:
        """Return a message with the model's own names."""
        return _PLAIN.sub(lambda found: self.names.get(found[0], found[0]), text)


def plainly_named(config: JsonValue) -> PlainConfig:
    """Rename the layers of a checked config and of the models nested in it.

    The name of an input stays where a person chose it: a dict of inputs is matched by name.
    """
    if '"plain_' in json.dumps(config):  # somebody's own name: two layers could come to share one
        return PlainConfig(config, {})
    names: dict[str, str] = {}
    return PlainConfig(_renamed(config, names, {}), names)


def _new(name: str, names: dict[str, str]) -> str:
    plain = f"plain_{len(names)}"
    names[plain] = name
    return plain


def _renamed(entry: Any, names: dict[str, str], outer: Mapping[str, str]) -> Any:
    """Rename one layer or model as ``outer`` says, and what a model holds."""
    if isinstance(entry, list):
        return [_renamed(item, names, outer) for item in entry]
    if not isinstance(entry, dict) or not isinstance(entry.get("config"), dict):
        return entry
    config = dict(entry["config"])
    old = config.get("name")
    if isinstance(old, str):
        config["name"] = outer[old] if old in outer else _new(old, names)
    if entry.get("class_name") in _MODELS and isinstance(config.get("layers"), list):
        config = _model(config, names)
    config |= {key: _renamed(config[key], names, {}) for key in _HELD if key in config}
    found = {**entry, "config": config}
    if isinstance(entry.get("name"), str):
        found["name"] = outer.get(entry["name"], entry["name"])
    return found


def _model(config: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    inner = {}
    for layer in config["layers"]:
        own = layer.get("config") if isinstance(layer, dict) else None
        name = own.get("name") if isinstance(own, dict) else None
        if isinstance(name, str) and _may_change(layer["class_name"], name):
            inner[name] = _new(name, names)
    layers = [_renamed(layer, names, inner | _kept(inner, layer)) for layer in config["layers"]]
    layers = [
        {**layer, "inbound_nodes": _histories(layer["inbound_nodes"], inner)}
        if isinstance(layer, dict) and "inbound_nodes" in layer
        else layer
        for layer in layers
    ]
    ends: dict[str, Any] = {
        key: _ends(config[key], inner) for key in ("input_layers", "output_layers") if key in config
    }
    return {**config, "layers": layers, **ends}


def _may_change(class_name: object, name: str) -> bool:
    return class_name != "InputLayer" or _COUNTED_INPUT.fullmatch(name) is not None


def _kept(inner: Mapping[str, str], layer: Any) -> dict[str, str]:
    """Say that an input keeps the name that a person chose."""
    own = layer.get("config") if isinstance(layer, dict) else None
    name = own.get("name") if isinstance(own, dict) else None
    return {name: name} if isinstance(name, str) and name not in inner else {}


def _histories(value: Any, inner: Mapping[str, str]) -> Any:
    """Rename where the tensors of calls come from."""
    if isinstance(value, list):
        return [_histories(item, inner) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _histories(item, inner) for key, item in value.items()}
    history = found.get("keras_history")
    if isinstance(history, list) and history and isinstance(history[0], str):
        found["keras_history"] = [inner.get(history[0], history[0]), *history[1:]]
    return found


def _ends(value: Any, inner: Mapping[str, str]) -> Any:
    """Rename in ``[layer, node, tensor]``, and in lists and dicts of such."""
    if isinstance(value, dict):
        return {key: _ends(item, inner) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    if len(value) == 3 and isinstance(value[0], str):
        return [inner.get(value[0], value[0]), *value[1:]]
    return [_ends(item, inner) for item in value]
