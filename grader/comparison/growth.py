"""Pair what is left over of the same op, from the pairs there are outwards, best fit first."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from grader.canonical import Node
from grader.comparison.candidates import Candidates
from grader.comparison.matching import Matching
from grader.comparison.pairing import kin

__all__ = ["grow"]


def grow(matching: Matching) -> None:
    """Pair what is left of the same op, those first that sit best among the pairs there are."""
    growth = _Growth(matching)
    for ours, theirs in list(matching.ours.items()):
        growth.offer_neighbours(ours, theirs)
    growth.offer_ends()
    growth.run()
    # Islands: alike, and next to no pair.
    growth.offer_alike(lambda node: node.key)
    growth.run()
    growth.offer_alike(lambda node: repr((node.op, node.settings, node.shapes)))
    growth.run()


class _Growth:
    """The candidates in the order in which they are to be paired."""

    def __init__(self, matching: Matching) -> None:
        self.matching = matching
        self.candidates = Candidates(matching)
        self.heap: list[tuple[float, int, int, int]] = []

    def run(self) -> None:
        matching = self.matching
        while self.heap:
            negative_fit, _, ours, theirs = heapq.heappop(self.heap)
            if ours in matching.ours or theirs in matching.theirs:
                continue
            fit = self.candidates.fit(ours, theirs)
            if fit > -negative_fit:  # has got better neighbours since
                self._push(fit, ours, theirs)
                continue
            matching.pair(ours, theirs)
            self.offer_neighbours(ours, theirs, new=True)

    def offer_neighbours(self, ours: int, theirs: int, *, new: bool = False) -> None:
        """Offer what stands around a pair; ``new``: it has just been made."""
        for first, second in (self.matching.sources, self.matching.users):
            self._offer_all(first[ours], second[theirs], new=new)

    def offer_ends(self) -> None:
        """Offer what the outputs of one key are taken from."""
        groups: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for side, ends in enumerate(self.matching.ends):
            for node, key in ends.items():
                groups[key][side].append(node)
        for ours, theirs in groups.values():
            self._offer_all(ours, theirs)

    def offer_alike(self, signature: Callable[[Node], Any]) -> None:
        """Offer what is left over on both sides with one signature, wherever it stands."""
        matching = self.matching
        groups: dict[Any, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for side, graph, paired in (
            (0, matching.student, matching.ours),
            (1, matching.reference, matching.theirs),
        ):
            for index, node in enumerate(graph.nodes):
                if index not in paired and node.edges:
                    groups[signature(node)][side].append(index)
        for ours, theirs in groups.values():
            self._offer_all(ours, theirs)

    def _offer_all(self, ours: Iterable[int], theirs: Iterable[int], *, new: bool = False) -> None:
        matching = self.matching
        by_op: dict[str, list[int]] = defaultdict(list)
        for node in sorted(set(theirs)):
            if node not in matching.theirs:
                by_op[kin(matching.reference.nodes[node].op)].append(node)
        for mine in dict.fromkeys(ours):
            if mine not in matching.ours:
                for node in self.candidates.nearest(
                    by_op.get(kin(matching.student.nodes[mine].op), []), mine
                ):
                    self._offer(mine, node, new=new)

    def _offer(self, ours: int, theirs: int, *, new: bool) -> None:
        candidates = self.candidates
        if (ours, theirs) not in candidates.common:
            candidates.fit(ours, theirs)
        elif new:
            candidates.common[ours, theirs] += 1
        else:
            return  # offered as it is
        self._push(candidates.known_fit(ours, theirs), ours, theirs)

    def _push(self, fit: float, ours: int, theirs: int) -> None:
        heapq.heappush(self.heap, (-fit, self.candidates.distance(ours, theirs), ours, theirs))
