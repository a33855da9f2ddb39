"""A model graph as a table of at most 100 columns: what ``print(grader.describe(model))`` shows."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterator
from itertools import zip_longest

from pydantic import JsonValue

from grader.compiled_text import compile_text
from grader.graph import Call, Layer, ModelGraph
from grader.layer_settings import chosen, chosen_settings

__all__ = ["graph_text"]

_WIDTH = 100
_GAP = "  "
_WIDEST = (8, _WIDTH, 18, 23, 14)  # of each column; the layers get what the others leave
_RIGHT = (0, 4)  # numbers are flush right
_LEAST = 30  # of the column of layers
_MOST_CALLS = 1_000
_MOST_INDENTS = 6
_LONGEST_VALUE = 60
_PER_AXIS = frozenset(
    {"kernel_size", "strides", "pool_size", "dilation_rate", "size"}
)  # one length does for all axes
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])")  # where a word of a class's name begins
_NO_EFFECT = (
    ("negative_slope", 0),
    ("threshold", 0),
)  # what operations are given by the layers and functions of Keras
_GIVEN_NAME = re.compile(r"(?!(?:input|input_layer|keras_tensor)(?:_\d+)?$).+")  # by the author, not by Keras

Row = tuple[str, str, str, str, str]


def graph_text(graph: ModelGraph) -> str:
    """Write a graph as text: a head, a line or two for each call, and the outputs.

    A call has a number, by which others name what they take. Settings that Keras takes by itself are left out. A
    layer's parameters are counted at its first call, and later ones say where that was. The text is safe to print.
    """
    return "\n".join([*_head(graph), "", *_table([*_rows(graph)]), "", *_foot(graph)])


def _head(graph: ModelGraph) -> Iterator[str]:
    layers = len({call.layer for call in graph.calls})
    yield _cut(f"{_clean(graph.name)}: {graph.api}, {len(graph.calls)} calls of {layers} layers")
    trainable = graph.count_weights(trainable=True)
    yield f"parameters: {graph.count_weights():,} ({trainable:,} trainable)"
    if graph.compiled is not None:
        said = compile_text(graph.compiled, one_output=len(graph.outputs) == 1)
        yield from textwrap.wrap(_clean(f"compiled: {said}", 2000), _WIDTH)
    if graph.dynamic is not None:
        yield from textwrap.wrap(_clean(f"no fixed graph: {graph.dynamic}", 2000), _WIDTH)


def _foot(graph: ModelGraph) -> Iterator[str]:
    names = _tensor_names(graph)
    ends = [(_clean(port.key), names[port.tensor]) for port in graph.outputs]
    numbered = all(key.isdigit() for key, _ in ends)
    listed = ", ".join(name if numbered else f"{key} = {name}" for key, name in ends)
    yield from textwrap.wrap(f"{'output' if len(ends) == 1 else 'outputs'}: {listed}", _WIDTH)
    used = {weight for call in graph.calls for weight in _weights(graph, call)}
    idle = [
        weight for index, weight in enumerate(graph.weights) if index not in used and not weight.untracked
    ]
    if idle:
        yield f"in no call: {sum(math.prod(weight.shape) for weight in idle):,} parameters"


def _tensor_names(graph: ModelGraph) -> dict[int, str]:
    """Name each tensor: an input by its key, what a call makes by the call's number."""
    names: dict[int, str] = {}
    for position, port in enumerate(graph.inputs, start=1):
        plain = f"input {position}" if len(graph.inputs) > 1 else "input"
        names[port.tensor] = plain if port.key.isdigit() else _clean(port.key, 20)
    for number, call in enumerate(graph.calls, start=1):
        several = len(call.outputs) > 1
        names |= {t: f"{number}[{place}]" if several else f"{number}" for place, t in enumerate(call.outputs)}
    return names


def _rows(graph: ModelGraph) -> Iterator[Row]:
    names = _tensor_names(graph)
    yield ("", "layer", "takes", "output", "parameters")
    for port in graph.inputs:
        given = f"Input {_clean(port.name, 40)!r}" if _GIVEN_NAME.fullmatch(port.name) else "Input"
        yield (names[port.tensor], given, "", str(graph.tensors[port.tensor].shape), "")
    first: dict[int, int] = {}  # by weight, the call that has it first
    inside: tuple[int, ...] = ()
    seen: set[int] = set()  # the layers called since a nested one was entered
    for number, call in enumerate(graph.calls[:_MOST_CALLS], start=1):
        again = call.layer in seen
        if call.scope != inside or again:
            kept = 0 if again else _common(call.scope, inside)
            for depth, layer in enumerate(call.scope[kept:], start=kept):
                yield ("", _indent(depth) + _heading(graph.layers[layer]), "", "", "")
            inside, seen = call.scope, set()
        seen.add(call.layer)
        yield (
            str(number),
            _indent(len(inside)) + _code(graph.layers[call.layer]),
            ", ".join(_taken(graph, call, names)),
            "\n".join(str(graph.tensors[tensor].shape) for tensor in call.outputs),
            _parameters(graph, call, number, first),
        )
    if len(graph.calls) > _MOST_CALLS:
        yield ("", f"… and {len(graph.calls) - _MOST_CALLS:,} calls more", "", "", "")


def _common(scope: tuple[int, ...], before: tuple[int, ...]) -> int:
    return next(
        (i for i, (a, b) in enumerate(zip(scope, before, strict=False)) if a != b),
        min(len(scope), len(before)),
    )


