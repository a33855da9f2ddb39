"""Decide whether two normal forms are the same graph, and give the correspondence.

Nodes correspond only where all that feeds them does, to the inputs. In most models that alone leaves one
candidate for each node. Otherwise both graphs are put into one partition of vertices (nodes, and weights
that several nodes use), which is refined until no cell can be told apart by its neighbours; every cell must
hold as many vertices of one graph as of the other. What stays alike is individualised, one pair at a time.
A correspondence is accepted only after it has been verified edge by edge: a partition may rule two graphs
out, never accept them.

The refinement takes the smaller halves of split cells as splitters, as in Hopcroft's algorithm
(Paige and Tarjan 1987), so that it takes O(m log n) steps for m edges, individualisations included.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Any

from grader.canonical import COMMUTATIVE, Node, NormalGraph
from grader.errors import GraderError

__all__ = ["correspondence"]

_Cell = tuple[set[int], set[int]]

# What telling apart one part of the graph may cost, in neighbours looked at. Real models never take a wrong
# turn, and stay far below; only graphs made to be hard come near this.
_STEPS = 2_000_000
_STEPS_PER_NEIGHBOUR = 40


def correspondence(
    first: NormalGraph,
    second: NormalGraph,
    *,
    unordered: frozenset[str] = COMMUTATIVE,
    sharing: bool = True,
    order: bool = True,
) -> list[int] | None:
    """Return, for each node of ``first``, its counterpart in ``second``; ``None`` if they differ.

    ``unordered`` are the ops whose inputs may stand in any order. Without ``sharing``, it does not matter which
    nodes share their weights; without ``order``, nor in which order or under which keys inputs and outputs are
    given.

    Raises:
        GraderError: the graphs are so symmetric that the search was given up undecided.
    """
    if len(first.nodes) != len(second.nodes):
        return None
    names: dict[Any, int] = {}
    sides = (
        _Side(first, unordered, names, sharing=sharing, order=order),
        _Side(second, unordered, names, sharing=sharing, order=order),
    )
    mapping = _by_histories(*sides) if len(set(sides[0].histories)) == len(first.nodes) else _searched(*sides)
    return mapping if mapping is not None and _verified(*sides, mapping) else None


def _by_histories(ours: _Side, theirs: _Side) -> list[int] | None:
    """Map each node to the one of the same history, where no two nodes of ours have the same."""
    at = {history: index for index, history in enumerate(theirs.histories)}
    mapping = [at.get(history, -1) for history in ours.histories]
    return None if -1 in mapping else mapping


def _searched(ours: _Side, theirs: _Side) -> list[int] | None:
    for side in (ours, theirs):
        side.join()
    if len(ours.neighbours) != len(theirs.neighbours):
        return None
    return _Search(ours, theirs).run()


def _fed(node: Node, names: Sequence[int], unordered: frozenset[str]) -> tuple[Any, ...]:
    """Say what feeds a node, by names of the nodes: sorted where the order has no meaning."""
    if len(node.edges) == 1:  # most
        ((slot, source, output),) = node.edges
        return (names[source], output) if node.op in unordered else (names[source], output, slot)
    if node.op in unordered:
        return tuple(sorted([(names[source], output) for _, source, output in node.edges]))
    return tuple([(names[source], output, slot) for slot, source, output in node.edges])


class _Side:
    """One graph as vertices with labelled neighbours: its nodes, then the weights that are shared.

    Two nodes have the same number in ``histories`` when they, their ports, and all that feeds them are alike;
    ``names`` holds the numbers of both graphs.
    """

    def __init__(
        self,
        graph: NormalGraph,
        unordered: frozenset[str],
        names: dict[Any, int],
        *,
        sharing: bool = True,
        order: bool = True,
    ) -> None:
        self.nodes = graph.nodes
        self.sharing = sharing
        self.unordered = unordered
        ports: dict[int, list[Any]] = defaultdict(list)
        for position, (key, node) in enumerate(graph.inputs):
            ports[node].append(("in", position, key) if order else ("in",))
        for position, (key, node, output) in enumerate(graph.outputs):
            shape = graph.nodes[node].shapes[output][1:]
            ports[node].append(("out", position, key, output, shape) if order else ("out", output, shape))
        self.ports = {node: tuple(sorted(map(str, port))) for node, port in ports.items()}
        self.histories: list[int] = []
        for index, step in enumerate(graph.nodes):
            told = (step.key, self.ports.get(index), _fed(step, self.histories, unordered))
            self.histories.append(names.setdefault(told, len(names)))
        self.colours: list[Any] = []
        self.neighbours: list[list[tuple[int, Any]]] = []

    def join(self) -> None:
        """Write down the vertices' neighbours, and colours to begin with."""
        self.colours = list(self.histories)
        self.neighbours = [[] for _ in self.nodes]
        self._join_edges()
        self._join_weights()

    def _join_edges(self) -> None:
        for user, node in enumerate(self.nodes):
            for edge in node.edges:
                slot = "" if node.op in self.unordered else edge.slot
                self.neighbours[edge.node].append((user, ("feeds", slot, edge.output)))
                self.neighbours[user].append((edge.node, ("fed by", slot, edge.output)))

    def _join_weights(self) -> None:
        if not self.sharing:
            return
        uses: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for index, node in enumerate(self.nodes):
            for position, weight in enumerate(node.weights):
                uses[weight].append((index, position))
        for users in uses.values():
            if len(users) == 1:
                continue
            vertex = len(self.neighbours)
            self.colours.append("shared weight")
            self.neighbours.append([(user, ("weight of", position)) for user, position in users])
            for user, position in users:
                self.neighbours[user].append((vertex, ("has weight", position)))


