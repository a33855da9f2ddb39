"""How far around them two nodes of two graphs look alike: what tells twins apart where the graphs differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from grader.canonical import NormalGraph
from grader.comparison.pairing import kin

__all__ = ["RADIUS", "surroundings"]

RADIUS = 8  # steps looked at in every direction: a branch of a block is seldom longer

Colours = tuple[list[int], list[int]]


def surroundings(student: NormalGraph, reference: NormalGraph, inputs: Mapping[int, int]) -> list[Colours]:
    """Number the nodes of both graphs by what lies around them: nodes of one number look alike.

    The first numbers say what the node does by itself, each further one looks a step further, along what feeds
    a node, what it feeds, and the other calls of its layer. ``inputs`` pairs the graphs' inputs. Shapes do not
    count, since a change of one shape changes those of all that follows.
    """
    numbers: dict[Any, int] = {}
    theirs = {node: node for node in inputs.values()}
    ends = [{node: key for key, node, _ in graph.outputs} for graph in (student, reference)]
    first = [
        [
            numbers.setdefault(
                (kin(node.op), node.key[1], seeds.get(index), end.get(index)),
                len(numbers),
            )
            for index, node in enumerate(graph.nodes)
        ]
        for graph, seeds, end in ((student, inputs, ends[0]), (reference, theirs, ends[1]))
    ]
    sides = (_Side(student), _Side(reference))
    rounds: list[Colours] = [(first[0], first[1])]
    for _ in range(RADIUS):
        numbers = {}
        ours, other = (side.wider(colours, numbers) for side, colours in zip(sides, rounds[-1], strict=True))
        rounds.append((ours, other))
    return rounds


class _Side:
    def __init__(self, graph: NormalGraph) -> None:
        self.fed = [
            [("" if node.unordered else edge.slot, edge.output, edge.node) for edge in node.edges]
            for node in graph.nodes
        ]
        self.feeds = [
            [("" if graph.nodes[user].unordered else slot, output, user) for user, slot, output in users]
            for users in graph.consumers()
        ]
        calls: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for index, node in enumerate(graph.nodes):
            if node.weights:
                calls[node.weights].append(index)
        self.shared = [group for group in calls.values() if len(group) > 1]

    def wider(self, colours: list[int], numbers: dict[Any, int]) -> list[int]:
        """Return the numbers that look one step further than ``colours``."""
        together: dict[int, tuple[int, ...]] = {}
        for group in self.shared:
            told = tuple(sorted(colours[call] for call in group))
            together.update(dict.fromkeys(group, told))
        return [
            numbers.setdefault(
                (
                    colours[index],
                    tuple(sorted((slot, output, colours[node]) for slot, output, node in fed)),
                    tuple(sorted((slot, output, colours[node]) for slot, output, node in feeds)),
                    together.get(index),
                ),
                len(numbers),
            )
            for index, (fed, feeds) in enumerate(zip(self.fed, self.feeds, strict=True))
        ]
