"""An exception raised by a student's code → a ``Failure``, with the layer call it came out of and its cause."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from types import TracebackType
from typing import Any

from grader.causes import Cause
from grader.errors import UnreadableModelError
from grader.evidence import CodeLine, FailedCall, Failure
from grader.models.cases import NothingReturnedError, UnusableAnswerError
from grader.models.causes.wiring import shapeless
from grader.models.failed_call import examine
from grader.models.raised import Raised, frames_of
from grader.models.student_code import innermost_line

__all__ = ["failure_of"]

_MAX_MESSAGE = 4000
_FRAMEWORKS = frozenset({"keras", "tensorflow", "jax", "jaxlib", "torch"})
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def failure_of(error: BaseException, namespace: Mapping[str, Any] | None = None) -> Failure:
    """Describe an exception: its type, its text, the student's line, the layer call it came out of, and the cause.

    ``namespace`` are further variables by which the student knows tensors and layers.
    """
    stage = "call"
    if isinstance(error, UnreadableModelError) and error.__cause__ is not None:
        stage, error = "read", error.__cause__  # the student's own error says more than that it stopped us
    elif isinstance(error, (UnreadableModelError, NothingReturnedError, UnusableAnswerError)):
        stage = "check"
    try:
        text = str(error)
    except Exception:
        text = ""
    call, cause = _examined(error, stage, namespace)
    line = None if stage == "check" else _line(error)
    # Not those that are derived from it: IPython's for `input()` where nobody can answer is one.
    stub = type(error) is NotImplementedError and not _raised_by(error.__traceback__, {"keras"})
    return Failure.model_validate(
        {
            "type": type(error).__name__[:200],
            "message": _printable(text),
            "not_implemented": stub,
            "stage": stage,
            "line": line,
            "call": call,
            "cause": cause,
            "by_keras": stage != "check" and _raised_by(error.__traceback__, _FRAMEWORKS),
        }
    )


def _examined(
    error: BaseException, stage: str, namespace: Mapping[str, Any] | None
) -> tuple[FailedCall | None, Cause | None]:
    try:
        if isinstance(error, UnreadableModelError) and error.shapeless is not None:
            return None, shapeless(error.shapeless, "")
        if stage == "check":
            return None, None
        return examine(Raised.of(error), namespace)
    except KeyboardInterrupt:
        raise
    except (
        BaseException
    ):  # the student's objects are looked at, and may even leave; the failure is what counts
        return None, None


def _line(error: BaseException) -> CodeLine | None:
    try:
        lines = (innermost_line(version.error.__traceback__) for version in Raised.of(error).versions)
        return next((line for line in lines if line is not None), None)
    except Exception:  # the student's code may have replaced linecache, or anything else
        return None


def _printable(text: str) -> str:
    text = _ANSI.sub("", text).encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= _MAX_MESSAGE else text[:_MAX_MESSAGE] + " …"


def _raised_by(start: TracebackType | None, packages: Collection[str]) -> bool:
    frames = frames_of(start)
    return bool(frames) and str(frames[-1][0].f_globals.get("__name__", "")).partition(".")[0] in packages
