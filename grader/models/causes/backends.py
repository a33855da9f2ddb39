"""A function of one backend that was called on tensors of another, or on those that stand for values to come.

What a library could have computed with is passed over: there another reason made it raise.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

import keras

from grader.causes import BackendOnly
from grader.models.causes.libraries import (
    LIBRARIES,
    Given,
    Library,
    name_in,
    numbers_known,
    of_library,
    package_of,
    parts_of,
    running,
)
from grader.models.expressions import expression_at, value_of
from grader.models.notes import Names, short
from grader.models.raised import Raised
from grader.models.structures import flatten

__all__ = ["backend_only"]

# Methods by which a library asks a tensor of another for its numbers.
_ASKING = ("__array__", "__jax_array__", "__tf_tensor__", "__bool__", "__int__", "__float__", "__iter__")
# These take any objects, and hand them on.
_TAKE_ANYTHING = frozenset({"nest", "tree", "tree_util", "_pytree", "pytree"})
# These make a tensor of numbers, whoever holds them; so does every function of TensorFlow's.
_CONVERT = frozenset({"array", "asarray", "as_tensor", "tensor", "from_dlpack", "device_put"})
# Functions of keras.ops that give no tensor.
_NO_TENSOR = frozenset({"shape", "dtype", "is_tensor", "convert_to_numpy"})


@dataclass(frozen=True)
class _Found:
    """A tensor that a function was given; ``itself`` says that no further step stands between them."""

    of: Given
    value: Any
    itself: bool = True


def backend_only(raised: Raised, names: Names) -> BackendOnly | None:
    """Find a function of one backend in the student's innermost line, and a tensor that it cannot take."""
    frame, at = next(iter(raised.student_frames), (None, 0))
    found = None if frame is None else expression_at(frame.f_code, at)
    call = None if found is None else found.call
    if frame is None or call is None:
        return None
    inner = [f for f, _ in raised.frames]
    inner = inner[inner.index(frame) + 1 :]
    library = _library(call.func, frame, inner)
    if library is None or _keras_at_work(inner):
        return None
    written = [*call.args, *(keyword.value for keyword in call.keywords)]
    line = [tensor for expression in written for tensor in _tensors(expression, frame)]
    refused = [t for t in [*line, *_held(inner, library)] if _refuses(library, call.func, t)]
    tensor = next((t for t in refused if t.of == "keras"), next(iter(refused), None))
    if tensor is None:
        return None
    return BackendOnly(
        library=library,
        function=short(ast.unparse(call.func)),
        name=short(name_in(call.func, frame)),
        given=tensor.of,
        tensor=names.note(tensor.value) if tensor.itself and tensor.of == "keras" else None,
    )


def _library(function: ast.expr, frame: FrameType, inner: list[FrameType]) -> Library | None:
    """Return whose function was called: by what stands in the line, or else by the code that was entered."""
    package, parts = package_of(function, frame), {*parts_of(function)}
    value = value_of(function, frame)
    parts.update(str(getattr(value, "__module__", "")).split("."))
    if value is None and not package and inner:
        entered = str(inner[0].f_globals.get("__name__", "")).split(".")
        package = entered[0]
        parts.update(entered)
    if not _TAKE_ANYTHING.isdisjoint(parts):
        return None
    return next((library for library in LIBRARIES if library == package), None)


def _keras_at_work(inner: list[FrameType]) -> bool:
    """Whether Keras did something further in, as where a layer was called, and not only refused a tensor's numbers."""
    for frame in inner:
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] == "keras":
            return frame.f_code.co_name not in _ASKING
    return False


def _refuses(library: Library, function: ast.expr, tensor: _Found) -> bool:
    if tensor.of in ("keras", library):
        return tensor.of == "keras"
    converts = library == "tensorflow" or parts_of(function)[-1] in _CONVERT
    return not (converts and numbers_known(tensor.value))


