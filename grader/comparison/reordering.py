"""Follow a ``Concatenate`` whose inputs stand in another order, to where the order no longer matters.

``Concatenate()([a, b])`` in place of ``[b, a]`` permutes channels. A layer that reads all channels through
its kernel takes the permutation up (its kernel's rows are permuted the same way); a layer that works
channel by channel hands it on. Where every permutation is taken up before an output, the two models are
the same architecture. The weights' axes are those of Keras 3.15 (``keras/src/layers``).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from grader.canonical import Node, NormalGraph

__all__ = ["Reordered", "reordering"]

Order = tuple[int, ...] | None


@dataclass(frozen=True)
class Reordered:
    """Along ``axis``, the student's weight at place ``i`` is the reference's at place ``order[i]``."""

    axis: int
    order: tuple[int, ...]


def reordering(
    student: NormalGraph, reference: NormalGraph, mapping: list[int]
) -> dict[int, Reordered] | None:
    """Return how the student's weights are permuted, by weight; ``None`` where an order still matters.

    ``mapping`` is a correspondence of the two graphs that ignores the order of what is concatenated.
    """
    try:
        return _Follower(student, reference, mapping).follow()
    except _OrderMattersError:
        return None


class _OrderMattersError(Exception):
    """A permutation reached something that is not known to take it."""


# Kernel axis of the input's channels, for layers that read all channels and give fresh ones.
_READS = {
    "Dense": -2,
    "LSTM": -2,
    "GRU": -2,
    "SimpleRNN": -2,
    **{f"Conv{dims}D": -2 for dims in (1, 2, 3)},
    **{f"Conv{dims}DTranspose": -1 for dims in (1, 2, 3)},
}
_PER_CHANNEL = frozenset(
    {
        "activation",
        "Dropout",
        "GaussianDropout",
        "GaussianNoise",
        "AlphaDropout",
        *(f"{kind}{dims}D" for kind in ("SpatialDropout", "UpSampling", "ZeroPadding") for dims in (1, 2, 3)),
        *(
            f"{kind}Pooling{dims}D"
            for kind in ("Max", "Average", "GlobalMax", "GlobalAverage")
            for dims in (1, 2, 3)
        ),
        *(f"Cropping{dims}D" for dims in (1, 2, 3)),
    }
)
_ALIKE = frozenset({"add", "multiply", "maximum", "minimum", "average", "subtract", "difference"})


# Places of channels that are written down for a graph: a hundred times what a DenseNet201 takes. A shape that a file
# claims may be of any length.
_MOST_PLACES = 10_000_000


class _Follower:
    """Walks the nodes in order; an order of ``None`` is the reference's own."""

    def __init__(self, student: NormalGraph, reference: NormalGraph, mapping: list[int]) -> None:
        self.student, self.reference, self.mapping = student, reference, mapping
        self.orders: list[Order] = []
        self.weights: dict[int, Reordered | None] = {}
        self.places = 0

    def follow(self) -> dict[int, Reordered]:
        for index, node in enumerate(self.student.nodes):
            fed = [self.orders[edge.node] for edge in node.edges]
            if node.op == "concatenate":
                self.orders.append(self._joined(node, self.reference.nodes[self.mapping[index]], fed))
            elif node.op in _ALIKE:
                self.orders.append(self._alike(node))
            elif all(order is None for order in fed):
                self._hold(dict.fromkeys(node.weights))
                self.orders.append(None)
            else:
                self.orders.append(self._through(node, fed))
        if any(self.orders[node] is not None for _, node, _ in self.student.outputs):
            raise _OrderMattersError
        return {weight: found for weight, found in self.weights.items() if found is not None}

    def _joined(self, node: Node, other: Node, fed: list[Order]) -> Order:
        """Place each input's channels where the reference has them."""
        last = node.settings.get("axis") == len(node.shapes[0]) - 1
        counterparts = [(self.mapping[edge.node], edge.output) for edge in node.edges]
        wanted = [(edge.node, edge.output) for edge in other.edges]
        if not last:
            if counterparts != wanted or len(set(fed)) != 1:
                raise _OrderMattersError
            return fed[0]
        places: dict[tuple[int, int], list[int]] = defaultdict(list)
        start = 0
        for edge in other.edges:
            places[edge.node, edge.output].append(start)
            start += _channels(self.reference.nodes[edge.node], edge.output)
        self._afford(start)
        order: list[int] = []
        for edge, counterpart, inner in zip(node.edges, counterparts, fed, strict=True):
            if inner is not None and len(inner) != _channels(self.student.nodes[edge.node], edge.output):
                raise _OrderMattersError  # the shapes do not say what was joined
            channels = inner or range(_channels(self.student.nodes[edge.node], edge.output))
            first = places[counterpart].pop(0)
            order += [first + channel for channel in channels]
        return _order(order)

    def _alike(self, node: Node) -> Order:
        """Inputs that are joined place by place have to stand in the same order; single channels may broadcast."""
        width = _channels(node, 0)
        orders = {
            self.orders[edge.node]
            for edge in node.edges
            if width == 1 or _channels(self.student.nodes[edge.node], edge.output) != 1
        }
        if len(orders) != 1:
            raise _OrderMattersError
        return orders.pop()

    def _through(self, node: Node, fed: list[Order]) -> Order:
        """Pass one input's order through a layer, and note what it does to the layer's weights."""
        order = fed[0]
        if len(fed) != 1 or order is None or node.settings.get("data_format") == "channels_first":
            raise _OrderMattersError
        if node.op in _READS and node.settings.get("groups", 1) == 1 and node.weights:
            kernel, *others = node.weights
            self._hold({kernel: Reordered(_READS[node.op], order), **dict.fromkeys(others)})
            return None
        if node.op in ("BatchNormalization", "LayerNormalization"):
            if node.settings.get("axis") not in (len(node.shapes[0]) - 1, [len(node.shapes[0]) - 1]):
                raise _OrderMattersError
            self._hold({weight: Reordered(-1, order) for weight in node.weights})
            return order
        if node.op.startswith("DepthwiseConv") and node.settings.get("depth_multiplier", 1) == 1:
            kernel, *biases = node.weights
            self._hold({kernel: Reordered(-2, order), **{bias: Reordered(-1, order) for bias in biases}})
            return order
        if node.op.startswith("SeparableConv") and node.settings.get("depth_multiplier", 1) == 1:
            depthwise, pointwise, *others = node.weights
            taken = Reordered(-2, order)
            self._hold({depthwise: taken, pointwise: taken, **dict.fromkeys(others)})
            return None
        if node.op == "reshape" and len(node.shapes[0]) == 2:
            total = _channels(node, 0)
            self._afford(total)
            return tuple(start + channel for start in range(0, total, len(order)) for channel in order)
        scalar = all(isinstance(node.settings.get(key, 0), (int, float)) for key in ("scale", "offset"))
        if node.op in _PER_CHANNEL or (node.op == "Rescaling" and scalar):
            return order
        raise _OrderMattersError

    def _afford(self, places: int) -> None:
        self.places += places
        if self.places > _MOST_PLACES:
            raise _OrderMattersError

    def _hold(self, found: dict[int, Reordered | None]) -> None:
        """Note how weights are permuted; one that is used twice has to be permuted once."""
        for weight, order in found.items():
            if self.weights.setdefault(weight, order) != order:
                raise _OrderMattersError


def _channels(node: Node, output: int) -> int:
    length = node.shapes[output][-1] if node.shapes[output] else None
    if length is None:
        raise _OrderMattersError
    return length


def _order(order: list[int]) -> Order:
    return None if order == list(range(len(order))) else tuple(order)
