"""Normal forms as networkx multigraphs, whose isomorphism is a second opinion on ours."""

from __future__ import annotations

from typing import Any

import networkx as nx

from grader.canonical import NormalGraph

__all__ = ["as_networkx", "isomorphic"]


def as_networkx(graph: NormalGraph) -> nx.MultiDiGraph:
    """Write a normal form as a labelled multigraph; shared weights become a node of their own."""
    made = nx.MultiDiGraph()
    for index, node in enumerate(graph.nodes):
        made.add_node(index, label=node.key)
        if node.weights:
            made.add_node(node.weights, label="weights")
            made.add_edge(node.weights, index, label="weights")
    for index, node in enumerate(graph.nodes):
        for edge in node.edges:
            slot = "" if node.unordered else edge.slot
            made.add_edge(edge.node, index, label=f"{slot}/{edge.output}")
    for kind, ports in (("in", graph.inputs), ("out", graph.outputs)):
        for position, port in enumerate(ports):
            made.add_node((kind, position), label=f"{kind} {position}")
            made.add_edge((kind, position), port[1], label="port")
    return made


def isomorphic(first: nx.MultiDiGraph, second: nx.MultiDiGraph) -> bool:
    """Ask networkx whether there is a correspondence that keeps every label."""

    def same_edges(ours: dict[Any, Any], theirs: dict[Any, Any]) -> bool:
        return sorted(e["label"] for e in ours.values()) == sorted(e["label"] for e in theirs.values())

    return bool(
        nx.is_isomorphic(
            first,
            second,
            node_match=lambda ours, theirs: ours["label"] == theirs["label"],
            edge_match=same_edges,
        )
    )
