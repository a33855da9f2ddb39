"""What loading cannot make again: classes it does not know, arguments that no config holds."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from pathlib import PurePath
from types import FrameType
from typing import Any, Literal

import keras
from keras.src.saving import serialization_lib

from grader.causes import ConfigNotSaved, NotRegistered, WrongFile
from grader.models.notes import Names, short
from grader.models.python_calls import python_call
from grader.models.raised import Raised, chain, code_of

__all__ = ["config_not_saved", "not_registered", "wrong_file"]

_MOST_ARGUMENTS = 8


def _frames(raised: Raised) -> Iterator[FrameType]:
    """Yield the innermost frame of each exception in the chain, and then all, root cause first."""
    for error in reversed(chain(raised.error)):
        for frame, _ in reversed(Raised.of(error).frames):
            yield frame


def not_registered(raised: Raised, _: Names) -> NotRegistered | None:
    """Find the name that loading looked up in vain."""
    wanted = code_of(serialization_lib._retrieve_class_or_fn)
    for error in chain(raised.error):
        frames = Raised.of(error).frames
        if not isinstance(error, TypeError) or not frames or frames[-1][0].f_code is not wanted:
            continue
        here = frames[-1][0].f_locals
        module = here.get("module")
        if _is_keras(module):
            continue
        return NotRegistered(
            what="function" if here.get("obj_type") == "function" else "class",
            name=short(here.get("name", "")),
        )
    return None


def config_not_saved(raised: Raised, _: Names) -> ConfigNotSaved | None:
    """Find the class whose config and constructor do not fit."""
    for frame in _frames(raised):
        if frame.f_code is code_of(keras.Operation.get_config):
            layer = frame.f_locals.get("self")
            if isinstance(raised.error, NotImplementedError) and isinstance(layer, keras.Operation):
                return ConfigNotSaved(
                    class_name=short(type(layer).__name__),
                    problem="unwritable",
                    arguments=tuple(_parameters(type(layer)))[:_MOST_ARGUMENTS],
                )
        cls, config = frame.f_locals.get("cls"), frame.f_locals.get("config")
        # A ``from_config`` of the student's own may have taken out of the config what it hands on itself.
        keras_way = frame.f_code.co_name == "from_config" and _is_keras(frame.f_globals.get("__name__"))
        if keras_way and isinstance(cls, type) and isinstance(config, dict):
            found = _unlike(cls, config) if issubclass(cls, keras.Operation) else None
            if found is not None:
                return found
    return None


_ENDINGS: dict[Any, tuple[Literal["save", "save_weights", "load_model", "load_weights"], tuple[str, ...]]] = {
    code_of(keras.Model.save): ("save", (".keras", ".h5", ".hdf5")),
    code_of(keras.saving.save_model): ("save", (".keras", ".h5", ".hdf5")),
    code_of(keras.Model.save_weights): ("save_weights", (".weights.h5",)),
    code_of(keras.Model.load_weights): ("load_weights", (".weights.h5", ".keras", ".h5", ".hdf5")),
    code_of(keras.saving.load_model): ("load_model", (".keras", ".h5", ".hdf5")),
}


def wrong_file(raised: Raised, _: Names) -> WrongFile | None:
    """Find the path that a model cannot be saved to for its ending, or that no file stands at."""
    call = python_call(raised)
    method, endings = _ENDINGS.get(code_of(call.function), (None, ())) if call is not None else (None, ())
    if call is None or method is None:
        return None
    path = call.values().get("filepath")
    if not isinstance(path, (str, os.PathLike)):
        return None
    text, saves = os.fspath(path), method.startswith("save")
    if not isinstance(text, str) or "://" in text:
        return None
    name = short(PurePath(text).name)
    there = os.path.exists(text)  # noqa: PTH110  # a path is the student's, and may be anything
    if method == "load_model" and raised.frames[-1][0].f_code is not code_of(keras.saving.load_model):
        return None  # it was found, and something in it is wrong
    if not saves and not there:
        return WrongFile(method=method, path=name, problem="not-there", wanted=endings[0])
    if there and os.path.isdir(text) and method == "load_model":  # noqa: PTH112
        whole = os.path.exists(os.path.join(text, "config.json"))  # noqa: PTH110, PTH118
        return None if whole else WrongFile(method=method, path=name, problem="folder", wanted=endings[0])
    if not text.endswith(endings):
        return WrongFile(method=method, path=name, problem="ending", wanted=endings[0])
    return None


def _is_keras(module: object) -> bool:
    return isinstance(module, str) and module.partition(".")[0] == "keras"


def _unlike(cls: type, config: dict[str, Any]) -> ConfigNotSaved | None:
    """Compare what a constructor takes with what a config holds."""
    if _is_keras(cls.__module__):
        return None
    parameters = _parameters(cls)
    missing = [name for name, p in parameters.items() if p.default is p.empty and name not in config]
    takes_any = any(
        p.kind is p.VAR_KEYWORD
        for p in inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]
    )
    unexpected = [] if takes_any else [name for name in config if name not in parameters]
    for problem, names in (("missing", missing), ("unexpected", unexpected)):
        if names:
            return ConfigNotSaved.model_validate(
                {
                    "class_name": short(cls.__name__),
                    "problem": problem,
                    "arguments": tuple(short(name) for name in names[:_MOST_ARGUMENTS]),
                }
            )
    return None


def _parameters(cls: type) -> dict[str, inspect.Parameter]:
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]  # type: ignore[misc]
    return {p.name: p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
