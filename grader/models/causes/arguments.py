"""Functions, layers and methods of Keras that were given other arguments than they take."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import keras
from keras.src.layers.merging.base_merge import Merge

from grader.causes import MissingArgument, TensorAsSetting, TooManyArguments, UnknownArgument
from grader.models.expressions import value_of
from grader.models.layers import class_name
from grader.models.notes import Names, short
from grader.models.plain import is_array
from grader.models.python_calls import PythonCall, python_call
from grader.models.raised import LayerCall, Raised
from grader.models.structures import flatten

__all__ = ["made_with_a_tensor", "nearest", "tensor_as_setting", "wrong_arguments"]

_MOST_KNOWN = 24
_MOST_MISSING = 8
Parameter = inspect.Parameter
_PLAIN = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_Wrong = UnknownArgument | MissingArgument | TooManyArguments
_NAMED = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that a wrong one was probably to be: alike, or abbreviated by it; empty if none is."""
    known = list(known)
    alike = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.65)
    short_for = [
        one for one in known if "_" in one and "".join(w[:1] for w in one.split("_")) == name.lower()
    ]
    return next(iter(alike or short_for), "")


def tensor_as_setting(raised: Raised, names: Names) -> TensorAsSetting | None:
    """Find the tensor that a layer of Keras's was made with, and not called on."""
    call = python_call(raised)
    if call is None or not _is_keras_layer(call.function):
        return None
    for setting, value in call.values().items():
        tensor = next((leaf for leaf in flatten(value) if _is_tensor(leaf)), None)
        if tensor is not None:
            return _made_with(call.function, setting, value, tensor, names, call.text(setting))
    return None


def made_with_a_tensor(layer: Any, names: Names) -> TensorAsSetting | None:
    """Find the tensor that a layer holds as one of its settings, and that it was to be called on."""
    for setting, value in vars(layer).items():
        parts = value if isinstance(value, (list, tuple)) else [value]
        tensor = next((part for part in parts if isinstance(part, keras.KerasTensor)), None)
        if (
            tensor is not None
            and setting in inspect.signature(type(layer)).parameters
            and _of_keras(type(layer))
        ):
            return _made_with(type(layer), setting, value, tensor, names)
    return None


def _made_with(
    cls: type, setting: str, value: Any, tensor: Any, names: Names, text: str = ""
) -> TensorAsSetting:
    note = names.note(tensor)
    if note.data:  # while Keras traces, it makes up the batch
        note = note.model_copy(update={"shape": (None, *note.shape[1:]), "variable": short(text)})
    parameters = list(inspect.signature(cls).parameters.values())
    return TensorAsSetting(
        class_name=short(cls.__name__),
        tensor=note,
        setting="" if setting.startswith("*") else short(setting),
        listed=isinstance(value, (list, tuple)),
        needs=tuple(short(p.name) for p in parameters if p.kind in _NAMED and p.default is p.empty)[
            :_MOST_MISSING
        ],
    )


def _is_keras_layer(function: Any) -> bool:
    """Whether this is a class of layers; models are made of tensors."""
    if not isinstance(function, type) or not issubclass(function, keras.Layer) or not _of_keras(function):
        return False
    return not issubclass(function, keras.Model)


def _of_keras(function: Any) -> bool:
    return str(getattr(function, "__module__", "")).partition(".")[0] == "keras"


def _is_tensor(value: Any) -> bool:
    return isinstance(value, keras.KerasTensor) or (not isinstance(value, keras.Variable) and is_array(value))


def wrong_arguments(raised: Raised, _: Names) -> _Wrong | None:
    """Find the argument that a function of Keras's does not take, or the one that it needs and was not given."""
    refused = _refused_by_layer(raised)
    if refused is not None:
        return refused
    call = python_call(raised)
    if call is None or call.open or not _of_keras(call.function):
        return None
    return _misfit(call) or _too_many(call, raised)


def _misfit(call: PythonCall) -> _Wrong | None:
    takes, anything = _all_taken(call)
    name = short(_title(call))
    missing = [
        one
        for one, p in call.parameters.items()
        if p.kind in _NAMED and p.default is p.empty and one not in call.written
    ]
    unknown = [] if anything else [one for one in call.keywords if one not in takes]
    if unknown:
        free = [one for one in takes if one not in call.written]
        guess = nearest(unknown[0], free) or (missing[0] if len(missing) == 1 else "")
        return UnknownArgument(
            function=name,
            argument=short(unknown[0]),
            nearest=short(guess),
            takes=tuple(short(one) for one in takes[:_MOST_KNOWN]),
        )
    if missing:
        return MissingArgument(function=name, arguments=tuple(short(one) for one in missing[:_MOST_MISSING]))
    return None


