"""A call that a layer refused: what it was called on does not fit it, or does not fit together."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations
from typing import Any

import keras
from keras.src.layers.convolutional.base_conv import BaseConv
from keras.src.layers.merging.base_merge import Merge

from grader.causes import (
    NotATensor,
    UnknownLength,
    UnlikeShapes,
    WindowTooLarge,
    WrongCount,
    WrongLength,
    WrongRank,
    WrongSize,
)
from grader.models.causes.arguments import made_with_a_tensor
from grader.models.causes.wiring import given
from grader.models.layers import class_name
from grader.models.nested import recorded_graph
from grader.models.nodes import maker, needed_tensors
from grader.models.notes import Names, lengths, short
from grader.models.plain import is_array
from grader.models.raised import LayerCall
from grader.models.structures import flatten

__all__ = ["misfit"]

# Operations that work number by number, and repeat an axis of length 1.
_ELEMENTWISE = frozenset(
    {
        "Add",
        "Subtract",
        "Multiply",
        "Divide",
        "TrueDivide",
        "FloorDivide",
        "Mod",
        "Power",
        "Maximum",
        "Minimum",
        "Greater",
        "GreaterEqual",
        "Less",
        "LessEqual",
        "Equal",
        "NotEqual",
        "LogicalAnd",
        "LogicalOr",
        "SquaredDifference",
    }
)
_WEIGHTED = (
    keras.layers.Dense,
    keras.layers.EinsumDense,
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.RNN,
    BaseConv,
)
_LONGEST_SEARCH = 500


def misfit(call: LayerCall, names: Names) -> Any:
    """Find why a layer refuses what it was called on; ``None`` where nothing certain is found."""
    tensors = [leaf for leaf in flatten((call.args, call.kwargs)) if _has_shape(leaf)]
    if not tensors:
        given_one = call.args[0] if call.args else None
        made = made_with_a_tensor(given_one, names) if isinstance(given_one, keras.Layer) else None
        return made or _no_tensor(call)
    for find in _FINDERS:
        found = find(call, names)
        if found is not None:
            return found
    return None


def _has_shape(value: Any) -> bool:
    return isinstance(value, keras.KerasTensor) or (not isinstance(value, keras.Variable) and is_array(value))


def _first(call: LayerCall) -> list[Any]:
    """Return the tensors of a layer's first argument."""
    return [leaf for leaf in flatten(call.args[:1]) if _has_shape(leaf)]


def _name(call: LayerCall) -> str:
    return short(class_name(call.operation))


def _no_tensor(call: LayerCall) -> NotATensor | None:
    if not isinstance(call.operation, keras.Layer) or not call.args:
        return None
    value = call.args[0]
    kind = given(value)
    if kind == "other" and flatten(value):
        kinds = {given(leaf) for leaf in flatten(value)}
        kind = kinds.pop() if len(kinds) == 1 else "other"
        value = flatten(value)[0]
    if kind == "other":
        return None
    text = repr(tuple(value)) if kind == "shape" else repr(value) if kind in ("number", "text") else ""
    if kind in ("layer", "class"):
        text = value.__name__ if isinstance(value, type) else type(value).__name__
    return NotATensor(place="call", class_name=_name(call), given=kind, value=short(text))


def _wrong_count(call: LayerCall, _: Names) -> WrongCount | None:
    layer, found = call.operation, _first(call)
    several = len(call.args) > 1 and all(_has_shape(value) for value in call.args)
    if isinstance(layer, Merge):
        if not isinstance(call.args[0], (list, tuple)) or len(found) < 1:
            return WrongCount(class_name=_name(call), found=len(call.args) if several else len(found))
        return None
    wanted = len(_specs(layer))
    if (
        isinstance(layer, keras.Layer)
        and wanted
        and len(found) != wanted
        and not isinstance(call.args[0], dict)
    ):
        return WrongCount(
            class_name=_name(call),
            found=len(found),
            wanted=wanted,
            listed=isinstance(call.args[0], (list, tuple)),
        )
    return None


