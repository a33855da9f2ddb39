"""Concatenations of concatenations: a dense block adds to what it has joined, or joins a list of all parts anew."""

from __future__ import annotations

from dataclasses import replace

from grader.canonical.normal_form import prune
from grader.canonical.normal_graph import Edge, Node, NormalGraph, numbered
from grader.errors import GraderError

__all__ = ["joined_anew"]

_MOST_PARTS = 250_000  # in a graph: a chain of n joins has n² / 2 parts in all


def joined_anew(graph: NormalGraph) -> NormalGraph | None:
    """Write each ``Concatenate`` as one of all its parts, also of those that are used elsewhere in between.

    ``None`` where no such ``Concatenate`` feeds another. What is computed stays the same. This is not part of the
    normal form, because one part left out would be missing from every later ``Concatenate`` as well.

    Raises:
        GraderError: there are too many parts to write out.
    """
    nodes = list(graph.nodes)
    written = 0
    for index, node in enumerate(nodes):
        if node.op != "concatenate":
            continue
        parts = [_parts(edge, nodes, node) for edge in node.edges]
        count = sum(map(len, parts))
        if count > len(node.edges):
            written += count
            if written > _MOST_PARTS:
                raise GraderError(
                    f"The Concatenates of this model feed one another: written out, they have more than "
                    f"{_MOST_PARTS:,} parts in all, and whether the parts are the expected ones was not decided. "
                    "Expected fewer, or the same Concatenates as in the expected model."
                )
            nodes[index] = node._replace(edges=numbered([part for held in parts for part in held]))
    return prune(replace(graph, nodes=tuple(nodes)), keep=len(graph.inputs)) if written else None


def _parts(edge: Edge, nodes: list[Node], outer: Node) -> tuple[Edge, ...]:
    inner = nodes[edge.node]
    return inner.edges if inner.op == outer.op and inner.settings == outer.settings else (edge,)
