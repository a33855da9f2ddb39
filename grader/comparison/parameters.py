"""Where two models' parameter counts part: the layers, with the arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from grader.canonical import NormalGraph
from grader.comparison.places import Wording
from grader.comparison.tracking import untracked_nodes
from grader.comparison.unreached import unreached_weights

if TYPE_CHECKING:
    from grader.comparison.analysis import Analysis

__all__ = ["parameter_detail"]

_SHOWN = 4


def parameter_detail(analysis: Analysis) -> str:
    """Name the layers that differ in parameters: "the Conv2D: 3×3×8×16 + 16 = 1,168, expected …".

    A layer that is called several times counts once, so that weights which should be shared, or should not,
    are told as such. The last part is what the differences add up to.
    """
    lines = [
        *_untracked(analysis),
        *_of_calls(analysis),
        *_beside_the_graph(analysis),
        *_trainable(analysis),
    ]
    if len(lines) > _SHOWN:
        lines = [*lines[:_SHOWN], f"and {len(lines) - _SHOWN} more"]
    apart = analysis.student.source.count_weights() - analysis.reference.source.count_weights()
    if lines and apart:
        lines.append(f"together {abs(apart):,} {'more' if apart > 0 else 'fewer'} than expected")
    return "; ".join(lines)


def _of_calls(analysis: Analysis) -> Iterator[str]:
    student, reference = analysis.student, analysis.reference
    ours, theirs = Wording(student), Wording(reference, known=False)
    first_of: dict[tuple[int, ...], int] = {}  # by the reference's weights, the student's node met first
    counted: set[tuple[int, ...]] = set()  # the student's weights that are told, or as expected
    for mine, wanted in sorted(analysis.pairs.items()):
        weights, other = student.nodes[mine].weights, reference.nodes[wanted].weights
        found, expected = _shapes(student, mine), _shapes(reference, wanted)
        name = ours.name(mine)
        fresh, wanted_fresh = bool(weights) and weights not in counted, bool(other) and other not in first_of
        first = first_of.setdefault(other, mine)
        counted.add(weights)
        if fresh and other and not wanted_fresh:
            yield f"{name}: {_sum(found)}, expected the weights of {ours.name(first)}"
        elif wanted_fresh and weights and not fresh:
            yield f"{name}: the weights of another call, expected {_sum(expected)} of its own"
        elif (fresh or wanted_fresh) and found != expected:
            yield f"{name}: {_sum(found)}, expected {_sum(expected)}"
    for node, step in enumerate(student.nodes):
        if node not in analysis.pairs and step.weights and step.weights not in counted:
            counted.add(step.weights)
            yield f"{ours.name(node)}: {_sum(_shapes(student, node))}, not expected"
    for node, step in enumerate(reference.nodes):
        if node not in analysis.back and step.weights and step.weights not in first_of:
            first_of[step.weights] = -1
            yield f"missing {theirs.name(node)}: {_sum(_shapes(reference, node))}"


def _untracked(analysis: Analysis) -> Iterator[str]:
    wording = Wording(analysis.student)
    told: set[int] = set()
    for node in untracked_nodes(analysis.student):
        weights = [weight for weight in analysis.student.nodes[node].weights if weight not in told]
        shapes = [
            weight.shape
            for weight in map(analysis.student.source.weights.__getitem__, weights)
            if weight.untracked
        ]
        told.update(weights)
        if shapes:
            yield f"{wording.name(node)}: {_sum(shapes)}, not the model's own"


def _beside_the_graph(analysis: Analysis) -> Iterator[str]:
    idle, expected = unreached_weights(analysis.student), unreached_weights(analysis.reference)
    shapes = [
        [graph.source.weights[weight].shape for weight in weights]
        for graph, weights in ((analysis.student, idle), (analysis.reference, expected))
    ]
    if sorted(shapes[0]) != sorted(shapes[1]):
        yield f"in layers that no output depends on: {_sum(shapes[0])}, expected {_sum(shapes[1])}"


def _trainable(analysis: Analysis) -> Iterator[str]:
    """Name layers of equal size of which another part is trainable, each once."""
    wording = Wording(analysis.student)
    told: set[tuple[int, ...]] = set()
    for mine, wanted in sorted(analysis.pairs.items()):
        weights = analysis.student.nodes[mine].weights
        same_size = _shapes(analysis.student, mine) == _shapes(analysis.reference, wanted)
        astray = any(analysis.student.source.weights[weight].untracked for weight in weights)
        if weights in told or not same_size or astray:
            continue
        told.add(weights)
        found, expected = _trained(analysis.student, mine), _trained(analysis.reference, wanted)
        if found != expected:
            size = sum(math.prod(shape) for shape in _shapes(analysis.student, mine))
            yield f"{wording.name(mine)}: {found:,} of {size:,} trainable, expected {expected:,}"


def _shapes(graph: NormalGraph, node: int) -> list[tuple[int, ...]]:
    return [graph.source.weights[weight].shape for weight in graph.nodes[node].weights]


def _trained(graph: NormalGraph, node: int) -> int:
    weights = [graph.source.weights[weight] for weight in graph.nodes[node].weights]
    return sum(math.prod(weight.shape) for weight in weights if weight.trainable)


def _sum(shapes: list[tuple[int, ...]]) -> str:
    if not shapes:
        return "0"
    terms = ["×".join(map(str, shape)) if shape else "1" for shape in shapes]
    total = sum(math.prod(shape) for shape in shapes)
    return f"{total:,}" if terms == [str(total)] else f"{' + '.join(terms)} = {total:,}"