def _unlike_shapes(call: LayerCall, names: Names) -> UnlikeShapes | None:
    operation = call.operation
    if isinstance(operation, keras.layers.Dot):
        return None  # which axes have to agree is a matter of its settings
    if isinstance(operation, Merge):
        tensors, first_axis = _first(call), 1
    elif not isinstance(operation, keras.Layer) and class_name(operation) in (*_ELEMENTWISE, "Concatenate"):
        tensors, first_axis = call.tensors, 0
    else:
        return None
    joins = class_name(operation) == "Concatenate"
    for one, other in combinations(tensors[:16], 2):
        axis = _joined_badly(one, other, operation) if joins else _added_badly(one, other, first_axis)
        if axis is None:
            continue
        return UnlikeShapes(
            class_name=_name(call),
            tensors=(names.note(one), names.note(other)),
            axis=axis if axis >= 0 else None,
            shortcut=not joins and (_comes_from(one, other) or _comes_from(other, one)),
        )
    return None


def _added_badly(one: Any, other: Any, first_axis: int) -> int | None:
    """Return the first axis along which two shapes cannot be added, or -1 where their ranks differ too."""
    ours, theirs = lengths(one.shape)[first_axis:], lengths(other.shape)[first_axis:]
    shared = min(len(ours), len(theirs))
    pairs = list(zip(ours[len(ours) - shared :], theirs[len(theirs) - shared :], strict=True))
    for place, (length, its) in enumerate(pairs):
        if length != its and None not in (length, its) and 1 not in (length, its):
            return place + first_axis if len(ours) == len(theirs) else -1
    return None


def _joined_badly(one: Any, other: Any, operation: Any) -> int | None:
    ours, theirs = lengths(one.shape), lengths(other.shape)
    if len(ours) != len(theirs):
        return -1
    axis = operation.axis % len(ours) if isinstance(operation.axis, int) and ours else -1
    for place, (length, its) in enumerate(zip(ours, theirs, strict=True)):
        if place != axis and length != its and None not in (length, its):
            return place
    return None


def _comes_from(tensor: Any, start: Any) -> bool:
    stack: list[Any] = [tensor]
    seen: set[int] = set()
    while stack and len(seen) < _LONGEST_SEARCH:
        current = stack.pop()
        if current is start:
            return True
        if id(current) not in seen:
            seen.add(id(current))
            node = maker(current)
            stack.extend(() if node is None else needed_tensors(node))
    return False


def _refused_shape(call: LayerCall, names: Names) -> WrongRank | WrongLength | None:
    """Hold the tensors against the layer's own ``InputSpec``."""
    specs, tensors = _specs(call.operation), _first(call)
    if isinstance(call.args[0], dict) or len(specs) != len(tensors):
        return None
    for spec, tensor in zip(specs, tensors, strict=True):
        if spec is None:
            continue
        found = _wrong_rank(call, spec, tensor, names) or _wrong_length(call, spec, tensor, names)
        if found is not None:
            return found
    return None


def _specs(layer: Any) -> list[Any]:
    """Return what a layer says of its inputs, one ``InputSpec`` for each; nothing where it says nothing."""
    graph = recorded_graph(layer) if isinstance(layer, keras.Model) else None
    spec = getattr(layer if graph is None else graph, "input_spec", None)
    return [] if spec is None else flatten(spec)


def _wrong_rank(call: LayerCall, spec: Any, tensor: Any, names: Names) -> WrongRank | None:
    rank = len(tensor.shape)
    exact = spec.ndim is not None and not spec.allow_last_axis_squeeze
    low, high = (spec.ndim, spec.ndim) if exact else (spec.min_ndim, spec.max_ndim)
    if low is not None and rank < low:
        wanted = low
    elif high is not None and rank > high:
        wanted = high
    else:
        return None
    return WrongRank(
        class_name=_name(call),
        tensor=names.note(tensor),
        found=rank,
        wanted=wanted,
        at_least=low != high and rank < wanted,
        lost_by=_lost_by(tensor, wanted) if rank < wanted else "",
    )


def _no_steps(call: LayerCall, names: Names) -> WrongRank | None:
    """A ``TimeDistributed`` goes through an axis of steps, and says nothing of it in an ``InputSpec``."""
    tensors = _first(call)
    if not isinstance(call.operation, keras.layers.TimeDistributed) or len(tensors) != 1:
        return None
    return _wrong_rank(call, keras.layers.InputSpec(min_ndim=3), tensors[0], names)


