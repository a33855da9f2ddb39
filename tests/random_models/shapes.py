"""The shapes that Keras gives the steps of a plan, batch axis aside, and those of their weights."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

__all__ = ["Shape", "shape_after", "weights_of"]

Shape = tuple[int, ...]

_SAME = frozenset(
    {"BatchNormalization", "LayerNormalization", "Dropout", "SpatialDropout2D", "GaussianNoise", "activation"}
)
_SPACE = {
    "Conv2D": 2,
    "DepthwiseConv2D": 2,
    "Conv1D": 1,
    "MaxPooling2D": 2,
    "AveragePooling2D": 2,
    "MaxPooling1D": 1,
}


def shape_after(kind: str, settings: Mapping[str, Any], fed: list[Shape]) -> Shape | None:
    """Return the shape a step gives, or ``None`` where Keras would refuse it."""
    if kind == "Input":
        return tuple(settings["shape"])
    if kind == "Concatenate":
        return _joined(settings["axis"], fed)
    if kind in ("Add", "Multiply", "Maximum", "Average", "Subtract"):
        return fed[0] if len(fed) > 1 and len(set(fed)) == 1 else None
    (shape,) = fed
    if kind in ("BatchNormalization", "LayerNormalization") and not -1 <= settings["axis"] <= len(shape):
        return None
    if kind in _SAME:
        return shape if kind != "SpatialDropout2D" or len(shape) == 3 else None
    if kind in _SPACE:
        return _slid(kind, settings, shape)
    if kind == "Dense":
        return (*shape[:-1], settings["units"])
    if kind == "Flatten":
        return (prod(shape),) if len(shape) > 1 else None
    if kind == "Embedding":
        return (*shape, settings["output_dim"]) if len(shape) == 1 else None
    if kind in ("LSTM", "GRU"):
        if len(shape) != 2:
            return None
        return (shape[0], settings["units"]) if settings["return_sequences"] else (settings["units"],)
    if kind == "UpSampling2D":
        size = settings["size"]
        return (shape[0] * size[0], shape[1] * size[1], shape[2]) if len(shape) == 3 else None
    if kind == "RepeatVector":
        return (settings["n"], *shape) if len(shape) == 1 else None
    assert kind.startswith("Global"), kind
    return shape[-1:] if len(shape) == int(kind[-2]) + 1 else None


def _joined(axis: int, fed: list[Shape]) -> Shape | None:
    ranks = {len(shape) for shape in fed}
    if len(ranks) != 1 or len(fed) < 2 or not -1 <= axis <= len(fed[0]):
        return None
    place = axis - 1 if axis > 0 else len(fed[0]) - 1
    if len({shape[:place] + shape[place + 1 :] for shape in fed}) != 1:
        return None
    return (*fed[0][:place], sum(shape[place] for shape in fed), *fed[0][place + 1 :])


def _slid(kind: str, settings: Mapping[str, Any], shape: Shape) -> Shape | None:
    dims = _SPACE[kind]
    if len(shape) != dims + 1:
        return None
    sizes, strides = settings["kernel_size" if "Conv" in kind else "pool_size"], settings["strides"]
    lengths = []
    for length, size, stride in zip(shape, sizes, strides, strict=False):
        if settings["padding"] == "same":
            lengths.append(-(-length // stride))
        elif length < size:
            return None
        else:
            lengths.append((length - size) // stride + 1)
    return (*lengths, settings.get("filters", shape[-1]))


def weights_of(kind: str, settings: Mapping[str, Any], fed: list[Shape]) -> tuple[Shape, ...]:
    """Return the shapes of a step's weights."""
    if not fed:
        return ()
    shape = fed[0]
    if kind in ("Conv2D", "Conv1D"):
        return ((*settings["kernel_size"], shape[-1], settings["filters"]), (settings["filters"],))
    if kind == "DepthwiseConv2D":
        return ((*settings["kernel_size"], shape[-1], 1), shape[-1:])
    if kind == "Dense":
        return ((shape[-1], settings["units"]), (settings["units"],))
    if kind in ("BatchNormalization", "LayerNormalization"):
        length = (None, *shape)[settings["axis"]]
        return ((length,),) * (4 if kind == "BatchNormalization" else 2)
    if kind == "Embedding":
        return ((settings["input_dim"], settings["output_dim"]),)
    units = settings.get("units", 0)
    if kind == "LSTM":
        return ((shape[-1], 4 * units), (units, 4 * units), (4 * units,))
    if kind == "GRU":
        return ((shape[-1], 3 * units), (units, 3 * units), (2, 3 * units))
    return ()
