"""What two models take, give and hold: shapes and dtypes."""

from __future__ import annotations

from grader.graph import ModelGraph

__all__ = ["shapes", "unlike"]


def unlike(ours: ModelGraph, theirs: ModelGraph) -> str:
    """Say in what the inputs, outputs or weights of two graphs differ in shape or dtype; nothing where they do not."""
    for kind, mine, other in (
        ("input", ours.inputs, theirs.inputs),
        ("output", ours.outputs, theirs.outputs),
    ):
        if len(mine) != len(other):
            return f"{len(mine)} {kind}s and {len(other)}"
        for number, (a, b) in enumerate(zip(mine, other, strict=True), start=1):
            one, two = ours.tensors[a.tensor], theirs.tensors[b.tensor]
            if (one.shape, one.dtype) != (two.shape, two.dtype):
                return f"{kind} {number}: {one.dtype} {one.shape} and {two.dtype} {two.shape}"
    for number, (mine_w, other_w) in enumerate(zip(ours.weights, theirs.weights, strict=False), start=1):
        if (mine_w.shape, _kind(mine_w.dtype)) != (other_w.shape, _kind(other_w.dtype)):
            return f"weight {number} ({mine_w.name}): {mine_w.dtype} {mine_w.shape} and {other_w.dtype} {other_w.shape}"
    return ""


def _kind(dtype: str) -> str:
    """Return the dtype of a weight; a whole number that Keras keeps may be as long as suits the backend."""
    return "int" if dtype in ("int32", "int64") else dtype


def shapes(graph: ModelGraph) -> str:
    """List the dtypes and shapes of a model's outputs."""
    told = [
        f"{graph.tensors[port.tensor].dtype} {graph.tensors[port.tensor].shape}" for port in graph.outputs
    ]
    return ", ".join(told[:4]) + (" …" if len(told) > 4 else "")
