"""``keras.ops`` operations and operators, under their layer's name where there is one.

The facts are those of Keras 3.15 (``keras/src/ops``).
"""

from __future__ import annotations

import math
from typing import Any

from grader.canonical.activations import (
    ACTIVATION_OPS,
    Step,
    activation_step,
    op_activation,
    relu_step,
)
from grader.canonical.merges import COMMUTATIVE, MERGE_OPS, positive_axis
from grader.graph import Shape

__all__ = ["affine_settings", "affine_step", "op_steps"]


def op_steps(
    kind: str, config: dict[str, Any], shapes: tuple[Shape, ...], fed: tuple[Shape, ...]
) -> list[Step]:
    """Return the steps of a ``keras.ops`` operation, under its layer's name where there is one."""
    rank = len(shapes[0]) if shapes else 0
    if kind == "Identity":
        return []
    if kind in MERGE_OPS:
        op = MERGE_OPS[kind]
        if op == "concatenate":
            return [(op, positive_axis(_unargued(config, "axis", 1), rank))]
        arithmetic = _arithmetic(kind, config)
        if arithmetic is not None:
            return arithmetic
        return _with_constant(op, _unplaced(config), rank) if op in COMMUTATIVE else [(op, config)]
    if kind in ("TrueDivide", "Divide", "Negative"):
        return _arithmetic(kind, config) or [(f"ops {kind}", config)]
    if kind == "ReLU":  # what keras.activations.relu records
        return relu_step(config, rank)
    if kind in ACTIVATION_OPS:
        return op_activation(kind, config, rank)
    if shapes and fed and _only_reshapes(kind, config, shapes[0], fed[0]):
        return [] if fed[0] == shapes[0] else [("reshape", {"shape": list(shapes[0][1:])})]
    if kind == "Transpose" and isinstance(config.get("axes"), list) and config["axes"][:1] == [0]:
        return [("Permute", {"dims": config["axes"][1:]})]
    if kind == "GetItem" and fed:
        return [(f"ops {kind}", {**config, "argument 1": _index(config.get("argument 1"), fed[0])})]
    if kind in _REDUCTIONS and fed:
        return _reduction(kind, config, shapes, fed[0])
    return [(f"ops {kind}", config)]


def _only_reshapes(kind: str, config: dict[str, Any], made: Shape, fed: Shape) -> bool:
    """Say whether an operation keeps the samples apart and their numbers in order."""
    if kind in ("Reshape", "Flatten"):
        return True
    axis = config.get("axis")
    if kind == "ExpandDims":
        return isinstance(axis, int) and axis % len(made) != 0
    if kind == "GetItem":
        return _takes_all(config.get("argument 1"), fed)
    return kind == "Squeeze" and isinstance(axis, int) and axis % len(fed) != 0


def _takes_all(index: Any, fed: Shape) -> bool:
    """Say whether an index takes every number of every sample: it drops axes of length 1 and adds new ones."""
    parts = list(index) if isinstance(index, list) else [index]
    dots = [place for place, part in enumerate(parts) if _named(part) == "__ellipsis__"]
    missing = len(fed) - sum(part is not None for part in parts) + len(dots)
    if len(dots) > 1 or missing < 0:
        return False
    if dots:
        parts[dots[0] : dots[0] + 1] = [_ALL] * missing
    if not parts or _index_part(parts[0], None) != _ALL:
        return False
    lengths = iter(fed)
    for part in parts:
        length = None if part is None else next(lengths)
        whole = part is None or (length == 1 and part in (0, -1)) or _index_part(part, length) == _ALL
        if not whole or isinstance(part, bool):
            return False
    return True


# Operations that reduce the axes named by `axis`, counted in what they are given.
_REDUCTIONS = frozenset(
    {"All", "Any", "Argmax", "Argmin", "Logsumexp", "Max", "Mean", "Min", "Norm", "Prod", "Std", "Sum", "Var"}
)
_POOLINGS = {"Mean": "GlobalAveragePooling", "Max": "GlobalMaxPooling"}


