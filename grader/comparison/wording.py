"""Words for the parts of a normal form, so that every message names a place the same way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from grader.canonical import Node, NormalGraph
from grader.comparison.typed import arithmetic_text, call_code, ops_name, setting_text, slice_text
from grader.graph import Shape

__all__ = [
    "A_LAMBDA",
    "IN_THIS_ORDER",
    "activation_text",
    "apart",
    "article",
    "counted",
    "counted_steps",
    "is_arithmetic",
    "label",
    "listing",
    "noun",
    "one_operation",
    "ordinal",
    "settings_apart",
    "shape_text",
    "step_name",
    "step_names",
    "steps_listed",
    "unnumbered",
]

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}
_MERGE_NAMES = {
    "add": "Add",
    "multiply": "Multiply",
    "maximum": "Maximum",
    "minimum": "Minimum",
    "average": "Average",
    "subtract": "Subtract",
    "difference": "Subtract",
    "concatenate": "Concatenate",
}
IN_THIS_ORDER = ", in this order"
"""Ends what is expected where the tensors are right and their order is not."""

A_LAMBDA = "lambda function"
"""Stands for the name of a function that was written in place and has none."""

_LONGEST_NAME = 40
_MOST_LISTED = 8  # steps of a row that are told one by one
_NUMBERED = re.compile(
    rf"\bthe (?:{'|'.join(_ORDINALS)}|\d+(?:st|nd|rd|th)) |(?<=\S) named '[^']*'", re.IGNORECASE
)
_ARITHMETIC = re.compile(r"^(?!ops\.)\S+ [-+*/] \S+( [-+] \S+)?$")
_UNSAID_VOWELS = ("Uni", "Use", "Unary")  # spoken with a "y" in front
_VOWEL_LETTERS = "AEFHILMNORSX"  # as an abbreviation's first letter, spoken with a vowel in front


def label(op: str, settings: Any) -> str:
    """Return the short name of a step, as it is typed: ``Conv2D``, ``Add``, ``relu``, ``ops.mean``, ``x[:, 0]``."""
    bare = _bare_label(op, settings)
    return f"{bare} with a weight" if settings.get("weight slots") else bare


def step_name(graph: NormalGraph, step: int) -> str:
    """Return the short name of a step of a graph; arithmetic and operations as they stand in their author's code."""
    node = graph.nodes[step]
    return _as_written(graph, node) or label(node.op, node.settings)


def step_names(graph: NormalGraph, steps: Iterable[int]) -> list[str]:
    """Return the names of steps, those that one operation makes as one."""
    found: list[int] = []
    for step in steps:
        if not (found and one_operation(graph, found[-1], step)):
            found.append(step)
    return [step_name(graph, step) for step in found]


def one_operation(graph: NormalGraph, step: int, other: int) -> bool:
    """Whether two steps come from the same call of an operation: ``ops.mean(..., keepdims=True)`` pools and reshapes."""
    calls = graph.nodes[step].calls
    return calls == graph.nodes[other].calls and _are_operations(graph, calls)


def is_arithmetic(graph: NormalGraph, step: int) -> bool:
    """Whether a step scales and shifts by numbers, and its author wrote that as arithmetic."""
    node = graph.nodes[step]
    return node.op == "Rescaling" and bool(arithmetic_text(node)) and _are_operations(graph, node.calls)


def _are_operations(graph: NormalGraph, calls: Sequence[int]) -> bool:
    layers = [graph.source.layers[graph.source.calls[call].layer] for call in calls]
    return bool(layers) and all(layer.origin == "keras.ops" for layer in layers)


def _as_written(graph: NormalGraph, node: Node) -> str:
    """Write a step that its author did not call by the name of its kind; nothing for another step."""
    if node.op not in ("Rescaling", "reshape", "activation") and not node.op.startswith("Global"):
        return ""
    if not _are_operations(graph, node.calls):
        return ""
    call = graph.source.calls[node.calls[-1]]
    layer = graph.source.layers[call.layer]
    if node.op == "Rescaling":
        written = arithmetic_text(node)
        return call_code(call, layer) if written and len(node.calls) == 1 else written
    if node.op == "activation":
        return "ops.exp" if layer.class_name == "Exp" else ""
    if len(node.calls) > 1 or layer.class_name in ("Reshape", "Flatten"):
        return ""
    return call_code(call, layer) if layer.class_name == "GetItem" else ops_name(layer.class_name)


def _bare_label(op: str, settings: Any) -> str:
    if op == "custom Unseen" or "unseen" in settings:
        return "unseen step"
    if op == "Rescaling" and isinstance(settings.get("scale"), float):
        offset = settings.get("offset")
        shifted = f", offset={offset:g}" if isinstance(offset, int | float) and offset else ""
        return f"Rescaling({settings['scale']:g}{shifted})"
    if settings.get("by hand"):
        return "ops.matmul + bias" if settings.get("use_bias") else "ops.matmul"
    if op == "activation":
        return _function_name(settings.get("function", "activation"))[:_LONGEST_NAME]
    if op == "ops GetItem" and "argument 1" in settings:
        return slice_text(settings["argument 1"])
    if op.startswith("ops "):
        return ops_name(op.removeprefix("ops "))
    if op == "reshape":
        return "Flatten" if len(settings.get("shape", ())) == 1 else "Reshape"
    return _MERGE_NAMES.get(op, op.removeprefix("custom "))[:_LONGEST_NAME]


