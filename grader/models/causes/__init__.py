"""Find out why Keras raised: one module per family of causes, and the one place that asks them all.

A cause is read off the objects that the traceback's frames hold: the layer and what it was called on, the
tensors' history, the lists given to ``Model``. The exception's text is never read, because it differs by
backend. What is doubtful is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from grader.causes import Cause
from grader.models.causes.arguments import tensor_as_setting, wrong_arguments
from grader.models.causes.backends import backend_only
from grader.models.causes.classes import state_in_call, super_not_called
from grader.models.causes.labels import embedding_out_of_range
from grader.models.causes.names import name_used_twice, unknown_name
from grader.models.causes.returns import call_miswritten, nothing_returned
from grader.models.causes.saving import config_not_saved, not_registered, wrong_file
from grader.models.causes.shapes import no_seed, not_a_shape, open_shape, unlike_factors
from grader.models.causes.training import unfit_data
from grader.models.causes.unpacking import wrong_unpacking
from grader.models.causes.values import value_needed
from grader.models.causes.weights import unlike_weights, weights_not_made
from grader.models.causes.wiring import cannot_branch, input_not_listed, model_of_no_tensors, no_shape_yet
from grader.models.notes import Names
from grader.models.raised import Raised

__all__ = ["find_cause"]

_FINDERS: tuple[Callable[[Raised, Names], Any], ...] = (
    tensor_as_setting,
    not_a_shape,
    wrong_unpacking,
    backend_only,
    value_needed,
    super_not_called,
    state_in_call,
    not_registered,
    config_not_saved,
    wrong_file,
    cannot_branch,
    call_miswritten,
    nothing_returned,
    unknown_name,
    wrong_arguments,
    input_not_listed,
    name_used_twice,
    model_of_no_tensors,
    no_shape_yet,
    weights_not_made,
    unlike_weights,
    no_seed,
    open_shape,
    unlike_factors,
    unfit_data,
    embedding_out_of_range,
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
