"""Steps that stand at another place in their line than expected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from grader.canonical import NormalGraph
from grader.comparison.pairing import Pairing
from grader.comparison.records import Difference

__all__ = ["moved_steps"]

_LONGEST = 4  # steps that move together


def moved_steps(pairing: Pairing) -> Iterator[Difference]:
    """Report a step, or a few in a row, that would be right at another place: one difference, not three.

    A row has moved when both graphs, with that row left out, join its former and its new neighbours alike.
    """
    for mine, wanted in sorted(pairing.pairs.items()):
        if mine in pairing.settled or not _single(pairing.student, mine):
            continue
        source = pairing.student.nodes[mine].edges[0].node
        if not _single(pairing.reference, wanted) or _fed_by(pairing.reference, wanted) == pairing.pairs.get(
            source
        ):
            continue
        row = _row(pairing, mine)
        if row:
            yield _moved(pairing, row)


def _single(graph: NormalGraph, node: int) -> bool:
    return len(graph.nodes[node].edges) == 1


def _fed_by(graph: NormalGraph, node: int) -> int:
    return graph.nodes[node].edges[0].node


def _row(pairing: Pairing, first: int) -> list[int]:
    """Return the shortest row of the student's nodes from ``first`` on that has moved as a whole."""
    row = [first]
    while len(row) <= _LONGEST:
        if _fits_without(pairing, row):
            return row
        last = row[-1]
        users = pairing.our_users[last]
        if len(users) != 1 or not _single(pairing.student, users[0]) or users[0] not in pairing.pairs:
            return []
        theirs = pairing.pairs[users[0]]
        if (
            not _single(pairing.reference, theirs)
            or _fed_by(pairing.reference, theirs) != pairing.pairs[last]
        ):
            return []
        row.append(users[0])
    return []


def _fits_without(pairing: Pairing, row: list[int]) -> bool:
    """Whether the neighbours of a row agree in both graphs once the row is left out of both."""
    student, reference, pairs = pairing.student, pairing.reference, pairing.pairs
    theirs = [pairs[node] for node in row]
    ours_before, theirs_before = _fed_by(student, row[0]), _fed_by(reference, theirs[0])
    users = set(pairing.our_users[row[-1]])
    their_users = set(pairing.their_users[theirs[-1]])
    if theirs_before not in pairing.back or ours_before not in pairs:
        return False
    touched = users | {pairing.back[user] for user in their_users if user in pairing.back}
    if not touched or any(user not in pairs for user in users):
        return False
    for user in touched:
        found = Counter(
            pairs.get(ours_before if edge.node == row[-1] else edge.node)
            for edge in student.nodes[user].edges
        )
        expected = Counter(
            theirs_before if edge.node == theirs[-1] else edge.node
            for edge in reference.nodes[pairs[user]].edges
        )
        if found != expected:
            return False
    return _ends_agree(pairing, row[-1], ours_before, theirs[-1], theirs_before)


def _ends_agree(pairing: Pairing, last: int, before: int, their_last: int, their_before: int) -> bool:
    """Whether the outputs are taken from the same nodes once the row is left out."""
    found = [pairing.pairs.get(before if node == last else node) for _, node, _ in pairing.student.outputs]
    expected = [their_before if node == their_last else node for _, node, _ in pairing.reference.outputs]
    moved_end = any(node == last for _, node, _ in pairing.student.outputs) or any(
        node == their_last for _, node, _ in pairing.reference.outputs
    )
    return not moved_end or found == expected


def _moved(pairing: Pairing, row: list[int]) -> Difference:
    first, last = row[0], row[-1]
    theirs = [pairing.pairs[node] for node in row]
    before = _fed_by(pairing.student, first)
    wanted_before = pairing.back[_fed_by(pairing.reference, theirs[0])]
    touched = set(pairing.our_users[last]) | {
        pairing.back[user] for user in pairing.their_users[theirs[-1]] if user in pairing.back
    }
    pairing.settled.update(row, touched, {before, wanted_before} - _heads(pairing))
    names = pairing.ours.names(row)
    stands, comes = ("stand", "come") if len(row) > 1 else ("stands", "comes")
    here, there = pairing.ours.name(before), pairing.ours.name(wanted_before)
    if wanted_before in touched:  # neighbours that changed places
        message = f"{names} {comes} before {there}, expected after it."
        expected, found = f"{there}, then {names}", f"{names}, then {there}"
    else:
        message = f"{names} {stands} after {here}, expected after {there}."
        expected, found = f"{names} after {there}", f"{names} after {here}"
    return pairing.difference(
        "wrong-connection",
        f"after {here}",
        message,
        expected=expected,
        found=found,
        student=[*row, *([wanted_before] if wanted_before in touched else [])],
        reference=[*theirs, *([pairing.pairs[wanted_before]] if wanted_before in touched else [])],
    )


def _heads(pairing: Pairing) -> set[int]:
    """Return the nodes of the student that are fed rightly as they stand."""
    return {
        mine
        for mine, wanted in pairing.pairs.items()
        if [pairing.pairs.get(edge.node) for edge in pairing.student.nodes[mine].edges]
        == [edge.node for edge in pairing.reference.nodes[wanted].edges]
    }
