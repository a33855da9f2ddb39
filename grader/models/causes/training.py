"""Data that a model cannot be trained, measured or run on: what its method does with them, step by step.

Of a traceback that Keras cut short, only the method and its arguments are left. They are gone through in the order
in which Keras does, and the first step that cannot work is the cause. A step that may work is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import keras
import numpy as np
from keras.src.trainers.data_adapters.array_data_adapter import can_convert_arrays

from grader.causes import (
    ClassGiven,
    NotCompiled,
    NothingToLearn,
    NotNumbers,
    UnlikeCounts,
    UnlikeData,
    WrongArrays,
)
from grader.models.causes.labels import ids_out_of_range, labels_out_of_range, loss_unlike_labels
from grader.models.causes.names import unknown_loss_or_metric
from grader.models.causes.weights import optimizer_used
from grader.models.method_calls import MethodCall, method_call
from grader.models.nested import recorded_graph
from grader.models.notes import Names, input_name, is_automatic, lengths, short
from grader.models.plain import is_array
from grader.models.raised import Raised
from grader.models.structures import flatten

__all__ = ["unfit_data"]

_MOST_NAMES = 8
_LEARNING = ("fit", "evaluate", "train_on_batch", "test_on_batch")
_READS_TEXT = (
    keras.layers.TextVectorization,
    keras.layers.StringLookup,
    keras.layers.Hashing,
    keras.layers.IntegerLookup,
)


def unfit_data(raised: Raised, names: Names) -> Any:
    """Find the first step of ``fit``, ``predict`` and the like that cannot be done with what was given."""
    call = method_call(raised)
    if call is None or not isinstance(raised.error, Exception):
        return None
    if call.method in _LEARNING and not call.model.compiled:
        return NotCompiled(
            method=call.method,
            class_name=short(type(call.model).__name__),
            variable=names.of(call.model),
        )
    held = _class_given(call)
    if held is not None:
        return held
    for x, y in _pairs(call):
        found = next((cause for cause in _steps(raised, call, x, y) if cause is not None), None)
        if found is not None:
            return found
    return None


def _class_given(call: MethodCall) -> ClassGiven | None:
    """Find a callback that is a class, and was never made into an object."""
    callbacks = call.given.get("callbacks")
    for one in callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]:
        if isinstance(one, type) and issubclass(one, keras.callbacks.Callback):
            return ClassGiven(function=call.method, argument="callbacks", class_name=short(one.__name__))
    return None


_Given = tuple[str, Any, int | None]


def _pairs(call: MethodCall) -> Iterator[tuple[_Given, _Given]]:
    """Yield data and labels with their places: those to train on, those to validate on."""
    yield ("x", call.given.get("x"), None), ("y", call.given.get("y"), None)
    held_out = call.given.get("validation_data")
    if isinstance(held_out, (tuple, list)) and 2 <= len(held_out) <= 3:
        yield ("validation_data", held_out[0], 0), ("validation_data", held_out[1], 1)


def _steps(raised: Raised, call: MethodCall, x: _Given, y: _Given) -> Iterator[Any]:
    learns = call.method in _LEARNING
    early = call.before_loss is not False
    if early:
        yield _not_numbers(call, x)
        if learns:
            yield _not_numbers(call, y)
    if not _all_arrays(x[1]) or (learns and y[1] is not None and not _all_arrays(y[1])):
        return  # a data set or a generator, which cannot be looked into
    if early:
        if learns and y[1] is not None and call.method in ("fit", "evaluate"):
            yield _unlike_counts(call, x, y)
        yield _wrong_arrays(call, x)
        yield from _unlike_data(call, x)
    if learns and _trains_keras_way(call.model):
        yield _nothing_to_learn(call, y[1])
        yield unknown_loss_or_metric(call.model)
        if y[1] is not None:
            yield loss_unlike_labels(call, y[1], y[0], y[2])
            yield labels_out_of_range(raised, call, y[1], y[0], y[2])
    if learns:
        yield optimizer_used(raised, call)
    yield ids_out_of_range(raised, call, _by_input(call.model, x[1]), x[0], x[2])


def _all_arrays(structure: Any) -> bool:
    leaves = flatten(structure)
    return bool(leaves) and all(is_array(leaf) for leaf in leaves)


def _not_numbers(call: MethodCall, given: _Given) -> NotNumbers | None:
    """Find Python's own lists and numbers, and arrays of texts or objects, where arrays of numbers have to be."""
    argument, value, part = given
    note = call.array(argument, value, part)
    if (
        call.method in ("fit", "evaluate", "predict")
        and value is not None
        and not can_convert_arrays((value,))
    ):
        leaves = flatten(value)
        kind: Literal["list", "number"] | None = None
        if isinstance(value, (list, tuple)) and all(isinstance(one, (int, float)) for one in leaves):
            kind = "list"
        elif isinstance(value, (int, float)):
            kind = "number"
        return None if kind is None else NotNumbers(method=call.method, array=note, given=kind)
    if any(isinstance(layer, _READS_TEXT) for layer in call.model._flatten_layers()):
        return None
    for leaf in flatten(value):
        if isinstance(leaf, np.ndarray) and leaf.dtype.kind in "OSU":
            texts = leaf.dtype.kind != "O" or all(isinstance(one, str) for one in leaf.flat[:100])
            return NotNumbers(method=call.method, array=note, given="text" if texts else "objects")
    return None


