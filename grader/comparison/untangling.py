"""Exchange the counterparts of nodes that are alike, where more connections agree then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

from grader.canonical import NormalGraph
from grader.canonical.normal_graph import Key
from grader.comparison.matching import Matching

__all__ = ["untangle"]


def untangle(matching: Matching) -> None:
    """Give steps that are alike each other's counterparts, where more connections agree then.

    Connections count past a step that learns nothing too: an activation on the wrong side of a merge, in every
    block, would otherwise tie each merge to the one a block further on.
    """
    exchange = _Exchange(matching)
    alike: dict[Key, list[int]] = defaultdict(list)
    for ours, node in enumerate(matching.student.nodes):
        theirs = matching.ours.get(ours)
        if node.edges and (theirs is None or not _joined_alike(matching, ours, theirs)):
            alike[node.key].append(ours)
    for key, group in alike.items():
        paired = [  # in the order in which they come, as their counterparts should be
            node
            for node in group
            if node in matching.ours and matching.reference.nodes[matching.ours[node]].key == key
        ]
        exchange.attempt(paired, sorted(matching.ours[node] for node in paired))
        for first, second in pairwise(group):
            if (first in matching.ours) != (second in matching.ours):
                exchange.attempt([first, second], [matching.ours.get(second), matching.ours.get(first)])


def _joined_alike(matching: Matching, ours: int, theirs: int) -> bool:
    return all(
        sorted(matching.ours.get(node, -1) for node in joined[0][ours]) == sorted(joined[1][theirs])
        for joined in (matching.sources, matching.users)
    )


class _Exchange:
    """Counterparts given on trial, and taken back where no more connections agree."""

    def __init__(self, matching: Matching) -> None:
        self.matching = matching
        self.near = [
            (
                _past_plain_steps(matching.student, joined[0]),
                _past_plain_steps(matching.reference, joined[1]),
            )
            for joined in (matching.sources, matching.users)
        ]

    def attempt(self, nodes: list[int], counterparts: Iterable[int | None]) -> None:
        """Give nodes other counterparts, where more agrees then."""
        old = [self.matching.ours.get(node) for node in nodes]
        before = self._agreeing(nodes)
        self._assign(nodes, counterparts)
        if self._agreeing(nodes) <= before:
            self._assign(nodes, old)

    def _assign(self, nodes: list[int], counterparts: Iterable[int | None]) -> None:
        for node in nodes:
            self.matching.ours.pop(node, None)
        for node, theirs in zip(nodes, counterparts, strict=True):
            if theirs is not None:
                self.matching.pair(node, theirs)

    def _agreeing(self, nodes: Iterable[int]) -> int:
        pairs = self.matching.ours
        return sum(
            len({pairs.get(other, -1) for other in mine[node]} & {*theirs[pairs[node]]})
            for node in nodes
            if node in pairs
            for mine, theirs in self.near
        )


def _past_plain_steps(graph: NormalGraph, neighbours: list[list[int]]) -> list[list[int]]:
    """Add to each node's neighbours those that lie behind a step with one input and no weights."""

    def plain(node: int) -> bool:
        return len(graph.nodes[node].edges) == 1 and not graph.nodes[node].weights

    return [
        [*found, *(far for node in found if plain(node) for far in neighbours[node])] for found in neighbours
    ]
