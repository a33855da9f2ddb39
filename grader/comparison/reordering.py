"""Follow a ``Concatenate`` whose inputs stand in another order, to where the order no longer matters.

``Concatenate()([a, b])`` in place of ``[b, a]`` permutes channels. A layer that reads all channels through
its kernel takes the permutation up (its kernel's rows are permuted the same way); a layer that works
channel by channel hands it on. Where every permutation is taken up before an output, the two models are
the same architecture. The weights' axes are those of Keras 3.15 (``keras/src/layers``).

Channels that stay together are followed as one run, however many they are; places are written out once, for the
weights that are permuted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from grader.canonical import Node, NormalGraph
from grader.errors import GraderError

__all__ = ["Reordered", "reordering"]

# Runs of channels, each as where it starts in the reference and how long it is, in the student's order.
_Runs = tuple[tuple[int, int], ...]
_Order = _Runs | None


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

    Raises:
        GraderError: there are too many channels to follow.
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
# Of the axes they draw together, any order gives the same; the others stay as they are.
_REDUCES = frozenset(
    f"ops {kind}"
    for kind in (
        *("All", "Amax", "Amin", "Any", "CountNonzero", "Logsumexp", "Max", "Mean", "Median", "Min", "Prod"),
        *("Std", "Sum", "Var"),
    )
)
_ALIKE = frozenset({"add", "multiply", "maximum", "minimum", "average", "subtract", "difference"})


# Of a graph: a DenseNet201 with every Concatenate turned round has some thousand runs and a hundred thousand places.
# A shape that a file claims may be of any length.
_MOST_RUNS = 1_000_000
_MOST_PLACES = 10_000_000


class _Follower:
    """Walks the nodes in order; an order of ``None`` is the reference's own."""

    def __init__(self, student: NormalGraph, reference: NormalGraph, mapping: list[int]) -> None:
        self.student, self.reference, self.mapping = student, reference, mapping
        self.orders: list[_Order] = []
        self.weights: dict[
            int, tuple[int, _Runs] | None
        ] = {}  # how permuted: the axis, and the order along it
        self.runs = 0

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
        return _written_out({weight: found for weight, found in self.weights.items() if found is not None})

    def _joined(self, node: Node, other: Node, fed: list[_Order]) -> _Order:
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
        order: list[tuple[int, int]] = []
        for edge, counterpart, inner in zip(node.edges, counterparts, fed, strict=True):
            channels = _channels(self.student.nodes[edge.node], edge.output)
            if inner is not None and _length(inner) != channels:
                raise _OrderMattersError  # the shapes do not say what was joined
            first = places[counterpart].pop(0)
            runs = inner or ((0, channels),)
            self._afford(len(runs))
            order += [(first + start, length) for start, length in runs]
        return _order(order)

    def _alike(self, node: Node) -> _Order:
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

    def _through(self, node: Node, fed: list[_Order]) -> _Order:
        """Pass one input's order through a layer, and note what it does to the layer's weights."""
        order = fed[0]
        if len(fed) != 1 or order is None or node.settings.get("data_format") == "channels_first":
            raise _OrderMattersError
        if node.op in _READS and node.settings.get("groups", 1) == 1 and node.weights:
            kernel, *others = node.weights
            self._hold({kernel: (_READS[node.op], order), **dict.fromkeys(others)})
            return None
        if node.op in ("BatchNormalization", "LayerNormalization", "GroupNormalization"):
            last = len(node.shapes[0]) - 1
            grouped = node.op == "GroupNormalization" and not _keeps_groups(
                order, node.settings.get("groups")
            )
            if grouped or node.settings.get("axis") not in (last, -1, [last]):
                raise _OrderMattersError
            self._hold(dict.fromkeys(node.weights, (-1, order)))
            return order
        if node.op.startswith("DepthwiseConv") and node.settings.get("depth_multiplier", 1) == 1:
            kernel, *biases = node.weights
            self._hold({kernel: (-2, order), **dict.fromkeys(biases, (-1, order))})
            return order
        if node.op.startswith("SeparableConv") and node.settings.get("depth_multiplier", 1) == 1:
            depthwise, pointwise, *others = node.weights
            taken = (-2, order)
            self._hold({depthwise: taken, pointwise: taken, **dict.fromkeys(others)})
            return None
        if node.op in _REDUCES:
            (edge,) = node.edges
            return (
                None if _last_is_drawn_together(node, self.student.nodes[edge.node], edge.output) else order
            )
        if node.op == "reshape" and node.shapes[0][-1:] == (_length(order),):
            return order
        if node.op == "reshape" and len(node.shapes[0]) == 2:
            total, length = _channels(node, 0), _length(order)
            self._afford(len(order) * (total // length))
            return _order((first + start, run) for first in range(0, total, length) for start, run in order)
        scalar = all(isinstance(node.settings.get(key, 0), (int, float)) for key in ("scale", "offset"))
        if node.op in _PER_CHANNEL or (node.op == "Rescaling" and scalar):
            return order
        raise _OrderMattersError

    def _afford(self, runs: int) -> None:
        self.runs += runs
        if self.runs > _MOST_RUNS:
            raise _too_large(f"more than {_MOST_RUNS:,} runs of channels")

    def _hold(self, found: dict[int, tuple[int, _Runs] | None]) -> None:
        """Note how weights are permuted; one that is used twice has to be permuted once."""
        for weight, order in found.items():
            if self.weights.setdefault(weight, order) != order:
                raise _OrderMattersError


def _channels(node: Node, output: int) -> int:
    length = node.shapes[output][-1] if node.shapes[output] else None
    if length is None:
        raise _OrderMattersError
    return length


def _last_is_drawn_together(reduction: Node, source: Node, output: int) -> bool:
    """Whether a reduction takes all channels of what it is given together, and not each by itself."""
    rank, axes = len(source.shapes[output]), reduction.settings.get("axis")
    if axes is None:
        return True
    listed = axes if isinstance(axes, list) else [axes]
    if not all(isinstance(axis, int) for axis in listed):
        raise _OrderMattersError
    return any(axis % rank == rank - 1 for axis in listed)


def _keeps_groups(order: _Runs, groups: object) -> bool:
    """Whether the channels of each group stand together in both orders; ``-1`` is a group for each channel."""
    channels = _length(order)
    if groups == -1:
        return True
    if not isinstance(groups, int) or groups < 1 or channels % groups:
        return False
    size = channels // groups
    place = 0
    found: dict[int, set[int]] = defaultdict(set)
    for start, length in order:
        done = 0
        while done < length:
            step = min(length - done, size - place % size, size - (start + done) % size)
            found[place // size].add((start + done) // size)
            place += step
            done += step
    return all(len(wanted) == 1 for wanted in found.values())


def _length(runs: _Runs) -> int:
    return sum([length for _, length in runs])


def _order(runs: Iterable[tuple[int, int]]) -> _Order:
    """Draw runs together that follow each other in the reference as well, so that one order is written in one way."""
    found: list[tuple[int, int]] = []
    for start, length in runs:
        if found and sum(found[-1]) == start:
            found[-1] = (found[-1][0], found[-1][1] + length)
        elif length:
            found.append((start, length))
    return None if found in ([], [(0, _length(tuple(found)))]) else tuple(found)


def _written_out(weights: dict[int, tuple[int, _Runs]]) -> dict[int, Reordered]:
    """Say for each place of each weight which it is; weights of one order share one list of places."""
    orders = {order for _, order in weights.values()}
    lengths = [_length(order) for order in orders]
    if sum(lengths) > _MOST_PLACES:
        raise _too_large(f"{sum(lengths):,} places of channels, at most {_MOST_PLACES:,}")
    numbers = tuple(range(max(lengths, default=0)))
    places: dict[_Runs, tuple[int, ...]] = {}
    for order in orders:
        written: list[int] = []
        for start, length in order:
            written += numbers[start : start + length]
        places[order] = tuple(written)
    return {weight: Reordered(axis, places[order]) for weight, (axis, order) in weights.items()}


def _too_large(what: str) -> GraderError:
    return GraderError(
        f"These two graphs differ in the order of what is concatenated, and to follow that order takes {what}: "
        "whether it matters was not decided. Expected fewer channels, or the same order."
    )
