"""Find out why Keras raised: one module per family of causes, and the one place that asks them all.

A cause is read off the objects that the traceback's frames hold: the layer and what it was called on, the
tensors' history, the lists given to ``Model``. The exception's text is never read, because it differs by
backend. What is doubtful is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from grader.causes import Cause
from grader.models.causes.classes import state_in_call, super_not_called
from grader.models.causes.saving import config_not_saved, not_registered
from grader.models.causes.values import value_needed
from grader.models.causes.wiring import (
    cannot_branch,
    input_not_listed,
    model_of_no_tensors,
    no_shape_yet,
)
from grader.models.notes import Names
from grader.models.raised import Raised

__all__ = ["find_cause"]

_FINDERS: tuple[Callable[[Raised, Names], Any], ...] = (
    value_needed,
    super_not_called,
    state_in_call,
    not_registered,
    config_not_saved,
    cannot_branch,
    input_not_listed,
    model_of_no_tensors,
    no_shape_yet,
)


def find_cause(raised: Raised, namespace: Mapping[str, Any] | None = None) -> Cause | None:
    """Find the cause of an exception outside the calls of layers; ``None`` where none is certain."""
    names = Names(raised, namespace)
    asked = ((finder, version) for version in raised.versions for finder in _FINDERS)
    return next(
        (cause for finder, version in asked if (cause := _found(finder, version, names)) is not None), None
    )


def _found(finder: Callable[[Raised, Names], Any], raised: Raised, names: Names) -> Cause | None:
    try:
        cause: Cause | None = finder(raised, names)
    except KeyboardInterrupt:
        raise
    except BaseException:  # whatever the student's objects do when they are looked at
        return None
    return cause
