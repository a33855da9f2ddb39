"""Words for the parts of a normal form, so that every message names a place the same way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from grader.canonical import NormalGraph
from grader.graph import Shape

__all__ = ["Wording", "article", "label", "listing", "setting_text", "shape_text"]

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
    "reshape": "Flatten or Reshape",
}
_LONGEST_NAME = 40


def label(op: str, settings: Any) -> str:
    """Return the short name of a step: ``Conv2D``, ``Add``, ``relu``."""
    if op == "Rescaling" and isinstance(settings.get("scale"), float):
        offset = settings["offset"]
        return f"Rescaling (× {settings['scale']:g}{f' {offset:+g}' if offset else ''})"
    if op == "activation":
        return str(settings.get("function", "activation"))[:_LONGEST_NAME]
    return _MERGE_NAMES.get(op, op.removeprefix("custom ").removeprefix("ops "))[:_LONGEST_NAME]


def shape_text(shape: Shape) -> str:
    """Write a shape as Keras does, ``None`` where a length is open."""
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"


def setting_text(value: Any) -> str:
    """Write a setting's value as in Python; a nested object by its class name."""
    if isinstance(value, dict):
        return str(value.get("class_name", "…"))
    if isinstance(value, list):
        return "(" + ", ".join(setting_text(item) for item in value) + ")"
    return repr(value) if len(repr(value)) <= _LONGEST_NAME else repr(value)[:_LONGEST_NAME] + "…"


def listing(words: Iterable[str]) -> str:
    """Join words: "a", "a and b", "a, b and c"."""
    parts = list(words)
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + " and " + parts[-1]


def article(word: str) -> str:
    """Put "a" or "an" before a word."""
    return ("an " if word[:1] in "AEIOUaeio" else "a ") + word


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
