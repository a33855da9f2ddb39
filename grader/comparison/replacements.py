"""Rows of a few steps that stand where other steps should."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise

from grader.comparison.pairing import Pairing
from grader.comparison.records import Difference
from grader.comparison.runs import runs_of
from grader.comparison.steps import SHAPING
from grader.comparison.wording import article, listing, step_names

__all__ = ["replaced_steps"]

_FEW = 2  # steps in a row that may stand for each other


def replaced_steps(pairing: Pairing) -> Iterator[Difference]:
    """Report a row of few steps that stands where another row should: one difference, not a gap and a surplus."""
    absent = [
        n for n in range(len(pairing.reference.nodes)) if n not in pairing.back and n not in pairing.explained
    ]
    beyond = [
        n for n in range(len(pairing.student.nodes)) if n not in pairing.pairs and n not in pairing.settled
    ]
    rows: dict[tuple[int, ...], list[list[int]]] = defaultdict(list)  # by what feeds them
    for run in runs_of(pairing.student, beyond):
        if len(run) <= _FEW and _in_one_line(pairing.our_users, run):
            fed = (pairing.pairs.get(edge.node, -1) for edge in pairing.student.nodes[run[0]].edges)
            rows[tuple(sorted(fed))].append(run)
    for wanted in runs_of(pairing.reference, absent):
        if len(wanted) > _FEW or not _in_one_line(pairing.their_users, wanted):
            continue
        fed_alike = rows[tuple(sorted(edge.node for edge in pairing.reference.nodes[wanted[0]].edges))]
        row = next((row for row in fed_alike if _same_place(pairing, row, wanted)), None)
        if row is None:
            continue
        fed_alike.remove(row)
        got, want = (
            step_names(graph, run) for graph, run in ((pairing.student, row), (pairing.reference, wanted))
        )
        pairing.settled.update(row)
        pairing.explained.update(wanted)
        place = pairing.place(row[0])
        message = f"{place}, expected {listing(map(article, want))}, found {listing(map(article, got))}."
        yield pairing.difference(
            "wrong-layer",
            place,
            message,
            expected=listing(want),
            found=listing(got),
            student=row,
            reference=wanted,
        )


def _in_one_line(users: list[list[int]], run: list[int]) -> bool:
    return all(users[node] == [after] for node, after in pairwise(run))


def _same_place(pairing: Pairing, row: list[int], wanted: list[int]) -> bool:
    """Whether two rows without counterparts take the same tensors and hand on to the same steps."""
    nodes, others = (
        [graph.nodes[node] for node in run]
        for graph, run in ((pairing.student, row), (pairing.reference, wanted))
    )
    if nodes[0].op == "input" or any(node.op == "activation" for node in (*nodes, *others)):
        return False
    if any(node.weights for node in (*nodes, *others)):
        # An operation that is written out is no layer with weights in another's place.
        if any(node.op in SHAPING or node.op.startswith("ops ") for node in (*nodes, *others)):
            return False
    elif any(all(node.op in SHAPING for node in row) for row in (nodes, others)):
        return False
    fed = Counter(pairing.pairs.get(edge.node, -1) for edge in nodes[0].edges)
    users = Counter(pairing.pairs.get(user, -1) for user in pairing.our_users[row[-1]])
    ends = [place for place, (_, node, _) in enumerate(pairing.student.outputs) if node == row[-1]]
    return (
        -1 not in fed
        and -1 not in users
        and fed == Counter(edge.node for edge in others[0].edges)
        and users == Counter(pairing.their_users[wanted[-1]])
        and ends
        == [place for place, (_, node, _) in enumerate(pairing.reference.outputs) if node == wanted[-1]]
    )
