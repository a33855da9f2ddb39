"""Where two models' parameter counts part: the layers, with the arithmetic."""

from __future__ import annotations

import math

from grader.canonical import NormalGraph
from grader.comparison.analysis import Analysis
from grader.comparison.wording import Wording

__all__ = ["parameter_detail"]

_SHOWN = 4


def parameter_detail(analysis: Analysis) -> str:
    """Name the layers that differ in parameters: "the Conv2D: 3×3×8×16 + 16 = 1,168, expected …"."""
    ours, theirs = Wording(analysis.student), Wording(analysis.reference)
    lines = []
    for mine, wanted in sorted(analysis.pairs.items()):
        found, expected = _shapes(analysis.student, mine), _shapes(analysis.reference, wanted)
        if found != expected:
            lines.append(f"{ours.name(mine)}: {_sum(found)}, expected {_sum(expected)}")
    lines += [
        f"{ours.name(node)}: {_sum(_shapes(analysis.student, node))}, not expected"
        for node in range(len(analysis.student.nodes))
        if node not in analysis.pairs and _shapes(analysis.student, node)
    ]
    lines += [
        f"missing {theirs.name(node)}: {_sum(_shapes(analysis.reference, node))}"
        for node in range(len(analysis.reference.nodes))
        if node not in analysis.back and _shapes(analysis.reference, node)
    ]
    if len(lines) > _SHOWN:
        lines = [*lines[:_SHOWN], f"and {len(lines) - _SHOWN} more"]
    return "; ".join(lines)


def _shapes(graph: NormalGraph, node: int) -> list[tuple[int, ...]]:
    return [graph.source.weights[weight].shape for weight in graph.nodes[node].weights]


def _sum(shapes: list[tuple[int, ...]]) -> str:
    if not shapes:
        return "0"
    terms = ["×".join(map(str, shape)) if shape else "1" for shape in shapes]
    total = sum(math.prod(shape) for shape in shapes)
    return f"{total:,}" if terms == [str(total)] else f"{' + '.join(terms)} = {total:,}"
