"""The normal form of a ``ModelGraph``: what is left when the style of writing is taken away.

Names, creation order, nesting and the API used do not survive. ``Dense(activation="relu")`` is a
``Dense`` and a relu; ``Add()([a, b])``, ``a + b`` and ``keras.ops.add`` are one n-ary, unordered sum;
``Flatten`` is a ``Reshape``; linear activations, identities and ``Dropout(0)`` are gone.

A normal form is made of ``Node``s. Each use of a tensor is an ``Edge`` of its own, with its slot, so
that ``Add()([x, x])`` keeps both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from grader.graph import Call, Layer, ModelGraph, Shape
from grader.tasks import CompareOptions

__all__ = ["Edge", "Node", "NormalGraph", "normalize"]

COMMUTATIVE = frozenset({"add", "multiply", "maximum", "minimum", "average"})
ASSOCIATIVE = frozenset({"add", "multiply", "maximum", "minimum"})

# Layers whose `activation` is applied to their output and to nothing else, so it can be split off.
# Recurrent layers use theirs inside the step, and keep it.
_SPLIT_ACTIVATION = frozenset(
    {
        "Dense",
        "EinsumDense",
        *(f"Conv{dims}D{transposed}" for dims in (1, 2, 3) for transposed in ("", "Transpose")),
        *(f"{kind}Conv{dims}D" for kind in ("Depthwise", "Separable") for dims in (1, 2)),
    }
)
_MERGES = {
    "Add": "add",
    "Multiply": "multiply",
    "Maximum": "maximum",
    "Minimum": "minimum",
    "Average": "average",
    "Subtract": "subtract",
    "Concatenate": "concatenate",
}
_MERGE_OPS = frozenset(_MERGES.values())
_ACTIVATION_OPS = {
    "Relu": "relu",
    "Relu6": "relu6",
    "Sigmoid": "sigmoid",
    "HardSigmoid": "hard_sigmoid",
    "Tanh": "tanh",
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "LeakyRelu": "leaky_relu",
    "Elu": "elu",
    "Selu": "selu",
    "Gelu": "gelu",
    "Silu": "silu",
    "HardSilu": "hard_silu",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Exp": "exponential",
    "Mish": "mish",
}
# Parameters an activation has when none are given; the layer and the op have different defaults,
# so both are written out before they are compared (Keras 3.15, keras/src/activations).
_ACTIVATION_DEFAULTS: dict[str, dict[str, Any]] = {
    "softmax": {"axis": -1},
    "log_softmax": {"axis": -1},
    "leaky_relu": {"negative_slope": 0.2},
    "elu": {"alpha": 1.0},
    "gelu": {"approximate": False},
}
_ALIASES = {"swish": "silu", "hard_swish": "hard_silu", "linear": "identity"}
_IGNORED_KEYS = frozenset({"name", "trainable", "dtype", "seed", "batch_shape", "batch_input_shape"})


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


def normalize(graph: ModelGraph, options: CompareOptions | None = None) -> NormalGraph:
    """Return the normal form of a graph; ``options`` say which properties must be kept in it."""
    builder = _Builder(graph, options or CompareOptions())
    return builder.build()


class _Builder:
    """Walks the calls once, in order, and adds zero, one or two nodes for each."""

    def __init__(self, graph: ModelGraph, options: CompareOptions) -> None:
        self.graph = graph
        self.options = options
        self.nodes: list[Node] = []
        self.made: dict[int, tuple[int, int]] = {}  # tensor → (node, output)

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
        return _prune(_flatten(normal), keep=len(inputs))

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
        weight_facts = [self._weight_facts(weight) for weight in weights]
        key = json.dumps([op, settings, [shape[1:] for shape in shapes], weight_facts], sort_keys=True)
        self.nodes.append(Node(op, settings, key, edges, shapes, weights, calls))
        for position, tensor in enumerate(outputs):
            self.made[tensor] = (len(self.nodes) - 1, position)
        return len(self.nodes) - 1

    def _weight_facts(self, index: int) -> list[Any]:
        weight = self.graph.weights[index]
        facts: list[Any] = [list(weight.shape), weight.dtype]
        return [*facts, weight.trainable] if self.options.trainable else facts

    def _call(self, index: int, call: Call) -> None:
        graph = self.graph
        layer = graph.layers[call.layer]
        shapes = tuple(graph.tensors[tensor].shape for tensor in call.outputs)
        edges = tuple(
            Edge(argument.place, *self.made[argument.tensor])
            for argument in call.arguments
            if argument.tensor is not None
        )
        constants = {
            argument.place: argument.value
            for argument in call.arguments
            if argument.tensor is None and argument.weight is None and argument.value is not None
        }
        tied = {argument.place: argument.weight for argument in call.arguments if argument.weight is not None}
        weights = (*layer.weights, *(tied[place] for place in sorted(tied)))
        steps = _steps(layer, constants, shapes, self._input_shapes(edges))
        if steps and steps[0][0] in _MERGE_OPS:  # `Add()([a, b])` and `a + b` fill differently named slots
            edges = tuple(replace(edge, slot=str(position)) for position, edge in enumerate(edges))
        else:
            edges = tuple(sorted(edges, key=lambda edge: edge.slot))
        if not steps and len(edges) == 1:
            self.made[call.outputs[0]] = (edges[0].node, edges[0].output)
            return
        for position, (op, settings) in enumerate(steps):
            first, last = position == 0, position == len(steps) - 1
            kept = self._with_options(settings, layer) if first else settings
            if tied and first:
                kept = {**kept, "weight slots": sorted(tied)}
            node = self._add(
                op, kept, edges, shapes, weights if first else (), (index,), call.outputs if last else ()
            )
            edges = (Edge("0", node, 0),)

    def _input_shapes(self, edges: tuple[Edge, ...]) -> tuple[Shape, ...]:
        return tuple(self.nodes[edge.node].shapes[edge.output] for edge in edges)

    def _with_options(self, settings: Mapping[str, Any], layer: Layer) -> Mapping[str, Any]:
        kept = dict(settings)
        if layer.dtype != "float32":
            kept["dtype policy"] = layer.dtype
        if self.options.names:
            kept["name"] = layer.name
        if self.options.initializers:
            kept |= {key: value for key, value in layer.config.items() if key.endswith("_initializer")}
        return kept


def _steps(
    layer: Layer,
    constants: Mapping[str, Any],
    shapes: tuple[Shape, ...],
    fed: tuple[Shape, ...],
) -> list[tuple[str, dict[str, Any]]]:
    """Return the steps a call stands for: none for an identity, two where an activation is split off."""
    config = {
        key: value
        for key, value in layer.config.items()
        if key not in _IGNORED_KEYS and not key.endswith("_initializer") and value is not None
    }
    kind, rank = layer.class_name, len(shapes[0]) if shapes else 0
    if layer.origin == "custom":
        return [(f"custom {kind}", {**config, **_constants(constants)})]
    if layer.origin == "keras.ops":
        return _op_steps(kind, {**config, **_constants(constants)}, shapes, fed)
    if kind == "InputLayer":
        return []
    if kind == "Identity" or (kind in _DROPOUTS and config.get("rate") == 0):
        return []
    if kind in _MERGES:
        return [(_MERGES[kind], _axis(config, rank))]
    if kind in ("Flatten", "Reshape"):
        return [] if fed[0] == shapes[0] else [("reshape", {"shape": list(shapes[0][1:])})]
    activation = _layer_activation(kind, config, rank)
    if activation is not None:
        return activation
    config = _axis(config, rank)
    if kind in _SPLIT_ACTIVATION:
        function = config.pop("activation", "linear")
        return [(kind, _pointwise(config)), *_activation(function, {}, rank)]
    return [(kind, {**config, **_constants(constants)})]


_DROPOUTS = frozenset(
    {"Dropout", "GaussianDropout", "AlphaDropout", *(f"SpatialDropout{dims}D" for dims in (1, 2, 3))}
)


def _constants(constants: Mapping[str, Any]) -> dict[str, Any]:
    return {f"argument {place}": value for place, value in sorted(constants.items())}


def _axis(config: dict[str, Any], rank: int) -> dict[str, Any]:
    """Count an axis from the front, so that -1 and the last axis's own number agree."""
    axis = config.get("axis")
    if isinstance(axis, int) and axis < 0:
        return {**config, "axis": axis + rank}
    if isinstance(axis, list) and all(isinstance(number, int) for number in axis):
        return {**config, "axis": sorted(number % rank for number in axis)}
    return config


