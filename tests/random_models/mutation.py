"""What a mutation is: a changed plan, and where it was changed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.random_models.plans import Plan, Step

__all__ = ["Mutated", "Mutation", "named", "one_step"]


@dataclass(frozen=True)
class Mutated:
    """A changed plan and the steps it was changed at; ``inputs`` and ``outputs``: the interface was."""

    plan: Plan
    touched: frozenset[int]
    inputs: bool = field(default=False, kw_only=True)
    outputs: bool = field(default=False, kw_only=True)


Mutation = Callable[[Plan, random.Random], Mutated | None]


def named(functions: list[Mutation]) -> dict[str, Mutation]:
    """Return mutations by name."""
    return {function.__name__.replace("_", " "): function for function in functions}


def one_step(plan: Plan, chance: random.Random, fits: Callable[[Step], Any]) -> Step | None:
    """Choose one of the steps that fit."""
    found = [step for step in plan.steps if step.kind != "Input" and fits(step)]
    return chance.choice(found) if found else None
