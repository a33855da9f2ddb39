"""Layers and weights that a model computes with, and that are not its own: never counted, trained or saved."""

from __future__ import annotations

import math
from collections import Counter

from grader.canonical import NormalGraph
from grader.comparison.records import Difference
from grader.comparison.trainability import calls_of, place_of, some_names

__all__ = ["untracked_differences", "untracked_nodes"]


def untracked_nodes(graph: NormalGraph) -> list[int]:
    """Return the steps that use a layer or weight which does not belong to the model."""
    source = graph.source
    weights = {index for index, weight in enumerate(source.weights) if weight.untracked}
    layers = {index for index, layer in enumerate(source.layers) if layer.untracked}
    if not weights and not layers:
        return []
    return [
        index
        for index, node in enumerate(graph.nodes)
        if not weights.isdisjoint(node.weights)
        or any(source.calls[call].layer in layers for call in node.calls)
    ]


def untracked_differences(student: NormalGraph, reference: NormalGraph) -> tuple[Difference, ...]:
    """Report what the student's model uses without owning it, where the reference owns all, or more, of it."""
    expected = Counter(reference.nodes[node].key for node in untracked_nodes(reference))
    strays = []
    for node in untracked_nodes(student):
        key = student.nodes[node].key
        if expected[key]:
            expected[key] -= 1
        else:
            strays.append(node)
    if not strays:
        return ()
    one = len(strays) == 1
    made = _made_in_call(student, strays)
    held = {weight for node in strays for weight in student.nodes[node].weights}
    weights = [student.source.weights[weight] for weight in held]
    size = sum(math.prod(weight.shape) for weight in weights if weight.untracked)
    whose = "its" if one else "their"
    lost = f"{whose} {size:,} parameters are" if size else f"{whose} state is"
    names = some_names(student, strays)
    verb = "is" if one else "are"
    if made:
        message = (
            f"{names} {verb} made while the model is called, anew each time: {lost} not among the model's, "
        )
        message += "and never trained or saved."
    else:
        message = f"{names} {verb} none of the model's own: {lost} never counted, trained or saved with it."
    message += " Expected every layer and weight to be made beforehand and kept as an attribute of its owner."
    return (
        Difference(
            kind="state-created-in-call",
            where=place_of(student, strays),
            message=message[:1].upper() + message[1:],
            expected="made in `__init__` or `build`, and kept as an attribute",
            found="made in a call" if made else "kept where Keras does not look",
            student=calls_of(student, strays),
        ),
    )


def _made_in_call(graph: NormalGraph, nodes: list[int]) -> bool:
    source = graph.source
    return any(
        source.layers[source.calls[call].layer].untracked == "made in a call"
        for node in nodes
        for call in graph.nodes[node].calls
    )