def _indent(depth: int) -> str:
    return "  " * min(depth, _MOST_INDENTS)


def _heading(layer: Layer) -> str:
    return f"{_clean(layer.name, 40)} ({_code(layer).removesuffix('()')}):"


def _taken(graph: ModelGraph, call: Call, names: dict[int, str]) -> Iterator[str]:
    """Say what a call is given: tensors by name, weights by shape, and constants that are not just left out."""
    for argument in call.arguments:
        name = "" if argument.place[:1].isdigit() else f"{_clean(argument.place, 20)}="
        if argument.tensor is not None:
            if not argument.implied:
                yield name + names[argument.tensor]
        elif argument.weight is not None:
            yield f"{name}weight {graph.weights[argument.weight].shape}"
        elif argument.value is not None:
            yield name + _value(argument.value)


def _weights(graph: ModelGraph, call: Call) -> list[int]:
    given = [argument.weight for argument in call.arguments if argument.weight is not None]
    return list(dict.fromkeys([*graph.layers[call.layer].weights, *given]))


def _parameters(graph: ModelGraph, call: Call, number: int, first: dict[int, int]) -> str:
    """Count the weights that no call before this one has, and name the call that has the others."""
    held = _weights(graph, call)
    fresh = [graph.weights[weight] for weight in held if weight not in first]
    earlier = sorted({first[weight] for weight in held if weight in first})
    first.update((weight, number) for weight in held if weight not in first)
    parts = []
    if fresh:
        note = " frozen" if not any(weight.trainable for weight in fresh) else ""
        note = " not its own" if all(weight.untracked for weight in fresh) else note
        parts.append(f"{sum(math.prod(weight.shape) for weight in fresh):,}{note}")
    if earlier:
        parts.append(f"as in {', '.join(map(str, earlier[:3]))}")
    return ", ".join(parts)


def _code(layer: Layer) -> str:
    """Write a layer as the code that makes it: ``Conv2D(16, 3, padding='same')``."""
    first, rest = chosen_settings(layer)
    if layer.origin == "keras.ops":
        said = {
            name: value
            for name, value in rest.items()
            if value is not False and (name, value) not in _NO_EFFECT
        }
        return _call(f"ops.{_WORD.sub('_', layer.class_name).lower()}", (), said)
    if (layer.class_name, layer.origin) == ("Unseen", "custom") and "inside" in rest:
        return f"code in {_clean(str(rest['inside']), 40)} that could not be followed"
    policy: dict[str, JsonValue] = {} if layer.dtype == "float32" else {"dtype": layer.dtype}
    return _call(layer.class_name, first, rest | policy)


def _call(name: str, first: tuple[JsonValue, ...], rest: dict[str, JsonValue]) -> str:
    given = [_value(value, per_axis=True) for value in first]
    given += [f"{_clean(key, 40)}={_value(value, per_axis=key in _PER_AXIS)}" for key, value in rest.items()]
    return f"{_clean(name, 60)}({', '.join(given[:20])})"


def _value(value: JsonValue, *, per_axis: bool = False, depth: int = 0) -> str:
    """Write a setting as in Python; an object as the call that makes it."""
    if isinstance(value, list) and per_axis and len(value) > 1 and value.count(value[0]) == len(value):
        value = value[0]
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list) and depth < 3:
        inner = ", ".join(_value(item, depth=depth + 1) for item in value[:12])
        return f"({inner},)" if len(value) == 1 else f"({inner}{', …' if len(value) > 12 else ''})"
    if isinstance(value, dict) and isinstance(value.get("class_name"), str) and depth < 3:
        config = value.get("config")
        if value["class_name"] == "__ellipsis__":
            return "..."
        if value["class_name"] == "__slice__" and isinstance(config, dict):
            ends = [config.get(end) for end in ("start", "stop", "step")]
            return ":".join("" if end is None else str(end) for end in (ends if ends[2] else ends[:2]))
        return _call(
            str(value["class_name"]),
            *chosen(str(value["class_name"]), config if isinstance(config, dict) else {}),
        )
    return _clean(repr(value) if isinstance(value, str) else str(value), _LONGEST_VALUE)


def _clean(text: str, limit: int = 80) -> str:
    """Make a text of unknown origin one line of printable characters, cut to a length."""
    text = "".join(char if char.isprintable() else "\ufffd" for char in text[: limit + 1])
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…"


def _table(rows: list[Row]) -> list[str]:
    widths = [
        min(max(len(part) for row in rows for part in row[i].split("\n")), most)
        for i, most in enumerate(_WIDEST)
    ]
    left = _WIDTH - sum(widths) + widths[1] - len(_GAP) * (len(widths) - 1)
    widths[1] = max(min(widths[1], left), _LEAST)
    lines = []
    for row in rows:
        cells = [
            _wrapped(text, width, hang=column == 1)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        for parts in zip_longest(*cells, fillvalue=""):
            padded = [
                part.rjust(width) if column in _RIGHT else part.ljust(width)
                for column, (part, width) in enumerate(zip(parts, widths, strict=True))
            ]
            lines.append(_GAP.join(padded).rstrip())
    return lines


def _wrapped(text: str, width: int, *, hang: bool) -> list[str]:
    indent = " " * (len(text) - len(text.lstrip()) + 4) if hang else ""
    return [
        line
        for part in text.split("\n")
        for line in textwrap.wrap(part, width, subsequent_indent=indent) or [""]
    ]
