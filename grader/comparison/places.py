"""How a message names the steps of a graph, so that their author finds them.

A step is named by its kind and which of them it is ("the second Conv2D"), or by the name that its author gave to
the layer. Inside a class of the author's own, its steps are counted by themselves: "the first relu in SEBlock".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from grader.canonical import NormalGraph
from grader.comparison.wording import listing, noun, one_operation, ordinal, step_name
from grader.graph import Layer, ModelGraph
from grader.layer_names import named_by_keras
from grader.messages import quoted

__all__ = ["Wording", "given_name", "home_of", "said_once"]

_LONGEST_NAME = 40
_GIVEN_BY_KERAS = re.compile(r"(input_layer|keras_tensor|input)(_?\d+)?(CLONE)?", re.IGNORECASE)
_FIRST_WORDS = ("The ", "An ", "One ", "Every ", "Of ")

Home = tuple[int, ...]


class Wording:
    """Names the nodes of one graph: "the input", "the second Conv2D", "the relu in SEBlock".

    ``known``: the reader wrote the model, so that names given to layers, and classes, mean something to them.
    """

    def __init__(self, graph: NormalGraph, *, known: bool = True) -> None:
        self.graph = graph
        self._homes = [home_of(graph, node) if known else () for node in range(len(graph.nodes))]
        self._in = _phrases(graph.source, self._homes)
        bare = [noun(step_name(graph, node)) for node in range(len(graph.nodes))]
        told = list(zip(self._homes, bare, strict=True))
        again = [
            node > 0 and told[node] == told[node - 1] and one_operation(graph, node - 1, node)
            for node in range(len(told))
        ]
        totals = Counter(place for place, repeated in zip(told, again, strict=True) if not repeated)
        seen = Counter[tuple[Home, str]]()
        given = [
            _given(graph, node) if known and totals[place] > 1 else "" for node, place in enumerate(told)
        ]
        alone = Counter(zip(told, given, strict=True))
        self._names: list[str] = []
        for place, name, repeated in zip(told, given, again, strict=True):
            seen[place] += not repeated
            which = f"{ordinal(seen[place] - 1)} " if totals[place] > 1 else ""
            if name and alone[place, name] == 1:
                self._names.append(f"the {place[1]} {name}")
            else:
                self._names.append(f"the {which}{place[1]}")

    def name(self, node: int) -> str:
        """Return the name of a node."""
        return self._names[node] + self.inside(node)

    def names(self, nodes: Iterable[int]) -> str:
        """Return the names of several nodes as one phrase."""
        told = list(dict.fromkeys(nodes))
        if len({self._homes[node] for node in told}) == 1:
            return listing(self._names[node] for node in told) + self.inside(told[0])
        return listing(self.name(node) for node in told)

    def place(self, nodes: Iterable[int], where: str) -> str:
        """Return the one place that nodes, or else the words that say where, lie inside; nothing where there is none."""
        within = {self.inside(node) for node in nodes} or {
            place for place in self._in.values() if place and where.endswith(place)
        }
        return within.pop() if len(within) == 1 else ""

    def inside(self, node: int) -> str:
        """Say in which layer of the author's own a node stands: " in SEBlock", or nothing."""
        return self._in[self._homes[node]]


def home_of(graph: NormalGraph, node: int) -> Home:
    """Return the layers around a node down to the innermost of the author's own; nothing where there is none."""
    calls = graph.nodes[node].calls
    if not calls:
        return ()
    scope = graph.source.calls[calls[-1]].scope
    own = [place for place, layer in enumerate(scope) if graph.source.layers[layer].origin == "custom"]
    return scope[: own[-1] + 1] if own else ()


def said_once(message: str, place: str) -> str:
    """Say in front, and once, in which layer of the author's own the steps of a sentence stand."""
    if not place:
        return message
    inner = message.replace(place, "")
    if inner.startswith(_FIRST_WORDS):
        inner = inner[:1].lower() + inner[1:]
    return f"{place[1:]} (your layer), {inner}"


def _phrases(source: ModelGraph, homes: Iterable[Home]) -> dict[Home, str]:
    found = {
        home: source.layers[home[-1]].class_name[:_LONGEST_NAME] for home in dict.fromkeys(homes) if home
    }
    totals, seen = Counter(found.values()), Counter[str]()
    phrases: dict[Home, str] = {(): ""}
    for home, name in found.items():
        seen[name] += 1
        phrases[home] = f" in the {ordinal(seen[name] - 1)} {name}" if totals[name] > 1 else f" in {name}"
    return phrases


def _given(graph: NormalGraph, node: int) -> str:
    """Return the name that its author gave to a layer or input, in words; nothing where Keras chose one."""
    if graph.nodes[node].op == "input":
        port = graph.source.inputs[node]
        name = port.name if port.key.isdigit() else port.key
        return f"named {quoted(name, _LONGEST_NAME)}" if name and not _GIVEN_BY_KERAS.fullmatch(name) else ""
    name = given_name(graph, node)
    layer = _layer_of(graph, node)
    if layer is None or not name:
        return ""
    split = graph.nodes[node].op == "activation" and layer.class_name not in ("Activation", "ReLU", "Softmax")
    of = f"of the {layer.class_name} " if split else ""
    return f"{of}named {quoted(name, _LONGEST_NAME)}"


def given_name(graph: NormalGraph, node: int) -> str:
    """Return the name that its author gave to a step's layer; nothing where Keras chose one."""
    layer = _layer_of(graph, node)
    return "" if layer is None or layer.origin == "keras.ops" or named_by_keras(layer) else layer.name


def _layer_of(graph: NormalGraph, node: int) -> Layer | None:
    calls = graph.nodes[node].calls
    return graph.source.layers[graph.source.calls[calls[0]].layer] if calls else None
