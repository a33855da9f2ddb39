"""Bounds that random numbers do not come to: where two models clip at other large values, no run shows it."""

from __future__ import annotations

from collections.abc import Iterator

from grader.canonical import NormalGraph

__all__ = ["same_far_bounds"]

# Runs reach values of some twenty, but after a normalisation less. Every activation with bounds of its own, such as
# relu6, has them below this.
_FAR = 7.0
_NAMES = ("x_min", "x_max", "max_value", "threshold", "constants", "argument")
_COMPARING = ("ops Clip", "ops Where", "ops Greater", "ops GreaterEqual", "ops Less", "ops LessEqual")


def same_far_bounds(ours: NormalGraph, theirs: NormalGraph) -> bool:
    """Say whether two models cut off at the same large values, unless code that was not seen may do as much."""
    if any(node.op.startswith("custom ") for graph in (ours, theirs) for node in graph.nodes):
        return True
    return set(_far_bounds(ours)) == set(_far_bounds(theirs))


def _far_bounds(graph: NormalGraph) -> Iterator[float]:
    for node in graph.nodes:
        if node.op not in ("activation", "minimum", "maximum", *_COMPARING):
            continue
        for name, value in node.settings.items():
            if name.startswith(_NAMES):
                for number in value if isinstance(value, list) else [value]:
                    if isinstance(number, int | float) and abs(number) >= _FAR:
                        yield float(number)