class _Search:
    """The partition of both graphs' vertices; the second graph's are numbered on from the first's.

    A cell is a pair of sets, the first graph's vertices and the second's; it is open while there are
    several of each.
    """

    def __init__(self, ours: _Side, theirs: _Side) -> None:
        self.size = size = len(ours.neighbours)
        self.nodes = len(ours.nodes)
        labels: dict[Any, int] = {}
        self.neighbours: list[list[tuple[int, int]]] = []
        for side, start in ((ours, 0), (theirs, size)):
            self.neighbours += [
                [(start + vertex, labels.setdefault(label, len(labels))) for vertex, label in joined]
                for joined in side.neighbours
            ]
        by_colour: dict[Any, _Cell] = defaultdict(_new_cell)
        for vertex, colour in enumerate((*ours.colours, *theirs.colours)):
            by_colour[colour][vertex >= size].add(vertex)
        self.cells = list(by_colour.values())
        self.cell_of = [0] * (2 * size)
        for number, (first, second) in enumerate(self.cells):
            for vertex in (*first, *second):
                self.cell_of[vertex] = number
        self.waiting: deque[int] = deque()
        self.queued: set[int] = set()
        # Every split as (new cell, the cell it came out of), so that a wrong turn can be taken back.
        self.splits: list[tuple[int, int]] = []
        self.looked = 0  # no cell before this one is open, whatever turns are taken back
        self.steps = 0
        self.most_steps = _STEPS + _STEPS_PER_NEIGHBOUR * sum(map(len, self.neighbours))

    def run(self) -> list[int] | None:
        """Refine, individualise, and return the correspondence of nodes; ``None`` when there is none.

        Raises:
            GraderError: too many turns were wrong.
        """
        if not all(len(first) == len(second) for first, second in self.cells):
            return None
        for number in range(len(self.cells)):
            self._wait(number)
        if not self._refine():
            return None
        turns: list[tuple[int, int, set[int]]] = []  # (splits so far, our vertex, those it was paired with)
        settled = len(self.splits)
        self.steps = 0
        ours = self._open_vertex()
        while ours is not None:
            turns.append((len(self.splits), ours, set()))
            while not self._turn(turns):
                if not turns:
                    return None
                if self.steps > self.most_steps:
                    raise GraderError(
                        f"These two graphs of {self.nodes:,} nodes each are too symmetric to compare: the search "
                        f"for a correspondence of their nodes was given up after {self.steps:,} steps. Expected "
                        "nodes that differ in their settings or in what they are joined to."
                    )
            ours = self._open_neighbour(settled)
            if ours is None:
                # What was told apart is a part of the graph by itself, with a like part in the other graph.
                # However the rest turns out, alike parts can stand in for one another, so that pairing this
                # one otherwise would not help: its turns need never be taken back.
                turns.clear()
                settled = len(self.splits)
                self.steps = 0
                ours = self._open_vertex()
        return self._mapping()

    def _open_vertex(self) -> int | None:
        while self.looked < len(self.cells) and len(self.cells[self.looked][0]) == 1:
            self.looked += 1
        return next(iter(self.cells[self.looked][0])) if self.looked < len(self.cells) else None

    def _turn(self, turns: list[tuple[int, int, set[int]]]) -> bool:
        """Pair our vertex with another of its cell; drop the turn when there is none left."""
        mark, ours, tried = turns[-1]
        self._take_back(mark)
        number = self.cell_of[ours]
        theirs = next((vertex for vertex in self.cells[number][1] if vertex not in tried), None)
        if theirs is None:
            turns.pop()
            return False
        tried.add(theirs)
        self._split(number, ({ours}, {theirs}))
        self._wait(len(self.cells) - 1)
        return self._refine()

    def _open_neighbour(self, mark: int) -> int | None:
        """Return an open vertex of ours that is joined to what was told apart since the mark."""
        for split in reversed(self.splits[mark:]):
            for number in split:
                ours = self.cells[number][0]
                if len(ours) == 1:
                    for other, _ in self.neighbours[min(ours)]:
                        if len(self.cells[self.cell_of[other]][0]) > 1:
                            return other
        return None

    def _refine(self) -> bool:
        """Split cells until the neighbours of no cell tell its vertices apart; ``False`` if one falls out of balance."""
        while self.waiting:
            splitter = self.waiting.popleft()
            self.queued.discard(splitter)
            seen: dict[int, list[int]] = defaultdict(list)
            for side in self.cells[splitter]:
                for vertex in side:
                    for neighbour, label in self.neighbours[vertex]:
                        seen[neighbour].append(label)
            self.steps += len(seen)
            groups: dict[int, dict[tuple[int, ...], _Cell]] = defaultdict(lambda: defaultdict(_new_cell))
            for vertex, met in seen.items():
                met.sort()
                groups[self.cell_of[vertex]][tuple(met)][vertex >= self.size].add(vertex)
            for number, parts in groups.items():
                if not all(len(first) == len(second) for first, second in parts.values()):
                    self.waiting.clear()
                    self.queued.clear()
                    return False
                self._divide(number, list(parts.values()))
        return True

    def _divide(self, number: int, parts: list[_Cell]) -> None:
        """Split a cell into its parts; all but the largest have yet to act as splitters."""
        rest = len(self.cells[number][0]) - sum(len(part[0]) for part in parts)
        if len(parts) == 1 and not rest:
            return
        if not rest:
            parts.remove(max(parts, key=_size))
        fresh = []
        for part in parts:
            self._split(number, part)
            fresh.append(len(self.cells) - 1)
        if number in self.queued:
            largest = number
        else:
            largest = max((number, *fresh), key=lambda cell: _size(self.cells[cell]))
        for cell in (number, *fresh):
            if cell != largest:
                self._wait(cell)

    def _split(self, number: int, part: _Cell) -> None:
        self.splits.append((len(self.cells), number))
        for whole, side in zip(self.cells[number], part, strict=True):
            whole.difference_update(side)
            for vertex in side:
                self.cell_of[vertex] = len(self.cells)
        self.cells.append(part)

    def _take_back(self, mark: int) -> None:
        while len(self.splits) > mark:
            _, old = self.splits.pop()
            for whole, side in zip(self.cells[old], self.cells.pop(), strict=True):
                whole.update(side)
                for vertex in side:
                    self.cell_of[vertex] = old

    def _wait(self, number: int) -> None:
        if number not in self.queued:
            self.queued.add(number)
            self.waiting.append(number)

    def _mapping(self) -> list[int]:
        mapping = [0] * self.nodes
        for (ours,), (theirs,) in self.cells:
            if ours < self.nodes:
                mapping[ours] = theirs - self.size
        return mapping


def _new_cell() -> _Cell:
    return set(), set()


def _size(cell: _Cell) -> int:
    return len(cell[0])


def _verified(ours: _Side, theirs: _Side, mapping: list[int]) -> bool:
    """Check the mapping one to one, node by node, edge by edge and weight by weight, however it was found."""
    if len(set(mapping)) != len(mapping):
        return False
    weights: list[int] = []
    counterparts: list[int] = []
    here = range(len(mapping))
    for index, (node, at) in enumerate(zip(ours.nodes, mapping, strict=True)):
        other = theirs.nodes[at]
        if node.key != other.key or ours.ports.get(index) != theirs.ports.get(at):
            return False
        if _fed(node, mapping, ours.unordered) != _fed(other, here, ours.unordered):
            return False
        weights += node.weights
        counterparts += other.weights
    if not ours.sharing:
        return True
    # One to one where no weight stands in two different pairs.
    pairs = set(zip(weights, counterparts, strict=True))
    return len(pairs) == len(set(weights)) == len(set(counterparts))