def shape_text(shape: Shape) -> str:
    """Write a shape as Keras does, ``None`` where a length is open."""
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"


def apart(value: Any, other: Any) -> tuple[str, str]:
    """Write two values of one setting so that they read differently: nested objects with what differs."""
    texts = setting_text(value), setting_text(other)
    if texts[0] != texts[1] or not (isinstance(value, dict) and isinstance(other, dict)):
        return texts
    inside, there = value.get("config"), other.get("config")
    if not (isinstance(inside, dict) and isinstance(there, dict)) or texts[0].startswith("an array"):
        return (texts[0], "another one") if texts[0].startswith("an array") else texts
    keys = [key for key in sorted({*inside, *there}) if inside.get(key) != there.get(key)]
    if "return_sequences" in keys and "zero_output_for_mask" in keys:
        keys.remove("zero_output_for_mask")  # set by Bidirectional, as return_sequences says
    pairs = [(key, *apart(inside.get(key), there.get(key))) for key in keys]
    return (
        f"{texts[0]}({', '.join(f'{key}={one}' for key, one, _ in pairs)})",
        f"{texts[1]}({', '.join(f'{key}={two}' for key, _, two in pairs)})",
    )


def settings_apart(node: Node, other: Node, keys: Iterable[str]) -> tuple[str, str]:
    """Write those settings in which two steps of one kind differ, as they are typed: the first one's, the other's."""
    pairs: list[tuple[str, str, str]] = []
    for key in keys:
        if key == "dtype policy":
            ours, theirs = (one.settings.get(key) or "float32" for one in (node, other))
            pairs.append(("dtype", setting_text(ours), setting_text(theirs)))
        else:
            name = key.removeprefix("argument ")
            pairs.append((name, *apart(node.settings.get(key), other.settings.get(key))))
    return listing(f"{key}={one}" for key, one, _ in pairs), listing(f"{key}={two}" for key, _, two in pairs)


def activation_text(node: Node, beside: Node | None = None) -> str:
    """Name an activation; with those of its settings that ``beside``, the other graph's, has otherwise."""
    name = _function_name(node.settings.get("function"))
    name = article(name) if name == A_LAMBDA else name
    there = {} if beside is None else beside.settings
    same = there.get("function") == node.settings.get("function")
    extra = [
        f"{key}={setting_text(value)}"
        for key, value in node.settings.items()
        if key != "function" and (there.get(key) != value if same else key not in ("axis", "approximate"))
    ]
    return f"{name}({', '.join(extra)})" if extra else name


def _function_name(function: Any) -> str:
    name = str(function).removeprefix("custom:")
    return A_LAMBDA if name == "<lambda>" else name


def listing(words: Iterable[str]) -> str:
    """Join words: "a", "a and b", "a, b and c"."""
    parts = list(words)
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + " and " + parts[-1]


def steps_listed(names: Sequence[str], *, articles: bool = True) -> str:
    """List the steps of a row: one by one, or how many of each where they are many."""
    if len(names) > _MOST_LISTED:
        return counted_steps(names)
    return listing(map(article, names) if articles else names)


def counted_steps(names: Iterable[str]) -> str:
    """List steps with how many there are of each: "a Conv2D, 3 × relu"."""
    counts = Counter(names)
    return listing(article(name) if number == 1 else f"{number} × {name}" for name, number in counts.items())


def counted(number: int, word: str) -> str:
    """Put a number before a word: "1 input", "2 inputs"."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def ordinal(position: int) -> str:
    """Return the word for a place in a row: "first" for 0, "12th" for 11."""
    if position < len(_ORDINALS):
        return _ORDINALS[position]
    number = position + 1
    return f"{number}{'th' if number % 100 in (11, 12, 13) else _ENDINGS.get(number % 10, 'th')}"


def noun(word: str) -> str:
    """Return a label as what can be counted: "Conv2D", "slice x[:, 0]", "step x + 1"."""
    if word.startswith("x["):
        return f"slice {word}"
    return f"step {word}" if _ARITHMETIC.search(word) else word


def article(word: str) -> str:
    """Put "a" or "an" before a word, as it is spoken; what is cut out of a tensor is called a slice."""
    if noun(word) != word:
        return f"the {noun(word)}"
    if word[:3].isupper():
        return ("an " if word[:1] in _VOWEL_LETTERS else "a ") + word
    spoken = word[:1] in "AEIOUaeiou" and not word.startswith(_UNSAID_VOWELS)
    return ("an " if spoken else "a ") + word


def unnumbered(text: str) -> str:
    """Leave out of a sentence which of several steps of one kind it names."""
    return _NUMBERED.sub("", text).casefold()
