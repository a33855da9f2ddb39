"""Pair nodes of two graphs whose whole history, or whole future, is alike; of twins those in like surroundings."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from grader.comparison.histories import futures, histories
from grader.comparison.matching import Matching, Neighbours
from grader.comparison.surroundings import Colours, surroundings

__all__ = ["pair_twins"]


def pair_twins(matching: Matching) -> None:
    """Pair nodes of one history, then of one future, those first that look alike furthest around them.

    The inputs are paired by then.
    """
    around = surroundings(matching.student, matching.reference, dict(matching.ours))
    for numbered, neighbours in ((histories, matching.sources), (futures, matching.users)):
        names: dict[Any, int] = {}
        inputs = {
            mine: ("input", other) for mine, other in matching.ours.items() if not matching.sources[0][mine]
        }
        left = numbered(matching.student, names, inputs)
        right = numbered(matching.reference, names, {other: ("input", other) for other in matching.theirs})
        _pair_by(matching, left, right, around, neighbours)


def _pair_by(
    matching: Matching, left: list[int], right: list[int], around: list[Colours], neighbours: Neighbours
) -> None:
    for ours, theirs in reversed(around):
        _pair_alike(
            matching, list(zip(left, ours, strict=True)), list(zip(right, theirs, strict=True)), neighbours
        )


def _pair_alike(matching: Matching, left: list[Any], right: list[Any], neighbours: Neighbours) -> None:
    """Pair nodes of equal name: those whose neighbours are paired, then the rest in the order they come."""
    waiting: dict[Any, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    order = range(len(left)) if neighbours is matching.sources else range(len(left) - 1, -1, -1)
    for index in order:
        if index not in matching.ours:
            waiting[left[index]][0].append(index)
    for index, signature in enumerate(right):
        if index not in matching.theirs and signature in waiting:
            waiting[signature][1].append(index)
    for free_ours, free_theirs in waiting.values():
        beside: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for theirs in reversed(free_theirs):
            beside[tuple(sorted(neighbours[1][theirs]))].append(theirs)
        for ours in sorted(free_ours):
            place = tuple(sorted(matching.ours.get(node, -1) for node in neighbours[0][ours]))
            if beside[place]:
                matching.pair(ours, beside[place].pop())
        rest = [node for node in free_theirs if node not in matching.theirs]
        for ours, theirs in zip((n for n in sorted(free_ours) if n not in matching.ours), rest, strict=False):
            matching.pair(ours, theirs)
