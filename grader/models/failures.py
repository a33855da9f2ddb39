"""An exception raised by a student's code → a ``Failure``, with the layer call it came out of."""

from __future__ import annotations

import re
import sys
import traceback
from types import CodeType, FrameType, TracebackType
from typing import Any

import keras

from grader.errors import UnreadableModelError
from grader.evidence import CodeLine, FailedCall, Failure
from grader.models.cases import NothingReturnedError, UnusableAnswerError
from grader.models.describe import describe_tensors, reading
from grader.models.layers import can_look_inside
from grader.models.structures import flatten
from grader.models.student_code import innermost_line

__all__ = ["failure_of"]

_MAX_MESSAGE = 4000
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def failure_of(error: BaseException) -> Failure:
    """Describe an exception: its type, its text, the student's line and the layer call it came out of."""
    stage = "call"
    if isinstance(error, UnreadableModelError) and error.__cause__ is not None:
        stage, error = "read", error.__cause__  # the student's own error says more than that it stopped us
    elif isinstance(error, (UnreadableModelError, NothingReturnedError, UnusableAnswerError)):
        stage = "check"
    try:
        text = str(error)
    except Exception:
        text = ""
    try:
        call = _failed_call(error.__traceback__)
    except Exception:  # a traceback may hold anything; the failure itself is what counts
        call = None
    line = None if stage == "check" else _line(error.__traceback__)
    stub = isinstance(error, NotImplementedError) and not _raised_by_keras(error.__traceback__)
    return Failure.model_validate(
        {
            "type": type(error).__name__[:200],
            "message": _printable(text),
            "not_implemented": stub,
            "stage": stage,
            "line": line,
            "call": call,
        }
    )


def _line(start: TracebackType | None) -> CodeLine | None:
    try:
        return innermost_line(start)
    except Exception:  # the student's code may have replaced linecache, or anything else
        return None


def _printable(text: str) -> str:
    text = _ANSI.sub("", text).encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= _MAX_MESSAGE else text[:_MAX_MESSAGE] + " …"


def _raised_by_keras(start: TracebackType | None) -> bool:
    frames = [frame for frame, _ in traceback.walk_tb(start)]
    return bool(frames) and _module(frames[-1]).partition(".")[0] == "keras"


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _failed_call(start: TracebackType | None) -> FailedCall | None:
    innermost = _innermost_call(start)
    if innermost is None:
        return None
    operation, args, kwargs = innermost
    with reading() as recorder:
        if can_look_inside(operation):
            # Its inside ran on the backend's own tensors, which have no history: run it on symbolic ones.
            try:
                operation(*args, **kwargs)
            except Exception:
                inner = next(filter(None, (_innermost_call(e.__traceback__) for e in recorder.errors)), None)
                if inner is not None:
                    operation, args, kwargs = inner
        tensors = _tensors(args, kwargs)
        try:
            graph = describe_tensors(tensors, str(getattr(operation, "name", "")), recorder)
        except Exception:
            graph = None
    return FailedCall(
        class_name=type(operation).__name__, shapes=tuple(tuple(t.shape) for t in tensors), graph=graph
    )


def _innermost_call(start: TracebackType | None) -> tuple[Any, Any, Any] | None:
    """Find the innermost symbolic call in the frames: an operation with ``KerasTensor`` arguments."""
    found = None
    for frame, _ in traceback.walk_tb(start):
        operation = frame.f_locals.get("self")
        if not isinstance(operation, keras.Operation) or frame.f_code not in _calling_code(operation):
            continue
        args, kwargs = frame.f_locals.get("args", ()), frame.f_locals.get("kwargs", {})
        if _tensors(args, kwargs):
            found = operation, args, kwargs
    return found


def _tensors(args: Any, kwargs: Any) -> list[Any]:
    return [leaf for leaf in flatten([args, kwargs]) if isinstance(leaf, keras.KerasTensor)]


def _calling_code(operation: Any) -> set[CodeType]:
    """Return the code of the methods through which Keras makes a call, decorators taken off."""
    codes = set()
    for cls in type(operation).__mro__:
        for name in ("__call__", "symbolic_call", "compute_output_spec"):
            method = vars(cls).get(name)
            while method is not None and hasattr(method, "__wrapped__"):
                method = method.__wrapped__
            code = getattr(method, "__code__", None)
            if code is not None and sys.modules.get(cls.__module__) is not None:
                codes.add(code)
    return codes
