"""Steps that stand at another place in their line than expected."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from grader.canonical import NormalGraph
from grader.comparison.pairing import Pairing
from grader.comparison.records import Difference
from grader.comparison.wording import listing

__all__ = ["moved_steps"]

_LONGEST = 4  # steps that move together
_JOINS_KEPT = 16  # a row's neighbours are looked at again for the next row; they may be as wide as the graph


def moved_steps(pairing: Pairing) -> Iterator[Difference]:
    """Report a step, or a few in a row, that would be right at another place: one difference, not three.

    A row has moved when both graphs, with that row left out, join its former and its new neighbours alike.
    """
    for row in _known_rows(pairing):
        yield _moved(pairing, row)
    suspects = [
        mine
        for mine, wanted in sorted(pairing.pairs.items())
        if _single(pairing.student, mine)
        and _single(pairing.reference, wanted)
        and _elsewhere(pairing, mine, wanted)
    ]
    # A step that moved in one block moved in others: the same steps are looked at together.
    alike: dict[tuple[str, str], set[int]] = defaultdict(set)
    for mine in suspects:
        alike[_kind(pairing, mine)].add(mine)
    alone = _Around(pairing, set())
    fed = lru_cache(_JOINS_KEPT)(_Around.fed)
    around = {kind: _Around(pairing, like) for kind, like in alike.items()}
    for mine in suspects:
        if mine in pairing.settled:
            continue
        row = _row(pairing, mine, alone, fed)
        if not row and len(alike[_kind(pairing, mine)]) > 1:
            row = _row(pairing, mine, around[_kind(pairing, mine)], fed)
        if row:
            yield _moved(pairing, row)


def _known_rows(pairing: Pairing) -> list[list[int]]:
    """Return the steps that are known to have moved, those as one that stay together."""
    rows: dict[int, list[int]] = {}  # by their last step
    for node in sorted(pairing.moved):
        source, need = _fed_by(pairing.student, node), _fed_by(pairing.reference, pairing.pairs[node])
        together = source in rows and pairing.pairs[source] == need and len(pairing.our_users[source]) == 1
        rows[node] = [*(rows.pop(source) if together else ()), node]
    return sorted(rows.values())


def _elsewhere(pairing: Pairing, mine: int, wanted: int) -> bool:
    """Whether a step follows another one than expected, apart from steps that are missing or too many."""
    source, need = pairing.student.nodes[mine].edges[0], pairing.reference.nodes[wanted].edges[0]
    found = {pairing.pairs.get(node) for node, _ in pairing.arriving(source)}
    expected = {node for node, _ in pairing.arriving_there(need)}
    return expected <= pairing.back.keys() and found.isdisjoint(expected)


def _single(graph: NormalGraph, node: int) -> bool:
    return len(graph.nodes[node].edges) == 1


def _fed_by(graph: NormalGraph, node: int) -> int:
    return graph.nodes[node].edges[0].node


class _Fed(NamedTuple):
    """What feeds a step and its counterpart, with how many edges; ``apart`` is what does not cancel out."""

    found: Counter[int]
    wanted: Counter[int]
    apart: Counter[int | None]


def _kind(pairing: Pairing, node: int) -> tuple[str, str]:
    return pairing.student.nodes[node].key[:2]


class _Around:
    """Looks up past steps that are left out: those of one kind, and single ones without a counterpart."""

    def __init__(self, pairing: Pairing, like: set[int]) -> None:
        self.pairing = pairing
        theirs = {pairing.pairs[node] for node in like}
        student, reference = pairing.student, pairing.reference
        self.source = _upwards(
            student, lambda node: node in like or (node not in pairing.pairs and _single(student, node))
        )
        self.wanted = _upwards(
            reference, lambda node: node in theirs or (node not in pairing.back and _single(reference, node))
        )

    def fed(self, user: int) -> _Fed:
        """Return what feeds a step once the rest is left out."""
        pairs = self.pairing.pairs
        found = Counter(self.source(edge.node) for edge in self.pairing.student.nodes[user].edges)
        wanted = Counter(self.wanted(edge.node) for edge in self.pairing.reference.nodes[pairs[user]].edges)
        apart: Counter[int | None] = Counter()
        for node, number in found.items():
            apart[pairs.get(node)] += number
        apart.subtract(wanted)
        return _Fed(found, wanted, Counter({node: number for node, number in apart.items() if number}))


def _upwards(graph: NormalGraph, left_out: Callable[[int], bool]) -> Callable[[int], int]:
    """Return the search for the first node, from one upwards, that is not left out; lines are walked once."""
    known: dict[int, int] = {}

    def first(node: int) -> int:
        walked = []
        while node not in known and left_out(node):
            walked.append(node)
            node = _fed_by(graph, node)
        node = known.get(node, node)
        known.update(dict.fromkeys(walked, node))
        return node

    return first


def _row(pairing: Pairing, first: int, around: _Around, fed: Callable[[_Around, int], _Fed]) -> list[int]:
    """Return the shortest row of the student's nodes from ``first`` on that has moved as a whole."""
    row = [first]
    while len(row) <= _LONGEST:
        if _fits_without(pairing, row, around, fed):
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


