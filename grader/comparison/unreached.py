"""Weights that a model holds though no output depends on them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable

from grader.canonical import NormalGraph
from grader.comparison.records import Difference
from grader.comparison.wording import article, counted, listing, shape_text
from grader.graph import Layer, Shape
from grader.messages import quoted

__all__ = ["unreached_differences", "unreached_weights", "weight_words"]

_GIVEN_BY_KERAS = re.compile(r"(variable|weight)(_\d+)?")


def unreached_weights(graph: NormalGraph) -> list[int]:
    """Return the weights of a model, by index, that no step on the way to an output uses."""
    used = {weight for node in graph.nodes for weight in node.weights}
    return sorted(set(range(len(graph.source.weights))) - used)


def unreached_differences(
    student: NormalGraph, reference: NormalGraph, *, told: Iterable[Shape] = ()
) -> tuple[Difference, ...]:
    """Report weights that reach no output, where the reference has no such weights.

    ``told`` are the shapes of those that another difference speaks of.
    """
    extra, rest = unreached_weights(student), Counter(told)
    if not extra:
        return ()
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
    own = _own_class(student, idle)
    if own:
        names = listing(weight_words(student, weight) for weight in idle)
        return (
            Difference(
                kind="dead-branch",
                where=f"in {own}",
                message=f"In {own} (your layer), no output depends on {names}: "
                f"{counted(size, 'parameter')} that {'is' if size == 1 else 'are'} made and never used.",
                expected="every weight on the way to an output",
                found=names,
            ),
        )
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


def weight_words(graph: NormalGraph, weight: int) -> str:
    """Name a weight: by the name that its author gave it, or by its shape."""
    held = graph.source.weights[weight]
    if _GIVEN_BY_KERAS.fullmatch(held.name):
        return f"the weight of shape {shape_text(held.shape)}"
    return f"the weight {quoted(held.name, 40)}"


def _own_class(graph: NormalGraph, idle: Iterable[int]) -> str:
    """Name the classes of the author's own that made weights themselves, where no weight is another layer's."""
    found: dict[str, None] = {}
    for weight in idle:
        around = [layer for layer in graph.source.layers if weight in layer.weights]
        smallest = min(around, key=lambda layer: len(layer.weights), default=None)
        if smallest is None or smallest.origin != "custom":
            return ""
        if not _is_called(graph, smallest):
            return ""
        found[smallest.class_name] = None
    return listing(found)


def _is_called(graph: NormalGraph, layer: Layer) -> bool:
    """Whether some step of a layer's is on the way to an output."""
    source = graph.source
    return any(
        source.layers[place] is layer
        for node in graph.nodes
        for call in node.calls
        for place in (*source.calls[call].scope, source.calls[call].layer)
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
