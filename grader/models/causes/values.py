"""Plain code that needs the value of a tensor: ``if``, loops, ``len``, functions of NumPy."""

from __future__ import annotations

import ast
from types import FrameType
from typing import Any, Literal

import keras

from grader.causes import ValueNeeded
from grader.models.causes.libraries import package_of
from grader.models.expressions import Expression, expression_at, value_of
from grader.models.notes import Names, short
from grader.models.raised import Raised

__all__ = ["Asked", "branch_on_value", "value_needed"]

Asked = Literal["if", "while", "bool"]

_NUMBERS = ("__int__", "__float__", "__index__", "__complex__")
# The exceptions by which backends refuse to give the value of a tensor while they trace.
_REFUSALS = {
    ("jax", "TracerBoolConversionError"): "bool",
    ("jax", "TracerArrayConversionError"): "array",
    ("jax", "TracerIntegerConversionError"): "number",
    ("jax", "ConcretizationTypeError"): "number",
    ("tensorflow", "OperatorNotAllowedInGraphError"): "bool",
}


def value_needed(raised: Raised, names: Names) -> ValueNeeded | None:
    """Find the place where the student's code asked for what a tensor holds while it holds nothing."""
    own = raised.student_frames
    if not own:
        return None
    frame, at = own[0]
    inner = raised.frames[[f for f, _ in raised.frames].index(frame) + 1 :]
    node = expression_at(frame.f_code, at)
    if inner:
        return _asked_by_a_method(inner, node, frame, names)
    return _asked_by_a_builtin(raised, node, frame, names)


def branch_on_value(error: BaseException) -> Asked | None:
    """Say which statement asked whether a symbolic tensor is true, where that is why a call cannot be followed."""
    try:
        raised = Raised.of(error)
        cause = value_needed(raised, Names(raised))
    except Exception:  # whatever the student's objects do when they are looked at
        return None
    if cause is not None and (cause.how == "if" or cause.how == "while" or cause.how == "bool"):
        return cause.how
    return None


def _asked_by_a_method(
    inner: list[tuple[FrameType, int]], node: Expression | None, frame: FrameType, names: Names
) -> ValueNeeded | None:
    """The innermost frames are those of a tensor's own ``__bool__`` and the like, which refused."""
    asked = next(
        (f for f, _ in inner if f.f_code.co_name in _ASKING and _is_symbolic(f.f_locals.get("self"))), None
    )
    if asked is None:
        return _given_to_numpy(node, frame, names)
    method, tensor = asked.f_code.co_name, asked.f_locals["self"]
    note = names.note(tensor) if isinstance(tensor, keras.KerasTensor) else None
    function = _function_of_numpy(node, frame)
    if function:
        return ValueNeeded(how="numpy", function=function, tensor=note)
    if inner[0][0] is not asked:
        return None  # asked for somewhere inside a library, for a reason that is not known
    if method == "__bool__":
        return ValueNeeded(how=_branching(node), tensor=note)
    if method == "__iter__":
        return ValueNeeded(how="for", tensor=note)
    if method in _NUMBERS:
        return ValueNeeded(how="number", tensor=note)
    return ValueNeeded(how="numpy", tensor=note) if method == "__array__" else None


_ASKING = ("__bool__", "__iter__", "__array__", "__jax_array__", "__tf_tensor__", *_NUMBERS)


def _asked_by_a_builtin(
    raised: Raised, node: Expression | None, frame: FrameType, names: Names
) -> ValueNeeded | None:
    """The student's line called something written in C: ``len``, or a function of NumPy's, on a symbolic tensor."""
    refused = _REFUSALS.get((type(raised.error).__module__.partition(".")[0], type(raised.error).__name__))
    if refused is not None:
        # The backend says so itself, and has cut its own frames off.
        if refused == "array":
            function = _function_of_numpy(node, frame)
            return ValueNeeded(how="numpy", function=function) if function else None
        return ValueNeeded(how="number" if refused == "number" else _branching(node))
    if not isinstance(raised.error, (TypeError, ValueError, NotImplementedError)) or node is None:
        return None
    call = node.call
    if call is None:
        return None
    to_numpy = _given_to_numpy(node, frame, names)
    if to_numpy is not None:
        return to_numpy
    given = _symbolic_arguments(call, frame)
    if not given:
        return None
    note = names.note(given[0])
    called = value_of(call.func, frame)
    if called is len:
        return ValueNeeded(how="len", tensor=note)
    if called in (int, float):
        return ValueNeeded(how="number", tensor=note)
    return None


def _given_to_numpy(node: Expression | None, frame: FrameType, names: Names) -> ValueNeeded | None:
    """Find a function of NumPy's, which computes with numbers, and a symbolic tensor among its arguments."""
    call = node.call if node is not None else None
    function = _function_of_numpy(node, frame)
    tensors = _symbolic_arguments(call, frame) if call is not None and function else []
    return ValueNeeded(how="numpy", function=function, tensor=names.note(tensors[0])) if tensors else None


def _symbolic_arguments(call: ast.Call, frame: FrameType) -> list[Any]:
    return [one for one in _arguments(call, frame) if _is_keras(one)]


def _arguments(call: ast.Call, frame: FrameType) -> list[Any]:
    """Return what was given to a function, by name too, with the parts of lists."""
    given = [value_of(one, frame) for one in (*call.args, *(keyword.value for keyword in call.keywords))]
    return [part for value in given for part in (value if isinstance(value, list) else [value])]


def _is_keras(value: Any) -> bool:
    return isinstance(value, keras.KerasTensor)


def _is_symbolic(value: Any) -> bool:
    """Whether this is a tensor that holds no value yet: Keras's, or one of a backend while it traces."""
    if _is_keras(value):
        return True
    module = type(value).__module__.partition(".")[0]
    kind = type(value).__name__
    if module in ("jax", "jaxlib"):
        return kind.endswith("Tracer")
    return module == "tensorflow" and kind == "SymbolicTensor"


def _branching(node: Expression | None) -> Asked:
    """Say which statement asked: ``if`` and ``x if c else y`` are one; anything unclear is ``bool``."""
    path = node.path if node is not None else []
    if path and isinstance(
        path[-1], (ast.While, ast.If)
    ):  # the jump back belongs to the statement as a whole
        return "while" if isinstance(path[-1], ast.While) else "if"
    for outer, inner in zip(reversed(path[:-1]), reversed(path[1:]), strict=True):
        if isinstance(outer, (ast.If, ast.IfExp)) and inner is outer.test:
            return "if"
        if isinstance(outer, ast.While) and inner is outer.test:
            return "while"
        if isinstance(outer, (ast.Call, ast.stmt)):
            return "bool"
    return "bool"


def _function_of_numpy(node: Expression | None, frame: FrameType) -> str:
    """Return how a function of NumPy's is written in the call that failed; empty where it is none."""
    call = node.call if node is not None else None
    if call is None or package_of(call.func, frame) != "numpy":
        return ""
    return short(ast.unparse(call.func))
