"""Decide whether two normal forms are the same graph, and give the correspondence.

Both graphs are put into one partition of vertices (nodes, and weights that several nodes use), which is
refined until no cell can be told apart by its neighbours; every cell must hold as many vertices of one
graph as of the other. What stays alike is individualised, one pair at a time. A correspondence is
accepted only after it has been verified edge by edge: a partition may rule two graphs out, never accept
them.

The refinement takes the smaller halves of split cells as splitters, as in Hopcroft's algorithm
(Paige and Tarjan 1987), so that it takes O(m log n) steps for m edges, individualisations included.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from typing import Any

from grader.canonical import COMMUTATIVE, NormalGraph
from grader.errors import GraderError

__all__ = ["correspondence"]

# Real models never take a wrong turn; only graphs made to be hard come near this.
_WRONG_TURNS = 2_000


def correspondence(
    first: NormalGraph, second: NormalGraph, *, unordered: frozenset[str] = COMMUTATIVE
) -> list[int] | None:
    """Return, for each node of ``first``, its counterpart in ``second``; ``None`` if they differ.

    ``unordered`` are the ops whose inputs may stand in any order.

    Raises:
        GraderError: the graphs are so symmetric that the search was given up undecided.
    """
    if len(first.nodes) != len(second.nodes):
        return None
    sides = (_Side(first, unordered), _Side(second, unordered))
    if len(sides[0].neighbours) != len(sides[1].neighbours):
        return None
    mapping = _Search(*sides).run()
    return mapping if mapping is not None and _verified(*sides, mapping) else None


class _Side:
    """One graph as vertices with labelled neighbours: its nodes, then the weights that are shared."""

    def __init__(self, graph: NormalGraph, unordered: frozenset[str]) -> None:
        self.nodes = graph.nodes
        self.free = [node.op in unordered for node in graph.nodes]
        ports: list[list[Any]] = [[] for _ in graph.nodes]
        for position, (key, node) in enumerate(graph.inputs):
            ports[node].append(("in", position, key))
        for position, (key, node, output) in enumerate(graph.outputs):
            ports[node].append(("out", position, key, output))
        self.ports = [tuple(sorted(map(str, port))) for port in ports]
        self.colours: list[Any] = [
            (node.key, port) for node, port in zip(graph.nodes, self.ports, strict=True)
        ]
        self.neighbours: list[list[tuple[int, Any]]] = [[] for _ in graph.nodes]
        self._join_edges()
        self._join_weights()

    def _join_edges(self) -> None:
        for user, node in enumerate(self.nodes):
            for edge in node.edges:
                slot = "" if self.free[user] else edge.slot
                self.neighbours[edge.node].append((user, ("feeds", slot, edge.output)))
                self.neighbours[user].append((edge.node, ("fed by", slot, edge.output)))

    def _join_weights(self) -> None:
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
    """The partition of both graphs' vertices; the second graph's are numbered on from the first's."""

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
        by_colour: dict[Any, set[int]] = defaultdict(set)
        for vertex, colour in enumerate((*ours.colours, *theirs.colours)):
            by_colour[colour].add(vertex)
        self.cells = list(by_colour.values())
        self.cell_of = [0] * (2 * size)
        for number, cell in enumerate(self.cells):
            for vertex in cell:
                self.cell_of[vertex] = number
        self.waiting: deque[int] = deque()
        self.queued: set[int] = set()
        # Every split as (new cell, the cell it came out of), so that a wrong turn can be taken back.
        self.splits: list[tuple[int, int]] = []

    def run(self) -> list[int] | None:
        """Refine, individualise, and return the correspondence of nodes; ``None`` when there is none."""
        if not all(self._balanced(cell) for cell in self.cells):
            return None
        for number in range(len(self.cells)):
            self._wait(number)
        if not self._refine():
            return None
        turns: list[tuple[int, int, list[int]]] = []  # (splits so far, our vertex, their candidates left)
        looked, wrong = 0, 0
        while True:
            while looked < len(self.cells) and len(self.cells[looked]) <= 2:
                looked += 1
            if looked == len(self.cells):
                return self._mapping()
            ours = min(self.cells[looked])
            turns.append((len(self.splits), ours, sorted(v for v in self.cells[looked] if v >= self.size)))
            while not self._turn(turns):
                wrong += 1
                looked = 0
                if not turns:
                    return None
                if wrong > _WRONG_TURNS:
                    raise GraderError(
                        f"The two graphs ({self.nodes} nodes) are too symmetric to compare: "
                        f"{_WRONG_TURNS:,} attempts to tell their nodes apart failed."
                    )

    def _turn(self, turns: list[tuple[int, int, list[int]]]) -> bool:
        """Pair our vertex with the next candidate; drop the turn when there is none left."""
        mark, ours, candidates = turns[-1]
        self._take_back(mark)
        if not candidates:
            turns.pop()
            return False
        theirs = candidates.pop(0)
        self._split(self.cell_of[ours], {ours, theirs})
        self._wait(len(self.cells) - 1)
        return self._refine()

    def _refine(self) -> bool:
        """Split cells until the neighbours of no cell tell its vertices apart; ``False`` if one falls out of balance."""
        while self.waiting:
            splitter = self.waiting.popleft()
            self.queued.discard(splitter)
            seen: dict[int, list[int]] = defaultdict(list)
            for vertex in self.cells[splitter]:
                for neighbour, label in self.neighbours[vertex]:
                    seen[neighbour].append(label)
            groups: dict[int, dict[tuple[int, ...], set[int]]] = defaultdict(lambda: defaultdict(set))
            for vertex, met in seen.items():
                met.sort()
                groups[self.cell_of[vertex]][tuple(met)].add(vertex)
            for number, parts in groups.items():
                if not all(self._balanced(part) for part in parts.values()):
                    self._forget()
                    return False
                self._divide(number, list(parts.values()))
        return True

    def _divide(self, number: int, parts: list[set[int]]) -> None:
        """Split a cell into its parts; all but the largest have yet to act as splitters."""
        whole = len(self.cells[number])
        rest = whole - sum(map(len, parts))
        if len(parts) == 1 and not rest:
            return
        if not rest:
            parts.remove(max(parts, key=len))
        fresh = []
        for part in parts:
            self._split(number, part)
            fresh.append(len(self.cells) - 1)
        if number in self.queued:
            largest = number
        else:
            largest = max((number, *fresh), key=lambda cell: len(self.cells[cell]))
        for cell in (number, *fresh):
            if cell != largest:
                self._wait(cell)

    def _split(self, number: int, part: set[int]) -> None:
        self.cells[number] -= part
        self.splits.append((len(self.cells), number))
        for vertex in part:
            self.cell_of[vertex] = len(self.cells)
        self.cells.append(part)

    def _take_back(self, mark: int) -> None:
        while len(self.splits) > mark:
            new, old = self.splits.pop()
            for vertex in self.cells[new]:
                self.cell_of[vertex] = old
            self.cells[old] |= self.cells.pop()

    def _wait(self, number: int) -> None:
        if number not in self.queued:
            self.queued.add(number)
            self.waiting.append(number)

    def _forget(self) -> None:
        self.waiting.clear()
        self.queued.clear()

    def _balanced(self, cell: set[int]) -> bool:
        return 2 * sum(vertex < self.size for vertex in cell) == len(cell)

    def _mapping(self) -> list[int]:
        mapping = [0] * self.nodes
        for cell in self.cells:
            ours, theirs = sorted(cell)
            if ours < self.nodes:
                mapping[ours] = theirs - self.size
        return mapping


def _verified(ours: _Side, theirs: _Side, mapping: list[int]) -> bool:
    weights: dict[int, int] = {}
    for index, node in enumerate(ours.nodes):
        other = theirs.nodes[mapping[index]]
        if node.key != other.key or ours.ports[index] != theirs.ports[mapping[index]]:
            return False
        moved = [(edge.slot, mapping[edge.node], edge.output) for edge in node.edges]
        there = [(edge.slot, edge.node, edge.output) for edge in other.edges]
        if ours.free[index]:
            if Counter(edge[1:] for edge in moved) != Counter(edge[1:] for edge in there):
                return False
        elif moved != there:
            return False
        for weight, counterpart in zip(node.weights, other.weights, strict=True):
            if weights.setdefault(weight, counterpart) != counterpart:
                return False
    return len(set(weights.values())) == len(weights)
