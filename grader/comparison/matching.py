"""The pairs of two graphs' nodes in the making, and what stands around the nodes on either side."""

from __future__ import annotations

from grader.canonical import NormalGraph

__all__ = ["Matching", "Neighbours", "ends_of"]

Neighbours = tuple[list[list[int]], list[list[int]]]


class Matching:
    """A one-to-one partial map between the nodes of two graphs that differ, both ways round, as it grows.

    ``sources`` and ``users`` are, for the student's graph and the reference's, the nodes that feed each node and
    those that it feeds; ``ends`` the keys of the outputs, by the nodes they are taken from.
    """

    def __init__(self, student: NormalGraph, reference: NormalGraph) -> None:
        self.student, self.reference = student, reference
        self.ours: dict[int, int] = {}
        self.theirs: dict[int, int] = {}
        self.sources: Neighbours = (_sources(student), _sources(reference))
        self.users: Neighbours = (_users(student), _users(reference))
        self.ends = (ends_of(student), ends_of(reference))

    def pair(self, ours: int, theirs: int) -> None:
        """Let one of the student's nodes and one of the reference's be counterparts."""
        self.ours[ours] = theirs
        self.theirs[theirs] = ours


def ends_of(graph: NormalGraph) -> dict[int, str]:
    """Return the nodes that outputs are taken from, each with the key of one."""
    return {node: key for key, node, _ in graph.outputs}


def _sources(graph: NormalGraph) -> list[list[int]]:
    return [[edge.node for edge in node.edges] for node in graph.nodes]


def _users(graph: NormalGraph) -> list[list[int]]:
    return [[user for user, _, _ in users] for users in graph.consumers()]
