"""The normal form of a ``ModelGraph``: what is left when the style of writing is taken away.

Names, creation order, nesting and the API used do not survive. ``Dense(activation="relu")`` is a
``Dense`` and a relu; ``Add()([a, b])``, ``a + b`` and ``keras.ops.add`` are one n-ary, unordered sum;
``Flatten`` is a ``Reshape``; linear activations, identities and ``Dropout(0)`` are gone.

A normal form is made of ``Node``s. Each use of a tensor is an ``Edge`` of its own, with its slot, so
that ``Add()([x, x])`` keeps both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from grader.canonical.arguments import CONDITIONS, needed_constants, needed_edges
from grader.canonical.merges import COMMUTATIVE, MERGES
from grader.canonical.rewriting import make_key, rewrite
from grader.canonical.rules import steps
from grader.graph import Call, Layer, ModelGraph, Shape, Weight
from grader.tasks import CompareOptions

__all__ = ["Edge", "Node", "NormalGraph", "normalize", "prune"]


@dataclass(frozen=True, slots=True)
class Edge:
    """One use of a tensor: which node made it, as which of its outputs, and the slot it fills."""

    slot: str
    node: int
    output: int


@dataclass(frozen=True, slots=True)
class Node:
    """One step of the normal form.

    ``settings`` are the settings that matter, ``key`` their canonical text together with the op,
    shapes and dtype. ``weights`` are indexes into the model graph's weights: two nodes with the same
    ones share them. ``calls`` are the calls of the model graph it came from (none for an input).
    """

    op: str
    settings: Mapping[str, Any]
    key: str
    edges: tuple[Edge, ...]
    shapes: tuple[Shape, ...]
    weights: tuple[int, ...]
    calls: tuple[int, ...]

    @property
    def unordered(self) -> bool:
        """Whether the order of the inputs has no meaning."""
        return self.op in COMMUTATIVE


@dataclass(frozen=True, slots=True)
class NormalGraph:
    """Nodes in an order in which every node follows what feeds it; inputs come first.

    ``inputs`` are ``(key, node)``; ``outputs`` are ``(key, node, output)``.
    """

    nodes: tuple[Node, ...]
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[tuple[str, int, int], ...]
    source: ModelGraph

    def consumers(self) -> list[list[tuple[int, str, int]]]:
        """Return, for each node, who uses it: ``(consumer, slot, which output)``."""
        users: list[list[tuple[int, str, int]]] = [[] for _ in self.nodes]
        for index, node in enumerate(self.nodes):
            for edge in node.edges:
                users[edge.node].append((index, edge.slot, edge.output))
        return users


def normalize(graph: ModelGraph, options: CompareOptions | None = None, *, masks: bool = True) -> NormalGraph:
    """Return the normal form of a graph; ``options`` say which properties must be kept in it.

    With ``masks``, a mask that Keras takes along with a tensor is as good as one that is passed by hand: what
    counts is which layers are given it. Without, such masks are left out, and the settings that make them count.
    """
    return _Builder(graph, options or CompareOptions(), masks).build()


class _Builder:
    """Walks the calls once, in order, and adds zero, one or two nodes for each."""

    def __init__(self, graph: ModelGraph, options: CompareOptions, masks: bool) -> None:
        self.graph = graph
        self.options = options
        self.masks = masks
        self.conditions: dict[tuple[str, tuple[Edge, ...]], int] = {}
        self.nodes: list[Node] = []
        self.made: dict[int, tuple[int, int]] = {}  # tensor → (node, output)
        self.weight_facts = [self._facts(weight) for weight in graph.weights]

    def build(self) -> NormalGraph:
        graph = self.graph
        inputs = []
        for port in graph.inputs:
            tensor = graph.tensors[port.tensor]
            inputs.append((port.key, len(self.nodes)))
            self._add("input", {"dtype": tensor.dtype}, (), (tensor.shape,), (), (), outputs=(port.tensor,))
        for index, call in enumerate(graph.calls):
            self._call(index, call)
        outputs = tuple((port.key, *self.made[port.tensor]) for port in graph.outputs)
        normal = NormalGraph(tuple(self.nodes), tuple(inputs), outputs, graph)
        return prune(rewrite(normal), keep=len(inputs))

    def _add(
        self,
        op: str,
        settings: Mapping[str, Any],
        edges: tuple[Edge, ...],
        shapes: tuple[Shape, ...],
        weights: tuple[int, ...],
        calls: tuple[int, ...],
        outputs: tuple[int, ...] = (),
    ) -> int:
        key = make_key(op, settings, shapes, [self.weight_facts[weight] for weight in weights])
        self.nodes.append(Node(op, settings, key, edges, shapes, weights, calls))
        for position, tensor in enumerate(outputs):
            self.made[tensor] = (len(self.nodes) - 1, position)
        return len(self.nodes) - 1

    def _facts(self, weight: Weight) -> list[Any]:
        facts: list[Any] = [list(weight.shape), weight.dtype]
        return [*facts, weight.trainable] if self.options.trainable else facts

    def _call(self, index: int, call: Call) -> None:
        graph = self.graph
        layer = graph.layers[call.layer]
        shapes = tuple(graph.tensors[tensor].shape for tensor in call.outputs)
        edges = tuple(
            Edge(argument.place, *self.made[argument.tensor])
            for argument in call.arguments
            if argument.tensor is not None and (self.masks or not argument.implied)
        )
        constants = {
            argument.place: argument.value
            for argument in call.arguments
            if argument.tensor is None and argument.weight is None and argument.value is not None
        }
        tied = {argument.place: argument.weight for argument in call.arguments if argument.weight is not None}
        weights = (*layer.weights, *(tied[place] for place in sorted(tied)))
        edges = needed_edges(layer, edges)
        if self.masks and layer.class_name == "Embedding" and layer.origin == "keras.layers":
            layer = layer.model_copy(
                update={
                    "config": {name: value for name, value in layer.config.items() if name != "mask_zero"}
                }
            )
        condition = layer.origin == "keras.ops" and layer.class_name in CONDITIONS
        if condition and layer.class_name in ("LogicalAnd", "LogicalOr") and _all_one(edges):
            self.made[call.outputs[0]] = (edges[0].node, edges[0].output)
            return
        stages = steps(layer, needed_constants(layer, constants), shapes, self._input_shapes(edges))
        # `Add()([a, b])` and `a + b` fill differently named slots, as do `2 * x` and `x * 2`.
        if (stages and stages[0][0] in MERGES) or len(edges) == 1:
            edges = tuple(Edge(str(position), edge.node, edge.output) for position, edge in enumerate(edges))
        else:
            edges = tuple(sorted(edges, key=lambda edge: edge.slot))
        if not stages and len(edges) == 1:
            self.made[call.outputs[0]] = (edges[0].node, edges[0].output)
            return
        for position, (op, settings) in enumerate(stages):
            first, last = position == 0, position == len(stages) - 1
            kept = self._with_options(settings, layer) if first else settings
            if tied and first:
                kept = {**kept, "weight slots": sorted(tied)}
            made = shapes if last else _before(op, settings, shapes)
            ends = call.outputs if last else ()
            if condition and not weights:
                asked = (make_key(op, kept, made, []), edges)
                if asked in self.conditions:
                    self.made[ends[0]] = (self.conditions[asked], 0)
                    continue
                self.conditions[asked] = len(self.nodes)
            node = self._add(op, kept, edges, made, weights if first else (), (index,), ends)
            edges = (Edge("0", node, 0),)

    def _input_shapes(self, edges: tuple[Edge, ...]) -> tuple[Shape, ...]:
        return tuple(self.nodes[edge.node].shapes[edge.output] for edge in edges)

    def _with_options(self, settings: Mapping[str, Any], layer: Layer) -> Mapping[str, Any]:
        kept = dict(settings)
        if layer.dtype != "float32":
            kept["dtype policy"] = layer.dtype
        if self.options.names:
            kept["name"] = layer.name
        if self.options.trainable and layer.class_name == "BatchNormalization":
            kept["trainable"] = layer.trainable  # frozen, its statistics stand still, weights or no weights
        if self.options.initializers:
            kept |= {key: value for key, value in layer.config.items() if key.endswith("_initializer")}
        return kept


def _all_one(edges: tuple[Edge, ...]) -> bool:
    return len(edges) == 2 and edges[0] == replace(edges[1], slot=edges[0].slot)


def _before(op: str, settings: Mapping[str, Any], shapes: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """Return the shapes of a step that another of the same call follows: a global pooling drops its axes."""
    if not op.startswith("Global"):
        return shapes
    (shape,) = shapes
    return ((shape[0], shape[1] if settings.get("data_format") == "channels_first" else shape[-1]),)


def prune(graph: NormalGraph, keep: int) -> NormalGraph:
    """Drop nodes that reach no output; inputs (the first ``keep``) stay."""
    live = set(range(keep))
    stack = [node for _, node, _ in graph.outputs]
    while stack:
        index = stack.pop()
        if index in live and index >= keep:
            continue
        live.add(index)
        stack.extend(edge.node for edge in graph.nodes[index].edges if edge.node not in live)
    if len(live) == len(graph.nodes):
        return graph
    order = sorted(live)
    place = {old: new for new, old in enumerate(order)}
    nodes = tuple(
        replace(
            graph.nodes[old],
            edges=tuple(replace(edge, node=place[edge.node]) for edge in graph.nodes[old].edges),
        )
        for old in order
    )
    outputs = tuple((key, place[node], output) for key, node, output in graph.outputs)
    return NormalGraph(nodes, graph.inputs, outputs, graph.source)
