"""Merges: the ops whose names layers and operations share, and what the order of their inputs means."""

from __future__ import annotations

from typing import Any

__all__ = ["ASSOCIATIVE", "COMMUTATIVE", "MERGES", "MERGE_OPS", "positive_axis"]

COMMUTATIVE = frozenset({"add", "multiply", "maximum", "minimum", "average", "difference"})
ASSOCIATIVE = frozenset({"add", "multiply", "maximum", "minimum"})

MERGE_OPS = {
    "Add": "add",
    "Multiply": "multiply",
    "Maximum": "maximum",
    "Minimum": "minimum",
    "Average": "average",
    "Subtract": "subtract",
    "Concatenate": "concatenate",
}
MERGES = frozenset(MERGE_OPS.values())


def positive_axis(config: dict[str, Any], rank: int) -> dict[str, Any]:
    """Count an axis from the front, so that -1 and the last axis's own number agree."""
    axis = config.get("axis")
    if isinstance(axis, int) and axis < 0:
        return {**config, "axis": axis + rank}
    if rank and isinstance(axis, list) and all(isinstance(number, int) for number in axis):
        return {**config, "axis": sorted(number % rank for number in axis)}
    return config
