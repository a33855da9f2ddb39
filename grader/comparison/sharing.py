"""Layers that are called once too often or too seldom: weights shared otherwise than expected."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from grader.canonical import NormalGraph
from grader.comparison.histories import histories
from grader.comparison.pairing import Pairing
from grader.comparison.records import Difference, DifferenceKind
from grader.comparison.wording import counted, listing, step_name

__all__ = ["rebuilt_steps", "sharing_differences"]

_SHOWN = 3  # pairs of calls told one by one


def sharing_differences(pairing: Pairing) -> Iterator[Difference]:
    """Report layers that are not shared, wrongly shared, or called at each other's places."""
    apart = _groups(pairing, asked=True)
    together = _groups(pairing, asked=False)
    if apart and together and _as_often(pairing) and not _repeated(pairing, apart, together):
        yield _other_places(pairing, apart)
        return
    yield from _told(pairing, apart, asked=True)
    yield from _told(pairing, together, asked=False)


def _groups(pairing: Pairing, *, asked: bool) -> list[tuple[int, ...]]:
    """Return the calls of one layer that are calls of several on the other side, as the student's nodes.

    ``asked``: of one layer of the reference; otherwise of one layer of the student.
    """
    graph = pairing.reference if asked else pairing.student
    other = pairing.student if asked else pairing.reference
    there = pairing.back if asked else pairing.pairs
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for index, node in enumerate(graph.nodes):
        if node.weights and index in there:
            groups[node.weights].append(index)
    found = []
    for group in groups.values():
        layers = {other.nodes[there[index]].weights for index in group}
        if len(group) > 1 and len(layers) > 1:
            found.append(tuple(there[index] for index in group) if asked else tuple(group))
    return found


def _as_often(pairing: Pairing) -> bool:
    """Whether both models have as many layers, each called as many times."""

    def calls(graph: NormalGraph) -> Counter[int]:
        return Counter(Counter(node.weights for node in graph.nodes if node.weights).values())

    return calls(pairing.student) == calls(pairing.reference)


def _repeated(pairing: Pairing, apart: list[tuple[int, ...]], together: list[tuple[int, ...]]) -> bool:
    """Whether a layer is called on what it gave itself, or was to be: then it is the sharing that is meant."""
    ours = any(_on_one_path(pairing.student, group) for group in together)
    theirs = [tuple(pairing.pairs[node] for node in group) for group in apart]
    return ours or any(_on_one_path(pairing.reference, group) for group in theirs)


def _on_one_path(graph: NormalGraph, group: tuple[int, ...]) -> bool:
    calls, first, seen = set(group), min(group), set[int]()
    waiting = [edge.node for end in group for edge in graph.nodes[end].edges]
    while waiting:
        node = waiting.pop()
        if node in calls:
            return True
        if node not in seen and node > first:  # every node follows what feeds it
            seen.add(node)
            waiting.extend(edge.node for edge in graph.nodes[node].edges)
    return False


def _other_places(pairing: Pairing, apart: list[tuple[int, ...]]) -> Difference:
    """Say which calls, of layers called as often as expected, stand where another layer's should."""
    pairs = [
        (group[0], next(node for node in group if not _one_layer(pairing, group[0], node))) for group in apart
    ]
    told = listing(
        f"{pairing.ours.name(second)} is not a call of the same layer as {pairing.ours.name(first)}"
        for first, second in pairs[:_SHOWN]
    )
    nodes = [node for pair in pairs for node in pair]
    return pairing.difference(
        "wrong-connection",
        f"at {pairing.ours.names(second for _, second in pairs[:_SHOWN])}",
        f"Every layer is called as often as expected, but not in its place: {told}, expected one layer for both.",
        expected="the same layer for " + listing(pairing.ours.names(pair) for pair in pairs[:_SHOWN]),
        found="other layers",
        student=nodes,
        reference=[pairing.pairs[node] for node in nodes],
    )


def _one_layer(pairing: Pairing, first: int, second: int) -> bool:
    return pairing.student.nodes[first].weights == pairing.student.nodes[second].weights


