"""The way that a run of a layer's call took: what was called on what, each array named by where it comes from."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import keras
import numpy as np

from grader.models.eager import EagerRun
from grader.models.layers import config
from grader.models.modes import INFERENCE, TRAINING, idle
from grader.models.plain import constant, is_array

__all__ = ["Ref", "Way", "without_mode"]


@dataclass(frozen=True)
class Ref:
    """A tensor of a run: one ``given``, one that a ``noted`` call made (``at`` is its place), or one ``unseen``."""

    kind: str
    number: int
    at: int = 0


@dataclass
class Way:
    """A run with its arrays replaced by references.

    ``held`` are the ids of the layers there were before; ``since`` says of each unseen tensor how many calls
    had been noted when it was first seen.
    """

    run: EagerRun
    given: list[Any]
    held: Container[int]
    calls: list[tuple[Any, Any]] = field(default_factory=list)
    outputs: list[Ref] = field(default_factory=list)
    unseen: list[Any] = field(default_factory=list)
    since: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, run: EagerRun, given: list[Any], held: Container[int], outputs: Sequence[Any]) -> Way:
        """Name every array by where it comes from."""
        way = cls(run, given, held)
        refs = {id(array): Ref("given", number) for number, array in enumerate(given)}

        def name(value: Any, noted: int) -> Any:
            if isinstance(value, keras.Variable) or not is_array(value):
                return value
            if id(value) not in refs:
                refs[id(value)] = Ref("unseen", len(way.unseen))
                way.unseen.append(value)
                way.since.append(noted)
            return refs[id(value)]

        for number, noted in enumerate(run.noted):
            way.calls.append(
                keras.tree.map_structure(lambda v, n=number: name(v, n), (noted.args, noted.kwargs))
            )
            refs |= {id(array): Ref("noted", number, at) for at, array in enumerate(noted.flat)}
        way.outputs = [name(array, len(run.noted)) for array in outputs]
        return way

    def path(self, *, without_idle: bool = False) -> list[Any]:
        """Write down what was called on what, so that two runs can be held equal."""
        names: dict[Ref, Any] = {}
        written: list[Any] = []

        def text(value: Any) -> Any:
            if isinstance(value, Ref):
                return names.get(value, str(value) if value.kind != "noted" else None)
            if isinstance(value, keras.Variable):
                return id(value)
            return json.dumps(constant(value))

        for number, (noted, call) in enumerate(zip(self.run.noted, self.calls, strict=True)):
            args, kwargs = call
            leaves = [text(leaf) for leaf in keras.tree.flatten((args, without_mode(kwargs)))]
            if without_idle and idle(noted.operation):
                names[Ref("noted", number)] = leaves[0]
                continue
            names |= {Ref("noted", number, at): (len(written), at) for at in range(len(noted.flat))}
            written.append([_operation(noted.operation, self.held), leaves])
        return [written, [text(ref) for ref in self.outputs]]

    @cached_property
    def values(self) -> list[Any]:
        """Return the unseen tensors as NumPy arrays."""
        return [np.array(keras.ops.convert_to_numpy(array)) for array in self.unseen]


def without_mode(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call's keywords without the mode that the model hands down."""
    modes = (TRAINING, INFERENCE)
    return {key: value for key, value in kwargs.items() if not any(value is mode for mode in modes)}


def _operation(operation: Any, held: Container[int]) -> Any:
    if id(operation) in held:  # any other was made in the run
        return id(operation)
    return [type(operation).__name__, json.dumps(config(operation), sort_keys=True)]
