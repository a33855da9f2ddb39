"""Slips in what feeds what: merges, connections, sharing, inputs and outputs, and the order of steps."""

from __future__ import annotations

import random
from dataclasses import replace

from tests.random_models.mutation import Mutated, Mutation, named, one_step
from tests.random_models.plans import MERGES, Plan, Step

__all__ = ["WIRING_MUTATIONS"]

_ELEMENTWISE = ("Add", "Multiply", "Maximum", "Average", "Subtract")


def merge_replaced(plan: Plan, chance: random.Random) -> Mutated | None:
    step = one_step(plan, chance, lambda step: step.kind in MERGES)
    if step is None:
        return None
    kind = chance.choice([other for other in (*_ELEMENTWISE, "Concatenate") if other != step.kind])
    if kind == "Subtract" and len(step.sources) > 2:
        return None
    settings = {"axis": -1} if kind == "Concatenate" else {}
    return Mutated(plan.changed(replace(step, kind=kind, settings=settings)), frozenset({step.id}))


def merge_input_dropped(plan: Plan, chance: random.Random) -> Mutated | None:
    step = one_step(plan, chance, lambda step: step.kind in MERGES and len(step.sources) > 2)
    if step is None:
        return None
    gone = chance.randrange(len(step.sources))
    left = step.sources[:gone] + step.sources[gone + 1 :]
    return Mutated(plan.changed(replace(step, sources=left)), frozenset({step.id}))


def skip_removed(plan: Plan, chance: random.Random) -> Mutated | None:
    step = one_step(plan, chance, lambda step: step.kind in MERGES and len(step.sources) == 2)
    if step is None:
        return None
    return Mutated(plan.rewired(step.id, chance.choice(step.sources)), frozenset({step.id}))


def _alike(plan: Plan, step: int, *, but: set[int]) -> list[int]:
    """Return the steps that give the same shape and are no inputs of words."""
    assert plan.shapes is not None
    return [
        other.id
        for other in plan.steps
        if plan.shapes[other.id] == plan.shapes[step]
        and other.id not in but
        and plan.at[other.id].settings.get("dtype") == plan.at[step].settings.get("dtype")
    ]


def edge_rewired(plan: Plan, chance: random.Random) -> Mutated | None:
    step = one_step(plan, chance, lambda step: True)
    if step is None:
        return None
    place = chance.randrange(len(step.sources))
    below = {other.id for other in plan.steps if step.id in plan.above(other.id)}
    options = _alike(plan, step.sources[place], but=below | {step.sources[place]})
    if not options:
        return None
    new = replace(step, sources=(*step.sources[:place], chance.choice(options), *step.sources[place + 1 :]))
    return Mutated(plan.changed(new).in_order(), frozenset({step.id}))


def sharing_broken(plan: Plan, chance: random.Random) -> Mutated | None:
    step = one_step(plan, chance, lambda step: len(plan.calls[step.layer]) > 1)
    if step is None:
        return None
    calls = frozenset(plan.calls[step.layer])
    return Mutated(plan.changed(replace(step, layer=plan.next_layer)), calls)


def layers_merged(plan: Plan, chance: random.Random) -> Mutated | None:
    step = one_step(plan, chance, lambda step: bool(step.settings) and step.kind not in MERGES)
    if step is None:
        return None
    other = one_step(
        plan, chance, lambda o: (o.kind, o.settings) == (step.kind, step.settings) and o.layer != step.layer
    )
    if other is None:
        return None
    calls = plan.calls[other.layer]
    new = [replace(plan.at[call], layer=step.layer) for call in calls]
    return Mutated(plan.changed(*new), frozenset({*calls, *plan.calls[step.layer]}))


