"""Words for the parts of a normal form, so that every message names a place the same way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from grader.canonical import Node, NormalGraph
from grader.graph import Shape

__all__ = [
    "Wording",
    "activation_text",
    "apart",
    "article",
    "counted",
    "counted_steps",
    "label",
    "listing",
    "ordinal",
    "setting_text",
    "shape_text",
    "steps_listed",
    "unnumbered",
]

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
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
_LONGEST_NAME = 40
_MOST_LISTED = 8  # steps of a row that are told one by one
_NUMBERED = re.compile(rf"\bthe (?:{'|'.join(_ORDINALS)}) |(?<=\S) number \d+", re.IGNORECASE)
_UNSAID_VOWELS = ("Uni", "Use", "Unary")  # spoken with a "y" in front
_VOWEL_LETTERS = "AEFHILMNORSX"  # as an abbreviation's first letter, spoken with a vowel in front


def label(op: str, settings: Any) -> str:
    """Return the short name of a step: ``Conv2D``, ``Add``, ``relu``."""
    if op == "custom Unseen" or "unseen" in settings:
        return "unseen step"
    if op == "Rescaling" and isinstance(settings.get("scale"), float):
        offset = settings.get("offset")
        shifted = f" {offset:+g}" if isinstance(offset, int | float) and offset else ""
        return f"Rescaling (× {settings['scale']:g}{shifted})"
    if op == "activation":
        return str(settings.get("function", "activation"))[:_LONGEST_NAME]
    if op == "reshape":
        return "Flatten" if len(settings.get("shape", ())) == 1 else "Reshape"
    return _MERGE_NAMES.get(op, op.removeprefix("custom ").removeprefix("ops "))[:_LONGEST_NAME]


def shape_text(shape: Shape) -> str:
    """Write a shape as Keras does, ``None`` where a length is open."""
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"


def setting_text(value: Any) -> str:
    """Write a setting's value as in Python; a nested object by its class name."""
    if isinstance(value, dict):
        return _object_text(value)
    if isinstance(value, list):
        inner = ", ".join(setting_text(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value) if len(repr(value)) <= _LONGEST_NAME else repr(value)[:_LONGEST_NAME] + "…"


def _object_text(value: Any) -> str:
    name, config = str(value.get("class_name", "…")), value.get("config")
    if name == "__slice__" and isinstance(config, dict):
        return ":".join("" if config.get(key) is None else str(config[key]) for key in ("start", "stop"))
    if name == "__array__" and isinstance(config, dict):
        return f"an array of shape {setting_text(config.get('shape'))}"
    return "..." if name == "__ellipsis__" else name


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


def activation_text(node: Node, beside: Node | None = None) -> str:
    """Name an activation; with those of its settings that ``beside``, the other graph's, has otherwise."""
    name = str(node.settings.get("function"))
    there = {} if beside is None else beside.settings
    same = there.get("function") == node.settings.get("function")
    extra = [
        f"{key}={setting_text(value)}"
        for key, value in node.settings.items()
        if key != "function" and (there.get(key) != value if same else key not in ("axis", "approximate"))
    ]
    return f"{name}({', '.join(extra)})" if extra else name


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
    """Return the word for a place in a row: "first" for 0."""
    return _ORDINALS[position] if position < len(_ORDINALS) else f"{position + 1}th"


def article(word: str) -> str:
    """Put "a" or "an" before a word, as it is spoken."""
    if word[:3].isupper():
        return ("an " if word[:1] in _VOWEL_LETTERS else "a ") + word
    spoken = word[:1] in "AEIOUaeiou" and not word.startswith(_UNSAID_VOWELS)
    return ("an " if spoken else "a ") + word


def unnumbered(text: str) -> str:
    """Leave out of a sentence which of several steps of one name it names."""
    return _NUMBERED.sub("", text).casefold()


class Wording:
    """Names the nodes of one graph: "the input", "the second Conv2D", "the only" left out."""

    def __init__(self, graph: NormalGraph) -> None:
        self.graph = graph
        self._names: list[str] = []
        totals: dict[str, int] = {}
        for node in graph.nodes:
            name = label(node.op, node.settings)
            totals[name] = totals.get(name, 0) + 1
        seen: dict[str, int] = {}
        for node in graph.nodes:
            name = label(node.op, node.settings)
            seen[name] = seen.get(name, 0) + 1
            if totals[name] == 1:
                self._names.append(f"the {name}")
            elif seen[name] <= len(_ORDINALS):
                self._names.append(f"the {_ORDINALS[seen[name] - 1]} {name}")
            else:
                self._names.append(f"{name} number {seen[name]}")

    def name(self, node: int) -> str:
        """Return the name of a node."""
        return self._names[node]

    def names(self, nodes: Iterable[int]) -> str:
        """Return the names of several nodes as one phrase."""
        return listing(self.name(node) for node in dict.fromkeys(nodes))
