"""The call in a student's own line that an exception came out of: which function, with which arguments."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from types import FrameType, FunctionType, MethodType
from typing import Any

import keras
from keras.src.models.functional import Functional

from grader.models.expressions import expression_at, value_of
from grader.models.raised import LayerCall, Raised

__all__ = ["PythonCall", "python_call", "written_layer_call"]

Parameter = inspect.Parameter
_PLAIN = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True)
class PythonCall:
    """A call that the student wrote. ``function`` is a class, or a function with its decorators taken off.

    ``owner`` is the object whose method it is. ``written`` are the argument's expressions by parameter, those
    of ``*args`` by position, and ``open`` says that some are hidden behind a star. ``inner`` are the frames
    further in.
    """

    function: Any
    owner: Any
    frame: FrameType
    inner: tuple[FrameType, ...]
    written: Mapping[str, ast.expr]
    positional: int
    keywords: tuple[str, ...]
    open: bool

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Return what the function takes, ``self`` left out; of a class, what its constructor takes."""
        return _parameters(self.function, self.owner)

    def values(self) -> dict[str, Any]:
        """Return the arguments' values by parameter: those of the callee's frame, or what the names stand for."""
        found = {name: value_of(expression, self.frame) for name, expression in self.written.items()}
        here = self._callee()
        return {
            name: here[name] if here is not None and name in here else value for name, value in found.items()
        }

    def text(self, name: str) -> str:
        """Return how the author wrote an argument; empty for one that was left out, or is long."""
        expression = self.written.get(name)
        if not isinstance(expression, (ast.Name, ast.Attribute, ast.Subscript)):
            return ""
        text = ast.unparse(expression)
        return text if len(text) <= 40 else ""

    def _callee(self) -> Mapping[str, Any] | None:
        if not self.inner:
            return None
        first = self.inner[0]
        if isinstance(self.function, type):
            made = isinstance(first.f_locals.get("self"), self.function)
            return first.f_locals if made and first.f_code.co_name == "__init__" else None
        if first.f_code.co_name == "error_handler":
            try:
                bound = inspect.signature(self.function).bind(
                    *first.f_locals["args"], **first.f_locals["kwargs"]
                )
            except (KeyError, TypeError, ValueError):
                return None
            return bound.arguments
        code = getattr(self.function, "__code__", None)
        return first.f_locals if first.f_code is code else None


def python_call(raised: Raised) -> PythonCall | None:
    """Find the call in the student's innermost line, where it is one of a function or class that is known."""
    own = raised.student_frames
    if not own:
        return None
    frame, at = own[0]
    found = expression_at(frame.f_code, at)
    call = None if found is None else found.call
    if call is None:
        return None
    place = next(i for i, (f, _) in enumerate(raised.frames) if f is frame)
    inner = tuple(f for f, _ in raised.frames[place + 1 :])
    function, owner = _called(call, frame, inner)
    if function is None:
        return None
    names = [name for name, p in _parameters(function, owner).items() if p.kind in _PLAIN]
    written: dict[str, ast.expr] = {}
    for position, argument in enumerate(call.args):
        written[names[position] if position < len(names) else f"*{position}"] = argument
    written |= {k.arg: k.value for k in call.keywords if k.arg is not None}
    return PythonCall(
        function=function,
        owner=owner,
        frame=frame,
        inner=inner,
        written=written,
        positional=len(call.args),
        keywords=tuple(k.arg for k in call.keywords if k.arg is not None),
        open=any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords),
    )


def written_layer_call(raised: Raised) -> LayerCall | None:
    """Read the call of a layer off the student's last line, where Keras has cut its own frames off below it."""
    own = raised.student_frames
    if not own or raised.frames[-1][0] is not own[0][0]:
        return None
    frame, at = own[0]
    found = expression_at(frame.f_code, at)
    call = None if found is None else found.call
    layer = None if call is None else value_of(call.func, frame)
    if call is None or not isinstance(layer, keras.Layer) or any(k.arg is None for k in call.keywords):
        return None
    args = tuple(value_of(argument, frame) for argument in call.args)
    if any(value is None for value in args):
        return None  # an expression that no name stands for
    return LayerCall(layer, args, {str(k.arg): value_of(k.value, frame) for k in call.keywords})


def _called(call: ast.Call, frame: FrameType, inner: tuple[FrameType, ...]) -> tuple[Any, Any]:
    """Return the function or class that was called, decorators taken off, and the object whose method it is."""
    function = value_of(call.func, frame)
    owner = value_of(call.func.value, frame) if isinstance(call.func, ast.Attribute) else None
    if inner and not isinstance(function, (type, FunctionType, MethodType)):
        function, owner = _entered(inner[0])  # what was called is an object, or no name stands for it
    if isinstance(function, MethodType):
        bound: MethodType = function
        function, owner = bound.__func__, bound.__self__
    while hasattr(function, "__wrapped__") and not isinstance(function, type):
        function = function.__wrapped__
    if not isinstance(function, (type, FunctionType)):
        return None, None
    return function, owner if isinstance(owner, keras.Operation) else None


def _entered(frame: FrameType) -> tuple[Any, Any]:
    """Read off the first frame within which function it is, where the line itself does not tell."""
    here = frame.f_locals
    if frame.f_code.co_name == "error_handler" and here.get("args"):
        return here.get("fn"), here["args"][0]
    owner = here.get("self")
    if not isinstance(owner, keras.Operation):
        return None, None
    if frame.f_code.co_name == "__init__":
        return type(owner), None
    return inspect.getattr_static(type(owner), frame.f_code.co_name, None), owner


def _parameters(function: Any, owner: Any) -> dict[str, Parameter]:
    if function is keras.Model:
        function = Functional  # which is what ``keras.Model(inputs, outputs)`` makes
    of = getattr(function, "__init__", None) if isinstance(function, type) else function
    try:
        parameters = {} if of is None else dict(inspect.signature(of).parameters)
    except (TypeError, ValueError):
        return {}
    if isinstance(function, type) or owner is not None:
        parameters.pop(next(iter(parameters), ""), None)
    return parameters
