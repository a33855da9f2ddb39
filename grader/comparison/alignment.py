"""Find which nodes of two different graphs correspond, from inputs and outputs inwards.

Where two graphs are the same, ``grader.comparison.isomorphism`` gives the correspondence. Where they differ,
this module pairs what is alike so that the differences left over are few and have a place. Its steps grow
with the number of edges, but for nodes with very many neighbours, of which only the nearest are tried.
"""

from __future__ import annotations

import bisect
import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

from grader.canonical import Node, NormalGraph
from grader.canonical.normal_graph import Key
from grader.comparison.pairing import kin, same_settings
from grader.comparison.surroundings import surroundings

__all__ = ["align", "histories"]

_NEAREST = 12  # candidates tried for one node; more are alike in any case
Neighbours = tuple[list[list[int]], ...]
Signatures = Callable[[NormalGraph, dict[Any, int], dict[int, Any]], list[int]]


def align(student: NormalGraph, reference: NormalGraph) -> dict[int, int]:
    """Return a one-to-one partial map from nodes of ``student`` to nodes of ``reference``.

    First nodes whose whole history is alike are paired, then nodes whose whole future is alike, then
    neighbours of pairs, best fit first; counterparts that do better for each other are exchanged; then a step that
    was left over on both sides alone, and has moved.
    Paired nodes have the same op, except where a node of another op stands in exactly the same place.
    """
    aligner = _Aligner(student, reference)
    aligner.pair_inputs()
    aligner.look_around()
    aligner.pair_by(histories, aligner.sources)
    aligner.pair_by(_futures, aligner.users)
    aligner.grow()
    aligner.untangle()
    aligner.pair_moved()
    aligner.pair_replacements()
    return aligner.ours


