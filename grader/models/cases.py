"""Build what a case asks for out of what the student gave: a function, a class, a layer, a model."""

from __future__ import annotations

import dis
import math
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from pydantic import JsonValue

from grader.evidence import Case, Work, WorkKind
from grader.models.describe import Described, describe, make_inputs
from grader.models.plain import is_array
from grader.models.structures import flatten

__all__ = ["NothingReturnedError", "UnusableAnswerError", "build", "is_stub", "plain_value", "work_of"]

_MAX_VALUE_ITEMS = 100_000
_STUB_CODE = {
    "RESUME",
    "NOP",
    "LOAD_CONST",
    "POP_TOP",
    "RETURN_VALUE",
    "RETURN_CONST",
    "COPY_FREE_VARS",
    "CACHE",
}


class NothingReturnedError(TypeError):
    """A function returned ``None`` where tensors or a model were asked for."""


class UnusableAnswerError(TypeError):
    """What the student gave, or their function returned, is nothing that can be checked."""


def work_of(obj: Any) -> Work:
    """Say what kind of object a check was given, and its name: a function's, or else its class's."""
    if isinstance(obj, type):
        return _work("class", obj.__name__)
    if isinstance(obj, keras.Layer):
        return _work("model" if isinstance(obj, keras.Model) else "layer", type(obj).__name__)
    if isinstance(obj, keras.KerasTensor) or keras.ops.is_tensor(obj):
        return _work("tensor", type(obj).__name__)
    if callable(obj):
        return _work("function", getattr(obj, "__name__", ""))
    return _work("value", type(obj).__name__)


def _work(kind: WorkKind, name: object) -> Work:
    return Work(kind=kind, name=name[:100] if isinstance(name, str) else "")


def build(obj: Any, case: Case) -> Described | JsonValue:
    """Build one case: a described model, or a plain value.

    Raises whatever the student's code raises, and:
        NothingReturnedError, UnusableAnswerError: what came back cannot be checked.
        UnreadableModelError: it is a model whose graph cannot be read.
    """
    if isinstance(obj, type) and issubclass(obj, keras.Layer):
        return _from_layer(obj(**case.arguments), case)
    if isinstance(obj, keras.Layer):
        return _from_layer(obj, case)
    if callable(obj):
        return _from_function(obj, case)
    return plain_value(obj)


def _from_layer(layer: Any, case: Case, inputs: list[Any] | None = None) -> Described:
    if isinstance(layer, keras.Model):
        return describe(layer, case.inputs or None)
    inputs = make_inputs(case.inputs) if inputs is None else inputs
    if not inputs:
        raise UnusableAnswerError(
            f"Expected a model, got a layer of the class {type(layer).__name__}, which has no inputs of its own."
        )
    return _wrapped(inputs, layer(*inputs), type(layer).__name__)


def _from_function(function: Callable[..., Any], case: Case) -> Described | JsonValue:
    inputs = make_inputs(case.inputs)
    result = function(*inputs, **case.arguments)
    if isinstance(result, keras.Layer):
        return _from_layer(result, case, inputs)
    if result is None:
        name = getattr(function, "__name__", "the function")
        raise NothingReturnedError(
            f"{name} returned None. End it with `return` and "
            + ("the tensor that its last layer gives." if inputs else "what it has built or computed.")
        )
    if any(isinstance(leaf, keras.KerasTensor) for leaf in flatten(result)):
        return _wrapped(inputs, result, getattr(function, "__name__", "the function"))
    return plain_value(result)


def _wrapped(inputs: list[Any], outputs: Any, name: str) -> Described:
    try:
        model = keras.Model(inputs[0] if len(inputs) == 1 else inputs, outputs)
    except ValueError as error:
        strangers = [leaf for leaf in flatten(outputs) if not isinstance(leaf, keras.KerasTensor)]
        if strangers or not inputs:
            raise UnusableAnswerError(f"No model can be made of what {name} returned: {error}") from None
        raise UnusableAnswerError(
            f"What {name} returned is not computed from what it was given alone. "
            "Start from the tensor it is given, and make no `keras.Input` of your own."
        ) from None
    return describe(model)


def is_stub(obj: Any) -> bool:
    """Say whether a function's body does nothing: a docstring, ``...``, ``pass`` or ``return None``."""
    code = getattr(getattr(obj, "__func__", obj), "__code__", None)
    if code is None:
        return False
    return all(step.opname in _STUB_CODE for step in dis.get_instructions(code))


def plain_value(value: Any) -> JsonValue:
    """Write an answer as a JSON value: arrays become nested lists, nan and inf their names.

    Raises:
        UnusableAnswerError: it is something else than numbers, text, and lists and dicts of them, or too long.
    """
    return _plain(value, [_MAX_VALUE_ITEMS])


def _plain(value: Any, left: list[int]) -> JsonValue:
    left[0] -= 1
    if left[0] < 0:
        raise UnusableAnswerError(f"The answer has more than {_MAX_VALUE_ITEMS:,} values.")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, str)):
        return int(value) if isinstance(value, int) else str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, np.generic):
        return _plain(value.item(), left)
    if isinstance(value, Mapping):
        return {str(key): _plain(item, left) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return [_plain(item, left) for item in sorted(value, key=repr)]
    if isinstance(value, (list, tuple, range)):
        return [_plain(item, left) for item in value]
    if isinstance(value, keras.Variable) or is_array(value):
        array = np.asarray(keras.ops.convert_to_numpy(value))
        if array.size > left[0]:
            raise UnusableAnswerError(f"The answer has more than {_MAX_VALUE_ITEMS:,} values.")
        return _plain(array.tolist(), left)
    raise UnusableAnswerError(
        f"Expected a number, text, a list, a model or a function, got an object of the class {type(value).__name__}."
    )
