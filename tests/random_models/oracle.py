"""What networkx says of two models: an opinion that owes nothing to the engine's own comparison."""

from __future__ import annotations

from dataclasses import replace

from grader.canonical import NormalGraph, joined_anew, normalize
from grader.graph import ModelGraph
from tests.networkx_graphs import as_networkx, isomorphic

__all__ = ["networkx_says"]


def networkx_says(first: ModelGraph, second: ModelGraph, *, ordered: bool = True) -> bool:
    """Ask networkx whether two models are the same: with ``ordered``, concatenations keep their order."""
    graphs = [normalize(first), normalize(second)]
    if not ordered:
        graphs = [_any_order(joined_anew(graph) or graph) for graph in graphs]
    ports = [([key for key, _ in graph.inputs], [key for key, *_ in graph.outputs]) for graph in graphs]
    return ports[0] == ports[1] and isomorphic(*map(as_networkx, graphs))


def _any_order(graph: NormalGraph) -> NormalGraph:
    nodes = [
        node._replace(edges=tuple(edge._replace(slot="") for edge in node.edges))
        if node.op == "concatenate"
        else node
        for node in graph.nodes
    ]
    return replace(graph, nodes=tuple(nodes))