def _pointwise(config: dict[str, Any]) -> dict[str, Any]:
    """Drop the padding and dilation of a kernel of size one: they change nothing, at any stride."""
    size = config.get("kernel_size")
    if isinstance(size, list) and all(length == 1 for length in size):
        return {key: value for key, value in config.items() if key not in ("padding", "dilation_rate")}
    return config


def _activation(function: Any, parameters: dict[str, Any], rank: int) -> list[tuple[str, dict[str, Any]]]:
    """Return the step of an activation: nothing for linear."""
    if isinstance(function, dict):
        parameters = {**parameters, "config": function.get("config")}
        function = function.get("class_name", "?")
    name = _ALIASES.get(function, function)
    if name == "identity":
        return []
    settings = {**_ACTIVATION_DEFAULTS.get(name, {}), **parameters}
    axis = settings.get("axis")
    if isinstance(axis, int) and axis < 0:
        settings["axis"] = axis + rank
    return [("activation", {"function": name, **settings})]


def _layer_activation(
    kind: str, config: dict[str, Any], rank: int
) -> list[tuple[str, dict[str, Any]]] | None:
    """Return the step of a layer that is nothing but an activation, or ``None``."""
    if kind == "Activation":
        return _activation(config.get("activation", "linear"), {}, rank)
    if kind == "ReLU":
        slope, top = config.get("negative_slope") or 0.0, config.get("max_value")
        if config.get("threshold"):
            return None
        if top is None:
            return (
                _activation("leaky_relu", {"negative_slope": slope}, rank)
                if slope
                else _activation("relu", {}, rank)
            )
        return _activation("relu6", {}, rank) if top == 6 and not slope else None
    if kind == "LeakyReLU":
        return _activation("leaky_relu", {"negative_slope": config.get("negative_slope", 0.3)}, rank)
    if kind == "ELU":
        return _activation("elu", {"alpha": config.get("alpha", 1.0)}, rank)
    if kind == "Softmax":
        axis = config.get("axis", -1)
        axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
        return _activation("softmax", {"axis": axis}, rank)
    return None


