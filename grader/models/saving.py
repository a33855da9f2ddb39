"""What a saved file keeps of classes and functions that are not Keras's own, read without saving anything.

A file holds, for each object, the name of its class and what ``get_config`` returned; loading calls the
class's constructor with that (``keras/src/saving/serialization_lib.py``). So it is enough to look at the
constructor's parameters, at the config, and at the names that are registered. Nothing is made anew here: a
student's constructor would draw random numbers and count names on.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import keras

from grader.graph import Lost, SavedObject
from grader.models.layers import read_config
from grader.models.nested import is_plain_model
from grader.models.plain import constant

__all__ = ["saved_facts"]

_LONGEST_NAME = 200
_MOST = 100
_MAX_DEPTH = 20
_HOLDERS = (dict, list, tuple)
_KERAS_OBJECTS = frozenset({"keras", "keras.constraints", "keras.initializers", "keras.regularizers"})
# Handed to the constructor of Keras's ``Layer`` by whoever takes ``**kwargs``; ``get_config`` of ``Layer`` has them.
_OF_KERAS = frozenset({"activity_regularizer", "autocast", "dtype", "name", "trainable"})


def saved_facts(operation: Any, config: Any, failure: str) -> tuple[SavedObject, ...]:
    """Tell of what is the student's own in a layer or model, its class first; never raises for their code.

    ``config`` is what its ``get_config`` returned, ``failure`` the name of what that raised; see ``read_config``.
    """
    if not isinstance(operation, keras.Layer):
        return ()
    cls = type(operation)
    found: list[SavedObject] = []
    config = config if isinstance(config, dict) else {}
    if not _is_keras(cls):
        found.append(_of_object(operation, config, failure))
    elif operation._layers and not is_plain_model(operation):  # whose layers stand in the graph themselves
        inner = operation._flatten_layers(include_self=False)
        found += [_of_object(layer, *read_config(layer)) for layer in inner if not _is_keras(type(layer))]
    unknown = _unknown_names(config)
    if not found and not unknown:  # most layers
        return ()
    told = {fact.name for fact in found}
    found += [SavedObject(name=name, registered=False) for name in unknown if name not in told]
    first: dict[str, SavedObject] = {}
    for fact in found:
        first.setdefault(fact.name, fact)
    return tuple(first.values())[:_MOST]


def _is_keras(owner: Any) -> bool:
    return str(getattr(owner, "__module__", "")).partition(".")[0] == "keras"


def _of_object(operation: Any, config: Mapping[str, Any], failure: str) -> SavedObject:
    cls = type(operation)
    parameters = _parameters(cls)
    named = {p.name: p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    loses: list[str] = []
    refused: list[str] = []
    if failure:
        loses = [name for name in named if not _plain(_attribute(operation, name))]
    elif _is_keras(_definer(cls, "from_config")) and not (is_plain_model(operation) and "layers" in config):
        loses = [name for name in named if name not in config and name not in _OF_KERAS]
        if isinstance(operation, keras.Model) and _is_keras(_definer(cls, "get_config")):
            loses = [name for name in named if name not in _OF_KERAS]  # Keras saves a model's defaults
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            refused = [str(name)[:_LONGEST_NAME] for name in config if name not in named]
    return SavedObject(
        name=cls.__name__[:_LONGEST_NAME],
        registered=_is_registered(cls),
        lost=tuple(_lost(named[name]) for name in loses[:_MOST]),
        refused=tuple(refused[:_MOST]),
        failure=failure,
        loaded=_made_from_config(operation),
    )


def _parameters(cls: type) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(cls.__init__).parameters.values())[1:]  # type: ignore[misc]
    except (TypeError, ValueError):
        return []


def _definer(cls: type, method: str) -> type:
    return next(base for base in cls.__mro__ if method in vars(base))


def _attribute(operation: Any, name: str) -> Any:
    try:
        return getattr(operation, name, None)
    except Exception:  # a property of the student's
        return None


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))


def _lost(parameter: inspect.Parameter) -> Lost:
    required = parameter.default is parameter.empty
    default = None if required else constant(parameter.default)
    return Lost(name=parameter.name[:_LONGEST_NAME], required=required, default=default)


def _is_registered(owner: Any) -> bool:
    name = keras.saving.get_registered_name(owner)
    return keras.saving.get_registered_object(name) is not None


def _made_from_config(operation: Any) -> bool:
    """Whether the constructor was called with what Keras writes into every config, and nobody by hand.

    ``Operation.__new__`` keeps the arguments of a layer; those of a model it never sees.
    """
    kept = getattr(getattr(operation, "_auto_config", None), "config", None)
    return isinstance(kept, dict) and {"trainable", "dtype"} <= kept.keys()


def _unknown_names(config: dict[str, Any]) -> list[str]:
    """Return the names in a config that loading would look up among what is registered, and not find there."""
    found: list[str] = []
    stack: list[tuple[Any, int]] = [
        (item, 1) for item in config.values() if isinstance(item, _HOLDERS) and item
    ]
    stack.reverse()
    while stack:
        value, depth = stack.pop()
        inner: Any = value
        if isinstance(value, dict):
            name = value.get("registered_name")
            if name is None and value.get("module") in _KERAS_OBJECTS:  # most: an initializer, a policy
                own = value.get("config")
                if not own:
                    continue
                inner = own.values() if isinstance(own, dict) else ()
            elif _is_lambda(value):
                found.append("<lambda>")
                continue
            else:
                found += _unknown_name(value)
                inner = value.values()
        if depth < _MAX_DEPTH:
            held = [(item, depth + 1) for item in inner if isinstance(item, _HOLDERS) and item]
            # Last in, first out: turned round, they come in their own order.
            stack += reversed(held)
    return found


def _unknown_name(value: dict[str, Any]) -> list[str]:
    """Return the name that loading this object would look up in vain, if there is one."""
    if not value.get("registered_name") or "class_name" not in value or "config" not in value:
        return []
    name = value["config"] if value["class_name"] == "function" else value["registered_name"]
    custom = str(value.get("module") or "").partition(".")[0] != "keras"
    if custom and keras.saving.get_registered_object(str(name)) is None:
        return [str(name).rpartition(">")[2][:_LONGEST_NAME]]
    return []


def _is_lambda(value: dict[str, Any]) -> bool:
    """Whether a function without a name was serialised, as its code: loading refuses to run that."""
    return value.get("class_name") == "__lambda__" or (
        len(value) == 1 and isinstance(value.get("value"), (list, tuple))
    )
