"""A plan is a model before anybody has written it down: steps with their settings, and what feeds what.

A plan has no style: ``tests.random_models.writing`` writes it as a ``ModelGraph`` in one of many, and
``tests.random_models.keras_models`` as a Keras model.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from tests.random_models.shapes import Shape, shape_after, weights_of

__all__ = ["MERGES", "Plan", "Step"]

_LONGEST = 8192  # numbers in a row, so that no draw asks for much memory
MERGES = frozenset({"Add", "Multiply", "Maximum", "Average", "Subtract", "Concatenate"})


@dataclass(frozen=True)
class Step:
    """One call: ``id`` stays the same when the plan is changed; steps of one ``layer`` share it."""

    id: int
    kind: str
    settings: Mapping[str, Any]
    sources: tuple[int, ...]
    layer: int


@dataclass(frozen=True)
class Plan:
    """Steps, each after what feeds it, the inputs among them; ``inputs`` and ``outputs`` are ``(key, id)``."""

    steps: tuple[Step, ...]
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[tuple[str, int], ...]

    @cached_property
    def at(self) -> dict[int, Step]:
        """Return the steps by id."""
        return {step.id: step for step in self.steps}

    @cached_property
    def users(self) -> dict[int, list[int]]:
        """Return, for each step, the steps it feeds, once for each use."""
        found: dict[int, list[int]] = defaultdict(list)
        for step in self.steps:
            for source in step.sources:
                found[source].append(step.id)
        return found

    @cached_property
    def ends(self) -> frozenset[int]:
        """Return the steps that outputs are taken from."""
        return frozenset(step for _, step in self.outputs)

    @cached_property
    def calls(self) -> dict[int, list[int]]:
        """Return, for each layer, its calls."""
        found: dict[int, list[int]] = defaultdict(list)
        for step in self.steps:
            found[step.layer].append(step.id)
        return found

    @cached_property
    def shapes(self) -> dict[int, Shape] | None:
        """Return the shape that each step gives, or ``None`` where Keras would refuse the plan."""
        found: dict[int, Shape] = {}
        built: dict[int, Any] = {}
        for step in self.steps:
            fed = [found[source] for source in step.sources]
            shape = shape_after(step.kind, step.settings, fed)
            if shape is None or any(length is not None and not 0 < length <= _LONGEST for length in shape):
                return None
            asked = (step.kind, step.settings, weights_of(step.kind, step.settings, fed))
            if built.setdefault(step.layer, asked) != asked:
                return None
            found[step.id] = shape
        return found

    def above(self, step: int) -> set[int]:
        """Return a step and all that it depends on."""
        seen: set[int] = set()
        waiting = [step]
        while waiting:
            here = waiting.pop()
            if here not in seen:
                seen.add(here)
                waiting.extend(self.at[here].sources)
        return seen

    def beside(self, steps: set[int]) -> set[int]:
        """Return the direct neighbours of steps: what feeds them and what they feed."""
        here = {step for step in steps if step in self.at}
        return {s for step in here for s in self.at[step].sources} | {
            user for step in here for user in self.users[step]
        }

    def changed(self, *steps: Step) -> Plan:
        """Return the plan with steps in the place of those of the same id."""
        new = {step.id: step for step in steps}
        return replace(self, steps=tuple(new.get(step.id, step) for step in self.steps))

    def rewired(self, old: int, new: int, *, users: set[int] | None = None) -> Plan:
        """Return the plan with one step read in the place of another: by all, or by ``users`` and no output."""
        steps = [
            replace(step, sources=tuple(new if s == old else s for s in step.sources))
            if (users is None or step.id in users) and step.id != new
            else step
            for step in self.steps
        ]
        outputs = (
            self.outputs if users is not None else tuple((k, new if s == old else s) for k, s in self.outputs)
        )
        return replace(self, steps=tuple(steps), outputs=outputs)

    def inserted(self, step: Step) -> Plan:
        """Return the plan with one more step, placed behind the last one that feeds it."""
        place = max((i for i, other in enumerate(self.steps) if other.id in step.sources), default=-1) + 1
        return replace(self, steps=(*self.steps[:place], step, *self.steps[place:]))

    def in_order(self) -> Plan:
        """Return the plan with every step behind what feeds it."""
        placed: dict[int, Step] = {}
        waiting = list(self.steps)
        while waiting:
            step = next(step for step in waiting if all(source in placed for source in step.sources))
            waiting.remove(step)
            placed[step.id] = step
        return replace(self, steps=tuple(placed.values()))

    def pruned(self) -> Plan:
        """Return the plan without steps that reach no output; inputs stay."""
        live = {step for _, step in self.inputs}
        for _, end in self.outputs:
            live |= self.above(end)
        return replace(self, steps=tuple(step for step in self.steps if step.id in live))

    @property
    def next_id(self) -> int:
        """Return an id that no step has."""
        return max(step.id for step in self.steps) + 1

    @property
    def next_layer(self) -> int:
        """Return the number of a layer that there is not."""
        return max(step.layer for step in self.steps) + 1
