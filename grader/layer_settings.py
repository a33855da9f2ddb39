"""What was chosen for a layer: its settings without those that Keras takes by itself.

What Keras takes by itself is written in ``layer_defaults.json`` (see ``scripts/layer_defaults.py``), so that Keras
need not be imported to read a graph.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from pydantic import JsonValue

from grader.graph import Layer

__all__ = ["DEFAULTS_FILE", "Chosen", "chosen_settings", "layer_classes", "settings_of_class"]

DEFAULTS_FILE = Path(__file__).with_name("layer_defaults.json")
_OF_EVERY_LAYER = ("name", "trainable", "dtype")
_FOLLOWS = {  # a setting takes after another one where it is not given
    "strides": "pool_size",
    "value_dim": "key_dim",
    "backward_layer": "layer",
    "zero_output_for_mask": "return_sequences",
}

Chosen = tuple[tuple[JsonValue, ...], dict[str, JsonValue]]


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[list[str], dict[str, JsonValue]]]:
    return {
        name: (needed, rest) for name, (needed, rest) in json.loads(DEFAULTS_FILE.read_text("utf-8")).items()
    }


def layer_classes() -> tuple[str, ...]:
    """Return the names of Keras's layer classes."""
    return tuple(_table())


def settings_of_class(class_name: str) -> tuple[str, ...]:
    """Return the settings that a layer class of Keras takes, in its constructor's order; nothing for another class."""
    needed, rest = _table().get(class_name, ([], {}))
    return tuple(name for name in (*needed, *rest) if name not in _OF_EVERY_LAYER)


def chosen_settings(layer: Layer) -> Chosen:
    """Return what a layer's constructor needs, in order, and what else was chosen, by name.

    Of a class that is not Keras's, or one that lacks something its constructor needs, everything is returned by name.
    """
    return (
        chosen(layer.class_name, layer.config)
        if layer.origin == "keras.layers"
        else ((), _told(layer.config))
    )


def chosen(class_name: str, config: Mapping[str, JsonValue]) -> Chosen:
    """Return ``chosen_settings`` of a layer that stands in another one's settings."""
    needed, rest = _table().get(class_name, ([], {}))
    whole = all(name in config for name in needed)
    first = tuple(config[name] for name in needed) if whole else ()
    later = [name for name in config if name not in needed or not whole]
    order = {name: position for position, name in enumerate(rest)}
    later.sort(key=lambda name: order.get(name, len(order)))
    return first, _told({name: config[name] for name in later if not _is_default(name, config, rest)})


def _told(config: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {
        name: value for name, value in config.items() if value is not None and name not in _OF_EVERY_LAYER
    }


def _is_default(name: str, config: Mapping[str, JsonValue], rest: Mapping[str, JsonValue]) -> bool:
    value, default = config[name], rest.get(name)
    if (
        name not in rest
    ):  # of a parent's constructor, as `zero_output_for_mask` is, or of another version of Keras
        return value is False or value == "channels_last" or value == config.get(_FOLLOWS.get(name, ""))
    if default is not None:
        return _plain(value) in (
            _plain(default),
            [0, _plain(default)],
        )  # a factor is kept as a range from zero
    follows = config.get(_FOLLOWS.get(name, ""))
    if name == "attention_axes" and isinstance(value, list):  # all but the batch and the features
        return value == [*range(1, len(value) + 1)]
    return value in ("linear", "channels_last") or value == _turned(follows) or value == follows


def _turned(value: JsonValue) -> JsonValue:
    """Return the layer that ``Bidirectional`` makes of the one it is given."""
    if not isinstance(value, dict) or not isinstance(inside := value.get("config"), dict):
        return value
    return {**value, "config": {**inside, "go_backwards": not inside.get("go_backwards")}}


def _plain(value: JsonValue) -> JsonValue:
    """Write a value in one way: an object by its name, a length for all axes alone, a name as Keras looks it up."""
    if isinstance(value, dict):
        value = value.get("class_name")
    if isinstance(value, str):
        return value.replace("_", "").lower()
    if isinstance(value, list) and value and value.count(value[0]) == len(value):
        return _plain(value[0])
    return value
