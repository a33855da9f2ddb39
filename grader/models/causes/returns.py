"""Functions that end without ``return``, and classes whose ``call`` is not there or is not Keras's to call."""

from __future__ import annotations

import ast
import dis
import inspect
from types import FrameType, FunctionType
from typing import Any

import keras

from grader.causes import CallMiswritten, NothingReturned
from grader.models.causes.arguments import nearest
from grader.models.expressions import source_of, value_of
from grader.models.method_calls import method_call
from grader.models.notes import Names, short
from grader.models.python_calls import python_call
from grader.models.raised import Raised

__all__ = ["call_miswritten", "nothing_returned"]

_ABSENT = (keras.Layer.call, keras.Model.call)


def returns_nothing(function: Any) -> bool:
    """Whether a function of Python's has no ``return`` with a value, read off its instructions."""
    if not isinstance(function, FunctionType) or function.__code__.co_flags & inspect.CO_GENERATOR:
        return False
    steps = [step for step in dis.get_instructions(function) if step.opname not in ("CACHE", "NOP")]
    ends = [place for place, step in enumerate(steps) if step.opname in ("RETURN_VALUE", "RETURN_CONST")]
    if not ends:
        return False  # it raises, whatever happens
    return all(
        steps[end].argval is None
        if steps[end].opname == "RETURN_CONST"
        else end > 0 and steps[end - 1].opname == "LOAD_CONST" and steps[end - 1].argval is None
        for end in ends
    )


def nothing_returned(raised: Raised, _: Names) -> NothingReturned | None:
    """Find the function or ``call`` whose result was used and is ``None`` for want of ``return``."""
    own = raised.student_frames
    call = raised.calls[-1] if raised.calls else None
    if call is not None and call.args[:1] == (None,):
        return _source_of_none(raised)
    running = {id(frame.f_code) for frame, _ in own}
    if call is not None and id(getattr(type(call.operation).call, "__code__", None)) not in running:
        return _of_class(type(call.operation))
    fed = method_call(raised)
    if fed is not None:
        return _of_class(type(fed.model))
    return None


def _of_class(cls: type) -> NothingReturned | None:
    function = inspect.getattr_static(cls, "call", None)
    if not returns_nothing(function):
        return None
    return NothingReturned(function=short(f"{cls.__name__}.call"), method=True)


def _source_of_none(raised: Raised) -> NothingReturned | None:
    """Follow a None that a layer was called on to the line it comes from, within the student's function."""
    own = raised.student_frames
    written = python_call(raised)
    frame = own[0][0] if own else None
    expression = None if written is None else next(iter(written.written.values()), None)
    if frame is None or expression is None:
        return None
    if isinstance(expression, ast.Name):
        expression = _assigned(expression.id, frame)
    if not isinstance(expression, ast.Call):
        return None
    made_here = isinstance(expression.func, ast.Call)
    called = value_of(
        expression.func.func if isinstance(expression.func, ast.Call) else expression.func, frame
    )
    if isinstance(called, type) and made_here:
        return _of_class(called) if issubclass(called, keras.Layer) else None
    if isinstance(called, keras.Layer):
        return _of_class(type(called))
    if returns_nothing(called):
        return NothingReturned(function=short(called.__name__), method=False)
    return None


def _assigned(name: str, frame: FrameType) -> ast.expr | None:
    """Return what a variable was given last before the frame's line, in its source."""
    tree = source_of(frame.f_code)
    found: ast.Assign | None = None
    for node in ast.walk(tree) if tree is not None else ():
        if (
            not isinstance(node, ast.Assign)
            or not frame.f_code.co_firstlineno <= node.lineno < frame.f_lineno
        ):
            continue
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if name in names and (found is None or node.lineno > found.lineno):
            found = node
    return None if found is None else found.value


def call_miswritten(raised: Raised, _: Names) -> CallMiswritten | None:
    """Find a class whose ``call`` is not there, or lacks ``self``."""
    call = raised.calls[-1] if raised.calls else None
    fed = method_call(raised)
    if call is not None:
        cls = type(call.operation)
    elif fed is not None:
        cls = type(fed.model)
    else:
        return None
    function = inspect.getattr_static(cls, "call", None)
    if not issubclass(cls, keras.Layer) or str(cls.__module__).partition(".")[0] == "keras":
        return None
    if function in _ABSENT:
        known = [name for owner in cls.__mro__ if not _of_keras(owner) for name in vars(owner)]
        alike = (
            "forward" if "forward" in known else nearest("call", [n for n in known if not n.startswith("_")])
        )
        return CallMiswritten(
            class_name=short(cls.__name__), problem="absent", found=short(alike or _dunder(known))
        )
    if isinstance(function, FunctionType) and isinstance(raised.error, TypeError):
        first = next(iter(inspect.signature(function).parameters.values()), None)
        named = first is not None and (first.name in ("self", "cls") or first.kind is first.VAR_POSITIONAL)
        if not named and not _takes(function, call):
            return CallMiswritten(class_name=short(cls.__name__), problem="without-self")
    return None


def _dunder(known: list[str]) -> str:
    return "__call__" if "__call__" in known else ""


def _takes(function: Any, call: Any) -> bool:
    if call is None:
        return True
    try:
        inspect.signature(function).bind(call.operation, *call.args, **call.kwargs)
    except TypeError:
        return False
    return True


def _of_keras(cls: type) -> bool:
    return cls is object or cls.__module__.partition(".")[0] in ("keras", "torch", "tensorflow")