def _op_steps(
    kind: str, config: dict[str, Any], shapes: tuple[Shape, ...], fed: tuple[Shape, ...]
) -> list[tuple[str, dict[str, Any]]]:
    """Return the steps of a ``keras.ops`` operation, under its layer's name where there is one."""
    rank = len(shapes[0]) if shapes else 0
    if kind == "Identity":
        return []
    if kind in _MERGES:
        op = _MERGES[kind]
        if op == "concatenate":
            return [(op, _axis(_unargued(config, "axis", 1), rank))]
        return [(op, _unplaced(config) if op in COMMUTATIVE else config)]
    if kind == "ReLU":  # what keras.activations.relu records
        return _layer_activation(kind, config, rank) or [(f"ops {kind}", config)]
    if kind in _ACTIVATION_OPS:
        name = _ACTIVATION_OPS[kind]
        known = _ACTIVATION_DEFAULTS.get(name, {})
        return _activation(name, {key: config[key] for key in known if key in config}, rank)
    if kind in ("Reshape", "Flatten") and shapes:
        return [] if fed and fed[0] == shapes[0] else [("reshape", {"shape": list(shapes[0][1:])})]
    if kind == "Mean" and fed and not config.get("keepdims"):
        axes = config.get("axis", config.get("argument 1"))
        dims = len(fed[0]) - 2
        listed = sorted(axis % len(fed[0]) for axis in axes) if isinstance(axes, list) else None
        if dims in (2, 3) and listed == list(range(1, dims + 1)):
            return [(f"GlobalAveragePooling{dims}D", {"data_format": "channels_last", "keepdims": False})]
    return [(f"ops {kind}", config)]


def _unplaced(config: dict[str, Any]) -> dict[str, Any]:
    """Forget on which side of an unordered operation a constant stands: ``2 * x`` is ``x * 2``."""
    constants = [key for key in config if key.startswith("argument ")]
    if not constants:
        return config
    kept = {key: value for key, value in config.items() if key not in constants}
    return {**kept, "constants": sorted((config[key] for key in constants), key=repr)}


def _unargued(config: dict[str, Any], name: str, position: int) -> dict[str, Any]:
    """Give a positional constant its keyword's name."""
    if f"argument {position}" in config and name not in config:
        config = {**config, name: config[f"argument {position}"]}
        del config[f"argument {position}"]
    return config


def _flatten(graph: NormalGraph) -> NormalGraph:
    """Draw nested sums (products, maxima) of equal shapes together into one n-ary node."""
    users = graph.consumers()
    kept_outputs = {node for _, node, _ in graph.outputs}
    nodes = list(graph.nodes)
    for index, node in enumerate(nodes):
        if node.op not in ASSOCIATIVE:
            continue
        edges: list[Edge] = []
        calls = list(node.calls)
        for edge in node.edges:
            inner = nodes[edge.node]
            mergeable = (
                inner.op == node.op
                and inner.settings == node.settings
                and len(users[edge.node]) == 1
                and edge.node not in kept_outputs
                and inner.shapes == node.shapes
            )
            if mergeable:
                edges.extend(inner.edges)
                calls = [*inner.calls, *calls]
            else:
                edges.append(edge)
        renumbered = tuple(replace(edge, slot=str(position)) for position, edge in enumerate(edges))
        nodes[index] = replace(node, edges=renumbered, calls=tuple(calls))
    return NormalGraph(tuple(nodes), graph.inputs, graph.outputs, graph.source)


def _prune(graph: NormalGraph, keep: int) -> NormalGraph:
    """Drop nodes that reach no output; inputs (the first ``keep``) stay."""
    live = set(range(keep))
    stack = [node for _, node, _ in graph.outputs]
    while stack:
        index = stack.pop()
        if index in live and index >= keep:
            continue
        live.add(index)
        stack.extend(edge.node for edge in graph.nodes[index].edges if edge.node not in live)
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
