"""Rewrites of several steps together: what two steps say in one style, another says in one.

Each rule looks at a node and at a node that feeds it and nothing else. Rules keep the function that is
computed, in inference and in training, for every weight: they change the writing, never the model.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

from grader.canonical.merges import ASSOCIATIVE
from grader.canonical.normal_graph import Edge, Key, Node, NormalGraph, numbered
from grader.canonical.operations import affine_settings
from grader.graph import Shape

__all__ = ["make_key", "rewrite", "settings_text"]

_JOINED = ASSOCIATIVE | {"concatenate"}
_EVEN = frozenset({"ops Absolute", "ops Square"})  # of a difference, they forget the sign
_SIGNED = frozenset({"subtract"})
_PADDED = frozenset(f"{kind}Conv{dims}D" for kind in ("", "Depthwise", "Separable") for dims in (1, 2, 3))

# One encoder for all: json.dumps makes a new one at every call that asks for sorted keys.
_written = json.JSONEncoder(sort_keys=True, check_circular=False).encode


def make_key(
    op: str, settings: Mapping[str, Any], shapes: tuple[Shape, ...], weights: tuple[tuple[Any, ...], ...]
) -> Key:
    """Return everything about a step that has to agree, wiring aside, in a form that can be compared."""
    return op, settings_text(settings), tuple([shape[1:] for shape in shapes]), weights


def settings_text(settings: Mapping[str, Any]) -> str:
    """Return the canonical text of settings, the same in whatever order they come."""
    return _written(settings) if settings else ""


def rewrite(graph: NormalGraph) -> NormalGraph:
    """Apply every rule, in the order in which the nodes are made."""
    return _Rewriter(graph).run()


class _Step(NamedTuple):
    """A node with the one node that feeds it and is used nowhere else."""

    node: Node
    inner: Node
    edge: Edge


class _Rewriter:
    def __init__(self, graph: NormalGraph) -> None:
        self.graph = graph
        self.nodes = list(graph.nodes)
        # What was written into which node: calls are put together once, at the end, since chains may be long.
        self.taken: dict[int, list[int]] = {}

    @cached_property
    def uses(self) -> list[int]:
        """Return, for each node as it was made, how often it is used; an output counts twice."""
        uses = [0] * len(self.graph.nodes)
        for node in self.graph.nodes:
            for _, source, _ in node.edges:
                uses[source] += 1
        for _, end, _ in self.graph.outputs:
            uses[end] += 2
        return uses

    @cached_property
    def users(self) -> list[int]:
        """Return, for each node as it was made, the last node that uses it."""
        users = [0] * len(self.graph.nodes)
        for index, node in enumerate(self.graph.nodes):
            for _, source, _ in node.edges:
                users[source] = index
        return users

    def run(self) -> NormalGraph:
        for index, node in enumerate(self.graph.nodes):
            if node.op in _JOINED:
                self._draw_together(index)
            elif node.op in _EVEN:
                self._unorder(index)
            for inner, rule in _RULES.get(node.op, ()):
                step = self._step(index, inner)
                found = rule(step) if step is not None else None
                if step is not None and found is not None:
                    self.nodes[index] = found
                    self.taken.setdefault(index, []).append(step.edge.node)
        self._gather_calls()
        return replace(self.graph, nodes=tuple(self.nodes))

    def _alone(self, node: int) -> bool:
        """Say whether what a node makes is used in one place and nowhere else."""
        return self.uses[node] == 1

    def _step(self, index: int, inner: frozenset[str]) -> _Step | None:
        """Return a node with what feeds it, where that is one of the ops of ``inner`` and used nowhere else."""
        node = self.nodes[index]
        if len(node.edges) != 1:
            return None
        edge = node.edges[0]
        before = self.nodes[edge.node]
        if before.op not in inner or edge.output or not self._alone(edge.node):
            return None
        return _Step(node, before, edge)

    def _draw_together(self, index: int) -> None:
        """Draw nested sums (products, maxima, concatenations) together into one n-ary node.

        A sum that will be drawn into another waits for that one, so that a chain is walked once.
        """
        node = self.nodes[index]
        if not any(self._joins(node, edge.node) for edge in node.edges):
            return
        if self._alone(index) and self._joins(self.graph.nodes[self.users[index]], index):
            return
        edges: list[Edge] = []
        waiting = list(reversed(node.edges))
        inside: list[int] = []
        while waiting:
            edge = waiting.pop()
            if self._joins(node, edge.node):
                waiting.extend(reversed(self.nodes[edge.node].edges))
                inside.append(edge.node)
            else:
                edges.append(edge)
        self.nodes[index] = node._replace(edges=numbered(edges))
        self.taken[index] = inside

    def _joins(self, node: Node, fed_by: int) -> bool:
        """Say whether a node of an n-ary operation can take in another one that feeds it."""
        inner = self.nodes[fed_by]
        if inner.op != node.op or not self._alone(fed_by):
            return False
        # A weight that is added is no tensor: one sum has no place for two of them, and would lose the inner one.
        if inner.weights:
            return False
        # A sum of broadcast shapes is computed in steps that a single sum would not have.
        whole = node.op == "concatenate" or inner.shapes == node.shapes
        return whole and inner.settings == node.settings

    def _gather_calls(self) -> None:
        """Give each node the calls of all that was written into it, in the order in which they are made."""
        within = {inner for inside in self.taken.values() for inner in inside}
        for index in self.taken:
            if index in within:
                continue
            calls: list[int] = []
            waiting = [index]
            while waiting:
                node = waiting.pop()
                calls.extend(reversed(self.nodes[node].calls))
                waiting.extend(reversed(self.taken.get(node, ())))
            self.nodes[index] = self.nodes[index]._replace(calls=tuple(reversed(calls)))

    def _unorder(self, index: int) -> None:
        """A difference whose sign is lost at once may be taken either way round."""
        step = self._step(index, _SIGNED)
        if step is not None:
            other = step.inner
            key = _key_with(other, "difference", other.settings)
            self.nodes[step.edge.node] = other._replace(op="difference", key=key)


def _one_rescaling(step: _Step) -> Node | None:
    """``(x * a + b) * c + d`` is one rescaling."""
    outer, inner = step.node.settings, step.inner.settings
    if not all(_scalar(settings) for settings in (outer, inner)):
        return None
    settings = affine_settings(
        outer["scale"] * inner["scale"], outer["scale"] * inner["offset"] + outer["offset"]
    )
    if not all(math.isfinite(settings[key]) for key in ("scale", "offset")):
        return None  # all that is beyond a float would look alike
    return _merged(step, "Rescaling", settings)


def _average(step: _Step) -> Node | None:
    """A sum of n tensors divided by n is their average."""
    if step.inner.settings:
        return None
    settings, count = step.node.settings, len(step.inner.edges)
    if count < 2 or not _scalar(settings) or settings["offset"]:
        return None
    return _merged(step, "average", {}) if math.isclose(settings["scale"] * count, 1, rel_tol=1e-6) else None


def _one_reshape(step: _Step) -> Node | None:
    """Of two reshapes, the last one says it all."""
    return _merged(step, "reshape", step.node.settings)


def _padding(step: _Step) -> Node | None:
    """Zeros put around the input of an unpadded convolution are "same" padding when they are as many."""
    node, pad = step.node, step.inner
    if node.settings.get("padding") != "valid":
        return None
    if {node.settings.get("data_format"), pad.settings.get("data_format")} & {"channels_first"}:
        return None
    size, strides = node.settings.get("kernel_size"), node.settings.get("strides")
    dilation, given = node.settings.get("dilation_rate"), _pairs(pad.settings.get("padding"))
    if not (isinstance(size, list) and isinstance(strides, list) and isinstance(dilation, list)):
        return None
    lengths = pad.shapes[0][1:-1]
    if {len(given), len(lengths), len(strides), len(dilation)} != {len(size)}:
        return None
    if not all(isinstance(number, int) and number > 0 for number in (*size, *strides, *dilation)):
        return None
    if not all(len(pair) == 2 and all(isinstance(number, int) for number in pair) for pair in given):
        return None
    for length, kernel, stride, apart, pair in zip(lengths, size, strides, dilation, given, strict=True):
        reach = (kernel - 1) * apart + 1
        if stride == 1:
            total = reach - 1
        elif length is None:
            return None
        else:
            own = length - sum(pair)
            total = max((-(-own // stride) - 1) * stride + reach - own, 0)
        if pair != [total // 2, total - total // 2]:
            return None
    return _merged(step, node.op, {**node.settings, "padding": "same"})


# The rules for each op of the nodes they look at, with the ops of the node before that they are about.
_Rule = tuple[frozenset[str], Callable[[_Step], Node | None]]
_RULES: dict[str, tuple[_Rule, ...]] = {
    "Rescaling": ((frozenset({"Rescaling"}), _one_rescaling), (frozenset({"add"}), _average)),
    "reshape": ((frozenset({"reshape"}), _one_reshape),),
    **dict.fromkeys(_PADDED, ((frozenset({f"ZeroPadding{dims}D" for dims in (1, 2, 3)}), _padding),)),
}


def _merged(step: _Step, op: str, settings: Mapping[str, Any]) -> Node:
    """Take two nodes together: the outer's shapes and weights, the inner's inputs."""
    node = step.node
    edges = numbered(step.inner.edges) if op == "average" else step.inner.edges
    key = _key_with(node, op, settings)
    return node._replace(op=op, settings=settings, key=key, edges=edges)


def _key_with(node: Node, op: str, settings: Mapping[str, Any]) -> Key:
    return make_key(op, settings, node.shapes, node.key[3])


def _scalar(settings: Mapping[str, Any]) -> bool:
    return all(isinstance(settings.get(key), (int, float)) for key in ("scale", "offset"))


def _pairs(padding: Any) -> list[Any]:
    """Write a ZeroPadding layer's padding as one pair for each axis."""
    if not isinstance(padding, list):
        return []
    if all(isinstance(part, int) for part in padding):
        return [padding]
    return [part if isinstance(part, list) else [part, part] for part in padding]
