"""Change a plan in one place: the catalogue of slips that a learner makes."""

from __future__ import annotations

import random
from dataclasses import replace

from tests.random_models.layer_mutations import LAYER_MUTATIONS
from tests.random_models.mutation import Mutated, Mutation
from tests.random_models.plans import Plan
from tests.random_models.wiring_mutations import WIRING_MUTATIONS

__all__ = ["MUTATIONS", "mutate"]

_TRIES = 25
MUTATIONS: dict[str, Mutation] = {**LAYER_MUTATIONS, **WIRING_MUTATIONS}


def mutate(name: str, plan: Plan, chance: random.Random) -> Mutated | None:
    """Change a plan by one mutation of the catalogue; ``None`` where there is nothing to change so."""
    for _ in range(_TRIES):
        found = MUTATIONS[name](plan, chance)
        if found is None:
            continue
        found = replace(found, plan=found.plan.pruned())
        if found.plan.shapes is not None and found.plan != plan and any(s.sources for s in found.plan.steps):
            return found
    return None
