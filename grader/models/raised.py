"""An exception as evidence: its frames, the student's among them, and the calls of layers it passed through."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from types import CodeType, FrameType, TracebackType
from typing import Any, NamedTuple

import keras

from grader.models.structures import flatten
from grader.models.student_code import is_students

__all__ = ["LayerCall", "Raised", "chain", "frames_of", "symbols"]

_MOST_FRAMES = 4000
_MOST_ERRORS = 16


class LayerCall(NamedTuple):
    """A call of a layer or operation that an exception came out of."""

    operation: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    @property
    def tensors(self) -> list[Any]:
        """Return the symbolic tensors among the arguments."""
        return symbols((self.args, self.kwargs))


def symbols(structure: Any) -> list[Any]:
    """Return the symbolic tensors in a structure of arguments."""
    return [leaf for leaf in flatten(structure) if isinstance(leaf, keras.KerasTensor)]


def frames_of(start: TracebackType | None) -> list[tuple[FrameType, int]]:
    """Return the frames of a traceback, outermost first, each with the offset of the instruction it stood at."""

    def walked() -> Iterator[tuple[FrameType, int]]:
        link = start
        while link is not None:
            yield link.tb_frame, link.tb_lasti
            link = link.tb_next

    return list(islice(walked(), _MOST_FRAMES))


def chain(error: BaseException) -> list[BaseException]:
    """Return an exception and those it came from, nearest first; a circle is followed once."""
    found: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and len(found) < _MOST_ERRORS:
        if any(known is following for known in found):
            break
        found.append(following)
        following = following.__cause__ or following.__context__
    return found


@dataclass(frozen=True)
class Raised:
    """An exception beside its frames, outermost first."""

    error: BaseException
    frames: list[tuple[FrameType, int]]

    @classmethod
    def of(cls, error: BaseException) -> Raised:
        """Read an exception's traceback."""
        return cls(error, frames_of(error.__traceback__))

    @property
    def student_frames(self) -> list[tuple[FrameType, int]]:
        """Return the frames of the student's own code, innermost first."""
        return [(frame, at) for frame, at in reversed(self.frames) if is_students(frame.f_code.co_filename)]

    @property
    def place(self) -> tuple[CodeType, int] | None:
        """Return the instruction of the student's code that the exception came through last."""
        frame, at = next(iter(self.student_frames), (None, 0))
        return None if frame is None else (frame.f_code, at)

    @property
    def versions(self) -> list[Raised]:
        """Return this after what Keras caught and then raised anew, in other words or without its own frames.

        What was caught by anybody else is another exception: a traceback begins where it was caught.
        """
        found = [self]
        for error in chain(self.error)[1:]:
            earlier = Raised.of(error)
            if not earlier.frames or _module(earlier.frames[0][0]).partition(".")[0] != "keras":
                break
            found.insert(0, earlier)
        return found

    @property
    def calls(self) -> list[LayerCall]:
        """Return the calls of layers and operations in the frames, outermost first, each once."""
        found: list[LayerCall] = []
        for frame, _ in self.frames:
            call = _call_in(frame)
            if call is not None:
                if found and found[-1].operation is call.operation:
                    # The outer frame of one call holds what was passed, the inner ones what Keras made of it.
                    continue
                found.append(call)
        return found

    def last(self, *codes: Any) -> FrameType | None:
        """Return the innermost frame of one of these Keras functions with no code of the student's further in."""
        wanted = {code_of(function) for function in codes}
        for frame, _ in reversed(self.frames):
            if frame.f_code in wanted:
                return frame
            if is_students(frame.f_code.co_filename):
                return None
        return None


def code_of(function: Any) -> CodeType | None:
    """Return the code of a function, decorators taken off."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code = getattr(function, "__code__", None)
    return code if isinstance(code, CodeType) else None


def _call_in(frame: FrameType) -> LayerCall | None:
    here = frame.f_locals
    if frame.f_code.co_name == "error_handler" and _module(frame) == "keras.src.utils.traceback_utils":
        # A filtered traceback has this frame of Keras's alone: the decorator around ``__call__``.
        args = here.get("args", ())
        if code_of(here.get("fn")) in _CALL_CODES and args and isinstance(args[0], keras.Operation):
            return LayerCall(args[0], tuple(args[1:]), dict(here.get("kwargs", {})))
        return None
    operation = here.get("self")
    if not isinstance(operation, keras.Operation):
        return None
    if frame.f_code not in _CALL_CODES | _SYMBOLIC_CODES | _calling_code(operation):
        return None
    args = here.get("original_args", here.get("args", ()))
    kwargs = here.get("original_kwargs", here.get("kwargs", {}))
    if not isinstance(args, tuple) or not isinstance(kwargs, dict):
        return None
    return LayerCall(operation, args, kwargs)


# Taken when this is imported: a recording replaces some of these methods while it is open.
_CALL_CODES = {code_of(keras.Layer.__call__), code_of(keras.Operation.__call__)}
_SYMBOLIC_CODES = {code_of(keras.Layer.symbolic_call), code_of(keras.Operation.symbolic_call)}


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _calling_code(operation: Any) -> set[CodeType]:
    """Return the code of the methods through which Keras makes a call, decorators taken off."""
    codes = set()
    for cls in type(operation).__mro__:
        for name in ("__call__", "symbolic_call", "compute_output_spec"):
            code = code_of(vars(cls).get(name))
            if code is not None and sys.modules.get(cls.__module__) is not None:
                codes.add(code)
    return codes
