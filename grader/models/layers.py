"""One Keras layer or operation → the facts a ``Layer`` record keeps of it."""

from __future__ import annotations

import inspect
from typing import Any, Literal

import keras
from pydantic import JsonValue

from grader.models.nested import is_plain_model
from grader.models.plain import clean_config, unserialised_config

__all__ = ["Origin", "can_look_inside", "class_name", "config", "dtype", "origin", "read_config", "settings"]

Origin = Literal["keras.layers", "keras.ops", "custom"]

_BEHAVIOUR = ("__call__", "build", "call", "compute_output_shape", "compute_output_spec")


def _keras_class(cls: type) -> type | None:
    """Find the Keras class that says what instances of ``cls`` compute, or ``None`` when it is ``cls``'s own.

    A subclass that only presets constructor arguments computes what its Keras parent computes.
    """
    for base in cls.__mro__:
        if base.__module__.partition(".")[0] == "keras":
            return None if base in (keras.Operation, keras.Layer, keras.Model) else base
        if any(name in vars(base) for name in _BEHAVIOUR):
            return None
    return None


def origin(operation: Any) -> Origin:
    """Say where the operation's class comes from: Keras's layers, its ops, or somewhere else."""
    if _keras_class(type(operation)) is None:
        return "custom"
    return "keras.layers" if isinstance(operation, keras.Layer) else "keras.ops"


def class_name(operation: Any) -> str:
    """Name the class: Keras's own where a subclass changes nothing but defaults."""
    return (_keras_class(type(operation)) or type(operation)).__name__


def can_look_inside(operation: Any) -> bool:
    """Say whether a call of this is made of other calls: a model, a custom layer, a ``Lambda``."""
    if not isinstance(operation, keras.Layer):
        return False
    return isinstance(operation, (keras.Model, keras.layers.Lambda)) or origin(operation) == "custom"


def dtype(operation: Any) -> str:
    """Name the dtype policy; an operation has none and takes the dtype it is given."""
    policy = getattr(operation, "dtype_policy", None)
    return str(getattr(policy, "name", "float32"))


def config(operation: Any) -> dict[str, JsonValue]:
    """Read the settings of a layer or operation as JSON values; never raises for the student's code."""
    return settings(operation, *read_config(operation))


def read_config(operation: Any) -> tuple[Any, str]:
    """Return what ``get_config`` gives, or nothing and the name of what it raises."""
    if is_plain_model(operation) and type(operation).__module__.partition(".")[0] == "keras":
        return {}, ""  # what it is made of is in the graph
    try:
        return operation.get_config(), ""
    except Exception as error:
        return None, type(error).__name__[:200]


def settings(operation: Any, given: Any, failure: str) -> dict[str, JsonValue]:
    """Turn what ``read_config`` returned into the settings of a layer or operation."""
    if is_plain_model(operation):
        return {}
    try:
        return (
            unserialised_config(operation, _parameters(type(operation))) if failure else clean_config(given)
        )
    except Exception:
        return unserialised_config(operation, _parameters(type(operation)))


def _parameters(cls: type) -> list[str]:
    try:
        parameters = inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]
    except (TypeError, ValueError):
        return []
    return [
        p.name for p in parameters if p.name != "self" and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
