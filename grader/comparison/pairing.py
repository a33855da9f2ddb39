"""Two normal forms, what corresponds in them, and the words for a difference between them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from grader.canonical import Edge, Node, NormalGraph
from grader.comparison.places import Wording, said_once
from grader.comparison.records import Difference, DifferenceKind
from grader.comparison.wording import noun, step_name
from grader.graph import Shape
from grader.tasks import CompareOptions

__all__ = ["Pairing", "kin", "same_settings"]


@dataclass(frozen=True)
class Pairing:
    """A student's and a reference's graph with their partial correspondence.

    ``pairs`` maps the student's nodes to the reference's. ``settled`` are nodes of the student whose
    connections a difference found earlier explains, ``explained`` nodes of the reference whose absence one
    does, ``idle`` the shapes of weights that no output depends on and a difference speaks of, ``unread`` the
    differences between names of code that cannot be read; the searches add to them. ``moved`` are the student's
    nodes of which it is known that they stand elsewhere than expected, and that the graphs agree without them.
    """

    student: NormalGraph
    reference: NormalGraph
    pairs: Mapping[int, int]
    options: CompareOptions
    moved: frozenset[int] = frozenset()
    settled: set[int] = field(default_factory=set)
    explained: set[int] = field(default_factory=set)
    idle: Counter[Shape] = field(default_factory=Counter)
    unread: list[Difference] = field(default_factory=list)

    @cached_property
    def back(self) -> dict[int, int]:
        """Return the pairs the other way round."""
        return {theirs: ours for ours, theirs in self.pairs.items()}

    @cached_property
    def ours(self) -> Wording:
        """Return the names of the student's nodes."""
        return Wording(self.student)

    @cached_property
    def theirs(self) -> Wording:
        """Return the names of the reference's nodes."""
        return Wording(self.reference, known=False)

    @cached_property
    def our_users(self) -> list[list[int]]:
        """Return, for each of the student's nodes, those that it feeds."""
        return [[user for user, _, _ in users] for users in self.student.consumers()]

    @cached_property
    def their_users(self) -> list[list[int]]:
        """Return, for each of the reference's nodes, those that it feeds."""
        return [[user for user, _, _ in users] for users in self.reference.consumers()]

    @cached_property
    def our_ends(self) -> set[int]:
        """Return the student's nodes that an output is taken from."""
        return {node for _, node, _ in self.student.outputs}

    @cached_property
    def their_ends(self) -> set[int]:
        """Return the reference's nodes that an output is taken from."""
        return {node for _, node, _ in self.reference.outputs}

    @cached_property
    def _our_lines(self) -> dict[int, Edge]:
        return _lines(self.student, self.pairs)

    @cached_property
    def _their_lines(self) -> dict[int, Edge]:
        return _lines(self.reference, self.back)

    def arriving(self, *edges: Edge) -> list[tuple[int, int]]:
        """Follow edges of the student up past nodes without a counterpart: the (node, output) that arrive."""
        return _through(self.student, edges, self.pairs, self._our_lines)

    def arriving_there(self, *edges: Edge) -> list[tuple[int, int]]:
        """Follow edges of the reference up past nodes without a counterpart: the (node, output) that arrive."""
        return _through(self.reference, edges, self.back, self._their_lines)

    def difference(
        self,
        kind: DifferenceKind,
        where: str,
        message: str,
        *,
        expected: str = "",
        found: str = "",
        student: Iterable[int] = (),
        reference: Iterable[int] = (),
    ) -> Difference:
        """Make the record of a difference; ``student`` and ``reference`` are nodes."""
        student = tuple(student)
        message = said_once(message, self.ours.place(student, where))
        return Difference(
            kind=kind,
            where=where,
            message=message[:1].upper() + message[1:],
            expected=expected,
            found=found,
            student=_calls(self.student, student),
            reference=_calls(self.reference, reference),
        )

    def place(self, node: int) -> str:
        """Say where one of the student's nodes stands: after what it is called on."""
        sources = [edge.node for edge in self.student.nodes[node].edges]
        return f"after {self.ours.names(sources)}" if sources else "at the start"

    def expected_name(self, node: int) -> str:
        """Name a reference node by its counterpart, or as the missing one."""
        if node in self.back:
            return self.ours.name(self.back[node])
        return f"the missing {noun(step_name(self.reference, node))}"


def _calls(graph: NormalGraph, nodes: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted({call for node in nodes for call in graph.nodes[node].calls}))


def _lines(graph: NormalGraph, paired: Mapping[int, int]) -> dict[int, Edge]:
    """Return, for each node without a counterpart that one tensor feeds, the edge at the upper end of its line.

    A line may be as long as the graph, and be asked for from each of its steps.
    """
    found: dict[int, Edge] = {}
    for index, node in enumerate(graph.nodes):
        if index not in paired and len(node.edges) == 1:
            edge = node.edges[0]
            found[index] = found.get(edge.node, edge)
    return found


def _through(
    graph: NormalGraph, edges: Iterable[Edge], paired: Mapping[int, int], lines: Mapping[int, Edge]
) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    waiting, seen = deque(edges), set[int]()
    while waiting:
        edge = waiting.popleft()
        edge = lines.get(edge.node, edge)
        if edge.node in paired or not graph.nodes[edge.node].edges:
            found.append((edge.node, edge.output))
        elif edge.node not in seen:
            seen.add(edge.node)
            waiting.extend(graph.nodes[edge.node].edges)
    return found


def kin(op: str) -> str:
    """Return the op under which two graphs' nodes are paired: a difference is a subtraction without its sign."""
    return "subtract" if op == "difference" else op


def same_settings(node: Node, other: Node) -> bool:
    """Say whether two nodes of one op have the same settings, effects of what stands before them aside.

    An axis may be counted from either end, where the ranks differ. Of a reshape one axis follows from the
    others and from what is reshaped.
    """
    if node.settings == other.settings:
        return True
    if node.op == "reshape":
        return _differing_axes(node, other) == 1
    return len(node.shapes[0]) != len(other.shapes[0]) and _from_the_end(node) == _from_the_end(other)


def _differing_axes(node: Node, other: Node) -> int:
    first, second = node.settings["shape"], other.settings["shape"]
    if len(first) != len(second):
        return max(len(first), len(second))
    return sum(one != two for one, two in zip(first, second, strict=True))


def _from_the_end(node: Node) -> dict[str, Any]:
    settings, rank = dict(node.settings), len(node.shapes[0])
    if isinstance(settings.get("axis"), int):
        settings["axis"] -= rank
    return settings
