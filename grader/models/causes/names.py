"""Names that Keras does not know, and names that a model has twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Literal

import keras
from keras.src import activations, constraints, initializers, losses, metrics, optimizers, regularizers
from keras.src.models.functional import Functional
from keras.src.utils.argument_validation import standardize_padding

from grader.causes import ClassGiven, NameUsedTwice, UnknownName
from grader.models.causes.arguments import nearest
from grader.models.layers import class_name
from grader.models.nodes import maker, needed_tensors
from grader.models.notes import Names, short
from grader.models.python_calls import PythonCall, python_call
from grader.models.raised import Raised, code_of

__all__ = ["name_used_twice", "unknown_loss_or_metric", "unknown_name"]

What = Literal[
    "activation",
    "loss",
    "metric",
    "optimizer",
    "initializer",
    "regularizer",
    "constraint",
    "padding",
    "layer",
]
_FEW = 24
_MODULES: dict[What, Any] = {
    "activation": activations,
    "loss": losses,
    "metric": metrics,
    "optimizer": optimizers,
    "initializer": initializers,
    "regularizer": regularizers,
    "constraint": constraints,
}
# Metrics that Keras chooses by the loss, and that no list holds.
_BY_LOSS = ("accuracy", "acc", "crossentropy", "ce")


def _known(what: What) -> list[str]:
    known = sorted(name for name in _MODULES[what].ALL_OBJECTS_DICT if isinstance(name, str))
    if what == "optimizer":
        return [name.lower() for name in known]
    plain = [name for name in known if name == name.lower()]  # classes are listed by their name, too
    return [*plain, *_BY_LOSS] if what == "metric" else plain


def _unknown(what: What, name: str, known: list[str]) -> UnknownName:
    return UnknownName(
        what=what,
        name=short(name),
        nearest=short(nearest(name, known)),
        known=tuple(short(one) for one in known) if len(known) <= _FEW else (),
    )


def unknown_name(raised: Raised, _: Names) -> UnknownName | ClassGiven | None:
    """Find the name of an activation, a loss, a padding, a layer that Keras looked for in vain."""
    if not raised.frames or not isinstance(raised.error, ValueError):
        return None
    last = raised.frames[-1][0]
    for what, module in _MODULES.items():
        name = last.f_locals.get("identifier")
        if last.f_code is code_of(module.get) and isinstance(name, str):
            return _unknown(what, name, _known(what))
    name = last.f_locals.get("value")
    if last.f_code is code_of(standardize_padding) and isinstance(name, str):
        causal = ["causal"] if last.f_locals.get("allow_causal") else []
        return _unknown("padding", name, ["valid", "same", *causal])
    call = python_call(raised)
    return None if call is None else _looked_up_by_method(call)


def _looked_up_by_method(call: PythonCall) -> UnknownName | ClassGiven | None:
    given = call.values()
    if call.function is _plain(keras.Model.get_layer) and isinstance(call.owner, keras.Model):
        name = given.get("name")
        known = [layer.name for layer in call.owner.layers]
        return _unknown("layer", name, known) if isinstance(name, str) and name not in known else None
    if call.function is _plain(keras.Model.compile):
        name = given.get("optimizer")
        if isinstance(name, str) and not _is_known(optimizers.get, name):
            return _unknown("optimizer", name, _known("optimizer"))
        if isinstance(name, type) and issubclass(name, keras.optimizers.Optimizer):
            return ClassGiven(function="compile", argument="optimizer", class_name=short(name.__name__))
    return None


def unknown_loss_or_metric(model: Any) -> UnknownName | None:
    """Find the loss or metric that a model was compiled with by a name that Keras does not know."""
    config = getattr(model, "_compile_config", None)
    held = {} if config is None else config.config
    for name in _texts(held.get("loss")):
        if not _is_known(losses.get, name):
            return _unknown("loss", name, _known("loss"))
    for name in _texts(held.get("metrics")):
        if name not in _BY_LOSS and not _is_known(metrics.get, name):
            return _unknown("metric", name, _known("metric"))
    return None


def _texts(structure: Any) -> list[str]:
    if isinstance(structure, dict):
        structure = list(structure.values())
    if isinstance(structure, (list, tuple)):
        return [text for item in structure for text in _texts(item)]
    return [structure] if isinstance(structure, str) else []


def _is_known(find: Callable[[str], Any], name: str) -> bool:
    try:
        find(name)
    except ValueError:
        return False
    return True


def _plain(function: Any) -> Any:
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function


def name_used_twice(raised: Raised, _: Names) -> NameUsedTwice | None:
    """Find the two layers of one model that have the same name."""
    if not isinstance(raised.error, ValueError):
        return None
    added = raised.last(keras.Sequential.add)
    if added is not None:
        return _twice([*added.f_locals["self"]._layers, added.f_locals.get("layer")])
    frame = raised.last(Functional.__init__)
    if frame is None:
        return None
    return _twice(_operations(frame.f_locals.get("flat_outputs") or []))


def _twice(operations: list[Any]) -> NameUsedTwice | None:
    unlike = {id(one): one for one in operations if isinstance(one, keras.Operation)}.values()
    for name, count in Counter(one.name for one in unlike).items():
        if count > 1:
            first, second = [short(class_name(one)) for one in unlike if one.name == name][:2]
            return NameUsedTwice(name=short(name), classes=(first, second))
    return None


def _operations(outputs: list[Any]) -> list[Any]:
    """Return the operations that outputs come from, those of Inputs too, first ones first."""
    found: list[Any] = []
    seen: set[int] = set()
    stack = list(outputs)
    while stack:
        tensor = stack.pop()
        if id(tensor) in seen or not isinstance(tensor, keras.KerasTensor):
            continue
        seen.add(id(tensor))
        node = maker(tensor)
        if node is not None:
            found.append(node.operation)
            stack.extend(needed_tensors(node))
        elif getattr(tensor, "_keras_history", None) is not None:
            found.append(tensor._keras_history.operation)
    return found[::-1]
