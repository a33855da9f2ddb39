"""How well a node of one graph and one of another fit as a pair, and which of many are worth trying."""

from __future__ import annotations

import bisect
import heapq
from collections import Counter
from functools import partial

from grader.canonical import Node, NormalGraph
from grader.comparison.matching import Matching
from grader.comparison.pairing import kin, same_settings

__all__ = ["Candidates"]

_NEAREST = 12  # candidates tried for one node; more are alike in any case


class Candidates:
    """The pairs that were thought of, with what is known of them.

    ``common`` says how many neighbours of the two have been paired with one another; what never changes of a
    pair is looked at once.
    """

    def __init__(self, matching: Matching) -> None:
        self.matching = matching
        self.ranks = (_ranks(matching.student), _ranks(matching.reference))
        self.common: dict[tuple[int, int], int] = {}
        self.likeness: dict[tuple[int, int], float] = {}

    def fit(self, ours: int, theirs: int) -> float:
        """Say how well two nodes of one op fit: neighbours in common, then equal settings and shapes."""
        pairs, sources, users = self.matching.ours, self.matching.sources, self.matching.users
        fed = {pairs.get(node, -1) for node in sources[0][ours]} & set(sources[1][theirs])
        used = {pairs.get(user, -1) for user in users[0][ours]} & set(users[1][theirs])
        self.common[ours, theirs] = len(fed) + len(used)
        if (ours, theirs) not in self.likeness:
            self.likeness[ours, theirs] = self._likeness(ours, theirs)
        return self.known_fit(ours, theirs)

    def known_fit(self, ours: int, theirs: int) -> float:
        """Say how well two nodes fit that were looked at before, without looking at their neighbours again."""
        return 2.0 * self.common[ours, theirs] + self.likeness[ours, theirs]

    def _likeness(self, ours: int, theirs: int) -> float:
        """Say how well two nodes fit by themselves, whatever is paired around them."""
        node, other = self.matching.student.nodes[ours], self.matching.reference.nodes[theirs]
        ends = self.matching.ends
        fit = 0.0
        if ends[0].get(ours) is not None and ends[0].get(ours) == ends[1].get(theirs):
            fit += 2.0
        if node.key == other.key:
            fit += 1.5
        elif same_settings(node, other):
            fit += 0.75
        else:
            fit += 0.5 * _share_of_equal_settings(node, other)
        if node.shapes == other.shapes:
            fit += 0.5
        return fit

    def distance(self, ours: int, theirs: int) -> int:
        """Say how far two nodes of one op stand from the same rank, counted from the inputs or from the outputs.

        A slip that was made in every block moves all that follows, and takes no Conv2D out of its rank.
        """
        (first, last), (wanted_first, wanted_last) = self.ranks[0][ours], self.ranks[1][theirs]
        return min(abs(first - wanted_first), abs(last - wanted_last))

    def nearest(self, nodes: list[int], ours: int) -> list[int]:
        """Return those of ascending ``nodes`` of one op that stand nearest to one of the student's by rank."""
        if len(nodes) <= _NEAREST:
            return nodes
        first, last = self.ranks[0][ours]
        ranks = self.ranks[1]
        ends = (
            bisect.bisect_left(nodes, first, key=lambda node: ranks[node][0]),
            bisect.bisect_left(nodes, -last, key=lambda node: -ranks[node][1]),
        )
        around = {node for at in ends for node in nodes[max(at - _NEAREST, 0) : at + _NEAREST]}
        return heapq.nsmallest(_NEAREST, sorted(around), key=partial(self.distance, ours))


def _ranks(graph: NormalGraph) -> list[tuple[int, int]]:
    """Return each node's rank among those of its op, from the first and from the last."""
    totals, seen = Counter(kin(node.op) for node in graph.nodes), Counter[str]()
    found = []
    for node in graph.nodes:
        op = kin(node.op)
        found.append((seen[op], totals[op] - seen[op]))
        seen[op] += 1
    return found


def _share_of_equal_settings(node: Node, other: Node) -> float:
    keys = {*node.settings, *other.settings}
    equal = [key for key in keys if node.settings.get(key) == other.settings.get(key)]
    return len(equal) / max(len(keys), 1)
