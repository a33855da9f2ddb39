"""Shapes that weights and numbers cannot be made of, numbers drawn without a seed, and matrices that do not fit."""

from __future__ import annotations

import ast
from typing import Any

import keras
from keras.src.backend.common.variables import standardize_shape
from keras.src.random.seed_generator import global_seed_generator

from grader.causes import NoSeed, NotAShape, OpenShape, TensorNote, UnlikeFactors
from grader.models.expressions import expression_at, value_of
from grader.models.layers import class_name
from grader.models.notes import Names, lengths, short
from grader.models.plain import is_array
from grader.models.python_calls import PythonCall, python_call
from grader.models.raised import Raised, code_of

__all__ = ["no_seed", "not_a_shape", "open_shape", "unlike_factors"]

_FILLED = ("zeros", "ones", "full", "empty")
_PRODUCTS = ("matmul", "dot")


def not_a_shape(raised: Raised, _: Names) -> NotAShape | None:
    """Find the number that was given as a shape, without its brackets, or the shape that was given as a length."""
    last = raised.frames[-1][0] if raised.frames else None
    if last is None or last.f_code is not code_of(standardize_shape):
        return None
    value, length = last.f_locals.get("shape"), last.f_locals.get("d")
    if isinstance(value, (tuple, list)) and isinstance(length, (tuple, list)):
        return NotAShape(value=short(tuple(length)), inside=True)
    if not isinstance(value, int):
        return None
    call = python_call(raised)
    given = [] if call is None or call.function is not code_owner(keras.Input) else _positional(call)
    numbers = given if all(type(one) is int for one in given) else []
    return NotAShape(value=short(", ".join(str(one) for one in numbers or [value])))


def code_owner(function: Any) -> Any:
    """Return a function, decorators taken off."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function


def _positional(call: PythonCall) -> list[Any]:
    return [value_of(expression, call.frame) for expression in list(call.written.values())[: call.positional]]


def open_shape(raised: Raised, _: Names) -> OpenShape | None:
    """Find the shape with a length that is not known, of which a function was to make numbers, or a weight."""
    call = python_call(raised)
    if call is None or not _makes_numbers(call):
        return None
    shape: Any = call.values().get("shape")
    if type(shape).__name__ == "TensorShape":
        shape = tuple(shape)  # what a tensor of TensorFlow's says
    if not isinstance(shape, (tuple, list)) or None not in shape:
        return None
    if not all(length is None or isinstance(length, int) for length in shape):
        return None
    return OpenShape(function=_title(call), shape=lengths(shape), text=short(call.text("shape")))


def _makes_numbers(call: PythonCall) -> bool:
    module, name = str(getattr(call.function, "__module__", "")), call.function.__name__
    if call.function is code_owner(keras.Layer.add_weight):
        return True
    return module.startswith("keras.src.random.") or (module == "keras.src.ops.numpy" and name in _FILLED)


def _title(call: PythonCall) -> str:
    module = str(call.function.__module__).split(".")
    prefix = {"random": "keras.random.", "ops": "keras.ops."}.get(module[2] if len(module) > 2 else "", "")
    return short(prefix + call.function.__name__)


def no_seed(raised: Raised, _: Names) -> NoSeed | None:
    """Find the function that drew numbers without a seed of its own where JAX traces what it does."""
    last = raised.frames[-1][0] if raised.frames else None
    call = python_call(raised)
    if last is None or call is None or last.f_code is not code_of(global_seed_generator):
        return None
    layer = call.frame.f_locals.get("self")
    owner = class_name(layer) if isinstance(layer, keras.Layer) else ""
    return NoSeed(class_name=short(owner), function=_title(call))


def unlike_factors(raised: Raised, names: Names) -> UnlikeFactors | None:
    """Find the two tensors of a matrix product that do not fit together: plain code with a weight of one's own."""
    found = _factors(raised)
    if found is None:
        return None
    function, factors = found
    if not all(_has_axes(value) for _, value in factors):
        return None
    (text, one), (its, other) = factors
    ours, theirs = one.shape[-1], other.shape[-2]
    if not isinstance(ours, int) or not isinstance(theirs, int) or ours == theirs:
        return None
    return UnlikeFactors(
        function=function,
        tensors=(
            _note(text, one, names, batched=True),
            _note(its, other, names, batched=len(other.shape) > 2),
        ),
        lengths=(ours, theirs),
        transposed=len(other.shape) == 2 and other.shape[-1] == ours,
    )


def _factors(raised: Raised) -> tuple[str, list[tuple[str, Any]]] | None:
    """Return what the student's line multiplies, each with how it is written: by ``@``, or by a function of Keras's."""
    frame, at = next(iter(raised.student_frames), (None, 0))
    found = None if frame is None else expression_at(frame.f_code, at)
    last = found.path[-1] if found is not None and found.path else None
    if frame is not None and isinstance(last, ast.BinOp) and isinstance(last.op, ast.MatMult):
        return "@", [(_text(side), value_of(side, frame)) for side in (last.left, last.right)]
    call = python_call(raised)
    if call is None or str(getattr(call.function, "__module__", "")) != "keras.src.ops.numpy":
        return None
    if call.function.__name__ not in _PRODUCTS or len(call.written) != 2:
        return None
    values = call.values()
    if set(values) != set(list(call.parameters)[:2]):
        return None
    pairs = [(_text(call.written[name]), values[name]) for name in list(call.parameters)[:2]]
    return f"keras.ops.{call.function.__name__}", pairs


def _text(expression: ast.expr) -> str:
    return short(ast.unparse(expression)) if isinstance(expression, (ast.Name, ast.Attribute)) else ""


def _has_axes(value: Any) -> bool:
    tensor = isinstance(value, (keras.KerasTensor, keras.Variable)) or is_array(value)
    return tensor and len(value.shape) >= 2


def _note(text: str, value: Any, names: Names, *, batched: bool) -> TensorNote:
    if isinstance(value, keras.KerasTensor):
        return names.note(value)
    shape = lengths(value.shape)
    if batched and not isinstance(value, keras.Variable):  # the batch may be one that Keras made up
        shape = (None, *shape[1:])
    return TensorNote(variable=text, data=True, shape=shape)
