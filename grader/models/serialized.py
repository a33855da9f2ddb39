"""A model's config as text, where the model can be built again from nothing else.

Runs in the student's kernel. What it leaves out is only not confirmed: the judge checks whatever arrives again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import keras

from grader.evidence import MOST_CONFIG_CHARACTERS
from grader.models.describe import Described
from grader.models.lazy_tensorflow import tensorflow_not_imported
from grader.models.nested import is_plain_model, recorded_graph
from grader.saved_config import checked_text, without_compile_state

__all__ = ["config_text"]


def config_text(described: Described) -> str | None:
    """Return the JSON text of the model's config, or ``None`` where no other process could build it from that.

    That is so where anything in it is not Keras's own, and where one layer is held in several places of which the
    config says nothing: it lists a layer that a ``Sequential`` holds twice once, and one that two nested models share
    twice.
    """
    model = described.model
    if recorded_graph(model) is None:
        return None
    try:
        if _holds_a_layer_twice(model):
            return None
        with tensorflow_not_imported():
            config = without_compile_state(keras.saving.serialize_keras_object(model))
        text = json.dumps(config, allow_nan=True)
        if len(text) > MOST_CONFIG_CHARACTERS:
            return None
        checked_text(text)
    except Exception:  # a get_config may raise anything, and then the model answers for itself
        return None
    return text


def _holds_a_layer_twice(model: Any) -> bool:
    seen: set[int] = set()
    for layer in _held(model):
        if id(layer) in seen:
            return True
        seen.add(id(layer))
    return False


def _held(model: Any) -> Iterator[Any]:
    """Yield what a model and the models nested in it hold, once for each place."""
    for layer in model._layers if isinstance(model, keras.Sequential) else model.operations:
        yield layer
        if isinstance(layer, keras.Model) and is_plain_model(layer):
            yield from _held(layer)
