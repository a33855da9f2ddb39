"""Run a layer's own ``call`` once on arrays, and note which layers and operations it calls on them.

A call that cannot be followed symbolically runs on the backend's arrays. Here a layer's call is noted by what went
in and came out; so is an operation of ``keras.ops``. Of a tensor that no noted call made, only its value is known.

The run leaves variables, random numbers and Keras as they were. It is given up when it takes too long.
"""

from __future__ import annotations

import ctypes
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras.src import backend
from keras.src.ops import core, einops, image, linalg, math, nn, numpy

from grader.models.plain import is_array

__all__ = ["EagerRun", "Noted", "RunError", "as_found", "numbers", "within"]

_OPERATIONS: tuple[Any, ...] = (core, einops, image, linalg, math, nn, numpy)
_ROUNDS = frozenset({"AssociativeScan", "ForiLoop", "Map", "Scan", "Switch", "VectorizedMap"})
_MOST_CALLS = 400


class RunError(Exception):
    """A run that tells nothing of the call."""


class _TooLongError(BaseException):
    """Raised into code that runs on: not to be caught as an error of its own."""


@dataclass
class Noted:
    """One noted call, and the structure of arrays that it gave."""

    operation: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: Any
    flat: list[Any] = field(default_factory=list)


class EagerRun:
    """What one run called, in order; ``chose`` says that an operation chose a way by values.

    With ``told``, the calls of an earlier run, what those gave is returned and nothing computed. ``change`` may
    then hand out another array in the place of one: ``change(position, outputs)``.
    """

    def __init__(self, told: Sequence[Noted] = (), change: Callable[[int, Any], Any] | None = None) -> None:
        self.noted: list[Noted] = []
        self.chose = False
        self._told, self._change = told, change
        self._values: list[tuple[Any, Any]] = []  # what a noted call gave, and what it held then
        self._known: set[int] = set()  # arrays that were given or made: each stands for one tensor
        self._depth = 0

    def give(self, arrays: Sequence[Any]) -> None:
        """Take note of the arrays that the run starts from."""
        self._known.update(map(id, arrays))

    def notes(self, args: Any, kwargs: Any = None) -> bool:
        """Say whether a call with these arguments is to be noted."""
        return not self._depth and any(map(is_array, keras.tree.flatten((args, kwargs or {}))))

    def call(
        self, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any], way: Callable[..., Any]
    ) -> Any:
        """Run a call, ``way`` of it, and note it."""
        kind = type(operation).__name__
        if kind == "Cond" and isinstance(operation, keras.Operation):
            return self._one_branch(*args)
        if kind == "WhileLoop":
            return self._one_round(operation, *args, **kwargs)
        if kind in _ROUNDS:
            self.chose = True
            return self._silently(way, args, kwargs)
        if len(self.noted) >= _MOST_CALLS:
            raise RunError("the run makes too many calls")
        position = len(self.noted)
        if self._told:
            if position >= len(self._told) or type(operation) is not type(self._told[position].operation):
                raise RunError("the run calls something else when a value changes")
            outputs = self._told[position].outputs
            outputs = outputs if self._change is None else self._change(position, outputs)
        else:
            outputs = self._silently(way, args, kwargs)
        outputs = keras.tree.map_structure(self._own, outputs)
        flat = keras.tree.flatten(outputs)
        if not flat or not all(map(is_array, flat)):
            raise RunError("a call inside gives something else than tensors")
        self.noted.append(Noted(operation, args, kwargs, outputs, flat))
        self._values += [(array, np.array(keras.ops.convert_to_numpy(array))) for array in flat]
        return outputs

    def was_changed(self) -> bool:
        """Say whether an array holds something else by now than the call that made it gave."""
        return not all(
            np.array_equal(keras.ops.convert_to_numpy(array), value, equal_nan=value.dtype.kind == "f")
            for array, value in self._values
        )

    def _silently(self, way: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._depth += 1
        try:
            return way(*args, **kwargs)
        finally:
            self._depth -= 1

    def _own(self, value: Any) -> Any:
        """Return an array that stands for this output alone: an idle layer returns what it was given."""
        if not is_array(value):
            return value
        if id(value) in self._known or isinstance(value, np.ndarray):
            mask = getattr(value, "_keras_mask", None)
            value = backend.numpy.copy(value)
            if mask is not None:
                backend.set_keras_mask(value, mask)
        self._known.add(id(value))
        return value

    # What values would choose, and weights with them, is not what two models are to be told apart by: the first
    # branch and one round are taken whatever the values are. Run like this, the calls inside can be noted.
    def _one_branch(self, _: Any, true_fn: Any, __: Any) -> Any:
        self.chose = True
        return true_fn()

    def _one_round(self, operation: Any, loop_vars: Any) -> Any:
        self.chose = True
        many = isinstance(loop_vars, (list, tuple))
        return operation.body(*(loop_vars if many else (loop_vars,)))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Have operations that are called on arrays made into calls like those on symbols."""
        own = [module.any_symbolic_tensors for module in _OPERATIONS]

        def watched(symbolic: Callable[..., bool]) -> Callable[..., bool]:
            return lambda args=None, kwargs=None: symbolic(args, kwargs) or self.notes(args, kwargs)

        try:
            for module, symbolic in zip(_OPERATIONS, own, strict=True):
                module.any_symbolic_tensors = watched(symbolic)
            yield
        finally:
            for module, symbolic in zip(_OPERATIONS, own, strict=True):
                module.any_symbolic_tensors = symbolic


def numbers(symbol: Any, batch: int, length: int, way: int, draw: np.random.Generator) -> Any:
    """Draw an array for a symbolic tensor: positive numbers for ``way`` 1, negative ones for -1; 0 and 1 for counts."""
    lengths = [
        (length if axis else batch) if known is None else int(known)
        for axis, known in enumerate(symbol.shape)
    ]
    dtype = keras.backend.standardize_dtype(symbol.dtype)
    if keras.backend.is_float_dtype(dtype):
        return keras.ops.convert_to_tensor(way * draw.uniform(0.1, 1.0, lengths), dtype=dtype)
    return keras.ops.convert_to_tensor(draw.integers(0, 2, lengths), dtype=dtype)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Stop what runs in the ``with`` block when time is up, between two instructions of Python.

    Raises:
        RunError: it was stopped.
    """
    thread = ctypes.c_ulong(threading.get_ident())
    lock = threading.Lock()
    over = False

    def stop() -> None:
        with lock:
            if not over:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(_TooLongError))

    timer = threading.Timer(max(seconds, 0.0), stop)
    timer.daemon = True
    timer.start()
    try:
        try:
            yield
        finally:
            with lock:
                over = True
            timer.cancel()
            ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, None)
    except _TooLongError:
        raise RunError("the run takes too long") from None


@contextmanager
def as_found(variables: Sequence[Any]) -> Iterator[None]:
    """Put back what a run may change: values that were set past Keras, and the libraries' random numbers."""
    before = [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]
    states = random.getstate(), np.random.get_state()
    put_back = _backend_draws()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        put_back()
        for variable, value in zip(variables, before, strict=True):
            if not np.array_equal(
                keras.ops.convert_to_numpy(variable), value, equal_nan=value.dtype.kind == "f"
            ):
                variable.assign(value)


def _backend_draws() -> Callable[[], None]:
    name = keras.backend.backend()
    if name == "torch":
        import torch

        state = torch.get_rng_state()
        return lambda: torch.set_rng_state(state)
    if name == "tensorflow":
        from tensorflow.python.eager import context

        own = getattr(context.context(), "_rng", None)
        if own is not None:
            drawn = own.getstate()
            return lambda: own.setstate(drawn)
    return lambda: None
