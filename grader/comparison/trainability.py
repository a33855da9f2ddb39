"""Which layers can learn that should be frozen, and which are frozen that should learn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from grader.canonical import NormalGraph
from grader.comparison.places import Wording
from grader.comparison.records import Difference, DifferenceKind
from grader.comparison.wording import listing

__all__ = ["calls_of", "place_of", "some_names", "trainability"]

_NAMED = 3
_LONGEST_NAME = 40


def trainability(
    student: NormalGraph, reference: NormalGraph, pairs: Mapping[int, int], *, whole: bool
) -> list[Difference]:
    """List what may learn in one model and not in the other: a frozen backbone is one difference.

    ``pairs`` map the student's nodes to the reference's; ``whole`` says that they cover both graphs. Where
    they do not, and show nothing, the numbers of trainable parameters are compared.
    """
    free: dict[int, int] = {}
    shut: dict[int, int] = {}
    for mine, wanted in sorted(pairs.items()):
        if _kind(student, mine) != _kind(reference, wanted):
            continue  # another layer stands there
        if any(student.source.weights[weight].untracked for weight in student.nodes[mine].weights):
            continue  # no flag frees what is not the model's
        flags = list(zip(_flags(student, mine), _flags(reference, wanted), strict=True))
        if any(ours and not theirs for ours, theirs in flags):
            free[mine] = wanted
        if any(theirs and not ours for ours, theirs in flags):
            shut[mine] = wanted
    found = [_difference("not-frozen", student, reference, free)] if free else []
    found += [_difference("still-frozen", student, reference, shut)] if shut else []
    return found if found or whole else _by_number(student, reference)


def _kind(graph: NormalGraph, index: int) -> tuple[str, int]:
    return graph.nodes[index].op, len(graph.nodes[index].weights)


def _flags(graph: NormalGraph, index: int) -> list[bool]:
    """Return whether each weight learns, and before them whether a normalization's statistics move."""
    node = graph.nodes[index]
    flags = [graph.source.weights[weight].trainable for weight in node.weights]
    if node.op != "BatchNormalization":
        return flags
    return [graph.source.layers[graph.source.calls[node.calls[-1]].layer].trainable, *flags]


def _difference(
    kind: DifferenceKind, student: NormalGraph, reference: NormalGraph, layers: Mapping[int, int]
) -> Difference:
    free = kind == "not-frozen"
    names, number = some_names(student, layers), len(_by_layer(student, layers))
    size = _size(student, reference, layers, free=free)
    counted = f" ({size:,} parameters)" if size else ""
    if number == 1:
        does = "can be trained, expected frozen" if free else "is frozen, expected trainable"
        message = f"{names} {does}{counted}."
    else:
        does = "can be trained that should be frozen" if free else "are frozen that should be trained"
        message = f"{number} layers {does}: {names}{counted}."
    words = ("trainable", "frozen")
    return Difference(
        kind=kind,
        where=place_of(student, layers),
        message=message[:1].upper() + message[1:],
        expected=words[free],
        found=words[not free],
        student=calls_of(student, layers),
        reference=calls_of(reference, layers.values()),
    )


def _by_number(student: NormalGraph, reference: NormalGraph) -> list[Difference]:
    """Compare how many parameters learn, where the layers do not all correspond but are as many."""
    ours, theirs = (graph.source.count_weights(trainable=True) for graph in (student, reference))
    if ours == theirs or student.source.count_weights() != reference.source.count_weights():
        return []
    return [
        Difference(
            kind="not-frozen" if ours > theirs else "still-frozen",
            where="in the whole model",
            message=f"{ours:,} parameters can be trained, expected {theirs:,}.",
            expected=f"{theirs:,} trainable parameters",
            found=f"{ours:,} trainable parameters",
        )
    ]


def some_names(graph: NormalGraph, nodes: Iterable[int]) -> str:
    """Name the layers of some nodes: each layer once, the first few of them."""
    wording, seen = Wording(graph), _by_layer(graph, nodes)
    names = [wording.name(node) for node in seen]
    more = len(names) - _NAMED
    return listing(names if more < 2 else [*names[:_NAMED], f"{more} more"])


def place_of(graph: NormalGraph, nodes: Iterable[int]) -> str:
    """Say where some nodes stand: at one layer, in one nested model, or from the first to the last."""
    nodes = _by_layer(graph, nodes)
    if not nodes:
        return "in the whole model"
    wording = Wording(graph)
    if len(nodes) == 1:
        return f"at {wording.name(nodes[0])}"
    source = graph.source
    scopes = {source.calls[call].scope[:1] for node in nodes for call in graph.nodes[node].calls}
    if len(scopes) == 1 and (scope := scopes.pop()):
        return f"in the model {source.layers[scope[0]].name[:_LONGEST_NAME]!r}"
    return f"from {wording.name(nodes[0])} to {wording.name(nodes[-1])}"


def _by_layer(graph: NormalGraph, nodes: Iterable[int]) -> list[int]:
    """Return the first node of each layer: one layer called twice is one."""
    first: dict[tuple[int, ...], int] = {}
    for node in sorted(nodes):
        first.setdefault(graph.nodes[node].weights or (-1, node), node)
    return list(first.values())


def _size(student: NormalGraph, reference: NormalGraph, layers: Mapping[int, int], *, free: bool) -> int:
    """Count the parameters that learn in the student's model and not in the reference, or the other way round."""
    apart = {
        weight
        for mine, wanted in layers.items()
        for weight, other in zip(student.nodes[mine].weights, reference.nodes[wanted].weights, strict=True)
        if student.source.weights[weight].trainable == free != reference.source.weights[other].trainable
    }
    return sum(math.prod(student.source.weights[weight].shape) for weight in apart)


def calls_of(graph: NormalGraph, nodes: Iterable[int]) -> tuple[int, ...]:
    """Return the calls of the model graph that some nodes came from."""
    return tuple(sorted({call for node in nodes for call in graph.nodes[node].calls}))
