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
from grader.canonical.normal_graph import Edge, Key, Node, NormalGraph, numbered
from grader.canonical.rewriting import rewrite, settings_text
from grader.canonical.rules import steps
from grader.graph import Call, Layer, ModelGraph, Shape, Weight
from grader.layer_names import named_by_keras
from grader.tasks import CompareOptions

__all__ = ["normalize", "prune"]


def normalize(
    graph: ModelGraph, options: CompareOptions | None = None, *, masks: bool = True, idle: bool = False
) -> NormalGraph:
    """Return the normal form of a graph; ``options`` say which properties must be kept in it.

    With ``masks``, a mask that Keras takes along with a tensor is as good as one that is passed by hand: what
    counts is which layers are given it. Without, such masks are left out, and the settings that make them count.
    With ``idle``, a dropout that is called with ``training=False`` stays, so that what differs can be told by it.
    """
    return _Builder(graph, options or CompareOptions(), masks, idle).build()


class _Stage(NamedTuple):
    """One step that a call stands for: ``text`` is that of its settings, ``shapes`` are what it makes.

    ``compared`` are those of the shapes that have to agree, without the batch axis.
    """

    op: str
    settings: Mapping[str, Any]
    text: str
    shapes: tuple[Shape, ...]
    compared: tuple[Shape, ...]

    def key(self, facts: tuple[Any, ...]) -> Key:
        return self.op, self.text, self.compared, facts


class _Kind(NamedTuple):
    """What layers that are alike have in common: ``layer`` is one of them, ``facts`` are those of their weights."""

    number: int
    layer: Layer
    facts: tuple[Any, ...]
    reads_less: bool
    condition: bool