def _told(pairing: Pairing, groups: list[tuple[int, ...]], *, asked: bool) -> Iterator[Difference]:
    """Report groups of calls; those with as many calls as one difference: a tower that was made twice."""
    kind: DifferenceKind = "weights-not-shared" if asked else "weights-wrongly-shared"
    alike: dict[tuple[int, int], list[tuple[int, ...]]] = defaultdict(list)
    for group in groups:
        layers = {
            (pairing.student if asked else pairing.reference)
            .nodes[node if asked else pairing.pairs[node]]
            .weights
            for node in group
        }
        alike[len(group), len(layers)].append(group)
    for (calls, number), several in alike.items():
        first = pairing.ours.names(several[0])
        separate, once = f"{number} separate layers", f"one layer called {counted(calls, 'time')}"
        if asked:
            message = f"{first} are {separate}, expected {once}."
            expected, found = "one layer", f"{number} layers"
        else:
            message = f"{first} are {once}, expected {separate}."
            expected, found = f"{number} layers", "one layer"
        if len(several) > 1:
            rest = [pairing.ours.names(group) for group in several[1 : 1 + _SHOWN]]
            more = len(several) - 1 - len(rest)
            message += f" The same goes for {'; for '.join(rest)}" + (f"; and {more} more." if more else ".")
        yield pairing.difference(
            kind,
            f"at {first}",
            message,
            expected=expected,
            found=found,
            student=[node for group in several for node in group],
            reference=[pairing.pairs[node] for group in several for node in group],
        )


def rebuilt_steps(pairing: Pairing) -> Iterator[Difference]:
    """Report steps too many that do again, with new weights, what another step does to the same tensors."""
    student = pairing.student
    seeds: dict[int, Any] = {node: position for position, (_, node) in enumerate(student.inputs)}
    made = histories(student, {}, seeds)
    first: dict[int, int] = {}
    for index in pairing.pairs:
        first[made[index]] = min(index, first.get(made[index], index))
    again = [
        index
        for index, node in enumerate(student.nodes)
        if index not in pairing.pairs and node.op != "input" and made[index] in first
    ]
    beside = {index: first[made[index]] for index in again}
    again = _leading_on(pairing, beside)
    learned = [index for index in again if student.nodes[index].weights]
    if not learned:
        return
    pairing.settled.update(again)
    twins = [first[made[index]] for index in learned]
    whole = len(learned) > 1
    names = listing(step_name(student, index) for index in learned)
    yield pairing.difference(
        "submodel-rebuilt" if whole else "weights-not-shared",
        pairing.place(again[0]),
        f"{pairing.place(again[0])}, {names} {'are' if len(learned) > 1 else 'is'} there a second time, with weights "
        f"of {'their' if len(learned) > 1 else 'its'} own: expected to go on from {pairing.ours.name(first[made[again[-1]]])}.",
        expected="one layer"
        if len(learned) == 1
        else f"the result of {pairing.ours.name(first[made[again[-1]]])}",
        found=f"{2 * len(learned)} layers",
        student=[*twins, *again],
        reference=[pairing.pairs[index] for index in twins],
    )


def _leading_on(pairing: Pairing, twins: dict[int, int]) -> list[int]:
    """Return the steps made again that serve, by what follows them, where their twins' results are expected."""
    users = {twin: set(pairing.our_users[twin]) for twin in twins.values()}
    wanted_users = {twin: set(pairing.their_users[pairing.pairs[twin]]) for twin in twins.values()}
    given = {(key, node) for key, node, _ in pairing.student.outputs}
    wanted: dict[int, list[str]] = defaultdict(list)
    for key, node, _ in pairing.reference.outputs:
        wanted[node].append(key)
    found: set[int] = set()
    for index in sorted(twins, reverse=True):  # every node follows what feeds it
        twin = twins[index]
        if any(
            user in found or user in users[twin] or pairing.pairs.get(user) in wanted_users[twin]
            for user in pairing.our_users[index]
        ) or any((key, index) in given for key in wanted[pairing.pairs[twin]]):
            found.add(index)
    return sorted(found)
