"""Slips at a layer: another setting, another kind, one too few, one too many."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from tests.random_models.drawing import ACTIVATIONS, some_step
from tests.random_models.mutation import Mutated, Mutation, named, one_step
from tests.random_models.plans import MERGES, Plan, Step

__all__ = ["LAYER_MUTATIONS"]

_OTHER_KIND = {
    "Conv2D": ("DepthwiseConv2D", "BatchNormalization"),
    "DepthwiseConv2D": ("Conv2D", "BatchNormalization"),
    "Conv1D": ("Dense", "LSTM"),
    "Dense": ("BatchNormalization", "LayerNormalization", "LSTM"),
    "LSTM": ("GRU", "Conv1D"),
    "GRU": ("LSTM",),
    "BatchNormalization": ("LayerNormalization", "Dropout"),
    "LayerNormalization": ("BatchNormalization", "Dropout"),
    "Dropout": ("GaussianNoise", "BatchNormalization"),
    "SpatialDropout2D": ("Dropout",),
    "GaussianNoise": ("Dropout",),
    "activation": ("Dropout", "BatchNormalization"),
    "MaxPooling2D": ("AveragePooling2D",),
    "AveragePooling2D": ("MaxPooling2D",),
    "GlobalAveragePooling2D": ("GlobalMaxPooling2D", "Flatten"),
    "GlobalMaxPooling2D": ("GlobalAveragePooling2D", "Flatten"),
    "GlobalAveragePooling1D": ("GlobalMaxPooling1D", "Flatten"),
    "GlobalMaxPooling1D": ("GlobalAveragePooling1D", "Flatten"),
    "Flatten": ("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D"),
    "UpSampling2D": ("MaxPooling2D",),
}


def _reset(plan: Plan, step: Step, **settings: Any) -> Mutated:
    """Change the settings of a layer, at all its calls."""
    calls = plan.calls[step.layer]
    new = [replace(plan.at[call], settings={**step.settings, **settings}) for call in calls]
    return Mutated(plan.changed(*new), frozenset(calls))


def _other(chance: random.Random, options: Any, value: Any) -> Any:
    return chance.choice([option for option in options if option != value])


def _setting(*keys: str, options: tuple[Any, ...]) -> Mutation:
    def change(plan: Plan, chance: random.Random) -> Mutated | None:
        step = one_step(plan, chance, lambda step: any(key in step.settings for key in keys))
        if step is None:
            return None
        (key,) = [key for key in keys if key in step.settings]
        value = step.settings[key]
        if isinstance(value, list):
            return _reset(plan, step, **{key: [_other(chance, options, value[0])] * len(value)})
        return _reset(plan, step, **{key: _other(chance, options, value)})

    return change


def _drop(plan: Plan, step: Step) -> Mutated:
    return Mutated(plan.rewired(step.id, step.sources[0]), frozenset({step.id}))


def activation_dropped(plan: Plan, chance: random.Random) -> Mutated | None:
    step = one_step(plan, chance, lambda step: step.kind == "activation")
    return step and _drop(plan, step)


def _insert(plan: Plan, chance: random.Random, after: Step, kind: str, *, keep: bool) -> Mutated | None:
    """Insert a step behind another, for all that read it or for one of them."""
    assert plan.shapes is not None
    if not plan.shapes[after.id]:
        return None
    settings = some_step(chance, kind, plan.shapes[after.id], keep=keep)
    new = Step(plan.next_id, kind, settings, (after.id,), plan.next_layer)
    users = sorted(set(plan.users[after.id]))
    one = {chance.choice(users)} if users and chance.random() < 0.3 else None
    return Mutated(plan.inserted(new).rewired(after.id, new.id, users=one), frozenset({new.id}))


def activation_added(plan: Plan, chance: random.Random) -> Mutated | None:
    step = one_step(plan, chance, lambda step: step.kind != "activation")
    return step and _insert(plan, chance, step, "activation", keep=True)


def layer_dropped(plan: Plan, chance: random.Random) -> Mutated | None:
    step = one_step(plan, chance, lambda step: step.kind not in (*MERGES, "activation"))
    return step and _drop(plan, step)


def layer_inserted(plan: Plan, chance: random.Random) -> Mutated | None:
    step = one_step(plan, chance, lambda step: True)
    kinds = (
        "Dense",
        "Conv2D",
        "BatchNormalization",
        "LayerNormalization",
        "Dropout",
        "Conv1D",
        "MaxPooling2D",
    )
    kind = chance.choice(kinds)
    if step is None or plan.shapes is None:
        return None
    rank = len(plan.shapes[step.id])
    if (kind.endswith("2D") and rank != 3) or (kind.endswith("1D") and rank != 2):
        return None
    return _insert(plan, chance, step, kind, keep=True)


def layer_replaced(plan: Plan, chance: random.Random) -> Mutated | None:
    step = one_step(plan, chance, lambda step: step.kind in _OTHER_KIND)
    if step is None or plan.shapes is None:
        return None
    kind, fed = chance.choice(_OTHER_KIND[step.kind]), plan.shapes[step.sources[0]]
    if (kind.endswith("2D") and len(fed) != 3) or (kind.endswith("1D") and len(fed) != 2):
        return None
    if kind == "LSTM" and len(fed) != 2:
        return None
    settings = dict(some_step(chance, kind, fed))
    settings |= {key: value for key, value in step.settings.items() if key in settings}
    width = step.settings.get("units", step.settings.get("filters"))
    settings |= {key: width for key in ("units", "filters") if key in settings and width is not None}
    calls = plan.calls[step.layer]
    new = [replace(plan.at[call], kind=kind, settings=settings) for call in calls]
    return Mutated(plan.changed(*new), frozenset(calls))


LAYER_MUTATIONS: dict[str, Mutation] = {
    "width changed": _setting("units", "filters", "output_dim", options=(1, 2, 3, 4, 5, 6, 8)),
    "kernel changed": _setting("kernel_size", "pool_size", options=(1, 2, 3, 5)),
    "stride changed": _setting("strides", options=(1, 2)),
    "padding changed": _setting("padding", options=("same", "valid")),
    "rate changed": _setting("rate", "stddev", options=(0.2, 0.3, 0.6)),
    "axis changed": _setting("axis", options=(-1, 1, 2)),
    "sequence returned or not": _setting("return_sequences", options=(False, True)),
    "activation changed": _setting("function", options=ACTIVATIONS),
    **named([activation_dropped, activation_added, layer_dropped, layer_inserted, layer_replaced]),
}
