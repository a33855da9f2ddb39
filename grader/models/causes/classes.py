"""Mistakes in classes of one's own: Keras's constructor not called, state made while the model runs."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Iterator
from typing import Any, Literal

import keras
from keras.src.utils.tracking import Tracker

from grader.causes import StateInCall, SuperNotCalled
from grader.models.notes import Names, short
from grader.models.raised import Raised

# A graph of TensorFlow's may make variables when it is traced first. Later it refuses: in a function of its own, or,
# where it has cut its own frames off, in the one of Keras's that asked for the variable.
_TENSORFLOW_REFUSES = (
    ("tensorflow.python.eager.polymorphic_function.polymorphic_function", "invalid_creator_scope"),
    ("keras.src.backend.tensorflow.core", "_initialize"),
)

__all__ = ["state_in_call", "super_not_called"]


def super_not_called(raised: Raised, _: Names) -> SuperNotCalled | None:
    """Find a layer that the exception came from and that Keras's constructor never saw."""
    layer = next((found for found in _layers_involved(raised) if _is_raw(found)), None)
    if layer is None:
        return None
    constructing = [
        f for f, _ in raised.frames if f.f_code.co_name == "__init__" and f.f_locals.get("self") is layer
    ]
    if any(str(f.f_globals.get("__name__", "")).startswith("keras.") for f in constructing):
        return None  # Keras's own constructor was called, and something else went wrong in there
    culprit = next(
        (
            cls
            for cls in type(layer).__mro__
            if not _is_keras(cls) and "__init__" in vars(cls) and not _calls_constructor(cls)
        ),
        None,
    )
    if culprit is not None:
        return SuperNotCalled(
            class_name=short(type(layer).__name__), culprit=short(culprit.__name__), rest=_rest(culprit)
        )
    if constructing and raised.frames[-1][0] is not constructing[-1]:
        own = type(constructing[-1].f_locals.get("self"))
        assigned = next(
            (f.f_locals.get("name") for f, _ in raised.frames if f.f_code.co_name == "__setattr__"), None
        )
        if isinstance(assigned, str):
            return SuperNotCalled(
                class_name=short(own.__name__),
                culprit=short(own.__name__),
                attribute=short(assigned),
                late=True,
                rest=_rest(own) if "__init__" in vars(own) else "",
            )
    return None


def _layers_involved(raised: Raised) -> Iterator[Any]:
    """Yield the layers in the frames, innermost first, and the one an attribute was asked of."""
    asked = getattr(raised.error, "obj", None) if isinstance(raised.error, AttributeError) else None
    if isinstance(asked, keras.Layer):
        yield asked
    for frame, _ in reversed(raised.frames):
        for name in ("self", "layer"):
            if isinstance(frame.f_locals.get(name), keras.Layer):
                yield frame.f_locals[name]
    for call in reversed(raised.calls):
        yield call.operation


def _is_raw(layer: Any) -> bool:
    """Whether a layer of a class of the student's own was made, and not set up by ``Layer.__init__``."""
    if _is_keras(type(layer)):
        return False
    try:
        return object.__getattribute__(layer, "_lock") is True
    except AttributeError:
        return True


def _is_keras(cls: type) -> bool:
    # A class whose code was run without a module's name says that it is of "builtins".
    return cls is object or cls.__module__.partition(".")[0] in ("keras", "torch", "tensorflow", "jax")


def _calls_constructor(cls: type) -> bool:
    """Whether a class's ``__init__`` calls that of another class: ``super().__init__()`` or ``Layer.__init__(self)``.

    To name it, without brackets behind it, is to drop it at once.
    """
    function = vars(cls)["__init__"]
    if not hasattr(function, "__code__"):
        return True
    steps = [step for step in dis.get_instructions(function) if step.opname not in ("CACHE", "NOP")]
    named = [place for place, step in enumerate(steps[:-1]) if step.argval == "__init__"]
    return any(steps[place + 1].opname != "POP_TOP" for place in named)


def _rest(cls: type) -> str:
    """Return what a class's constructor calls its ``**kwargs``; empty where it takes none."""
    parameters = inspect.signature(vars(cls)["__init__"]).parameters.values()
    return next((short(p.name) for p in parameters if p.kind is p.VAR_KEYWORD), "")


def state_in_call(raised: Raised, _: Names) -> StateInCall | None:
    """Find the tracker of a built layer that refused what ``call`` made."""
    refused = raised.frames[-1][0] if raised.frames else None
    if refused is None:
        return None
    if (refused.f_globals.get("__name__"), refused.f_code.co_name) in _TENSORFLOW_REFUSES:
        return _variable_in_call(raised)
    if refused.f_code is not Tracker.add_to_store.__code__:
        return None
    if refused.f_locals["self"].locked is not True:
        return None
    value = refused.f_locals.get("value")
    for frame, _at in raised.student_frames:
        layer = frame.f_locals.get("self")
        if frame.f_code.co_name in ("__init__", "build") and isinstance(layer, keras.Layer):
            return None
        if frame.f_code.co_name == "call" and isinstance(layer, keras.Layer):
            assigned = next(
                (
                    f.f_locals.get("name")
                    for f, _ in raised.frames
                    if f.f_code is keras.Layer.__setattr__.__code__
                ),
                "",
            )
            made: Literal["weight", "layer", "other"] = "layer" if isinstance(value, keras.Layer) else "other"
            if isinstance(value, keras.Variable):
                made = "weight"
            return StateInCall(
                class_name=short(type(layer).__name__),
                made=made,
                attribute=short(assigned) if isinstance(assigned, str) else "",
            )
    return None


def _variable_in_call(raised: Raised) -> StateInCall | None:
    """Find the ``call`` in which a layer was made and called, or a weight made, each time anew."""
    inner = raised.calls[-1].operation if raised.calls else None
    for frame, _ in raised.student_frames:
        layer = frame.f_locals.get("self")
        if frame.f_code.co_name != "call" or not isinstance(layer, keras.Layer):
            continue
        if inner is None or inner is layer:
            return StateInCall(class_name=short(type(layer).__name__), made="weight")
        if any(inner is held for held in layer._flatten_layers()):
            return None  # it was made in time, and only built late
        return StateInCall(class_name=short(type(layer).__name__), made="layer")
    return None
