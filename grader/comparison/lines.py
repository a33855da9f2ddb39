"""Branches that were to stand side by side and stand in one line."""

from __future__ import annotations

from collections.abc import Iterator

from grader.comparison.pairing import Pairing
from grader.comparison.records import Difference
from grader.comparison.wording import article, label

__all__ = ["branches_in_line"]


def branches_in_line(pairing: Pairing) -> Iterator[Difference]:
    """Report a branch that goes on from another one, where a missing join should take both: one difference."""
    for wanted, join in enumerate(pairing.reference.nodes):
        ends = {pairing.back.get(edge.node, -1) for edge in join.edges}
        if wanted in pairing.back or wanted in pairing.explained or len(ends) < 2 or -1 in ends:
            continue
        walked: set[int] = set()
        for end in sorted(ends):
            first = _strayed(pairing, end, ends, walked)
            if first is not None:
                pairing.explained.add(wanted)
                pairing.settled.add(first)
                yield _in_line(pairing, first, wanted)
                break


def _strayed(pairing: Pairing, end: int, ends: set[int], walked: set[int]) -> int | None:
    """Return the step of a branch, followed up from its end, that takes another branch's end and should not.

    Above a step that was ``walked`` from another branch there is none.
    """
    node = end
    while node in pairing.pairs and node not in walked:
        walked.add(node)
        theirs = pairing.reference.nodes[pairing.pairs[node]].edges
        edges = pairing.student.nodes[node].edges
        if len(edges) != 1 or len(theirs) != 1 or theirs[0].node not in pairing.back:
            return None
        if edges[0].node in ends:
            return node if pairing.pairs[edges[0].node] != theirs[0].node else None
        node = edges[0].node
    return None


def _in_line(pairing: Pairing, first: int, wanted: int) -> Difference:
    join = pairing.reference.nodes[wanted]
    name, found = pairing.ours.name(first), pairing.ours.name(pairing.student.nodes[first].edges[0].node)
    source = pairing.reference.nodes[pairing.pairs[first]].edges[0].node
    expected = pairing.ours.name(pairing.back[source])
    return pairing.difference(
        "wrong-connection",
        f"at {name}",
        f"{name} takes {found}, expected {expected}: two branches that {article(label(join.op, join.settings))} "
        "should join stand in one line.",
        expected=expected,
        found=found,
        student=(first,),
        reference=(pairing.pairs[first], wanted),
    )
