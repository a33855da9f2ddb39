"""The records a normal form is made of: nodes, and an edge of its own for each use of a tensor.

``Add()([x, x])`` keeps both of its edges, with their slots.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from grader.canonical.merges import COMMUTATIVE
from grader.graph import ModelGraph, Shape

__all__ = ["Edge", "Key", "Node", "NormalGraph", "numbered"]


Key = tuple[str, str, tuple[Shape, ...], tuple[tuple[Any, ...], ...]]


# Tuples, because a large model has thousands of these, and they are made several times over.
class Edge(NamedTuple):
    """One use of a tensor: which node made it, as which of its outputs, and the slot it fills."""

    slot: str
    node: int
    output: int


class Node(NamedTuple):
    """One step of the normal form.

    ``settings`` are the settings that matter, ``key`` their canonical text together with the op, the
    shapes of what is made and those of the weights. ``weights`` are indexes into the model graph's weights: two nodes with the same
    ones share them. ``calls`` are the calls of the model graph it came from (none for an input).
    """

    op: str
    settings: Mapping[str, Any]
    key: Key
    edges: tuple[Edge, ...]
    shapes: tuple[Shape, ...]
    weights: tuple[int, ...]
    calls: tuple[int, ...]

    @property
    def unordered(self) -> bool:
        """Whether the order of the inputs has no meaning."""
        return self.op in COMMUTATIVE


@dataclass(frozen=True, slots=True)
class NormalGraph:
    """Nodes in an order in which every node follows what feeds it; inputs come first.

    ``inputs`` are ``(key, node)``; ``outputs`` are ``(key, node, output)``.
    """

    nodes: tuple[Node, ...]
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[tuple[str, int, int], ...]
    source: ModelGraph

    def consumers(self) -> list[list[tuple[int, str, int]]]:
        """Return, for each node, who uses it: ``(consumer, slot, which output)``."""
        users: list[list[tuple[int, str, int]]] = [[] for _ in self.nodes]
        for index, node in enumerate(self.nodes):
            for edge in node.edges:
                users[edge.node].append((index, edge.slot, edge.output))
        return users


def numbered(edges: Sequence[Edge]) -> tuple[Edge, ...]:
    """Give edges their positions as slots."""
    if len(edges) == 1 and edges[0].slot == "0":  # most
        return (edges[0],)
    return tuple([Edge(str(position), node, output) for position, (_, node, output) in enumerate(edges)])
