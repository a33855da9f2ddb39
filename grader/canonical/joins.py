"""Concatenations of concatenations: a dense block adds to what it has joined, or joins a list of all parts anew."""

from __future__ import annotations

from dataclasses import replace

from grader.canonical.normal_form import prune
from grader.canonical.normal_graph import Edge, Node, NormalGraph, numbered

__all__ = ["joined_anew"]

_MOST_PARTS = 256  # of one Concatenate: a chain of n of them has n² / 2 parts in all


def joined_anew(graph: NormalGraph) -> NormalGraph | None:
    """Write each ``Concatenate`` as one of all its parts, also of those that are used elsewhere in between.

    ``None`` where no such ``Concatenate`` feeds another. What is computed stays the same. This is not part of the
    normal form, because one part left out would be missing from every later ``Concatenate`` as well.
    """
    nodes = list(graph.nodes)
    changed = False
    for index, node in enumerate(nodes):
        if node.op != "concatenate":
            continue
        edges = [part for edge in node.edges for part in _parts(edge, nodes, node)]
        if len(node.edges) < len(edges) <= _MOST_PARTS:
            nodes[index] = node._replace(edges=numbered(edges))
            changed = True
    return prune(replace(graph, nodes=tuple(nodes)), keep=len(graph.inputs)) if changed else None


def _parts(edge: Edge, nodes: list[Node], outer: Node) -> tuple[Edge, ...]:
    inner = nodes[edge.node]
    return inner.edges if inner.op == outer.op and inner.settings == outer.settings else (edge,)
