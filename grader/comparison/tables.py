"""Fixed numbers of a class of one's own: weights are exchanged before models are run, so no run compares these."""

from __future__ import annotations

import re
from collections.abc import Sequence

from grader.graph import ModelGraph, Weight

__all__ = ["other_tables"]

_TOLERANCE = 1e-4  # of the numbers' size: a table may be computed in another way, or on another backend


def other_tables(
    student: ModelGraph, reference: ModelGraph, weight_map: Sequence[int] | None
) -> tuple[str, ...]:
    """Name the student's weights that no training changes and whose numbers are not the expected ones.

    ``weight_map`` gives the reference's weight for each of the student's; without one, any of that shape will do.
    Numbers that a model draws at random are named as well: nothing tells them from others. Where the expected
    weight is one of Keras's own, a statistic say, there is nothing to hold them against.
    """
    owners = {weight: layer.class_name for layer in student.layers for weight in layer.weights}
    found = []
    for index, weight in enumerate(student.weights):
        if weight.fixed is None:
            continue
        if weight_map is not None and weight_map[index] >= 0:
            wanted = [reference.weights[weight_map[index]]]
        else:
            wanted = [other for other in reference.weights if other.shape == weight.shape]
        held = [other.fixed for other in wanted if other.fixed is not None]
        if held and not any(_alike(weight.fixed, other) for other in held):
            found.append(f"{_called(weight)} of {owners.get(index, 'the model')}")
    return tuple(dict.fromkeys(found))


def _called(weight: Weight) -> str:
    """Name a weight by what its author called it, else by its shape."""
    unnamed = re.fullmatch(r"variable(_\d+)?", weight.name)
    return f"the weight of shape {weight.shape}" if unnamed else repr(weight.name)


def _alike(ours: Sequence[float], theirs: Sequence[float]) -> bool:
    """Compare what stands for two weights' numbers; where one could not be read, they are not known to be alike."""
    if not ours or len(ours) != len(theirs):
        return False
    size = max(ours[0], theirs[0])
    return all(abs(a - b) <= _TOLERANCE * size for a, b in zip(ours, theirs, strict=True))
