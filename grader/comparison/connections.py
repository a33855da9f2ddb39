"""Steps that are called on other tensors than expected."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from grader.canonical import Edge
from grader.comparison.pairing import Pairing
from grader.comparison.records import Difference, DifferenceKind
from grader.comparison.steps import SHAPING, only_wiring
from grader.comparison.wording import IN_THIS_ORDER, listing

__all__ = ["connection_differences"]

_MOST_IN_ORDER = 6  # inputs of one step that are all named, where their order differs


@dataclass
class _Fed:
    """What a step lacks and what it takes in vain: edges of the reference and of the student."""

    lacking: list[Edge] = field(default_factory=list)
    beyond: list[Edge] = field(default_factory=list)


def connection_differences(pairing: Pairing) -> Iterator[Difference]:
    """Report pairs that are fed otherwise, where no missing or extra step explains it."""
    for mine, wanted in sorted(pairing.pairs.items()):
        if mine in pairing.settled:
            continue
        fed = _compare(pairing, mine, wanted)
        difference = _difference(pairing, mine, wanted, fed)
        if difference is not None:
            yield difference


def _compare(pairing: Pairing, mine: int, wanted: int) -> _Fed:
    node, other = pairing.student.nodes[mine], pairing.reference.nodes[wanted]
    free = (node.unordered or other.unordered) and not pairing.options.merge_order
    if len(node.edges) == len(other.edges) and not free:
        apart = [
            (edge, need)
            for edge, need in zip(node.edges, other.edges, strict=True)
            if not _agree(pairing, edge, need)
        ]
        # A step too many that hands on something else is reported by itself.
        known = [(edge, need) for edge, need in apart if edge.node in pairing.pairs]
        return _Fed([need for _, need in known], [edge for edge, _ in known])
    # What is the same tensor first, then what may stand for it.
    return _stand_ins(pairing, *_without_same(pairing, node.edges, other.edges))


def _without_same(
    pairing: Pairing, edges: Sequence[Edge], needs: Sequence[Edge]
) -> tuple[list[Edge], list[Edge]]:
    """Leave out, one for one, edges that bring the same tensor."""
    asked: dict[tuple[int | None, int], list[int]] = defaultdict(list)
    for place in range(len(needs) - 1, -1, -1):
        asked[needs[place].node, needs[place].output].append(place)
    beyond, met = [], set[int]()
    for edge in edges:
        same = asked.get((pairing.pairs.get(edge.node), edge.output))
        if same:
            met.add(same.pop())
        else:
            beyond.append(edge)
    return beyond, [need for place, need in enumerate(needs) if place not in met]


def _stand_ins(pairing: Pairing, edges: list[Edge], needs: list[Edge]) -> _Fed:
    """Leave out, one for one and first come first served, edges that agree but for steps on the way."""
    if not edges or not needs:
        return _Fed(needs, edges)
    # Needs by what arrives there: a merge may have thousands of inputs that differ.
    asked: dict[tuple[bool, int], list[int]] = defaultdict(list)
    for place in range(len(needs) - 1, -1, -1):
        direct = needs[place].node in pairing.back
        for node, _ in [needs[place][1:]] if direct else pairing.arriving_there(needs[place]):
            asked[direct, node].append(place)
    beyond, met = [], set[int]()
    for edge in edges:
        known = edge.node in pairing.pairs
        waiting = []
        for node, _ in [edge[1:]] if known else pairing.arriving(edge):
            for direct in (False, True):
                places = asked.get((direct, pairing.pairs.get(node, -1)), [])
                while places and places[-1] in met:
                    places.pop()
                if places and (not (known and direct) or _other_state(pairing, edge, needs[places[-1]])):
                    waiting.append(places[-1])
        if waiting:
            met.add(min(waiting))
        else:
            beyond.append(edge)
    return _Fed([need for place, need in enumerate(needs) if place not in met], beyond)


def _meet(pairing: Pairing, edge: Edge, need: Edge) -> bool:
    """Whether two edges bring the same tensor."""
    return (pairing.pairs.get(edge.node), edge.output) == (need.node, need.output)


def _agree(pairing: Pairing, edge: Edge, need: Edge) -> bool:
    """Whether two edges bring the same tensor, apart from steps that are missing or too many on the way."""
    if edge.node in pairing.pairs and need.node in pairing.back:
        return _meet(pairing, edge, need) or _other_state(pairing, edge, need)
    found = {pairing.pairs.get(node) for node, _ in pairing.arriving(edge)}
    return bool(found & {node for node, _ in pairing.arriving_there(need)})


def _other_state(pairing: Pairing, edge: Edge, need: Edge) -> bool:
    """Whether one layer gives its tensors under other numbers, because its settings differ."""
    if pairing.pairs[edge.node] != need.node:
        return False
    return len(pairing.student.nodes[edge.node].shapes) != len(pairing.reference.nodes[need.node].shapes)


def _difference(pairing: Pairing, mine: int, wanted: int, fed: _Fed) -> Difference | None:
    own = [edge for edge in fed.beyond if edge.node in pairing.pairs]
    through_extra = len(own) < len(fed.beyond)
    # An absent step is reported as missing; where it only hands a tensor on, the connection is what is missing.
    needs = [need for need in fed.lacking if need.node in pairing.back or only_wiring(pairing, [need.node])]
    if own and not needs and not through_extra:
        needs = fed.lacking
    if not own and through_extra:
        return None
    if not own and not needs:
        return None
    name = pairing.ours.name(mine)
    if _in_another_order(pairing, mine, wanted):
        return _other_order(pairing, mine, wanted)
    numbered = {edge.node for edge in own} & {pairing.back.get(need.node, -1) for need in needs}
    numbered = {node for node in numbered if len(pairing.student.nodes[node].shapes) > 1}
    expected = listing(_need_name(pairing, need, numbered) for need in needs)
    found = listing(
        pairing.ours.name(edge.node) + (f" (tensor {edge.output + 1})" if edge.node in numbered else "")
        for edge in own
    )
    kind: DifferenceKind
    if own and needs:
        kind, message = "wrong-connection", f"{name} takes {found}, expected {expected}."
    elif needs:
        kind, message = "missing-connection", f"{name} does not take {expected}, which it should."
    else:
        kind, message = "extra-connection", f"{name} also takes {found}, which it should not."
    return pairing.difference(
        kind,
        f"at {name}",
        message,
        expected=expected,
        found=found,
        student=(mine,),
        reference=(wanted,),
    )


def _in_another_order(pairing: Pairing, mine: int, wanted: int) -> bool:
    """Whether a step takes all the tensors that it should, and no other, one for one in another order."""
    node, other = pairing.student.nodes[mine], pairing.reference.nodes[wanted]
    given = Counter((pairing.pairs.get(edge.node), edge.output) for edge in node.edges)
    return given == Counter((need.node, need.output) for need in other.edges)


def _other_order(pairing: Pairing, mine: int, wanted: int) -> Difference:
    node, other = pairing.student.nodes[mine], pairing.reference.nodes[wanted]
    found = [(edge.node, edge.output) for edge in node.edges]
    expected = [(pairing.back[need.node], need.output) for need in other.edges]
    differing = [place for place, (one, two) in enumerate(zip(found, expected, strict=True)) if one != two]
    shown = range(len(found)) if len(found) <= _MOST_IN_ORDER else differing
    several = {one for one, output in found if output}

    def row(tensors: list[tuple[int, int]]) -> str:
        return listing(
            pairing.ours.name(tensors[place][0])
            + (f" (tensor {tensors[place][1] + 1})" if tensors[place][0] in several else "")
            for place in shown
        )

    name = pairing.ours.name(mine)
    return pairing.difference(
        "wrong-connection",
        f"at {name}",
        f"{name} takes its inputs in another order: {row(found)}, expected {row(expected)}.",
        expected=f"{row(expected)}{IN_THIS_ORDER}",
        found=row(found),
        student=(mine,),
        reference=(wanted,),
    )


def _need_name(pairing: Pairing, need: Edge, numbered: set[int]) -> str:
    if need.node in pairing.back:
        name = pairing.ours.name(pairing.back[need.node])
        return f"{name} (tensor {need.output + 1})" if pairing.back[need.node] in numbered else name
    starts = pairing.arriving_there(need)
    if pairing.reference.nodes[need.node].op in SHAPING and len(starts) == 1 and starts[0][0] in pairing.back:
        return pairing.ours.name(pairing.back[starts[0][0]])
    return pairing.expected_name(need.node)
