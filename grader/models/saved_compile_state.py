"""Compile a model as its file says, as far as that can be done without trusting the file.

A saved compile state names classes by module, and Keras would import and call what stands there. So objects
are made here, from the names of Keras's own optimizers, schedules and losses; where anything else stands, the
model is left uncompiled. Metrics are left out: some set memory aside for as many numbers as they are told to.
"""

from __future__ import annotations

import contextlib
import inspect
import json
from typing import Any

import keras

__all__ = ["compile_as_saved"]

_MOST_CHARACTERS = 100_000
_READ = ("optimizer", "loss", "loss_weights")
_HOMES = (keras.optimizers, keras.optimizers.schedules, keras.losses)


def compile_as_saved(model: Any, saved: Any) -> None:
    """Compile a model with the ``compile_config`` of its file; leave it as it is where that is not safe."""
    # Whatever is wrong with its compile state, the model itself was read.
    with contextlib.suppress(Exception):
        if not isinstance(saved, dict) or not isinstance(saved.get("optimizer"), dict):
            return
        state = {key: saved[key] for key in _READ if key in saved}
        if len(json.dumps(state)) <= _MOST_CHARACTERS:
            model.compile(**{key: _made(value) for key, value in state.items()})


def _made(value: Any) -> Any:
    """Make what a saved value stands for; raises ``ValueError`` where it is nothing that is allowed."""
    if isinstance(value, list):
        return [_made(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "class_name" not in value:
        return {key: _made(item) for key, item in value.items()}
    name, config = value["class_name"], value.get("config")
    if not str(value.get("module")).startswith("keras") or not isinstance(config, dict):
        raise ValueError(f"{name!r} is not Keras's")
    if name == "DTypePolicy":
        return str(config["name"])
    return _class(name).from_config({key: _made(item) for key, item in config.items() if key != "fn"})


def _class(name: object) -> Any:
    for home in _HOMES:
        found = getattr(home, name, None) if isinstance(name, str) else None
        if inspect.isclass(found):
            return found
    raise ValueError(f"{name!r} is no optimizer, schedule or loss")
