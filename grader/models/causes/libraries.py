"""Whose function a line of the student's calls, and whose tensors there are: Keras's, or those of a backend.

Read off the objects. No library is imported for it: of one that nobody has imported, there is no tensor.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from types import BuiltinFunctionType, FrameType, ModuleType
from typing import Any, Literal

import keras
import numpy as np

from grader.models.expressions import root_of, value_of

__all__ = [
    "LIBRARIES",
    "Given",
    "Library",
    "name_in",
    "numbers_known",
    "of_library",
    "package_of",
    "parts_of",
    "running",
]

Library = Literal["tensorflow", "jax", "torch"]
Given = Literal["keras", "tensorflow", "jax", "torch"]

LIBRARIES: tuple[Library, ...] = ("tensorflow", "jax", "torch")
_TENSORS = {"tensorflow": ("Tensor", "Variable"), "jax": ("Array",), "torch": ("Tensor",)}
# The modules of a library whose functions mean the same as Keras's of that name.
_PLAIN = ("tensorflow", "math", "linalg", "nn", "jax", "numpy", "torch", "functional")


def package_of(function: ast.expr, frame: FrameType) -> str:
    """Return the name of the package that a called expression comes from, such as ``torch``; empty where unknown.

    ``tf.keras.layers.Dense`` comes from ``keras``. Of an object that is made in the line, as in
    ``torch.nn.Linear(4, 2)(x)``, the class counts.
    """
    if isinstance(function, ast.Call):
        return package_of(function.func, frame)
    package = _module(value_of(function, frame)).partition(".")[0]
    if package not in ("", "builtins"):
        return package
    root = root_of(function, frame)
    hidden = "keras" in (*root.split("."), *parts_of(function))  # Keras, as TensorFlow passes it on
    return "keras" if hidden else root.partition(".")[0]


def parts_of(function: ast.expr) -> list[str]:
    """Return the names that a called expression is written with: ``["tf", "nn", "relu"]``."""
    return ast.unparse(function).split(".")


def _module(function: Any) -> str:
    """Return the name of the module that a function, a class or a class's object comes from."""
    module = getattr(function, "__module__", None)
    if isinstance(function, BuiltinFunctionType) and not isinstance(module, str):
        owner = function.__self__  # a module, or what a method was taken from
        module = owner.__name__ if isinstance(owner, ModuleType) else getattr(owner, "__module__", None)
    if not isinstance(module, str):
        module = type(function).__module__ if function is not None else ""
    return module


def name_in(function: ast.expr, frame: FrameType) -> str:
    """Return what a library calls the function that an expression stands for; empty where that is not plain.

    Functions of random numbers are told apart: ``random.normal``.
    """
    if isinstance(function, ast.Attribute):
        owner = value_of(function.value, frame)
        if isinstance(owner, ModuleType):
            last = owner.__name__.rpartition(".")[2]
            if last == "random":
                return f"random.{function.attr}"
            return function.attr if last in _PLAIN else ""
    if isinstance(function, ast.Name):
        name = getattr(value_of(function, frame), "__name__", "")
        return function.id if name == function.id else ""
    return ""


def of_library(value: Any) -> Given | None:
    """Say whose tensor an object is; ``None`` where it is none. A weight of Keras's is one of the running backend."""
    if isinstance(value, keras.KerasTensor):
        return "keras"
    if isinstance(value, keras.Variable):
        return running()
    return next((library for library in LIBRARIES if isinstance(value, _classes(library))), None)


def running() -> Library | None:
    """Return the backend that runs, where it is one of the three."""
    backend = keras.backend.backend()
    return next((library for library in LIBRARIES if library == backend), None)


def _classes(library: Library) -> tuple[type, ...]:
    module = sys.modules.get(library)
    known: Iterable[Any] = (
        (vars(module).get(name) for name in _TENSORS[library]) if isinstance(module, ModuleType) else ()
    )
    return tuple(cls for cls in known if isinstance(cls, type))


def numbers_known(tensor: Any) -> bool:
    """Whether the numbers in a backend's tensor can be had: not while it traces, nor of one that gradients need."""
    try:
        np.asarray(tensor)
    except Exception:  # each library refuses with an exception of its own
        return False
    return True
