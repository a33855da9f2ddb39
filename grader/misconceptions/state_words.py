"""The words of weights, states and seeds that a layer keeps: not set up, not unpacked, of another shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grader.causes import NoSeed, OptimizerUsed, SuperNotCalled, UnlikeWeights, WrongUnpacking
from grader.misconceptions.naming import CauseWords, code, shape_text

__all__ = ["STATE_WORDS"]


def _super_not_called(cause: SuperNotCalled) -> CauseWords:
    culprit = code(f"{cause.culprit}.__init__")
    line = code(f"super().__init__({'**' + cause.rest if cause.rest else ''})")
    if cause.late:
        happened = f"{culprit} assigns {code(cause.attribute)} before it calls `super().__init__()`."
    else:
        happened = f"{culprit} does not call `super().__init__()`, so that Keras never set up this {code(cause.class_name)}."
    return CauseWords(
        happened,
        "Keras's own constructor has to run before a layer or model can hold anything.",
        f"Make {line} the first line of {culprit}.",
        f"Read {culprit} from its first line.",
        f"In the class {code(cause.culprit)}, write {line} below `def __init__`, before anything is assigned to `self`.",
    )


_OUTPUTS = {
    "LSTM": ("output, h, c", "its two states, h and c"),
    "GRU": ("output, state", "its state"),
    "SimpleRNN": ("output, state", "its state"),
}


def _wrong_unpacking(cause: WrongUnpacking) -> CauseWords:
    name = f"Bidirectional({cause.class_name})" if cause.both_ways else cause.class_name
    names, states = _OUTPUTS.get(cause.class_name, ("output, state", "its state"))
    if cause.both_ways:
        inside = names.partition(", ")[2]
        names = "output, " + ", ".join(
            f"{way}_{one}" for way in ("forward", "backward") for one in inside.split(", ")
        )
        states += ", once for each direction"
    count = len(names.split(", "))
    counted = f"The line has {cause.wanted} name{'' if cause.wanted == 1 else 's'} for what {name} gives"
    if cause.states:
        fix = f"Write {code(names + ' = ...')}, a name for each; or `output, *states = ...`, which takes any number."
        return CauseWords(
            f"{counted}, which is {cause.found} tensors: its output, and {states}.",
            f"{cause.found} names.",
            fix,
            f"Count what {name} gives when it returns its states.",
            fix,
        )
    also = "" if count == cause.wanted else f" It then gives {count} tensors: {code(names)}."
    fix = f"Make the layer with `return_state=True`: {code(f'{cause.class_name}(..., return_state=True)')}.{also}"
    return CauseWords(
        f"{counted}, which is one tensor: its output. It was not told to give {states}, too.",
        f"One name; or `return_state=True` in the {cause.class_name}.",
        fix,
        f"Read the settings of {name}: do they say that it returns its states?",
        fix,
    )


def _no_seed(cause: NoSeed) -> CauseWords:
    owner = code(f"{cause.class_name}.call") if cause.class_name else "Code that JAX traces"
    function = code(cause.function)
    return CauseWords(
        f"{owner} calls {function} without a seed of its own, and JAX would draw the same numbers each time.",
        "A layer that draws numbers keeps a `keras.random.SeedGenerator`, whose state changes with each draw.",
        "Write `self.seed_generator = keras.random.SeedGenerator(1)` in `__init__`, and pass "
        "`seed=self.seed_generator` to the function.",
        f"Look at the arguments of {function}: where do its random numbers start from?",
        f"Write {code(f'{cause.function}(..., seed=self.seed_generator)')}, and make the generator in `__init__`.",
    )


def _optimizer_used(cause: OptimizerUsed) -> CauseWords:
    name = code(cause.class_name)
    whose = (
        "for other weights of this model: what is trainable has changed since"
        if cause.same
        else "for the weights of another model"
    )
    fix = (
        f"Make a new optimizer, {code(f'keras.optimizers.{cause.class_name}(...)')}, and compile with it"
        f"{' again, each time `trainable` is changed' if cause.same else ': one for each model'}."
    )
    return CauseWords(
        f"{code(cause.method)} was to train with an optimizer ({name}) that was set up before, {whose}.",
        "An optimizer keeps numbers for each weight that it trains, and knows no others.",
        fix,
        "Where was this optimizer made, and which models were compiled with it?",
        fix,
    )


def _unlike_weights(cause: UnlikeWeights) -> CauseWords:
    name = cause.class_name
    found, wanted = cause.counts
    if cause.place is None:
        happened = (
            f"`set_weights` was given {found} array{'' if found == 1 else 's'}, and this {name} has {wanted} "
            f"weight{'' if wanted == 1 else 's'}."
        )
        expected = f"{wanted} array{'' if wanted == 1 else 's'}, in the order of `weights`."
    else:
        happened = (
            f"`set_weights` was given an array of shape {shape_text(cause.found)} for weight {cause.place}, and that "
            f"weight of this {name} has shape {shape_text(cause.wanted)}."
        )
        expected = f"An array of shape {shape_text(cause.wanted)} at place {cause.place}."
    return CauseWords(
        happened,
        expected,
        f"Take the arrays from a {name} with the same settings, called on inputs of the same shape.",
        "Print `[w.shape for w in layer.get_weights()]` for both, side by side.",
        "Build both with the same function, on the same Input: then `b.set_weights(a.get_weights())` fits.",
    )


STATE_WORDS: dict[type, Callable[[Any], CauseWords]] = {
    SuperNotCalled: _super_not_called,
    WrongUnpacking: _wrong_unpacking,
    NoSeed: _no_seed,
    OptimizerUsed: _optimizer_used,
    UnlikeWeights: _unlike_weights,
}