def _too_many(call: PythonCall, raised: Raised) -> TooManyArguments | None:
    kinds = [p.kind for p in call.parameters.values()]
    plain = [name for name, p in call.parameters.items() if p.kind in _PLAIN]
    too_many = call.positional > len(plain) and Parameter.VAR_POSITIONAL not in kinds
    if not too_many or not isinstance(raised.error, TypeError):
        return None
    given = [value_of(one, call.frame) for one in list(call.written.values())[: call.positional]]
    whole = len(plain) == 1 and all(type(one) is int for one in given)
    return TooManyArguments(
        function=short(_title(call)),
        found=call.positional,
        takes=tuple(short(one) for one in plain[:_MOST_KNOWN]),
        numbers=tuple(given[:12]) if whole else (),
    )


def _title(call: PythonCall) -> str:
    return (
        class_name(call.owner) + "." + call.function.__name__
        if call.owner is not None
        else call.function.__name__
    )


def _all_taken(call: PythonCall) -> tuple[list[str], bool]:
    """Return the names of all arguments that are taken, and whether any other name is, for all that is known.

    A constructor hands what it does not know to that of the class above, up to Keras's own for layers, which
    refuses the rest.
    """
    taken = {name: p for name, p in call.parameters.items() if p.kind in _NAMED}
    rest = any(p.kind is p.VAR_KEYWORD for p in call.parameters.values())
    if not rest or not isinstance(call.function, type):
        return list(taken), rest
    for cls in call.function.__mro__[1:]:
        if "__init__" in vars(cls) and _of_keras(cls):
            parameters = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
            above = {n: p for n, p in parameters.items() if p.kind in _NAMED and n != "self"}
            taken |= {name: p for name, p in above.items() if name not in taken}
            if cls is keras.Layer:
                return [*taken, "input_shape", "input_dim"], False
            if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
                return list(taken), False
    return list(taken), not issubclass(call.function, keras.optimizers.Optimizer)


def _refused_by_layer(raised: Raised) -> _Wrong | None:
    """Hold the call of a layer against the signature of its ``call``."""
    call = raised.calls[-1] if raised.calls else None
    if call is None or not isinstance(call.operation, keras.Layer) or not isinstance(raised.error, TypeError):
        return None
    signature = inspect.signature(call.operation.call)
    context: set[str] = getattr(call.operation, "_call_context_args", set())
    kwargs = {
        name: value
        for name, value in call.kwargs.items()
        if name in signature.parameters or name not in context
    }
    try:
        signature.bind(*call.args, **kwargs)
    except TypeError:
        return _unbound(call, kwargs, signature.parameters)
    return None


def _unbound(call: LayerCall, kwargs: dict[str, Any], parameters: Mapping[str, Parameter]) -> _Wrong | None:
    name = short(class_name(call.operation))
    takes = [one for one, p in parameters.items() if p.kind in _NAMED]
    unknown = [one for one in kwargs if one not in takes]
    given = {*takes[: len(call.args)], *kwargs}
    if unknown:
        return UnknownArgument(
            function=f"the call of {name}",
            argument=short(unknown[0]),
            nearest=short(nearest(unknown[0], [one for one in (*takes, "training") if one not in given])),
            takes=tuple(short(one) for one in takes[:_MOST_KNOWN]),
        )
    missing = [
        one for one, p in parameters.items() if p.kind in _NAMED and p.default is p.empty and one not in given
    ]
    plain = [one for one, p in parameters.items() if p.kind in _PLAIN]
    if not missing and len(call.args) > len(plain) and not isinstance(call.operation, Merge):
        return TooManyArguments(
            function=name,
            found=len(call.args),
            takes=tuple(short(one) for one in plain[:_MOST_KNOWN]),
            call=True,
        )
    if not missing:
        return None
    return MissingArgument(
        function=name,
        arguments=tuple(short(one) for one in missing[:_MOST_MISSING]),
        call=True,
        listed=len(call.args) == 1 and isinstance(call.args[0], (list, tuple)),
    )
