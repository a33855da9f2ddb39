"""Labels and ids that a loss, or an ``Embedding``, cannot work with."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
from keras.src.losses.losses import LossFunctionWrapper

from grader.causes import Array, LossUnlikeLabels, OutOfRange, WrongArrays
from grader.models.method_calls import MethodCall
from grader.models.nested import recorded_graph
from grader.models.notes import Names, lengths, short
from grader.models.plain import is_array
from grader.models.raised import Raised
from grader.models.structures import flatten

__all__ = ["embedding_out_of_range", "ids_out_of_range", "labels_out_of_range", "loss_unlike_labels"]

_SPARSE = "sparse_categorical_crossentropy"
_MOST_NUMBERS = 1_000_000


class _Judged(NamedTuple):
    """One output of a model with its labels and its loss."""

    output: tuple[int | None, ...]
    labels: Any
    loss: Any
    part: int | str | None


def loss_unlike_labels(
    call: MethodCall, labels: Any, argument: str, part: int | None
) -> LossUnlikeLabels | WrongArrays | None:
    """Find the output whose loss refuses labels of that shape: Keras's own loss is asked, on zeros."""
    outputs = _outputs(call)
    if len(outputs) > 1 and len(flatten(labels)) != len(outputs):
        return WrongArrays(
            method=call.method,
            array=call.array(argument, labels, part),
            side="outputs",
            found=len(flatten(labels)),
            wanted=len(outputs),
        )
    for judged in _judged(call, labels):
        shape = lengths(judged.labels.shape)
        if _refuses(judged.loss, shape, judged.output):
            whole = np.asarray(keras.ops.convert_to_numpy(judged.labels))
            return LossUnlikeLabels(
                method=call.method,
                loss=short(_loss_name(judged.loss)),
                array=call.array(argument, judged.labels, judged.part if part is None else part),
                output=judged.output,
                classes=bool(np.all(whole == np.floor(whole))) if whole.dtype.kind in "iufb" else False,
                outside=_outside(whole, judged.output[-1] or 0) is not None,
            )
    return None


def _outputs(call: MethodCall) -> list[Any]:
    """Return a model's outputs; of a class of one's own what its ``call`` gives for the data, traced without values."""
    graph = recorded_graph(call.model)
    if graph is not None:
        return list(graph.outputs)
    x = call.given.get("x")
    if x is None or not is_array(x) or not call.model.built:
        return []
    symbol = keras.KerasTensor((None, *x.shape[1:]), dtype=keras.backend.standardize_dtype(x.dtype))
    try:
        return flatten(call.model.compute_output_spec(symbol))
    except Exception:  # the student's ``call`` may raise anything
        return []


def _judged(call: MethodCall, labels: Any) -> Iterator[_Judged]:
    """Pair outputs with labels and losses of Keras's own, where it is plain which belongs to which."""
    outputs, names = _outputs(call), list(getattr(call.model, "output_names", None) or ())
    losses = getattr(call.model._compile_loss, "_user_loss", None)
    for place, output in enumerate(outputs):
        name = names[place] if len(names) == len(outputs) else ""
        several = len(outputs) > 1
        own = _part_of(labels, place, name) if several or isinstance(labels, (list, tuple, dict)) else labels
        loss = _part_of(losses, place, name) if isinstance(losses, (list, tuple, dict)) else losses
        if not is_array(own) or not _is_keras_loss(loss):
            continue
        part = None if own is labels else name if isinstance(labels, dict) else place
        yield _Judged(lengths(output.shape), own, loss, part)


def _part_of(structure: Any, place: int, name: str) -> Any:
    if isinstance(structure, dict):
        return structure.get(name)
    return structure[place] if isinstance(structure, (list, tuple)) and place < len(structure) else None


def _is_keras_loss(loss: Any) -> bool:
    if isinstance(loss, str):
        return True
    owner = type(loss) if isinstance(loss, keras.Loss) else loss
    return str(getattr(owner, "__module__", "")).startswith("keras.") and not isinstance(loss, type)


def _loss_name(loss: Any) -> str:
    found = keras.losses.get(loss)
    found = getattr(found, "fn", found)
    return str(getattr(found, "__name__", type(found).__name__))