class _Aligner:
    def __init__(self, student: NormalGraph, reference: NormalGraph) -> None:
        self.student, self.reference = student, reference
        self.ours: dict[int, int] = {}
        self.theirs: dict[int, int] = {}
        self.users = tuple(
            [[user for user, _, _ in users] for users in graph.consumers()] for graph in (student, reference)
        )
        self.sources = tuple(
            [[edge.node for edge in node.edges] for node in graph.nodes] for graph in (student, reference)
        )
        self.ends = (_ends(student), _ends(reference))
        self.ranks = (_ranks(student), _ranks(reference))
        # How well nodes fit that were offered as a pair: neighbours in common, and what never changes.
        self.common: dict[tuple[int, int], int] = {}
        self.likeness: dict[tuple[int, int], float] = {}

    def pair(self, ours: int, theirs: int) -> None:
        self.ours[ours] = theirs
        self.theirs[theirs] = ours

    def pair_inputs(self) -> None:
        """Pair inputs by their keys where these are names, else by position, or by shape where that fails."""
        ours, theirs = self.student.inputs, self.reference.inputs
        keys, wanted = [key for key, _ in ours], [key for key, _ in theirs]
        if sorted(keys) == sorted(wanted) and not all(key.isdigit() for key in keys):
            at = dict(theirs)
            pairs = [(node, at[key]) for key, node in ours]
        else:
            pairs = self._by_shape()
            if len(ours) == len(theirs) and len(pairs) < len(ours):
                pairs = [(mine, other) for (_, mine), (_, other) in zip(ours, theirs, strict=True)]
        for mine, other in pairs:
            self.pair(mine, other)

    def look_around(self) -> None:
        """Find out how far around them nodes look alike; the inputs are paired by then."""
        self.surroundings = surroundings(self.student, self.reference, dict(self.ours))

    def _by_shape(self) -> list[tuple[int, int]]:
        """Pair inputs of one shape and dtype: at the same position first, then in the order they come."""
        ours, theirs = [node for _, node in self.student.inputs], [node for _, node in self.reference.inputs]
        pairs = {
            mine: other
            for mine, other in zip(ours, theirs, strict=False)
            if self.student.nodes[mine].key == self.reference.nodes[other].key
        }
        met = set(pairs.values())
        left: dict[Any, list[int]] = defaultdict(list)
        for other in reversed(theirs):
            if other not in met:
                left[self.reference.nodes[other].key].append(other)
        for mine in ours:
            key = self.student.nodes[mine].key
            if mine not in pairs and left[key]:
                pairs[mine] = left[key].pop()
        return list(pairs.items())

    def pair_by(self, signatures: Signatures, neighbours: Neighbours) -> None:
        """Pair nodes of equal signature, those first that look alike furthest around them."""
        names: dict[Any, int] = {}
        seeds = {mine: ("input", other) for mine, other in self.ours.items() if not self.sources[0][mine]}
        left = signatures(self.student, names, seeds)
        right = signatures(self.reference, names, {other: ("input", other) for other in self.theirs})
        for ours, theirs in reversed(self.surroundings):
            self._pair_alike(
                list(zip(left, ours, strict=True)), list(zip(right, theirs, strict=True)), neighbours
            )

    def _pair_alike(self, left: list[Any], right: list[Any], neighbours: Neighbours) -> None:
        """Pair nodes of equal name: those whose neighbours are paired, then the rest in the order they come."""
        waiting: dict[Any, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        order = range(len(left)) if neighbours is self.sources else range(len(left) - 1, -1, -1)
        for index in order:
            if index not in self.ours:
                waiting[left[index]][0].append(index)
        for index, signature in enumerate(right):
            if index not in self.theirs and signature in waiting:
                waiting[signature][1].append(index)
        for free_ours, free_theirs in waiting.values():
            beside: dict[tuple[int, ...], list[int]] = defaultdict(list)
            for theirs in reversed(free_theirs):
                beside[tuple(sorted(neighbours[1][theirs]))].append(theirs)
            for ours in sorted(free_ours):
                place = tuple(sorted(self.ours.get(node, -1) for node in neighbours[0][ours]))
                if beside[place]:
                    self.pair(ours, beside[place].pop())
            rest = [node for node in free_theirs if node not in self.theirs]
            for ours, theirs in zip((n for n in sorted(free_ours) if n not in self.ours), rest, strict=False):
                self.pair(ours, theirs)

    def grow(self) -> None:
        """Pair what is left of the same op, those first that sit best among the pairs there are."""
        heap: list[tuple[float, int, int, int]] = []
        for ours, theirs in list(self.ours.items()):
            self._offer_neighbours(heap, ours, theirs)
        self._offer_ends(heap)
        self._grow_from(heap)
        # Islands: alike, and next to no pair.
        for alike in (lambda node: node.key, lambda node: repr((node.op, node.settings, node.shapes))):
            self._offer_alike(heap, alike)
            self._grow_from(heap)

    def untangle(self) -> None:
        """Give steps that are alike each other's counterparts, where more connections agree then.

        Connections count past a step that learns nothing too: an activation on the wrong side of a merge, in every
        block, would otherwise tie each merge to the one a block further on.
        """
        near = tuple(
            [_past_plain_steps(graph, listed) for listed in (sources, users)]
            for graph, sources, users in zip(
                (self.student, self.reference), self.sources, self.users, strict=True
            )
        )
        alike: dict[Key, list[int]] = defaultdict(list)
        for ours, node in enumerate(self.student.nodes):
            theirs = self.ours.get(ours)
            if node.edges and (theirs is None or not self._joined_alike(ours, theirs)):
                alike[node.key].append(ours)

        def agreeing(nodes: Iterable[int]) -> int:
            return sum(
                len({self.ours.get(other, -1) for other in mine[ours]} & {*theirs[self.ours[ours]]})
                for ours in nodes
                if ours in self.ours
                for mine, theirs in zip(*near, strict=True)
            )

        for key, group in alike.items():
            paired = [  # in the order in which they come, as their counterparts should be
                node
                for node in group
                if node in self.ours and self.reference.nodes[self.ours[node]].key == key
            ]
            self._reassign(paired, sorted(self.ours[node] for node in paired), agreeing)
            for first, second in pairwise(group):
                if (first in self.ours) != (second in self.ours):
                    self._reassign([first, second], [self.ours.get(second), self.ours.get(first)], agreeing)

    def _reassign(
        self, nodes: list[int], counterparts: list[Any], agreeing: Callable[[Iterable[int]], int]
    ) -> None:
        """Give nodes other counterparts, where more agrees then."""
        old = [self.ours.get(node) for node in nodes]
        before = agreeing(nodes)
        self._assign(nodes, counterparts)
        if agreeing(nodes) <= before:
            self._assign(nodes, old)

    def _assign(self, nodes: list[int], counterparts: list[Any]) -> None:
        for node in nodes:
            self.ours.pop(node, None)
        for node, theirs in zip(nodes, counterparts, strict=True):
            if theirs is not None:
                self.pair(node, theirs)

    def _joined_alike(self, ours: int, theirs: int) -> bool:
        return all(
            sorted(self.ours.get(node, -1) for node in joined[0][ours]) == sorted(joined[1][theirs])
            for joined in (self.sources, self.users)
        )

    def _grow_from(self, heap: list[tuple[float, int, int, int]]) -> None:
        while heap:
            negative_fit, _, ours, theirs = heapq.heappop(heap)
            if ours in self.ours or theirs in self.theirs:
                continue
            fit = self._fit(ours, theirs)
            if fit > -negative_fit:  # has got better neighbours since
                heapq.heappush(heap, (-fit, self._distance(ours, theirs), ours, theirs))
                continue
            self.pair(ours, theirs)
            self._offer_neighbours(heap, ours, theirs, new=True)

    def _offer(
        self, heap: list[tuple[float, int, int, int]], ours: int, theirs: int, *, new: bool = False
    ) -> None:
        """Offer two nodes as a pair; ``new``: neighbours of them have just been paired, one more in common."""
        if kin(self.student.nodes[ours].op) != kin(self.reference.nodes[theirs].op):
            return
        if (ours, theirs) not in self.common:
            self._fit(ours, theirs)
        elif new:
            self.common[ours, theirs] += 1
        else:
            return  # offered as it is
        fit = 2.0 * self.common[ours, theirs] + self.likeness[ours, theirs]
        heapq.heappush(heap, (-fit, self._distance(ours, theirs), ours, theirs))

    def _offer_neighbours(
        self, heap: list[tuple[float, int, int, int]], ours: int, theirs: int, *, new: bool = False
    ) -> None:
        before = [edge.node for edge in self.student.nodes[ours].edges]
        before_theirs = [edge.node for edge in self.reference.nodes[theirs].edges]
        self._offer_all(heap, before, before_theirs, new=new)
        self._offer_all(heap, self.users[0][ours], self.users[1][theirs], new=new)

    def _offer_all(
        self,
        heap: list[tuple[float, int, int, int]],
        ours: Iterable[int],
        theirs: Iterable[int],
        *,
        new: bool = False,
    ) -> None:
        by_op: dict[str, list[int]] = defaultdict(list)
        for node in sorted(set(theirs)):
            if node not in self.theirs:
                by_op[kin(self.reference.nodes[node].op)].append(node)
        for mine in dict.fromkeys(ours):
            if mine not in self.ours:
                near = by_op.get(kin(self.student.nodes[mine].op), [])
                for node in near if len(near) <= _NEAREST else self._nearest(near, mine):
                    self._offer(heap, mine, node, new=new)

    def _offer_ends(self, heap: list[tuple[float, int, int, int]]) -> None:
        groups: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for side, ends in enumerate(self.ends):
            for node, key in ends.items():
                groups[key][side].append(node)
        for ours, theirs in groups.values():
            self._offer_all(heap, ours, theirs)

    def _offer_alike(self, heap: list[tuple[float, int, int, int]], signature: Callable[[Node], Any]) -> None:
        groups: dict[Any, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for side, graph, paired in ((0, self.student, self.ours), (1, self.reference, self.theirs)):
            for index, node in enumerate(graph.nodes):
                if index not in paired and node.edges:
                    groups[signature(node)][side].append(index)
        for ours, theirs in groups.values():
            self._offer_all(heap, ours, theirs)

    def pair_moved(self) -> None:
        """Pair what is left over once on each side, with equal settings, wherever it stands."""
        left: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for side, graph, paired in ((0, self.student, self.ours), (1, self.reference, self.theirs)):
            for index, node in enumerate(graph.nodes):
                if index not in paired and len(node.edges) == 1 and not node.weights:
                    left[kin(node.op)][side].append(index)
        for ours, theirs in left.values():
            if len(ours) == len(theirs) == 1:
                node, other = self.student.nodes[ours[0]], self.reference.nodes[theirs[0]]
                if same_settings(node, other) and node.op not in ("activation", "reshape"):
                    self.pair(ours[0], theirs[0])

    def pair_replacements(self) -> None:
        """Pair a node with one of another op when both what feeds them and what they feed agree."""
        at_end: dict[str, list[int]] = defaultdict(list)
        for end_node, key in sorted(self.ends[1].items()):
            at_end[key].append(end_node)
        after = _Free(self.users[1], self.theirs)
        before = _Free(self.sources[1], self.theirs)
        for ours, node in enumerate(self.student.nodes):
            if ours in self.ours or not node.edges:
                continue
            fed = {self.ours[edge.node] for edge in node.edges if edge.node in self.ours}
            used = {self.ours[user] for user in self.users[0][ours] if user in self.ours}
            end = self.ends[0].get(ours)
            # Both ways lead to the same nodes: the narrower one is taken.
            below: list[Collection[int]] = [after.of(source) for source in fed]
            above: list[Collection[int]] = [before.of(user) for user in used]
            if end is not None:
                above.append(at_end[end])
            narrow = min(below, above, key=lambda way: sum(map(len, way)))
            for theirs in heapq.merge(*narrow):
                other = self.reference.nodes[theirs]
                if (
                    theirs not in self.theirs
                    and (len(node.edges) > 1) == (len(other.edges) > 1)
                    and not fed.isdisjoint(self.sources[1][theirs])
                    and (
                        (end is not None and end == self.ends[1].get(theirs))
                        or not used.isdisjoint(self.users[1][theirs])
                    )
                ):
                    self.pair(ours, theirs)
                    break

    def _fit(self, ours: int, theirs: int) -> float:
        """Say how well two nodes of one op fit: neighbours in common, then equal settings and shapes."""
        node, other = self.student.nodes[ours], self.reference.nodes[theirs]
        fed = {self.ours.get(edge.node, -1) for edge in node.edges} & {edge.node for edge in other.edges}
        used = {self.ours.get(user, -1) for user in self.users[0][ours]} & set(self.users[1][theirs])
        self.common[ours, theirs] = len(fed) + len(used)
        if (ours, theirs) not in self.likeness:
            self.likeness[ours, theirs] = self._likeness(ours, theirs)
        return 2.0 * self.common[ours, theirs] + self.likeness[ours, theirs]

    def _likeness(self, ours: int, theirs: int) -> float:
        """Say how well two nodes fit by themselves, whatever is paired around them."""
        node, other = self.student.nodes[ours], self.reference.nodes[theirs]
        fit = 0.0
        if self.ends[0].get(ours) is not None and self.ends[0].get(ours) == self.ends[1].get(theirs):
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

    def _distance(self, ours: int, theirs: int) -> int:
        """Say how far two nodes of one op stand from the same rank, counted from the inputs or from the outputs.

        A slip that was made in every block moves all that follows, and takes no Conv2D out of its rank.
        """
        (first, last), (wanted_first, wanted_last) = self.ranks[0][ours], self.ranks[1][theirs]
        return min(abs(first - wanted_first), abs(last - wanted_last))

    def _nearest(self, nodes: list[int], ours: int) -> list[int]:
        """Return those of ascending ``nodes`` of one op that stand nearest to one of the student's by rank."""
        first, last = self.ranks[0][ours]
        ranks = self.ranks[1]
        ends = (
            bisect.bisect_left(nodes, first, key=lambda node: ranks[node][0]),
            bisect.bisect_left(nodes, -last, key=lambda node: -ranks[node][1]),
        )
        around = {node for at in ends for node in nodes[max(at - _NEAREST, 0) : at + _NEAREST]}
        return heapq.nsmallest(_NEAREST, sorted(around), key=partial(self._distance, ours))


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


def _share_of_equal_settings(node: Node, other: Node) -> float:
    keys = {*node.settings, *other.settings}
    equal = [key for key in keys if node.settings.get(key) == other.settings.get(key)]
    return len(equal) / max(len(keys), 1)


def _past_plain_steps(graph: NormalGraph, neighbours: list[list[int]]) -> list[list[int]]:
    """Add to each node's neighbours those that lie behind a step with one input and no weights."""

    def plain(node: int) -> bool:
        return len(graph.nodes[node].edges) == 1 and not graph.nodes[node].weights

    return [
        [*found, *(far for node in found if plain(node) for far in neighbours[node])] for found in neighbours
    ]


def _ranks(graph: NormalGraph) -> list[tuple[int, int]]:
    """Return each node's rank among those of its op, from the first and from the last."""
    totals, seen = Counter(kin(node.op) for node in graph.nodes), Counter[str]()
    found = []
    for node in graph.nodes:
        op = kin(node.op)
        found.append((seen[op], totals[op] - seen[op]))
        seen[op] += 1
    return found


def _ends(graph: NormalGraph) -> dict[int, str]:
    return {node: key for key, node, _ in graph.outputs}


def histories(graph: NormalGraph, names: dict[Any, int], seeds: dict[int, Any]) -> list[int]:
    """Number each node by how its value is made, weights aside; ``seeds`` tell the inputs apart."""
    found: list[int] = []
    for index, node in enumerate(graph.nodes):
        fed = [("" if node.unordered else edge.slot, found[edge.node], edge.output) for edge in node.edges]
        signature = (node.key, tuple(sorted(fed)), seeds.get(index, ()) if not node.edges else ())
        found.append(names.setdefault(signature, len(names)))
    return found


def _futures(graph: NormalGraph, names: dict[Any, int], _seeds: dict[int, Any]) -> list[int]:
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