class _Builder:
    """Walks the calls once, in order, and adds zero, one or two nodes for each.

    Large models repeat their blocks: what does not depend on which tensors a call reads is worked out once for
    layers of one kind, called with the same shapes and constants.
    """

    def __init__(self, graph: ModelGraph, options: CompareOptions, masks: bool, idle: bool) -> None:
        self.graph = graph
        self.options = options
        self.masks = masks
        self.idle = idle
        self.conditions: dict[tuple[str, str, tuple[Edge, ...]], Edge] = {}
        self.kinds: dict[Any, _Kind] = {}
        self.known: dict[Any, list[tuple[_Stage, Key]]] = {}
        self.nodes: list[Node] = []
        self.made: dict[int, Edge] = {}  # by tensor, in the slot of a first argument
        self.shapes = [tensor.shape for tensor in graph.tensors]
        self.named = options.names
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
            self._add([(source, source.key(()))], (), (), (), (port.tensor,))
        for index, call in enumerate(graph.calls):
            self._call(index, call)
        outputs = tuple([(port.key, *self.made[port.tensor][1:]) for port in graph.outputs])
        normal = NormalGraph(tuple(self.nodes), tuple(inputs), outputs, graph)
        return prune(rewrite(normal), keep=len(inputs))

    def _add(
        self,
        stages: list[tuple[_Stage, Key]],
        edges: tuple[Edge, ...],
        weights: tuple[int, ...],
        calls: tuple[int, ...],
        outputs: tuple[int, ...],
    ) -> None:
        """Add a node for each step of a call, one after the other."""
        made = None
        for stage, key in stages:
            if made is not None:
                edges, weights = (made,), ()
            made = Edge("0", len(self.nodes), 0)
            self.nodes.append(Node(stage.op, stage.settings, key, edges, stage.shapes, weights, calls))
        for position, tensor in enumerate(outputs):
            self.made[tensor] = Edge("0", len(self.nodes) - 1, position) if position or made is None else made

    def _stage(self, op: str, settings: Mapping[str, Any], shapes: tuple[Shape, ...]) -> _Stage:
        compared = () if self.free.shapes and op != "input" else tuple([shape[1:] for shape in shapes])
        return _Stage(op, settings, settings_text(settings), shapes, compared)

    def _facts(self, weight: Weight) -> tuple[Any, ...]:
        shape = None if self.free.shapes else weight.shape
        facts = (shape, None if self.free.dtypes else weight.dtype)
        return (*facts, weight.trainable) if self.options.trainable else facts

    def _facts_of(self, weights: tuple[int, ...]) -> tuple[Any, ...]:
        return tuple([self.weight_facts[weight] for weight in weights]) if weights else ()

    def _kind(self, layer: Layer) -> _Kind:
        name, origin, facts = layer.class_name, layer.origin, self._facts_of(layer.weights)
        asked = layer.name if self.named else ""
        alike = (name, origin, layer.dtype, layer.trainable, repr(layer.config), facts, asked)
        kind = self.kinds.get(alike)
        if kind is None:
            if self.masks and name == "Embedding" and origin == "keras.layers":
                layer = _without_mask(layer)
            condition = origin == "keras.ops" and name in CONDITIONS
            kind = self.kinds[alike] = _Kind(len(self.kinds), layer, facts, name in READ_LESS, condition)
        return kind

    def _call(self, index: int, call: Call) -> None:
        layer, ends = self.graph.layers[call.layer], call.outputs
        kind = self._kind(layer)
        edges, constants, tied = self._arguments(call)
        if kind.reads_less:
            edges = needed_edges(kind.layer, edges)
        shapes = tuple([self.shapes[tensor] for tensor in ends])
        fed = tuple([self.nodes[node].shapes[output] for _, node, output in edges])
        stages = self._stages(kind, constants, shapes, fed)
        condition = kind.condition and len(ends) == 1
        if condition and kind.layer.class_name in ("LogicalAnd", "LogicalOr") and _all_one(edges):
            stages, edges = [], edges[:1]
        if not stages:
            if len(edges) == len(ends):
                self.made.update(zip(ends, [edge._replace(slot="0") for edge in edges], strict=True))
                return
            # Keras has no identity of that many tensors: it is compared as it stands.
            stage = self._stage(kind.layer.class_name, {}, shapes)
            stages = [(stage, stage.key(kind.facts))]
        weights = layer.weights
        if tied:
            weights = (*weights, *[tied[place] for place in sorted(tied)])
            stage = stages[0][0]
            stage = self._stage(stage.op, {**stage.settings, "weight slots": sorted(tied)}, stage.shapes)
            stages = [(stage, stage.key(self._facts_of(weights))), *stages[1:]]
        # `Add()([a, b])` and `a + b` fill differently named slots, as do `2 * x` and `x * 2`.
        if len(edges) == 1 or stages[0][0].op in MERGES:
            edges = numbered(edges)
        elif len(edges) > 1:
            edges = tuple(sorted(edges))
        if condition and not weights:
            asked = (stages[0][0].op, stages[0][0].text, edges)
            if asked in self.conditions:
                self.made[ends[0]] = self.conditions[asked]
                return
            self.conditions[asked] = Edge("0", len(self.nodes), 0)
        self._add(stages, edges, weights, (index,), ends)

    def _arguments(self, call: Call) -> tuple[tuple[Edge, ...], dict[str, Any], dict[str, int]]:
        """Return what a call reads: tensors, constants, and weights by their slots."""
        read: list[Edge] = []
        constants: dict[str, Any] = {}
        tied: dict[str, int] = {}
        for argument in call.arguments:
            tensor, place = argument.tensor, argument.place
            if tensor is not None:
                if self.masks or not argument.implied:
                    made = self.made[tensor]
                    read.append(made if place == "0" else Edge(place, made.node, made.output))
            elif argument.weight is not None:
                tied[place] = argument.weight
            elif argument.value is not None:
                constants[place] = argument.value
        return tuple(read), constants, tied

    def _stages(
        self, kind: _Kind, constants: dict[str, Any], shapes: tuple[Shape, ...], fed: tuple[Shape, ...]
    ) -> list[tuple[_Stage, Key]]:
        """Return the steps of a call with their keys."""
        alike = (kind.number, repr(constants) if constants else "", shapes, fed)
        found = self.known.get(alike)
        if found is None:
            found = self.known[alike] = []
            layer = kind.layer
            stages = steps(layer, needed_constants(layer, constants), shapes, fed, idle=self.idle)
            for position, (op, settings) in enumerate(stages):
                kept = settings if position and op != "activation" else self._with_options(settings, layer)
                made = shapes if position == len(stages) - 1 else _before(op, settings, shapes)
                stage = self._stage(op, kept, made)
                found.append((stage, stage.key(() if position else kind.facts)))
        return found

    def _with_options(self, settings: Mapping[str, Any], layer: Layer) -> Mapping[str, Any]:
        if not self.minded and layer.dtype == "float32":
            return settings
        kept = self.free.without_free(layer.class_name, settings)
        if layer.dtype != "float32" and not self.free.dtypes:
            kept["dtype policy"] = layer.dtype
        if self.options.names and not named_by_keras(layer):
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