def _lost_by(tensor: Any, wanted: int) -> str:
    """Name the class whose call took the missing axes away; empty where they never were there."""
    node = maker(tensor)
    while node is not None:
        before = needed_tensors(node)
        if any(len(source.shape) >= wanted for source in before):
            return short(class_name(node.operation))
        node = maker(before[0]) if len(before) == 1 else None
    return ""


def _wrong_length(call: LayerCall, spec: Any, tensor: Any, names: Names) -> WrongLength | None:
    shape = lengths(tensor.shape)
    wanted = {
        axis % len(shape): length
        for axis, length in (spec.axes or {}).items()
        if -len(shape) <= axis < len(shape)
    }
    if spec.shape is not None:
        known = tuple(spec.shape)
        if spec.allow_last_axis_squeeze and len(known) != len(shape):
            known, shape = (known[:-1], shape) if known[-1:] == (1,) else (known, shape[:-1])
        wanted |= dict(enumerate(known[: len(shape)]))
    for axis, length in sorted(wanted.items()):
        if isinstance(length, int) and axis < len(shape) and shape[axis] not in (None, length):
            return WrongLength(
                class_name=_name(call),
                tensor=names.note(tensor),
                axis=axis,
                found=shape[axis] or 0,
                wanted=length,
                built=bool(call.operation.built),
            )
    return None


def _unknown_length(call: LayerCall, names: Names) -> UnknownLength | None:
    layer, tensors = call.operation, _first(call)
    if not isinstance(layer, _WEIGHTED) or len(tensors) != 1 or layer.built:
        return None
    shape = lengths(tensors[0].shape)
    axis = 1 if getattr(layer, "data_format", "") == "channels_first" else len(shape) - 1
    if axis < 1 or shape[axis] is not None:
        return None
    return UnknownLength(class_name=_name(call), tensor=names.note(tensors[0]), axis=axis)


def _window_too_large(call: LayerCall, names: Names) -> WindowTooLarge | None:
    layer, tensors = call.operation, _first(call)
    setting = next(
        (name for name in ("kernel_size", "pool_size") if isinstance(getattr(layer, name, None), tuple)), ""
    )
    if not setting or len(tensors) != 1 or getattr(layer, "padding", "") != "valid":
        return None
    if type(layer).__module__.partition(".")[0] != "keras" or "Transpose" in type(layer).__name__:
        return None
    sizes = getattr(layer, setting)
    gaps = getattr(layer, "dilation_rate", (1,) * len(sizes))
    gaps = gaps if isinstance(gaps, tuple) else (gaps,) * len(sizes)
    first = 2 if layer.data_format == "channels_first" else 1
    shape = lengths(tensors[0].shape)
    for place, (size, gap) in enumerate(zip(sizes, gaps, strict=True)):
        window, axis = (size - 1) * gap + 1, first + place
        length = shape[axis] if axis < len(shape) else None
        if length is not None and window > length:
            return WindowTooLarge(
                class_name=_name(call),
                tensor=names.note(tensors[0]),
                axis=axis,
                window=window,
                found=length,
                setting=setting,
            )
    return None


def _wrong_size(call: LayerCall, names: Names) -> WrongSize | None:
    layer, tensors = call.operation, _first(call)
    if not isinstance(layer, keras.layers.Reshape) or len(tensors) != 1:
        return None
    shape, target = lengths(tensors[0].shape)[1:], lengths(layer.target_shape)
    if None in shape or None in target:
        return None
    found = math.prod(n for n in shape if n is not None)
    wanted = math.prod(n for n in target if n is not None and n != -1)
    fits = wanted > 0 and found % wanted == 0 if -1 in target else found == wanted
    return (
        None if fits else WrongSize(tensor=names.note(tensors[0]), found=found, target=target, wanted=wanted)
    )


_FINDERS: tuple[Callable[[LayerCall, Names], Any], ...] = (
    _wrong_count,
    _unlike_shapes,
    _refused_shape,
    _no_steps,
    _unknown_length,
    _window_too_large,
    _wrong_size,
)