def output_from_elsewhere(plan: Plan, chance: random.Random) -> Mutated | None:
    place = chance.randrange(len(plan.outputs))
    key, end = plan.outputs[place]
    options = _alike(plan, end, but={end, *(step for _, step in plan.inputs)})
    if not options:
        return None
    new = chance.choice(options)
    outputs = (*plan.outputs[:place], (key, new), *plan.outputs[place + 1 :])
    return Mutated(replace(plan, outputs=outputs), frozenset({end, new}), outputs=True)


def outputs_swapped(plan: Plan, chance: random.Random) -> Mutated | None:
    if len(plan.outputs) < 2:
        return None
    first, second = sorted(chance.sample(range(len(plan.outputs)), 2))
    outputs = list(plan.outputs)
    outputs[first], outputs[second] = (
        (outputs[first][0], outputs[second][1]),
        (outputs[second][0], outputs[first][1]),
    )
    touched = frozenset({outputs[first][1], outputs[second][1]})
    return Mutated(replace(plan, outputs=tuple(outputs)), touched, outputs=True)


def output_left_out(plan: Plan, chance: random.Random) -> Mutated | None:
    if len(plan.outputs) < 2:
        return None
    gone = chance.randrange(len(plan.outputs))
    kept = [step for place, (_, step) in enumerate(plan.outputs) if place != gone]
    keyed = not plan.outputs[0][0].isdigit()
    keys = [key for place, (key, _) in enumerate(plan.outputs) if place != gone]
    outputs = tuple(zip(keys if keyed else map(str, range(len(kept))), kept, strict=True))
    return Mutated(replace(plan, outputs=outputs), frozenset({plan.outputs[gone][1]}), outputs=True)


def _fed_by_another_input(plan: Plan, chance: random.Random) -> tuple[int, int, Plan] | None:
    place = chance.randrange(len(plan.inputs))
    gone = plan.inputs[place][1]
    inputs = {step for _, step in plan.inputs}
    options = [other for other in _alike(plan, gone, but={gone}) if other in inputs]
    if not options or not plan.users[gone]:
        return None
    return place, gone, plan.rewired(gone, chance.choice(options)).in_order()


def input_unused(plan: Plan, chance: random.Random) -> Mutated | None:
    found = _fed_by_another_input(plan, chance)
    if found is None:
        return None
    _, gone, rewired = found
    return Mutated(rewired, frozenset({gone, *plan.users[gone]}), inputs=True)


def input_dropped(plan: Plan, chance: random.Random) -> Mutated | None:
    found = _fed_by_another_input(plan, chance)
    if found is None:
        return None
    place, gone, rewired = found
    left = [one for index, one in enumerate(plan.inputs) if index != place]
    keyed = not left[0][0].isdigit()
    inputs = tuple((key if keyed else str(index), step) for index, (key, step) in enumerate(left))
    steps = tuple(step for step in rewired.steps if step.id != gone)
    return Mutated(
        replace(rewired, steps=steps, inputs=inputs), frozenset({gone, *plan.users[gone]}), inputs=True
    )


def steps_swapped(plan: Plan, chance: random.Random) -> Mutated | None:
    def first_of_two(step: Step) -> bool:
        users = plan.users[step.id]
        return (
            len(step.sources) == 1
            and len(users) == 1
            and step.id not in plan.ends
            and len(plan.at[users[0]].sources) == 1
        )

    first = one_step(plan, chance, first_of_two)
    if first is None:
        return None
    second = plan.at[plan.users[first.id][0]]
    changed = {
        first.id: replace(first, sources=(second.id,)),
        second.id: replace(second, sources=first.sources),
    }
    swapped = plan.rewired(second.id, first.id).changed(*changed.values())
    return Mutated(swapped.in_order(), frozenset({first.id, second.id}))


WIRING_MUTATIONS: dict[str, Mutation] = named(
    [
        merge_replaced,
        merge_input_dropped,
        skip_removed,
        edge_rewired,
        sharing_broken,
        layers_merged,
        output_from_elsewhere,
        outputs_swapped,
        output_left_out,
        input_unused,
        input_dropped,
        steps_swapped,
    ]
)