def _unlike_counts(call: MethodCall, x: _Given, y: _Given) -> UnlikeCounts | None:
    counts = [{len(leaf) for leaf in flatten(given[1]) if leaf.shape} for given in (x, y)]
    if any(len(one) != 1 for one in counts) or counts[0] == counts[1]:
        return None
    arrays = (call.array(x[0], x[1], x[2]), call.array(y[0], y[1], y[2]))
    return UnlikeCounts(method=call.method, arrays=arrays, counts=(counts[0].pop(), counts[1].pop()))


def _inputs(model: Any) -> list[Any]:
    """Return the Inputs of a model whose graph Keras holds; nothing for a class of one's own."""
    graph = recorded_graph(model)
    return [] if graph is None else list(graph.inputs)


def _by_input(model: Any, x: Any) -> list[tuple[Any, Any]]:
    """Pair each Input with the array it is given; nothing where that is not plain."""
    inputs = _inputs(model)
    if isinstance(x, dict):
        return [(tensor, x[input_name(tensor)]) for tensor in inputs if input_name(tensor) in x]
    arrays = list(x) if isinstance(x, (list, tuple)) else [x]
    if len(arrays) != len(inputs) or isinstance(getattr(model, "_inputs_struct", None), dict):
        return []
    return list(zip(inputs, arrays, strict=True))


def _wrong_arrays(call: MethodCall, x: _Given) -> WrongArrays | None:
    inputs = _inputs(call.model)
    if len(inputs) < 2:
        return None
    names = [short(input_name(tensor)) for tensor in inputs]
    found = len(flatten(x[1]))
    unknown = [short(key) for key in x[1] if key not in names] if isinstance(x[1], dict) else []
    absent = isinstance(x[1], dict) and any(name not in x[1] for name in names)
    if found == len(inputs) and not absent:
        return None
    return WrongArrays(
        method=call.method,
        array=call.array(*x),
        side="inputs",
        found=found,
        wanted=len(inputs),
        names=tuple(name for name in names if not is_automatic(name))[:_MOST_NAMES],
        unknown=tuple(unknown[:_MOST_NAMES]),
    )


def _unlike_data(call: MethodCall, x: _Given) -> Iterator[UnlikeData]:
    """Hold each array against its Input, as Keras does: an axis of length 1 at the end may be left out or be too much."""
    paired = _by_input(call.model, x[1])
    for place, (tensor, array) in enumerate(paired):
        wanted, shape = lengths(tensor.shape), lengths(array.shape)
        if len(shape) == len(wanted) - 1 and wanted[-1] == 1:
            seen: tuple[int | None, ...] = (*shape, 1)
        elif len(shape) == len(wanted) + 1 and shape[-1] == 1:
            seen = shape[:-1]
        else:
            seen = shape
        if len(seen) == len(wanted) and all(b is None or a == b for a, b in zip(seen, wanted, strict=True)):
            continue
        if len(seen) == len(wanted) and isinstance(call.model, keras.Sequential) and _runs(call.model, array):
            continue
        own = input_name(tensor)
        part = x[2] if len(paired) == 1 else own if isinstance(x[1], dict) else place
        note = call.array(x[0], array, part)
        yield UnlikeData(
            method=call.method,
            array=note,
            wanted=wanted,
            name=short(own) if len(paired) > 1 and not is_automatic(own) else "",
        )


def _runs(model: Any, array: Any) -> bool:
    """Whether a stack takes an example of this shape all the same: it does not hold lengths against its Input."""
    try:
        model(np.zeros((1, *array.shape[1:]), keras.backend.standardize_dtype(array.dtype)))
    except Exception:  # its layers may raise anything
        return False
    return True


def _trains_keras_way(model: Any) -> bool:
    """Whether a model's own class leaves the step of training, and the loss in it, to Keras."""
    methods = ("train_step", "test_step", "compute_loss")
    return all(
        str(getattr(getattr(type(model), name), "__module__", "")).startswith("keras.") for name in methods
    )


def _nothing_to_learn(call: MethodCall, y: Any) -> NothingToLearn | None:
    loss = call.model._compile_loss
    if loss is None and not call.model.losses:
        return NothingToLearn(method=call.method, missing="loss")
    if loss is not None and y is None:
        return NothingToLearn(method=call.method, missing="labels")
    return None
