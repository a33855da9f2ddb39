"""Numbers for nodes whose whole history, or whole future, is alike, over two graphs."""

from __future__ import annotations

from typing import Any

from grader.canonical import NormalGraph
from grader.comparison.matching import ends_of

__all__ = ["futures", "histories"]


def histories(graph: NormalGraph, names: dict[Any, int], seeds: dict[int, Any]) -> list[int]:
    """Number each node by how its value is made, weights aside; ``seeds`` tell the inputs apart."""
    found: list[int] = []
    for index, node in enumerate(graph.nodes):
        fed = [("" if node.unordered else edge.slot, found[edge.node], edge.output) for edge in node.edges]
        signature = (node.key, tuple(sorted(fed)), seeds.get(index, ()) if not node.edges else ())
        found.append(names.setdefault(signature, len(names)))
    return found


def futures(graph: NormalGraph, names: dict[Any, int], _seeds: dict[int, Any]) -> list[int]:
    """Number each node by what becomes of its value, down to the outputs."""
    users, ends = graph.consumers(), ends_of(graph)
    found = [0] * len(graph.nodes)
    for index in range(len(graph.nodes) - 1, -1, -1):
        used = sorted(
            ("" if graph.nodes[user].unordered else slot, found[user], output)
            for user, slot, output in users[index]
        )
        signature = (graph.nodes[index].key, tuple(used), ends.get(index))
        found[index] = names.setdefault(signature, len(names))
    return found
