"""The call of a layer that an exception came out of, the part of the model before it, and why it was refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grader.causes import Cause
from grader.evidence import FailedCall
from grader.models.causes import find_cause
from grader.models.causes.fitting import misfit
from grader.models.describe import describe_tensors, reading
from grader.models.layers import can_look_inside, config, origin
from grader.models.notes import Names, lengths
from grader.models.python_calls import written_layer_call
from grader.models.raised import LayerCall, Raised
from grader.models.trace import Recorder

__all__ = ["examine"]


def examine(
    raised: Raised, namespace: Mapping[str, Any] | None = None
) -> tuple[FailedCall | None, Cause | None]:
    """Return the innermost symbolic call that failed and the cause of the exception, each where there is one."""
    cause = find_cause(raised, namespace)
    with reading() as recorder:
        call = _innermost_symbolic(raised)
        for version in raised.versions if cause is None else ():
            call, cause = _refused(version, _innermost_symbolic(version) or call, namespace)
            if cause is not None:
                break
        if call is None:
            return None, cause
        fresh = None
        if cause is None and can_look_inside(call.operation):
            fresh = _run_again(call, raised, recorder)
        if fresh is not None:
            inner = _innermost_symbolic(fresh)
            if inner is not None:
                call = inner
                cause = misfit(call, Names(fresh, namespace))
        return _record(call, recorder), cause


def _refused(
    raised: Raised, symbolic: LayerCall | None, namespace: Mapping[str, Any] | None
) -> tuple[LayerCall | None, Cause | None]:
    """Ask the calls, innermost first, for what does not fit; return the one that says so, and what it says.

    Calls on the backend's tensors inside a symbolic one are passed over: Keras made those up, lengths and all.
    """
    names = Names(raised, namespace)
    written = written_layer_call(raised)
    calls = raised.calls if written is None else [*raised.calls, written]
    for call in reversed(calls):
        if symbolic is not None and not call.tensors and call is not calls[-1]:
            continue
        found = misfit(call, names)
        if found is not None and (
            symbolic is None or call.tensors or found.kind in ("not-a-tensor", "tensor-as-setting")
        ):
            return (call if call.tensors else symbolic), found
    return symbolic, None


def _innermost_symbolic(raised: Raised) -> LayerCall | None:
    return next((call for call in reversed(raised.calls) if call.tensors), None)


def _run_again(call: LayerCall, raised: Raised, recorder: Recorder) -> Raised | None:
    """Repeat a call whose inside ran on the backend's own tensors, which have no history, on symbolic ones.

    Only an exception from the same line of the student's is the same exception.
    """
    try:
        call.operation(*call.args, **call.kwargs)
    except Exception as error:
        for again in (*recorder.errors, error):
            fresh = Raised.of(again)
            if fresh.place == raised.place and _innermost_symbolic(fresh) is not None:
                return fresh
    return None


def _record(call: LayerCall, recorder: Recorder) -> FailedCall:
    operation, tensors = call.operation, call.tensors
    try:
        graph = describe_tensors(tensors, str(getattr(operation, "name", "")), recorder)
    except Exception:
        graph = None
    return FailedCall(
        class_name=type(operation).__name__[:200],
        shapes=tuple(lengths(tensor.shape) for tensor in tensors[:1000]),
        graph=graph,
        origin=origin(operation),
        config=config(operation),
    )
