"""The normal form of a ``ModelGraph``: what is left when the style of writing is taken away.

Names, creation order, nesting and the API used do not survive. ``Dense(activation="relu")`` is a
``Dense`` and a relu; ``Add()([a, b])``, ``a + b`` and ``keras.ops.add`` are one n-ary, unordered sum;
``Flatten`` is a ``Reshape``; linear activations, identities and ``Dropout(0)`` are gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from grader.canonical.arguments import CONDITIONS, READ_LESS, needed_constants, needed_edges
from grader.canonical.freedom import Freedom
from grader.canonical.merges import MERGES
from grader.canonical.normal_graph import Edge, Node, NormalGraph, numbered
from grader.canonical.rewriting import rewrite, settings_text
from grader.canonical.rules import steps
from grader.graph import Call, Layer, ModelGraph, Shape, Weight
from grader.tasks import CompareOptions

__all__ = ["normalize", "prune"]


def normalize(graph: ModelGraph, options: CompareOptions | None = None, *, masks: bool = True) -> NormalGraph:
    """Return the normal form of a graph; ``options`` say which properties must be kept in it.

    With ``masks``, a mask that Keras takes along with a tensor is as good as one that is passed by hand: what
    counts is which layers are given it. Without, such masks are left out, and the settings that make them count.
    """
    return _Builder(graph, options or CompareOptions(), masks).build()


class _Stage(NamedTuple):
    """One step that a call stands for: ``text`` is that of its settings, ``shapes`` are what it makes.

    ``compared`` are those of the shapes that have to agree, without the batch axis.
    """

    op: str
    settings: Mapping[str, Any]
    text: str
    shapes: tuple[Shape, ...]
    compared: tuple[Shape, ...]


class _Builder:
    """Walks the calls once, in order, and adds zero, one or two nodes for each."""

    def __init__(self, graph: ModelGraph, options: CompareOptions, masks: bool) -> None:
        self.graph = graph
        self.options = options
        self.masks = masks
        self.conditions: dict[tuple[str, str, tuple[Edge, ...]], int] = {}
        self.known: dict[Any, list[_Stage]] = {}
        self.nodes: list[Node] = []
        self.made: dict[int, tuple[int, int]] = {}  # tensor → (node, output)
        self.shapes = [tensor.shape for tensor in graph.tensors]
        self.minded = any(value for _, value in self.options)
        self.free = Freedom(self.options.free_settings)
        self.weight_facts: list[tuple[Any, ...]] = (
            list(map(self._facts, graph.weights))
            if self.minded
            else [(weight.shape, weight.dtype) for weight in graph.weights]
        )

    def build(self) -> NormalGraph:
        graph = self.graph
        inputs = []
        for port in graph.inputs:
            tensor = graph.tensors[port.tensor]
            inputs.append((port.key, len(self.nodes)))
            source = self._stage("input", {"dtype": tensor.dtype}, (tensor.shape,))
            self._add(source, (), (), (), outputs=(port.tensor,))
        for index, call in enumerate(graph.calls):
            self._call(index, call)
        outputs = tuple((port.key, *self.made[port.tensor]) for port in graph.outputs)
        normal = NormalGraph(tuple(self.nodes), tuple(inputs), outputs, graph)
        return prune(rewrite(normal), keep=len(inputs))

    def _add(
        self,
        stage: _Stage,
        edges: tuple[Edge, ...],
        weights: tuple[int, ...],
        calls: tuple[int, ...],
        outputs: tuple[int, ...] = (),
    ) -> int:
        op, settings, text, shapes, compared = stage
        facts = tuple([self.weight_facts[weight] for weight in weights]) if weights else ()
        node = len(self.nodes)
        self.nodes.append(Node(op, settings, (op, text, compared, facts), edges, shapes, weights, calls))
        for position, tensor in enumerate(outputs):
            self.made[tensor] = (node, position)
        return node

    def _stage(self, op: str, settings: Mapping[str, Any], shapes: tuple[Shape, ...]) -> _Stage:
        compared = () if self.free.shapes and op != "input" else tuple([shape[1:] for shape in shapes])
        return _Stage(op, settings, settings_text(settings), shapes, compared)

    def _facts(self, weight: Weight) -> tuple[Any, ...]:
        shape = None if self.free.shapes else weight.shape
        facts = (shape, None if self.free.dtypes else weight.dtype)
        return (*facts, weight.trainable) if self.options.trainable else facts

    def _call(self, index: int, call: Call) -> None:
        graph = self.graph
        layer = graph.layers[call.layer]
        kind, origin = layer.class_name, layer.origin
        shapes = tuple([self.shapes[tensor] for tensor in call.outputs])
        read, constants, tied = self._arguments(call)
        weights = (*layer.weights, *[tied[place] for place in sorted(tied)]) if tied else layer.weights
        edges = needed_edges(layer, tuple(read)) if kind in READ_LESS else tuple(read)
        if self.masks and kind == "Embedding" and origin == "keras.layers":
            layer = _without_mask(layer)
        condition = origin == "keras.ops" and kind in CONDITIONS and len(call.outputs) == 1
        if condition and kind in ("LogicalAnd", "LogicalOr") and _all_one(edges):
            self.made[call.outputs[0]] = (edges[0].node, edges[0].output)
            return
        constants = needed_constants(layer, constants) if constants else constants
        stages = self._stages(layer, constants, shapes, self._input_shapes(edges))
        if not stages:
            if len(edges) == len(call.outputs):
                self.made.update(zip(call.outputs, [(edge.node, edge.output) for edge in edges], strict=True))
                return
            # Keras has no identity of that many tensors: it is compared as it stands.
            stages = [self._stage(kind, {}, shapes)]
        # `Add()([a, b])` and `a + b` fill differently named slots, as do `2 * x` and `x * 2`.
        if (stages and stages[0].op in MERGES) or len(edges) == 1:
            edges = numbered(edges)
        elif len(edges) > 1:
            edges = tuple(sorted(edges))
        if tied:
            held = {**stages[0].settings, "weight slots": sorted(tied)}
            stages = [self._stage(stages[0].op, held, stages[0].shapes), *stages[1:]]
        for position, stage in enumerate(stages):
            first, last = position == 0, position == len(stages) - 1
            ends = call.outputs if last else ()
            if condition and not weights:
                asked = (stage.op, stage.text, edges)
                if asked in self.conditions:
                    self.made[ends[0]] = (self.conditions[asked], 0)
                    continue
                self.conditions[asked] = len(self.nodes)
            node = self._add(stage, edges, weights if first else (), (index,), ends)
            edges = (Edge("0", node, 0),)

    def _stages(
        self,
        layer: Layer,
        constants: Mapping[str, Any],
        shapes: tuple[Shape, ...],
        fed: tuple[Shape, ...],
    ) -> list[_Stage]:
        """Return the steps of a call, worked out once for layers that are alike: large models repeat their blocks."""
        alike = (
            *(layer.class_name, layer.origin, layer.dtype, layer.trainable, repr(layer.config)),
            *(repr(constants), shapes, fed, layer.name if self.options.names else ""),
        )
        found = self.known.get(alike)
        if found is None:
            found = self.known[alike] = []
            stages = steps(layer, constants, shapes, fed)
            for position, (op, settings) in enumerate(stages):
                kept = settings if position and op != "activation" else self._with_options(settings, layer)
                made = shapes if position == len(stages) - 1 else _before(op, settings, shapes)
                found.append(self._stage(op, kept, made))
        return found

    def _arguments(self, call: Call) -> tuple[list[Edge], dict[str, Any], dict[str, int]]:
        """Return what a call reads: tensors, constants, and weights by their slots."""
        read: list[Edge] = []
        constants: dict[str, Any] = {}
        tied: dict[str, int] = {}
        for argument in call.arguments:
            tensor = argument.tensor
            if tensor is not None:
                if self.masks or not argument.implied:
                    read.append(Edge(argument.place, *self.made[tensor]))
            elif argument.weight is not None:
                tied[argument.place] = argument.weight
            elif argument.value is not None:
                constants[argument.place] = argument.value
        return read, constants, tied

    def _input_shapes(self, edges: tuple[Edge, ...]) -> tuple[Shape, ...]:
        return tuple([self.nodes[edge.node].shapes[edge.output] for edge in edges])

    def _with_options(self, settings: Mapping[str, Any], layer: Layer) -> Mapping[str, Any]:
        if not self.minded and layer.dtype == "float32":
            return settings
        kept = self.free.without_free(layer.class_name, settings)
        if layer.dtype != "float32" and not self.free.dtypes:
            kept["dtype policy"] = layer.dtype
        if self.options.names:
            kept["name"] = layer.name
        if self.options.trainable and layer.class_name == "BatchNormalization":
            kept["trainable"] = layer.trainable  # frozen, its statistics stand still, weights or no weights
        if self.options.initializers:
            kept |= {key: value for key, value in layer.config.items() if key.endswith("_initializer")}
        return kept


def _without_mask(embedding: Layer) -> Layer:
    config = {name: value for name, value in embedding.config.items() if name != "mask_zero"}
    return embedding.model_copy(update={"config": config})


def _all_one(edges: tuple[Edge, ...]) -> bool:
    return len(edges) == 2 and edges[0][1:] == edges[1][1:]


def _before(op: str, settings: Mapping[str, Any], shapes: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """Return the shapes of a step that another of the same call follows: a global pooling drops its axes."""
    if not op.startswith("Global") or len(shapes) != 1 or len(shapes[0]) < 2:
        return shapes
    (shape,) = shapes
    return ((shape[0], shape[1] if settings.get("data_format") == "channels_first" else shape[-1]),)


def prune(graph: NormalGraph, keep: int) -> NormalGraph:
    """Drop nodes that reach no output; inputs (the first ``keep``) stay."""
    reached = [index < keep for index in range(len(graph.nodes))]
    for _, node, _ in graph.outputs:
        reached[node] = True
    for index in range(len(graph.nodes) - 1, keep - 1, -1):  # every node follows what feeds it
        if reached[index]:
            for edge in graph.nodes[index].edges:
                reached[edge.node] = True
    if all(reached):
        return graph
    order = [index for index, needed in enumerate(reached) if needed]
    place = {old: new for new, old in enumerate(order)}
    nodes = tuple(
        graph.nodes[old]._replace(
            edges=tuple(edge._replace(node=place[edge.node]) for edge in graph.nodes[old].edges)
        )
        for old in order
    )
    outputs = tuple((key, place[node], output) for key, node, output in graph.outputs)
    return NormalGraph(nodes, graph.inputs, outputs, graph.source)
