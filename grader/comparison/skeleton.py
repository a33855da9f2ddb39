"""Two graphs of which only the light steps differ: normalisations, activations and dropout, which keep a shape.

A post-norm block and a pre-norm block hold the same layers, and nearly each of them is called on another tensor. What
remains of both without the light steps, their skeleton, is the same. Where that is so, what corresponds is known, and
a light step that stands elsewhere has moved: its neighbours take other tensors only because of it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

from grader.canonical import Edge, Node, NormalGraph
from grader.comparison.alignment import align
from grader.comparison.histories import histories
from grader.comparison.isomorphism import correspondence
from grader.errors import GraderError

__all__ = ["Moved", "is_light", "moved_light_steps"]

_LIGHT = frozenset(
    {
        "activation",
        *("BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization"),
        *("UnitNormalization", "Dropout", "GaussianDropout", "GaussianNoise", "AlphaDropout"),
        *(f"SpatialDropout{dims}D" for dims in (1, 2, 3)),
    }
)
Place = tuple[tuple[int, int], frozenset[Hashable]]


@dataclass(frozen=True)
class Moved:
    """What corresponds in two graphs of one skeleton; ``steps`` are those of the student's that have moved.

    ``certain``: every node of the skeletons has a counterpart, and no two could be taken for each other.
    """

    pairs: dict[int, int]
    steps: frozenset[int]
    certain: bool


def is_light(node: Node) -> bool:
    """Whether a step only changes the numbers of the one tensor that it takes, and not its shape."""
    return node.op in _LIGHT and len(node.edges) == 1


def moved_light_steps(student: NormalGraph, reference: NormalGraph) -> Moved | None:
    """Return how the light steps of two graphs correspond; ``None`` where none has moved.

    Where the skeletons differ as well, what is alike in them is paired.
    """
    ours, theirs = _Skeleton(student), _Skeleton(reference)
    if not (ours.light and theirs.light):
        return None
    try:
        mapping = correspondence(ours.graph, theirs.graph)
    except GraderError:  # too symmetric to decide on
        return None
    alike = align(ours.graph, theirs.graph) if mapping is None else dict(enumerate(mapping))
    pairs = {ours.kept[mine]: theirs.kept[other] for mine, other in alike.items()}
    whole = len(pairs) == len(ours.kept) == len(theirs.kept)
    return _Matching(ours, theirs, pairs).found(certain=whole and _no_twins(ours.graph))


def _no_twins(graph: NormalGraph) -> bool:
    return len(set(histories(graph, {}, {}))) == len(graph.nodes)


class _Skeleton:
    """A graph without its light steps; ``kept`` are the nodes that remain, ``light`` the others.

    ``before`` gives, for each node and output, what it is made of once light steps are left out.
    """

    def __init__(self, whole: NormalGraph) -> None:
        self.whole = whole
        self.light = [index for index, node in enumerate(whole.nodes) if is_light(node)]
        light = set(self.light)
        self.kept = [index for index in range(len(whole.nodes)) if index not in light]
        self._source: dict[int, tuple[int, int]] = {}
        for index in self.light:
            _, node, output = whole.nodes[index].edges[0]
            self._source[index] = self.before(node, output)
        place = {old: new for new, old in enumerate(self.kept)}

        def moved(edge: Edge) -> Edge:
            node, output = self.before(edge.node, edge.output)
            return Edge(edge.slot, place[node], output)

        nodes = tuple(
            whole.nodes[old]._replace(edges=tuple(map(moved, whole.nodes[old].edges))) for old in self.kept
        )
        ends = [(key, *self.before(node, output)) for key, node, output in whole.outputs]
        outputs = tuple((key, place[node], output) for key, node, output in ends)
        inputs = tuple((key, place[node]) for key, node in whole.inputs)
        self.graph = NormalGraph(nodes, inputs, outputs, whole.source)

    def before(self, node: int, output: int) -> tuple[int, int]:
        """Return the tensor of the skeleton that a tensor is made of."""
        return self._source.get(node, (node, output))

    def places(self, name: Callable[[int], int]) -> dict[int, Place]:
        """Return, for each light step, from where to where in the skeleton it leads; ``name`` names the nodes."""
        users = self.whole.consumers()
        ends: dict[int, set[Hashable]] = defaultdict(set)
        for key, node, _ in self.whole.outputs:
            ends[node].add(key)
        reached: dict[int, frozenset[Hashable]] = {}
        for index in reversed(self.light):
            to = set(ends[index])
            for user, _, _ in users[index]:
                to |= reached[user] if user in reached else {name(user)}
            reached[index] = frozenset(to)
        return {
            index: ((name(self._source[index][0]), self._source[index][1]), reached[index])
            for index in self.light
        }


class _Matching:
    """Pairs the light steps of two graphs, those at one place first."""

    def __init__(self, ours: _Skeleton, theirs: _Skeleton, pairs: dict[int, int]) -> None:
        self.student, self.reference = ours.whole.nodes, theirs.whole.nodes
        self.pairs = pairs
        self.ours, self.theirs = (
            ours.places(lambda node: pairs.get(node, -1 - node)),
            theirs.places(lambda node: node),
        )

    def found(self, *, certain: bool) -> Moved | None:
        """Return the pairs; ``None`` where no step has moved."""
        self._pair(lambda node, place: (node.key[:2], place))
        self._pair(lambda node, place: (node.op, place))  # set otherwise
        moved = self._moved()
        if all(self.student[node].op == "activation" for node in moved):
            return None  # an activation is told by what follows which layer
        self._pair(lambda _, place: place)  # another step in its stead
        self._pair(lambda node, place: (node.key[:2], place[0]))
        return Moved(self.pairs, frozenset(moved), certain)

    def _moved(self) -> set[int]:
        """Pair steps of a kind that one graph has behind other tensors than the other, in the order in which they come."""
        moved: set[int] = set()
        present = set(self.pairs.values())
        ours, theirs = self._left(lambda node, _: node.key[:2])
        for kind, mine in ours.items():
            wanted = theirs.get(kind, [])
            sources = Counter(self.ours[node][0] for node in mine)
            if not wanted or sources == Counter(self.theirs[node][0] for node in wanted):
                continue  # the same steps stand there, and other layers take what they make
            mine.sort(key=lambda node: self.ours[node][0])
            wanted.sort(key=lambda node: self.theirs[node][0])
            for node, other in zip(mine, wanted, strict=False):
                if (
                    self.theirs[other][0][0] in present
                ):  # else nothing says where in the student's model it should stand
                    self.pairs[node] = other
                    moved.add(node)
        return moved

    def _pair(self, alike: Callable[[Node, Place], Hashable]) -> None:
        ours, theirs = self._left(alike)
        for name, mine in ours.items():
            self.pairs.update(zip(mine, theirs.get(name, []), strict=False))

    def _left(self, alike: Callable[[Node, Place], Hashable]) -> tuple[dict[Hashable, list[int]], ...]:
        met = set(self.pairs.values())
        return (
            _grouped((node for node in self.ours if node not in self.pairs), self.student, self.ours, alike),
            _grouped((node for node in self.theirs if node not in met), self.reference, self.theirs, alike),
        )


def _grouped(
    steps: Iterable[int],
    nodes: tuple[Node, ...],
    places: dict[int, Place],
    alike: Callable[[Node, Place], Hashable],
) -> dict[Hashable, list[int]]:
    found: dict[Hashable, list[int]] = defaultdict(list)
    for step in sorted(steps):
        found[alike(nodes[step], places[step])].append(step)
    return found
