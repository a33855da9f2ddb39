"""Find which nodes of two different graphs correspond, from inputs and outputs inwards.

Where two graphs are the same, ``grader.comparison.isomorphism`` gives the correspondence. Where they differ,
this module pairs what is alike so that the differences left over are few and have a place.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from grader.canonical import NormalGraph

__all__ = ["align"]


def align(student: NormalGraph, reference: NormalGraph) -> dict[int, int]:
    """Return a one-to-one partial map from nodes of ``student`` to nodes of ``reference``.

    First nodes whose whole history is alike are paired, then nodes whose whole future is alike, then
    neighbours of pairs, best fit first. Paired nodes have the same op, except where a node of another
    op stands in exactly the same place.
    """
    aligner = _Aligner(student, reference)
    aligner.pair_inputs()
    aligner.pair_by(_histories)
    aligner.pair_by(_futures)
    aligner.grow()
    aligner.pair_replacements()
    return aligner.ours


class _Aligner:
    def __init__(self, student: NormalGraph, reference: NormalGraph) -> None:
        self.student, self.reference = student, reference
        self.ours: dict[int, int] = {}
        self.theirs: dict[int, int] = {}
        self.users = (student.consumers(), reference.consumers())
        self.ends = (_ends(student), _ends(reference))

    def pair(self, ours: int, theirs: int) -> None:
        self.ours[ours] = theirs
        self.theirs[theirs] = ours

    def pair_inputs(self) -> None:
        """Pair inputs by position."""
        for (_, ours), (_, theirs) in zip(self.student.inputs, self.reference.inputs, strict=False):
            self.pair(ours, theirs)

    def pair_by(self, signatures: Any) -> None:
        """Pair nodes of equal signature in the order they come, where both sides have equally many."""
        names: dict[Any, int] = {}
        left, right = signatures(self.student, names), signatures(self.reference, names)
        waiting: dict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for index, signature in enumerate(left):
            waiting[signature][0].append(index)
        for index, signature in enumerate(right):
            waiting[signature][1].append(index)
        for ours, theirs in waiting.values():
            free_ours = [index for index in ours if index not in self.ours]
            free_theirs = [index for index in theirs if index not in self.theirs]
            for first, second in zip(free_ours, free_theirs, strict=False):
                self.pair(first, second)

    def grow(self) -> None:
        """Pair what is left of the same op, those first that sit best among the pairs there are."""
        while True:
            scored = []
            by_op: dict[str, list[int]] = defaultdict(list)
            for theirs, node in enumerate(self.reference.nodes):
                if theirs not in self.theirs:
                    by_op[node.op].append(theirs)
            for ours, node in enumerate(self.student.nodes):
                if ours in self.ours:
                    continue
                for theirs in by_op[node.op]:
                    fit = self._fit(ours, theirs)
                    if fit > 0:
                        scored.append((-fit, abs(ours - theirs), ours, theirs))
            if not scored:
                return
            best = min(scored)[0]
            for negative_fit, _, ours, theirs in sorted(scored):
                if negative_fit != best:
                    break
                if ours not in self.ours and theirs not in self.theirs:
                    self.pair(ours, theirs)

    def pair_replacements(self) -> None:
        """Pair a node with one of another op when both what feeds them and what they feed agree."""
        for ours, node in enumerate(self.student.nodes):
            if ours in self.ours or not node.edges:
                continue
            for theirs, other in enumerate(self.reference.nodes):
                if theirs in self.theirs or not other.edges:
                    continue
                if self._fed_alike(ours, theirs) and self._used_alike(ours, theirs):
                    self.pair(ours, theirs)
                    break

    def _fit(self, ours: int, theirs: int) -> float:
        """Say how well two nodes of one op fit: neighbours in common, then equal settings and shapes."""
        node, other = self.student.nodes[ours], self.reference.nodes[theirs]
        fed = {self.ours.get(edge.node, -1) for edge in node.edges} & {edge.node for edge in other.edges}
        used = {self.ours.get(user, -1) for user, _, _ in self.users[0][ours]}
        used &= {user for user, _, _ in self.users[1][theirs]}
        fit = 2.0 * len(fed) + 2.0 * len(used)
        if self.ends[0].get(ours) is not None and self.ends[0].get(ours) == self.ends[1].get(theirs):
            fit += 2.0
        if node.key == other.key:
            fit += 1.5
        elif node.settings == other.settings:
            fit += 0.75
        if node.shapes == other.shapes:
            fit += 0.5
        return fit if fit >= 1.0 else 0.0

    def _fed_alike(self, ours: int, theirs: int) -> bool:
        fed = [self.ours.get(edge.node) for edge in self.student.nodes[ours].edges]
        wanted = [edge.node for edge in self.reference.nodes[theirs].edges]
        return bool(set(fed) & set(wanted))

    def _used_alike(self, ours: int, theirs: int) -> bool:
        if self.ends[0].get(ours) is not None and self.ends[0].get(ours) == self.ends[1].get(theirs):
            return True
        used = {self.ours.get(user) for user, _, _ in self.users[0][ours]}
        return bool(used & {user for user, _, _ in self.users[1][theirs]})


def _ends(graph: NormalGraph) -> dict[int, str]:
    return {node: key for key, node, _ in graph.outputs}


def _histories(graph: NormalGraph, names: dict[Any, int]) -> list[int]:
    found: list[int] = []
    for node in graph.nodes:
        fed = [("" if node.unordered else edge.slot, found[edge.node], edge.output) for edge in node.edges]
        found.append(names.setdefault((node.key, tuple(sorted(fed))), len(names)))
    return found


def _futures(graph: NormalGraph, names: dict[Any, int]) -> list[int]:
    users, ends = graph.consumers(), _ends(graph)
    found = [0] * len(graph.nodes)
    for index in range(len(graph.nodes) - 1, -1, -1):
        used = sorted(
            ("" if graph.nodes[user].unordered else slot, found[user], output)
            for user, slot, output in users[index]
        )
        signature = (graph.nodes[index].key, tuple(used), ends.get(index))
        found[index] = names.setdefault(signature, len(names))
    return found