def _tensors(expression: ast.expr, frame: FrameType) -> Iterator[_Found]:
    """Yield the tensors in an argument: those that names stand for, and what is computed from them in the line."""
    value = _value(expression, frame)
    of = of_library(value)
    if of is not None:
        yield _Found(of, value)
    elif isinstance(expression, (ast.List, ast.Tuple)):
        for element in expression.elts:
            yield from _tensors(element, frame)
    elif isinstance(expression, ast.Starred):
        yield from _tensors(expression.value, frame)
    elif isinstance(value, (list, tuple, dict)):
        yield from (_Found(kind, leaf) for leaf in flatten(value) if (kind := of_library(leaf)) is not None)
    else:
        yield from _computed(expression, frame)


def _value(expression: ast.expr, frame: FrameType) -> Any:
    """Look up what stands for an expression, as ``value_of`` does, and an element of a dict, list or tuple."""
    if not isinstance(expression, ast.Subscript):
        return value_of(expression, frame)
    holder, key = value_of(expression.value, frame), value_of(expression.slice, frame)
    if type(holder) is dict and isinstance(key, str):
        return holder.get(key)
    if type(holder) in (list, tuple) and type(key) is int and -len(holder) <= key < len(holder):
        return holder[key]
    return None


def _computed(expression: ast.expr, frame: FrameType) -> Iterator[_Found]:
    """Yield, for what the line computes from tensors, those tensors: the result is one of the same kind."""
    parts = [tensor for part in _operands(expression, frame) for tensor in _tensors(part, frame)]
    if isinstance(expression, ast.Subscript) and len({tensor.of for tensor in parts}) > 1:
        return  # one of several unlike ones
    for tensor in parts:
        by_keras = isinstance(expression, ast.Call) and tensor.of != "keras"
        of = running() if by_keras else tensor.of
        if of is not None:
            yield _Found(of, tensor.value, itself=False)


def _operands(expression: ast.expr, frame: FrameType) -> list[ast.expr]:
    """Return what an expression computes a tensor of the same kind from; nothing where it may give anything else."""
    if isinstance(expression, ast.BinOp):
        return [expression.left, expression.right]
    if isinstance(expression, ast.UnaryOp) and not isinstance(expression.op, ast.Not):
        return [expression.operand]
    if isinstance(expression, ast.Subscript):
        return [expression.value]
    if isinstance(expression, ast.Call) and _gives_tensors(expression.func, frame):
        return [*expression.args, *(keyword.value for keyword in expression.keywords)]
    return []


def _gives_tensors(function: ast.expr, frame: FrameType) -> bool:
    """Whether a call is one of a layer, or of a function of ``keras.ops`` or ``keras.activations``."""
    if isinstance(function, ast.Call):
        made = value_of(function.func, frame)
        return isinstance(made, type) and issubclass(made, keras.Layer)
    called = value_of(function, frame)
    if isinstance(called, keras.Layer):
        return True
    module = str(getattr(called, "__module__", ""))
    keras_function = module.startswith(("keras.src.ops", "keras.src.activations"))
    return keras_function and inspect.isfunction(called) and called.__name__ not in _NO_TENSOR


def _held(inner: list[FrameType], library: Library) -> Iterator[_Found]:
    """Yield the tensors that the library's first function was given, and those that were asked for their numbers."""
    for frame in inner:
        if frame.f_code.co_name in _ASKING and (of := of_library(frame.f_locals.get("self"))) is not None:
            yield _Found(of, frame.f_locals["self"])
    if inner and str(inner[0].f_globals.get("__name__", "")).partition(".")[0] == library:
        for value in flatten(_arguments(inner[0])):
            if (of := of_library(value)) is not None:
                yield _Found(of, value)


def _arguments(frame: FrameType) -> list[Any]:
    code = frame.f_code
    stars = bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + stars]
    return [frame.f_locals[name] for name in names if name in frame.f_locals]