def _fits_without(
    pairing: Pairing, row: list[int], around: _Around, read: Callable[[_Around, int], _Fed]
) -> bool:
    """Whether the neighbours of a row agree in both graphs once the row, and what lies ``around`` it, is left out."""
    student, reference, pairs = pairing.student, pairing.reference, pairing.pairs
    theirs = [pairs[node] for node in row]

    def source(node: int) -> int | None:
        node = around.source(node)
        while node in row:
            node = around.source(_fed_by(student, node))
        return pairs.get(node)

    def wanted_source(node: int) -> int:
        node = around.wanted(node)
        while node in theirs:
            node = around.wanted(_fed_by(reference, node))
        return node

    for user in _touched(pairing, row):
        fed = read(around, user)
        if len(fed.apart) > 4 * len(row):  # leaving out a step changes two numbers, on each side
            return False
        apart = Counter(fed.apart)
        for node, other in zip(row, theirs, strict=True):
            if fed.found[node]:
                apart[pairs[node]] -= fed.found[node]
                apart[source(node)] += fed.found[node]
            if fed.wanted[other]:
                apart[other] += fed.wanted[other]
                apart[wanted_source(other)] -= fed.wanted[other]
        if any(apart.values()):
            return False
    moved_end = not (pairing.our_ends.isdisjoint(row) and pairing.their_ends.isdisjoint(theirs))
    return not moved_end or (
        [source(node) for _, node, _ in student.outputs]
        == [wanted_source(node) for _, node, _ in reference.outputs]
    )


def _touched(pairing: Pairing, row: list[int]) -> set[int]:
    """Return the student's nodes that a row feeds, and those that it should feed."""
    fed = {user for user in pairing.our_users[row[-1]] if user in pairing.pairs}
    should = pairing.their_users[pairing.pairs[row[-1]]]
    return fed | {pairing.back[user] for user in should if user in pairing.back}


def _moved(pairing: Pairing, row: list[int]) -> Difference:
    first, last = row[0], row[-1]
    theirs = [pairing.pairs[node] for node in row]
    before, wanted_before = _place(pairing, first), _place_asked_for(pairing, theirs[0])
    touched = _touched(pairing, row)
    pairing.settled.update(row, touched)
    if last in pairing.our_ends or theirs[-1] in pairing.their_ends:
        pairing.settled.update(pairing.our_ends)
    names = pairing.ours.names(row)
    stands, comes = ("stand", "come") if len(row) > 1 else ("stands", "comes")
    here, there = _between(pairing, before, row), _between_asked_for(pairing, wanted_before, theirs)
    if wanted_before in touched and not here.startswith("between"):  # neighbours that changed places
        other = pairing.ours.name(wanted_before)
        message = f"{names} {comes} before {other}, expected after it."
        expected, found = f"{other}, then {names}", f"{names}, then {other}"
    else:
        message = f"{names} {stands} {here}, expected {there}."
        expected, found = f"{names} {there}", f"{names} {here}"
    return pairing.difference(
        "wrong-connection",
        f"after {pairing.ours.name(before)}",
        message,
        expected=expected,
        found=found,
        student=[*row, *([wanted_before] if wanted_before in touched else [])],
        reference=[*theirs, *([pairing.pairs[wanted_before]] if wanted_before in touched else [])],
    )


def _place(pairing: Pairing, first: int) -> int:
    """Return the student's node after which a row stands, apart from others that have moved."""
    node = _fed_by(pairing.student, first)
    while node in pairing.moved:
        node = _fed_by(pairing.student, node)
    return node


def _place_asked_for(pairing: Pairing, theirs: int) -> int:
    """Return the student's node after which a row should stand."""
    ((node, _), *_) = pairing.arriving_there(pairing.reference.nodes[theirs].edges[0])
    while pairing.back[node] in pairing.moved:
        ((node, _), *_) = pairing.arriving_there(pairing.reference.nodes[node].edges[0])
    return pairing.back[node]


def _between(pairing: Pairing, before: int, row: list[int]) -> str:
    """Say after which step a row stands, and before which, where other ways lead on from there as well."""
    beside = {*pairing.our_users[before]} - {_way_to(pairing.student, before, row[0])}
    ahead = _beyond(pairing.our_users, row[-1], lambda node: node in pairing.moved or node in row)
    here = pairing.ours.name(before)
    return f"between {here} and {pairing.ours.names(ahead)}" if beside and ahead else f"after {here}"


def _between_asked_for(pairing: Pairing, before: int, theirs: list[int]) -> str:
    """Say the same of where the row should stand in the student's model."""
    source = pairing.pairs[before]
    beside = {*pairing.their_users[source]} - {_way_to(pairing.reference, source, theirs[0])}
    ahead = _beyond(
        pairing.their_users,
        theirs[-1],
        lambda node: pairing.back.get(node) in pairing.moved or node in theirs,
    )
    here = pairing.ours.name(before)
    if not (beside and ahead):
        return f"after {here}"
    return f"between {here} and {listing(map(pairing.expected_name, ahead))}"


def _way_to(graph: NormalGraph, source: int, node: int) -> int:
    """Return the user of a node by which a line of steps leads from it to another one."""
    while _single(graph, node) and _fed_by(graph, node) != source:
        node = _fed_by(graph, node)
    return node


def _beyond(users: list[list[int]], last: int, moved: Callable[[int], bool]) -> list[int]:
    """Return the steps that a row feeds, apart from those that have moved."""
    found: dict[int, None] = {}
    waiting = [last]
    while waiting:
        for user in users[waiting.pop()]:
            if moved(user):
                waiting.append(user)
            else:
                found[user] = None
    return sorted(found)
