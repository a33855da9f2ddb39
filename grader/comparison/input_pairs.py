"""Which inputs of two graphs correspond: by their keys, their places or their shapes."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from grader.comparison.matching import Matching

__all__ = ["pair_inputs"]


def pair_inputs(matching: Matching) -> None:
    """Pair inputs by their keys where these are names, else by position, or by shape where that fails."""
    ours, theirs = matching.student.inputs, matching.reference.inputs
    keys, wanted = [key for key, _ in ours], [key for key, _ in theirs]
    if sorted(keys) == sorted(wanted) and not all(key.isdigit() for key in keys):
        at = dict(theirs)
        pairs = [(node, at[key]) for key, node in ours]
    else:
        pairs = _by_shape(matching)
        if len(ours) == len(theirs) and len(pairs) < len(ours):
            pairs = [(mine, other) for (_, mine), (_, other) in zip(ours, theirs, strict=True)]
    for mine, other in pairs:
        matching.pair(mine, other)


def _by_shape(matching: Matching) -> list[tuple[int, int]]:
    """Pair inputs of one shape and dtype: at the same position first, then in the order they come."""
    student, reference = matching.student, matching.reference
    ours, theirs = [node for _, node in student.inputs], [node for _, node in reference.inputs]
    pairs = {
        mine: other
        for mine, other in zip(ours, theirs, strict=False)
        if student.nodes[mine].key == reference.nodes[other].key
    }
    met = set(pairs.values())
    left: dict[Any, list[int]] = defaultdict(list)
    for other in reversed(theirs):
        if other not in met:
            left[reference.nodes[other].key].append(other)
    for mine in ours:
        key = student.nodes[mine].key
        if mine not in pairs and left[key]:
            pairs[mine] = left[key].pop()
    return list(pairs.items())
