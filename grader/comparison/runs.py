"""Nodes that follow one another, so that a chain or a block of them is told as one."""

from __future__ import annotations

from grader.canonical import NormalGraph

__all__ = ["parts_of", "runs_of"]


def runs_of(graph: NormalGraph, nodes: list[int]) -> list[list[int]]:
    """Join nodes that follow one another into runs, so that a missing chain, or block, is one difference."""
    left = set(nodes)
    runs: list[list[int]] = []
    at: dict[int, list[int]] = {}
    for node in nodes:
        sources = [edge.node for edge in graph.nodes[node].edges]
        homes = [at[source] for source in sources if source in at]
        # A merge ends the run of its last input, where what else it joins comes out of the same run's start.
        own = homes and all(home is homes[-1] for home in homes)
        if (
            own
            and homes[-1][-1] in sources
            and (len(sources) == 1 or _closes(graph, homes[-1], at, sources, left))
        ):
            homes[-1].append(node)
            at[node] = homes[-1]
        else:
            runs.append([node])
            at[node] = runs[-1]
    return runs


def parts_of(graph: NormalGraph, runs: list[list[int]]) -> list[list[list[int]]]:
    """Join runs of which one feeds another into parts, in the order of their first nodes."""
    home = {node: run for run, nodes in enumerate(runs) for node in nodes}
    part = list(range(len(runs)))

    def first(run: int) -> int:
        while part[run] != run:
            part[run] = part[part[run]]
            run = part[run]
        return run

    for node, run in home.items():
        for edge in graph.nodes[node].edges:
            if edge.node in home:
                one, other = sorted((first(run), first(home[edge.node])))
                part[other] = one
    found: dict[int, list[list[int]]] = {}
    for run, nodes in enumerate(runs):
        found.setdefault(first(run), []).append(nodes)
    return list(found.values())


def _closes(
    graph: NormalGraph, run: list[int], at: dict[int, list[int]], sources: list[int], left: set[int]
) -> bool:
    """Whether a merge takes a run's end and what the run starts from: a block around which a shortcut leads."""
    starts = {edge.node for edge in graph.nodes[run[0]].edges}
    return all(at.get(source) is run or (source in starts and source not in left) for source in sources)
