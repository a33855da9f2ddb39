"""The method of a model, such as ``fit``, that an exception came out of, and the data it was given."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any, get_args

import keras
from keras.src.trainers.compile_utils import CompileLoss

from grader.causes import Array, Method
from grader.models.notes import lengths, short
from grader.models.python_calls import PythonCall, python_call
from grader.models.raised import Raised, code_of

__all__ = ["MethodCall", "method_call"]

_METHODS: dict[Any, Method] = {
    code_of(getattr(keras.Model, name)): name for name in get_args(Method) if name != "call"
}


@dataclass(frozen=True)
class MethodCall:
    """A call of ``fit``, ``predict`` and the like.

    ``before_loss`` is whether Keras had not come to the loss yet, and ``None`` where its own frames were cut off.
    """

    model: Any
    method: Method
    given: Mapping[str, Any]
    written: PythonCall | None
    before_loss: bool | None

    def array(self, argument: str, value: Any, part: int | str | None = None) -> Array:
        """Note what was given for an argument, or for a part of it, as its author wrote it."""
        own = "*0" if self.method == "call" else argument
        text = self.written.text(own) if self.written is not None else ""
        if part is not None:
            argument, text = f"{argument}[{part!r}]", f"{text}[{part!r}]" if text else ""
        return Array(argument=argument, text=short(text), shape=lengths(getattr(value, "shape", ())))


def method_call(raised: Raised) -> MethodCall | None:
    """Find the method of a model that the student's innermost line called on data."""
    written = python_call(raised)
    for place, frame in enumerate(written.inner if written is not None else ()):
        found = _entered(frame)
        if found is not None:
            inner = written.inner[place + 1 :] if written is not None else ()
            reached = None if len(inner) < 2 else not any(_is_loss(one) for one in inner)
            return MethodCall(*found, written=written, before_loss=reached)
    return _called_on_data(raised)


def _called_on_data(raised: Raised) -> MethodCall | None:
    """Take a model that was called on arrays for one whose method was given them."""
    outer = raised.calls[0] if raised.calls else None
    if outer is None or not isinstance(outer.operation, keras.Model) or len(outer.args) != 1:
        return None
    written = python_call(raised)
    if written is None or not written.inner or outer.tensors:
        return None
    return MethodCall(
        model=outer.operation,
        method="call",
        given={"x": outer.args[0]},
        written=written,
        before_loss=True,
    )


def _is_loss(frame: FrameType) -> bool:
    return isinstance(frame.f_locals.get("self"), (CompileLoss, keras.losses.Loss))


def _entered(frame: FrameType) -> tuple[Any, Method, Mapping[str, Any]] | None:
    here = frame.f_locals
    if frame.f_code.co_name == "error_handler":
        function = here.get("fn")
        method = _METHODS.get(code_of(function))
        if method is None or function is None or not here.get("args"):
            return None
        try:
            bound = inspect.signature(function).bind(*here["args"], **here["kwargs"])
        except TypeError:
            return None
        return (
            (here["args"][0], method, bound.arguments) if isinstance(here["args"][0], keras.Model) else None
        )
    method = _METHODS.get(frame.f_code)
    model = here.get("self")
    return (model, method, here) if method is not None and isinstance(model, keras.Model) else None
