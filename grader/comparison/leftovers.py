"""Pair what no likeness of op and neighbours has paired: a step that has moved, and a step in another's place."""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Collection, Mapping

from grader.comparison.matching import Matching
from grader.comparison.pairing import kin, same_settings

__all__ = ["pair_moved", "pair_replacements"]


def pair_moved(matching: Matching) -> None:
    """Pair what is left over once on each side, with equal settings, wherever it stands."""
    left: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, graph, paired in (
        (0, matching.student, matching.ours),
        (1, matching.reference, matching.theirs),
    ):
        for index, node in enumerate(graph.nodes):
            if index not in paired and len(node.edges) == 1 and not node.weights:
                left[kin(node.op)][side].append(index)
    for ours, theirs in left.values():
        if len(ours) == len(theirs) == 1:
            node, other = matching.student.nodes[ours[0]], matching.reference.nodes[theirs[0]]
            if same_settings(node, other) and node.op not in ("activation", "reshape"):
                matching.pair(ours[0], theirs[0])


def pair_replacements(matching: Matching) -> None:
    """Pair a node with one of another op when both what feeds them and what they feed agree."""
    at_end: dict[str, list[int]] = defaultdict(list)
    for end_node, key in sorted(matching.ends[1].items()):
        at_end[key].append(end_node)
    after = _Free(matching.users[1], matching.theirs)
    before = _Free(matching.sources[1], matching.theirs)
    for ours, node in enumerate(matching.student.nodes):
        if ours in matching.ours or not node.edges:
            continue
        fed = {matching.ours[source] for source in matching.sources[0][ours] if source in matching.ours}
        used = {matching.ours[user] for user in matching.users[0][ours] if user in matching.ours}
        end = matching.ends[0].get(ours)
        # Both ways lead to the same nodes: the narrower one is taken.
        below: list[Collection[int]] = [after.of(source) for source in fed]
        above: list[Collection[int]] = [before.of(user) for user in used]
        if end is not None:
            above.append(at_end[end])
        narrow = min(below, above, key=lambda way: sum(map(len, way)))
        for theirs in heapq.merge(*narrow):
            other = matching.reference.nodes[theirs]
            if (
                theirs not in matching.theirs
                and (len(node.edges) > 1) == (len(other.edges) > 1)
                and not fed.isdisjoint(matching.sources[1][theirs])
                and (
                    (end is not None and end == matching.ends[1].get(theirs))
                    or not used.isdisjoint(matching.users[1][theirs])
                )
            ):
                matching.pair(ours, theirs)
                break


class _Free:
    """The neighbours of nodes in ascending order, without those at the front that have been paired."""

    def __init__(self, neighbours: list[list[int]], paired: Mapping[int, int]) -> None:
        self.neighbours, self.paired = neighbours, paired
        self.known: dict[int, deque[int]] = {}

    def of(self, node: int) -> deque[int]:
        found = self.known.get(node)
        if found is None:
            found = self.known[node] = deque(sorted(set(self.neighbours[node])))
        while found and found[0] in self.paired:
            found.popleft()
        return found