def _reduction(kind: str, config: dict[str, Any], shapes: tuple[Shape, ...], fed: Shape) -> list[Step]:
    """Count the axes from the front; a mean over all of space is a global pooling."""
    axis = config.get("axis", config.get("argument 1"))
    listed = [number for number in (axis if isinstance(axis, list) else [axis]) if isinstance(number, int)]
    if not fed or len(listed) != (len(axis) if isinstance(axis, list) else 1):
        return [(f"ops {kind}", config)]
    axes, dims = sorted(number % len(fed) for number in listed), len(fed) - 2
    if (
        kind in _POOLINGS
        and dims in (1, 2, 3)
        and axes == list(range(1, dims + 1))
        and not config.get("initial")
    ):
        pooling = (f"{_POOLINGS[kind]}{dims}D", {"data_format": "channels_last", "keepdims": False})
        return [pooling, ("reshape", {"shape": list(shapes[0][1:])})] if config.get("keepdims") else [pooling]
    kept = {key: value for key, value in config.items() if key != "argument 1"}
    return [(f"ops {kind}", {**kept, "axis": axes})]


_ALL = {"class_name": "__slice__", "config": {"start": None, "stop": None, "step": None}}


def _index(index: Any, fed: Shape) -> Any:
    """Write an index with its ellipsis spelled out, counted from the front, and nothing that takes all."""
    if not isinstance(index, list) or any(part is None for part in index):
        return index
    dots = [place for place, part in enumerate(index) if _named(part) == "__ellipsis__"]
    if len(dots) == 1:
        index = [*index[: dots[0]], *[_ALL] * (len(fed) - len(index) + 1), *index[dots[0] + 1 :]]
    if len(index) > len(fed):
        return index
    parts = [_index_part(part, length) for part, length in zip(index, fed, strict=False)]
    while parts and parts[-1] == _ALL:
        parts.pop()
    return parts


def _index_part(part: Any, length: int | None) -> Any:
    if isinstance(part, int) and not isinstance(part, bool) and length is not None and part < 0:
        return part + length
    bounds = part.get("config") if _named(part) == "__slice__" else None
    if not isinstance(bounds, dict) or bounds.get("step") not in (None, 1):
        return part
    start, stop = bounds.get("start"), bounds.get("stop")
    if length is not None:
        start = start + length if isinstance(start, int) and start < 0 else start
        stop = stop + length if isinstance(stop, int) and stop < 0 else stop
        stop = None if isinstance(stop, int) and stop >= length else stop
    return {"class_name": "__slice__", "config": {"start": start or None, "stop": stop, "step": None}}


def _named(part: Any) -> Any:
    return part.get("class_name") if isinstance(part, dict) else None


def affine_settings(scale: float, offset: float) -> dict[str, Any]:
    """Return the settings of ``x * scale + offset``, without what float arithmetic adds at the end."""
    return {"scale": float(f"{scale:.9g}"), "offset": float(f"{offset:.9g}")}


def affine_step(scale: float, offset: float) -> list[Step]:
    """Return the step of ``x * scale + offset``: nothing when that is x."""
    return [] if (scale, offset) == (1, 0) else [("Rescaling", affine_settings(scale, offset))]


def _arithmetic(kind: str, config: dict[str, Any]) -> list[Step] | None:
    """Read arithmetic with one number as the rescaling it is; ``None`` for any other."""
    if kind == "Negative":
        return affine_step(-1, 0)
    places = [key for key in config if key.startswith("argument ")]
    number = config[places[0]] if len(places) == 1 == len(config) else None
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
        return None
    first = places == ["argument 0"]
    if kind == "Add":
        return affine_step(1, number)
    if kind == "Multiply":
        return affine_step(number, 0)
    if kind == "Subtract":
        return affine_step(-1, number) if first else affine_step(1, -number)
    return affine_step(1 / number, 0) if kind in ("TrueDivide", "Divide") and not first and number else None


def _with_constant(op: str, config: dict[str, Any], rank: int) -> list[Step]:
    """Read ``maximum(x, 0)`` as the relu it is."""
    if op == "maximum" and config.get("constants") == [0]:
        return activation_step("relu", {}, rank)
    return [(op, config)]


def _unplaced(config: dict[str, Any]) -> dict[str, Any]:
    """Forget on which side of an unordered operation a constant stands: ``2 * x`` is ``x * 2``."""
    constants = [key for key in config if key.startswith("argument ")]
    if not constants:
        return config
    kept = {key: value for key, value in config.items() if key not in constants}
    return {**kept, "constants": sorted((config[key] for key in constants), key=repr)}


def _unargued(config: dict[str, Any], name: str, position: int) -> dict[str, Any]:
    """Give a positional constant its keyword's name."""
    if f"argument {position}" in config and name not in config:
        config = {**config, name: config[f"argument {position}"]}
        del config[f"argument {position}"]
    return config
