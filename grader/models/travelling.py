"""What a model travels as to another backend: its config, and the code of its own classes."""

from __future__ import annotations

import json
from typing import Any

import keras

from grader.errors import UnreadableModelError
from grader.models.lazy_tensorflow import tensorflow_not_imported
from grader.models.own_source import own_objects, own_source
from grader.parity_answers import MOST_SOURCE, Portable

__all__ = ["portable"]


def portable(model: Any) -> Portable:
    """Return a model's config, the code of its own classes, and the state it was compiled with.

    Raises:
        UnreadableModelError: it is no model, or has no config that can be written down.
    """
    if not isinstance(model, keras.Model):
        raise UnreadableModelError(
            f"Expected a Keras model or the path of a .keras file, got {type(model).__name__}."
        )
    try:
        with tensorflow_not_imported():
            whole = keras.saving.serialize_keras_object(model)
            text = json.dumps(whole)
    except Exception as error:
        raise UnreadableModelError(
            f"The model {model.name!r} cannot be built on another backend: writing its config raised "
            f"{type(error).__name__}: {error}. Give each class of your own a get_config that returns what its "
            "constructor was given."
        ) from error
    source = own_source(own_objects(model))
    if len(source) > MOST_SOURCE:
        raise UnreadableModelError(
            f"The code that the model needs has {len(source):,} characters; at most {MOST_SOURCE:,} travel."
        )
    config = json.loads(text)
    compiled = config.pop("compile_config", None)
    return Portable(name=model.name, config=config, compiled=compiled, source=source)