def _refuses(loss: Any, labels: tuple[int | None, ...], output: tuple[int | None, ...]) -> bool:
    """Whether a loss raises on two examples of these shapes; lengths that are open are taken from the labels."""
    if not labels or not output:
        return False
    filled = [n if n is not None else (*labels, *output)[i] for i, n in enumerate(output)]
    theirs, ours = ([2, *(n or 0 for n in shape[1:])] for shape in (labels, filled))
    if 0 in theirs + ours or max(math.prod(theirs), math.prod(ours)) > _MOST_NUMBERS:
        return False
    judge = loss if isinstance(loss, keras.Loss) else LossFunctionWrapper(keras.losses.get(loss))
    try:
        judge(np.zeros(theirs, "float32"), np.full(ours, 0.5, "float32"))
    except Exception:
        return True
    return False


def labels_out_of_range(
    raised: Raised, call: MethodCall, labels: Any, argument: str, part: int | None
) -> OutOfRange | None:
    """Find class numbers for which an output has no place; JAX computes with them and raises nothing."""
    for judged in _judged(call, labels) if _is_about_an_index(raised) else ():
        if _loss_name(judged.loss) != _SPARSE or judged.output[-1] is None:
            continue
        ignored = getattr(judged.loss, "ignore_class", None)
        note = call.array(argument, judged.labels, judged.part if part is None else part)
        found = _outside(judged.labels, judged.output[-1], ignored)
        if found is not None:
            return OutOfRange(
                what="labels", array=note, lowest=found[0], highest=found[1], limit=judged.output[-1]
            )
    return None


def ids_out_of_range(
    raised: Raised, call: MethodCall, paired: list[tuple[Any, Any]], argument: str, part: int | None
) -> OutOfRange | None:
    """Find ids for which an ``Embedding`` that reads an Input has no place."""
    if not _is_about_an_index(raised):
        return None
    for place, (tensor, array) in enumerate(paired):
        for layer in call.model._flatten_layers():
            reads = any(source is tensor for node in layer._inbound_nodes for source in node.input_tensors)
            if isinstance(layer, keras.layers.Embedding) and reads:
                found = _outside(array, layer.input_dim)
                own = part if len(paired) == 1 else place
                if found is not None:
                    return _ids(layer, call.array(argument, array, own), found)
    return None


def embedding_out_of_range(raised: Raised, names: Names) -> OutOfRange | None:
    """Find ids for which an ``Embedding`` that was called on values has no place."""
    call = raised.calls[-1] if raised.calls else None
    if call is None or not isinstance(call.operation, keras.layers.Embedding) or not call.args:
        return None
    if not is_array(call.args[0]) or not _is_about_an_index(raised):
        return None
    found = _outside(call.args[0], call.operation.input_dim)
    if found is None:
        return None
    array = Array(argument="inputs", text=names.of(call.args[0]), shape=lengths(call.args[0].shape))
    return _ids(call.operation, array, found)


def _ids(layer: Any, array: Array, found: tuple[int, int]) -> OutOfRange:
    return OutOfRange(
        what="ids",
        array=array,
        lowest=found[0],
        highest=found[1],
        limit=layer.input_dim,
        class_name="Embedding",
    )


def _is_about_an_index(raised: Raised) -> bool:
    """Whether this is the class of exception by which a backend refuses an index.

    PyTorch has ``IndexError`` (``RuntimeError`` on a GPU), TensorFlow its own, on a processor alone.
    """
    if keras.backend.backend() == "torch":
        return isinstance(raised.error, (IndexError, RuntimeError))
    return type(raised.error).__name__ == "InvalidArgumentError"


def _outside(values: Any, limit: int, ignored: int | None = None) -> tuple[int, int] | None:
    """Return the least and the greatest number, where one is below 0 or not below a limit."""
    try:
        numbers = np.asarray(keras.ops.convert_to_numpy(values))
    except Exception:  # a tensor that stands for values, and has none
        return None
    if numbers.dtype.kind not in "iuf" or not numbers.size:
        return None
    numbers = numbers[numbers != ignored] if ignored is not None else numbers
    lowest, highest = int(numbers.min()), int(numbers.max())
    return (lowest, highest) if lowest < 0 or highest >= limit else None
