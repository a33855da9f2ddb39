"""Steps as a learner types them: the function of ``keras.ops`` behind a recorded operation, an index as a slice.

A model records operations by the names of Keras's classes (``Absolute``, ``GetItem``, ``TrueDivide``), which nobody
writes. The names are those of Keras 3.15 (``keras/src/ops``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from grader.canonical import Node
from grader.canonical.merges import MERGE_OPS
from grader.graph import Call, Layer

__all__ = [
    "arrays_apart",
    "call_code",
    "codes_apart",
    "ops_name",
    "setting_text",
    "slice_text",
    "step_code",
    "typed_as_code",
]

_LONGEST = 40
_WORD = re.compile(r"(.)([A-Z][a-z]+)")
_END_OF_WORD = re.compile(r"([a-z])([A-Z])")
_IMAGES = frozenset(
    {
        *("AffineTransform", "CropImages", "ElasticTransform", "ExtractPatches", "GaussianBlur", "HSVToRGB"),
        *("MapCoordinates", "PadImages", "PerspectiveTransform", "RGBToGrayscale", "RGBToHSV", "Resize"),
        *("SSIM", "ScaleAndTranslate", "SobelEdges"),
    }
)
_OTHERWISE = {
    "AllClose": "allclose",
    "BatchNorm": "batch_normalization",
    "CDist": "cdist",
    "IsIn": "isin",
    "LayerNorm": "layer_normalization",
    "RMSNorm": "rms_normalization",
    "ReLU": "relu",
    "SearchSorted": "searchsorted",
    "SegmentReduction": "segment_sum",
}
_OPERATORS = {
    "Add": "+",
    "Divide": "/",
    "Equal": "==",
    "FloorDivide": "//",
    "Greater": ">",
    "GreaterEqual": ">=",
    "Less": "<",
    "LessEqual": "<=",
    "Matmul": "@",
    "Mod": "%",
    "Multiply": "*",
    "NotEqual": "!=",
    "Power": "**",
    "Subtract": "-",
    "TrueDivide": "/",
}
_KINDS = {op: kind for kind, op in MERGE_OPS.items()}
_TENSORS = "xyzabc"


def ops_name(kind: str) -> str:
    """Return the function that makes an operation: "ops.expand_dims" for ``ExpandDims``."""
    if kind == "Mish":  # the one activation without a function in keras.ops
        return "activations.mish"
    name = _OTHERWISE.get(kind) or _END_OF_WORD.sub(r"\1_\2", _WORD.sub(r"\1_\2", kind)).lower()
    return f"ops.image.{name}" if kind in _IMAGES else f"ops.{name}"[:_LONGEST]


def slice_text(index: Any) -> str:
    """Write an index as it stands behind a tensor: "x[:, 0]"."""
    parts = index if isinstance(index, list) else [index]
    return f"x[{', '.join(map(setting_text, parts))}]"


def step_code(node: Node) -> str:
    """Write an operation with its constants, tensors as x, y and so on: "x ** 2", "ops.mean(x, axis=1)"."""
    if node.op == "Rescaling" and (written := arithmetic_text(node)):
        return written
    kind = _KINDS.get(node.op) or node.op.removeprefix("ops ")
    settings = dict(node.settings)
    constants = settings.pop("constants", ())
    held = {str(place): "a weight" for place in settings.pop("weight slots", ())}
    held |= {
        key.removeprefix("argument "): setting_text(settings.pop(key))
        for key in node.settings
        if key.startswith("argument ")
    }
    settings.pop("dtype policy", None)
    return _code(
        kind, _in_order(held, len(node.edges)) + [setting_text(one) for one in constants], held, settings
    )


def arithmetic_text(node: Node) -> str:
    """Write a scaling and a shift by numbers as arithmetic: "x / 255" as "x * 0.00392157", "1 - x"; else nothing."""
    scale, offset = node.settings.get("scale"), node.settings.get("offset") or 0.0
    if not (isinstance(scale, int | float) and isinstance(offset, int | float)):
        return ""
    if scale == -1 and offset:
        return f"{offset:g} - x"
    scaled = "x" if scale == 1 else "-x" if scale == -1 else f"x * {scale:g}"
    return f"{scaled} {'-' if offset < 0 else '+'} {abs(offset):g}" if offset else scaled


def codes_apart(node: Node, other: Node) -> tuple[str, str]:
    """Write two steps of one kind as ``step_code`` does; arrays that differ in their numbers alone say where."""
    texts = step_code(node), step_code(other)
    if texts[0] != texts[1]:
        return texts
    ours, theirs = dict(node.settings), dict(other.settings)
    for key in ours.keys() & theirs.keys():
        ours[key], theirs[key] = _told_apart(ours[key], theirs[key])
    return step_code(node._replace(settings=ours)), step_code(other._replace(settings=theirs))


def _told_apart(value: Any, other: Any) -> tuple[Any, Any]:
    """Return two values with objects in place of arrays, whose names say what differs."""
    if isinstance(value, list) and isinstance(other, list) and len(value) == len(other):
        pairs = [_told_apart(*both) for both in zip(value, other, strict=True)]
        return [one for one, _ in pairs], [two for _, two in pairs]
    if value == other or not (_is_array(value) and _is_array(other)):
        return value, other
    first, second = arrays_apart(value, other)
    return {"class_name": first}, {"class_name": second}


def arrays_apart(value: Any, other: Any) -> tuple[str, str]:
    """Write two arrays of one shape: with the first number that differs, where the numbers are known."""
    texts = _object_text(value), _object_text(other)
    place, ours, theirs = [], value["config"].get("value"), other["config"].get("value")
    if texts[0] != texts[1] or ours is None or theirs is None:
        return texts[0], texts[1] if texts[0] != texts[1] else f"{texts[1]} with other numbers"
    while isinstance(ours, list) and isinstance(theirs, list):
        at = next((at for at, both in enumerate(zip(ours, theirs, strict=False)) if both[0] != both[1]), None)
        if at is None:
            return texts[0], f"{texts[1]} of another dtype"
        place.append(at)
        ours, theirs = ours[at], theirs[at]
    return (
        f"{texts[0]} with {setting_text(ours)} at {place}",
        f"{texts[1]} with {setting_text(theirs)} at {place}",
    )


def _is_array(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.get("class_name") == "__array__"
        and isinstance(value.get("config"), dict)
    )


def call_code(call: Call, layer: Layer) -> str:
    """Write a recorded call of an operation in the same way."""
    read = [argument for argument in call.arguments if argument.tensor is not None]
    held = {
        argument.place: "a weight" if argument.weight is not None else setting_text(argument.value)
        for argument in call.arguments
        if argument.tensor is None and (argument.weight is not None or argument.value is not None)
    }
    settings = {key: value for key, value in layer.config.items() if value not in (None, False)}
    return _code(layer.class_name, _in_order(held, len(read)), held, settings)


def _in_order(held: Mapping[str, str], tensors: int) -> list[str]:
    """Return what is given by position: tensors by letters, and in between what stands in a place of its own."""
    letters = iter(_TENSORS)
    found: list[str] = []
    while tensors or str(len(found)) in held:
        if str(len(found)) in held:
            found.append(held[str(len(found))])
        else:
            tensors -= 1
            found.append(next(letters, "…"))
    return found


def _code(kind: str, positional: list[str], held: Mapping[str, str], settings: Mapping[str, Any]) -> str:
    named = [f"{place}={text}" for place, text in held.items() if not place.isdigit()]
    named += [f"{key}={setting_text(value)}" for key, value in settings.items()]
    if kind == "GetItem" and len(positional) == 2:
        return f"x[{positional[1].removeprefix('(').removesuffix(')').removesuffix(',')}]"
    if kind in _OPERATORS and len(positional) == 2 and not named:
        return f" {_OPERATORS[kind]} ".join(positional)
    return f"{ops_name(kind)}({', '.join([*positional, *named])})"


def typed_as_code(node: Node) -> bool:
    """Whether a step is an operation, whose constants stand in its call and have no names of their own."""
    return node.op.startswith("ops ") or "constants" in node.settings or node.op == "subtract"


def setting_text(value: Any) -> str:
    """Write a setting's value as in Python; a nested object by its class name."""
    if isinstance(value, dict):
        return _object_text(value)
    if isinstance(value, list):
        inner = ", ".join(setting_text(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value) if len(repr(value)) <= _LONGEST else repr(value)[:_LONGEST] + "…"


def _object_text(value: Any) -> str:
    name, config = str(value.get("class_name", "…")), value.get("config")
    if name == "__slice__" and isinstance(config, dict):
        return _slice_part(config)
    if name == "__array__" and isinstance(config, dict):
        return f"an array of shape {setting_text(config.get('shape'))}"
    return "..." if name == "__ellipsis__" else name


def _slice_part(config: dict[str, Any]) -> str:
    keys = ("start", "stop", "step") if config.get("step") is not None else ("start", "stop")
    return ":".join("" if config.get(key) is None else str(config[key])[:_LONGEST] for key in keys)
