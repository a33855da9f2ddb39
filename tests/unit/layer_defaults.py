"""Hold what is written down of Keras's layers against the Keras that is installed: run where Keras is."""

from __future__ import annotations

import json
from typing import Any

import keras
from keras import layers

from grader.layer_settings import DEFAULTS_FILE, chosen_settings
from grader.models import describe
from grader.models.layers import config
from scripts.layer_defaults import defaults

GIVEN: dict[str, Any] = {
    "Bidirectional.layer": lambda: layers.LSTM(2),
    "layer": lambda: layers.Dense(2),
    "cell": lambda: layers.LSTMCell(2),
    "cells": lambda: [layers.LSTMCell(2)],
    "layers": lambda: [layers.Rescaling(2.0)],
    "activation": lambda: "relu",
    "equation": lambda: "ab,bc->ac",
    "dims": lambda: (2, 1),
    "target_shape": lambda: (2, 3),
    "axes": lambda: 1,
    "RandomPosterization.factor": lambda: 4,
    "factor": lambda: 0.25,
    "height_factor": lambda: 0.25,
    "width_factor": lambda: 0.25,
    "rate": lambda: 0.25,
    "stddev": lambda: 0.25,
    "output_shape": lambda: 3,
    "scale": lambda: 2.0,
}
# These want one of several arguments that all have a default, or work out more than one from another.
LEFT_OUT = {
    "CategoryEncoding",
    "Discretization",
    "InputLayer",
    "MelSpectrogram",
    "StringLookup",
    "TextVectorization",
}
# One setting at a time, away from its default.
CHANGED = {
    "units": (layers.Dense, (3,), {"use_bias": False}),
    "activation": (layers.Dense, (3,), {"activation": "tanh"}),
    "initializer": (layers.Dense, (3,), {"kernel_initializer": "he_normal"}),
    "strides": (layers.Conv2D, (4, 3), {"strides": 2}),
    "window": (layers.MaxPooling2D, (), {"pool_size": 3}),
    "overlapping": (layers.MaxPooling2D, (), {"strides": 1}),
    "format": (layers.Flatten, (), {"data_format": "channels_first"}),
    "gate": (layers.GRU, (3,), {"reset_after": False}),
    "sequences": (layers.LSTM, (3,), {"return_sequences": True}),
    "axis": (layers.BatchNormalization, (), {"axis": 1}),
    "slope": (layers.ReLU, (), {"negative_slope": 0.5}),
    "mask": (layers.Embedding, (9, 3), {"mask_zero": True}),
    "merge": (layers.Bidirectional, (layers.LSTM(2),), {"merge_mode": "sum"}),
    "backward": (
        layers.Bidirectional,
        (layers.LSTM(2),),
        {"backward_layer": layers.GRU(2, go_backwards=True)},
    ),
}


def written_and_installed() -> list[Any]:
    """The file, and what the installed Keras says."""
    return [json.loads(DEFAULTS_FILE.read_text(encoding="utf-8")), defaults()]


def chosen_without_choosing() -> dict[str, Any]:
    """By class, what a layer seems to have chosen that was made of what its constructor needs and no more."""
    found = {}
    for name, (needed, _) in defaults().items():
        if name in LEFT_OUT:
            continue
        given = [GIVEN.get(f"{name}.{one}", GIVEN.get(one, lambda: 2)) for one in needed]
        layer = getattr(layers, name)(*(make() for make in given))
        first, rest = chosen_settings(_record(layer))
        if rest or len(first) != len(needed):
            found[name] = [len(first), rest]
    return found


def chosen_when_changed() -> dict[str, Any]:
    """By example, the names of what was chosen."""
    return {
        name: [list(chosen_settings(_record(cls(*args, **settings)))[1]), list(settings)]
        for name, (cls, args, settings) in CHANGED.items()
    }


def chosen_once_built() -> list[Any]:
    """What the layers of a built model seem to have chosen."""
    x = keras.Input((8, 8, 3))
    y = layers.LayerNormalization()(layers.BatchNormalization()(layers.Conv2D(4, 3)(x)))
    y = layers.LSTM(3)(layers.Reshape((9, 4))(layers.MaxPooling2D()(y)))
    graph = describe(keras.Model(x, layers.Dense(2)(y))).graph
    return [
        [layer.class_name, chosen_settings(layer)[1]] for layer in graph.layers if chosen_settings(layer)[1]
    ]


def _record(layer: Any) -> Any:
    from grader.graph import Layer

    return Layer(class_name=type(layer).__name__, origin="keras.layers", name="x", config=config(layer))
