"""Whether what feeds what is as expected, whatever the layers and their settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from grader.canonical import Edge, NormalGraph
from grader.comparison.records import Difference, DifferenceKind

__all__ = ["same_wiring"]

_WIRING: frozenset[DifferenceKind] = frozenset(
    {
        "wrong-connection",
        "missing-connection",
        "extra-connection",
        "missing-input",
        "extra-input",
        "unused-input",
        "missing-output",
        "extra-output",
        "outputs-swapped",
        "dynamic",
    }
)


def same_wiring(
    student: NormalGraph,
    reference: NormalGraph,
    pairs: Mapping[int, int],
    differences: Iterable[Difference],
) -> bool:
    """Say whether two graphs that differ are joined alike.

    A step without weights that neither merges nor branches is no wiring: one too few or too many in a line, as
    an activation that was left out, joins the rest as before. A step at another place is, and so is a layer
    that learns: what should feed it, and what it should feed, are not there.
    """
    if any(difference.kind in _WIRING for difference in differences):
        return False
    back = {theirs: ours for ours, theirs in pairs.items()}
    if _unpaired_parts(student, pairs) or _unpaired_parts(reference, back):
        return False
    for mine, wanted in pairs.items():
        node, other = student.nodes[mine], reference.nodes[wanted]
        found = [pairs.get(_source(student, edge, pairs)) for edge in node.edges]
        expected = [_source(reference, edge, back) for edge in other.edges]
        if found != expected and not (node.unordered and Counter(found) == Counter(expected)):
            return False
    ends = [pairs.get(_source(student, Edge("", node, 0), pairs)) for _, node, _ in student.outputs]
    return ends == [_source(reference, Edge("", node, 0), back) for _, node, _ in reference.outputs]


def _unpaired_parts(graph: NormalGraph, paired: Mapping[int, int]) -> bool:
    return any(
        len(node.edges) != 1 or bool(node.weights)
        for index, node in enumerate(graph.nodes)
        if index not in paired
    )


def _source(graph: NormalGraph, edge: Edge, paired: Mapping[int, int]) -> int:
    """Follow an edge up past steps without a counterpart, each of which is fed by one tensor."""
    node = edge.node
    while node not in paired:
        node = graph.nodes[node].edges[0].node
    return node
