"""Decide whether two normal forms are the same graph, and give the correspondence.

Colour refinement in sweeps along the graph (from the inputs, from the outputs, across shared weights)
tells most nodes apart; what stays alike is individualised and searched. A correspondence is accepted
only after it has been verified edge by edge: colours may rule two graphs out, never accept them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from grader.canonical import NormalGraph
from grader.errors import GraderError

__all__ = ["correspondence"]

# Real models need a handful of steps; only graphs made to be hard come near this.
_SEARCH_LIMIT = 2_000


def correspondence(first: NormalGraph, second: NormalGraph, *, merge_order: bool = False) -> list[int] | None:
    """Return, for each node of ``first``, its counterpart in ``second``; ``None`` if they differ.

    Raises:
        GraderError: the graphs are so symmetric that the search was given up undecided.
    """
    if len(first.nodes) != len(second.nodes):
        return None
    search = _Search(first, second, merge_order)
    return search.run()


class _Side:
    """One graph with what the sweeps need at hand."""

    def __init__(self, graph: NormalGraph, merge_order: bool) -> None:
        self.graph = graph
        self.nodes = graph.nodes
        self.users = graph.consumers()
        self.free = [node.unordered and not merge_order for node in graph.nodes]
        groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for index, node in enumerate(graph.nodes):
            if node.weights:
                groups[node.weights].append(index)
        self.shared = [group for group in groups.values() if len(group) > 1]
        ports: list[list[Any]] = [[] for _ in graph.nodes]
        for position, (key, node_index) in enumerate(graph.inputs):
            ports[node_index].append(("in", position, key))
        for position, (key, node_index, output) in enumerate(graph.outputs):
            ports[node_index].append(("out", position, key, output))
        self.ports = [tuple(sorted(map(str, port))) for port in ports]


class _Search:
    def __init__(self, first: NormalGraph, second: NormalGraph, merge_order: bool) -> None:
        self.sides = (_Side(first, merge_order), _Side(second, merge_order))
        self.steps = 0

    def run(self) -> list[int] | None:
        names: dict[Any, int] = {}
        colours = [
            [
                names.setdefault((node.key, ports), len(names))
                for node, ports in zip(side.nodes, side.ports, strict=True)
            ]
            for side in self.sides
        ]
        return self._solve(colours)

    def _solve(self, colours: list[list[int]]) -> list[int] | None:
        self.steps += 1
        if self.steps > _SEARCH_LIMIT:
            raise GraderError(
                f"The two graphs ({len(self.sides[0].nodes)} nodes) are too symmetric to compare "
                f"within {_SEARCH_LIMIT:,} steps."
            )
        refined = self._refine(colours)
        if refined is None:
            return None
        first, second = refined
        cells: dict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for side, side_colours in enumerate((first, second)):
            for index, colour in enumerate(side_colours):
                cells[colour][side].append(index)
        open_cells = [cell for cell in cells.values() if len(cell[0]) > 1]
        if not open_cells:
            mapping = [0] * len(first)
            for ours, theirs in cells.values():
                mapping[ours[0]] = theirs[0]
            return mapping if self._verified(mapping) else None
        ours, theirs = min(open_cells, key=lambda cell: len(cell[0]))
        fresh = max(*first, *second) + 1
        for candidate in theirs:
            left, right = list(first), list(second)
            left[ours[0]] = right[candidate] = fresh
            found = self._solve([left, right])
            if found is not None:
                return found
        return None

    def _refine(self, colours: list[list[int]]) -> list[list[int]] | None:
        """Sweep until no colour splits; ``None`` as soon as the two sides' colours differ in number."""
        count = -1
        while True:
            for sweep in (_from_inputs, _from_outputs, _across_weights):
                names: dict[Any, int] = {}
                colours = [sweep(side, ours, names) for side, ours in zip(self.sides, colours, strict=True)]
                if Counter(colours[0]) != Counter(colours[1]):
                    return None
            now = len(set(colours[0]))
            if now == count:
                return colours
            count = now

    def _verified(self, mapping: list[int]) -> bool:
        ours, theirs = self.sides
        weights: dict[tuple[int, ...], tuple[int, ...]] = {}
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
            if node.weights and weights.setdefault(node.weights, other.weights) != other.weights:
                return False
        return len(set(weights.values())) == len(weights)


def _from_inputs(side: _Side, colours: list[int], names: dict[Any, int]) -> list[int]:
    new: list[int] = []
    for index, node in enumerate(side.nodes):
        if side.free[index]:
            fed: Any = tuple(sorted((new[edge.node], edge.output) for edge in node.edges))
        else:
            fed = tuple((edge.slot, new[edge.node], edge.output) for edge in node.edges)
        new.append(names.setdefault((colours[index], fed), len(names)))
    return new


def _from_outputs(side: _Side, colours: list[int], names: dict[Any, int]) -> list[int]:
    new = [0] * len(colours)
    for index in range(len(colours) - 1, -1, -1):
        used = tuple(
            sorted(
                (new[user], "" if side.free[user] else slot, output)
                for user, slot, output in side.users[index]
            )
        )
        new[index] = names.setdefault((colours[index], used), len(names))
    return new


def _across_weights(side: _Side, colours: list[int], names: dict[Any, int]) -> list[int]:
    partners: dict[int, tuple[int, ...]] = {}
    for group in side.shared:
        seen = tuple(sorted(colours[index] for index in group))
        partners.update(dict.fromkeys(group, seen))
    return [
        names.setdefault((colour, partners.get(index)), len(names)) for index, colour in enumerate(colours)
    ]
