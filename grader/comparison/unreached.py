"""Weights that a model holds though no output depends on them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from grader.canonical import NormalGraph
from grader.comparison.records import Difference
from grader.comparison.wording import article, listing
from grader.graph import Shape

__all__ = ["unreached_differences", "unreached_weights"]


def unreached_weights(graph: NormalGraph) -> list[int]:
    """Return the weights of a model, by index, that no step on the way to an output uses."""
    used = {weight for node in graph.nodes for weight in node.weights}
    return [weight for weight in range(len(graph.source.weights)) if weight not in used]


def unreached_differences(
    student: NormalGraph, reference: NormalGraph, *, told: Iterable[Shape] = ()
) -> tuple[Difference, ...]:
    """Report weights that reach no output, where the reference has no such weights.

    ``told`` are the shapes of those that another difference speaks of.
    """
    extra, rest = unreached_weights(student), Counter(told)
    expected = Counter(reference.source.weights[weight].shape for weight in unreached_weights(reference))
    rest.update(expected)
    idle = []
    for weight in extra:
        shape = student.source.weights[weight].shape
        if rest[shape]:
            rest[shape] -= 1
        else:
            idle.append(weight)
    if not idle:
        return ()
    size = sum(math.prod(student.source.weights[weight].shape) for weight in idle)
    holder, wholly = _holder(student, set(idle))
    if wholly:
        where, found = "beside the graph", f"the {holder}"
        holds = f"{listing(article(name) for name in holder.split(' and '))} {'hold' if ' and ' in holder else 'holds'}"
        message = f"{holds} {size:,} parameters, and no output depends on them."
    else:
        where = f"among what {holder} holds" if holder else "in the whole model"
        found = f"a layer of {holder}" if holder else "a layer"
        message = f"{holder or 'The model'} holds {size:,} parameters that no output depends on."
    return (
        Difference(
            kind="dead-branch",
            where=where,
            message=f"{message[:1].upper()}{message[1:]} Expected no such layer: call it on the way to an output, or leave it out.",
            expected="nothing",
            found=found,
        ),
    )


def _holder(graph: NormalGraph, idle: set[int]) -> tuple[str, bool]:
    """Name the layers that are idle as a whole, or else the smallest one that holds what is idle."""
    layers = [layer for layer in graph.source.layers if layer.weights]
    whole = [layer.class_name for layer in layers if set(layer.weights) <= idle]
    if whole:
        return " and ".join(dict.fromkeys(whole)), True
    around = [layer for layer in layers if idle <= set(layer.weights)]
    smallest = min(around, key=lambda layer: len(layer.weights), default=None)
    return ("" if smallest is None else smallest.class_name), False
