"""Whether what feeds what is as expected, whatever the layers and their settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from grader.canonical import NormalGraph
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
    ours, theirs = _sources(student, pairs), _sources(reference, back)
    for mine, wanted in pairs.items():
        node, other = student.nodes[mine], reference.nodes[wanted]
        found = [pairs.get(ours[edge.node]) for edge in node.edges]
        expected = [theirs[edge.node] for edge in other.edges]
        if found != expected and not (node.unordered and Counter(found) == Counter(expected)):
            return False
    ends = [pairs.get(ours[node]) for _, node, _ in student.outputs]
    return ends == [theirs[node] for _, node, _ in reference.outputs]


def _unpaired_parts(graph: NormalGraph, paired: Mapping[int, int]) -> bool:
    return any(
        len(node.edges) != 1 or bool(node.weights)
        for index, node in enumerate(graph.nodes)
        if index not in paired
    )


def _sources(graph: NormalGraph, paired: Mapping[int, int]) -> list[int]:
    """Return, for each node, the next one up with a counterpart; those without one are fed by one tensor each."""
    found: list[int] = []
    for index, node in enumerate(graph.nodes):
        found.append(index if index in paired else found[node.edges[0].node])
    return found
