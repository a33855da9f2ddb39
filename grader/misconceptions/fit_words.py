"""The words of calls that a layer refused because of a shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grader.causes import (
    TensorNote,
    UnknownLength,
    UnlikeFactors,
    UnlikeShapes,
    WindowTooLarge,
    WrongLength,
    WrongRank,
    WrongSize,
)
from grader.misconceptions.naming import CauseWords, code, shape_text, tensor

__all__ = ["FIT_WORDS", "RECURRENT"]

RECURRENT = ("SimpleRNN", "LSTM", "GRU", "RNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")


def _unlike_shapes(cause: UnlikeShapes) -> CauseWords:
    one, other = cause.tensors
    happened = f"{cause.class_name} was given {tensor(one)}, and {tensor(other)}: "
    if cause.axis is None:
        happened += (
            f"one has {len(one.shape)} axes, the other {len(other.shape)}, and they do not fit together."
        )
        where = "their number of axes"
    else:
        happened += f"along axis {cause.axis} their lengths are {one.shape[cause.axis]} and {other.shape[cause.axis]}."
        where = f"axis {cause.axis}"
    joins = cause.class_name == "Concatenate"
    expected = (
        "Concatenate needs equal lengths along every axis but the one it joins."
        if joins
        else f"{cause.class_name} works number by number: both need the same length along each axis (or 1)."
    )
    pointer = (
        f"Write down the shape after each step on the way to {tensor(one, shape=False)}, and to "
        f"{tensor(other, shape=False)}. From which step on does {where} differ?"
    )
    if cause.shortcut:
        fix = (
            "Send the shortcut through a projection that gives it the other's shape: a 1×1 convolution (a Dense layer "
            "for vectors) with as many filters, and with the same strides. Where only padding differs, use "
            "`padding='same'`."
        )
        nearly = _projection(cause)
    elif max(len(one.shape), len(other.shape)) <= 2 and not joins:
        fix = (
            "Give both the same width, with as many `units` in the last Dense layer of each way; or join them with "
            "`Concatenate`, which puts unlike widths side by side."
        )
        nearly = "Write `a = keras.layers.Dense(8)(a)` and `b = keras.layers.Dense(8)(b)` before they meet."
    else:
        fix = f"Make {where} equal on both ways: mind `padding`, `strides` and pooling, and where each way starts."
        nearly = (
            "Use `padding='same'`, and the same strides, on every way that ends in the same merge; a pooling layer "
            "there needs `strides=1` with it."
        )
    return CauseWords(happened, expected, fix, pointer, nearly)


def _projection(cause: UnlikeShapes) -> str:
    """Write the projection that turns the shorter way's shape into the other's."""
    one, other = cause.tensors
    start, end = (one, other) if not one.maker or len(one.shape) != len(other.shape) else (other, one)
    width = end.shape[-1] if end.shape else None
    name = code(start.variable or "x")
    layer = "Dense({})" if len(end.shape) == 2 else f"Conv{max(len(end.shape) - 2, 1)}D({{}}, 1, strides=...)"
    filters = "filters" if width is None else str(width)
    return (
        f"Write `shortcut = keras.layers.{layer.format(filters)}({name.strip('`')})`, with the strides of the other "
        "way, and add `shortcut`."
    )


def _unlike_factors(cause: UnlikeFactors) -> CauseWords:
    one, other = cause.tensors
    ours, theirs = cause.lengths
    second = code(other.variable) if other.variable else "the second"
    fix = f"Give {second} the length {ours} along its last axis but one."
    nearly = fix
    if cause.transposed:
        width = other.shape[0]
        fix = f"Exchange the axes of {second}: make it of shape {shape_text(tuple(reversed(other.shape)))}."
        nearly = (
            f"A kernel goes from the inputs to the outputs: `self.add_weight(shape=(input_shape[-1], {width}))`, "
            "where the first length is that of the input."
        )
    return CauseWords(
        f"{code(cause.function)} was to multiply {_factor(one)} by {_factor(other)}: the last axis of the first has the "
        f"length {ours}, the last axis but one of the second {theirs}.",
        "In a matrix product these two have the same length; the last axis of the second is that of the result.",
        fix,
        f"Write both shapes side by side, and hold the inner two lengths, {ours} and {theirs}, against each other.",
        nearly,
    )


def _factor(note: TensorNote) -> str:
    """Name a tensor, or a weight, which has no history, as its author wrote it."""
    if not note.data or not note.variable:
        return tensor(note)
    return f"{code(note.variable)} of shape {shape_text(note.shape)}"


def _wrong_rank(cause: WrongRank) -> CauseWords:
    needs = f"at least {cause.wanted}" if cause.at_least else str(cause.wanted)
    happened = (
        f"{cause.class_name} needs {needs} axes, the batch axis counted, and was given {tensor(cause.tensor)}, which "
        f"has {cause.found}."
    )
    expected = f"A tensor with {needs} axes."
    if cause.lost_by in RECURRENT:
        happened += f" {cause.lost_by} gives its last step only, unless it is told to return them all."
        fix = f"Set `return_sequences=True` in the {cause.lost_by} before it."
        pointer = f"Look at the {cause.lost_by} before it: does it hand on every step, or the last one?"
    elif cause.lost_by:
        happened += f" {cause.lost_by} took axes away."
        fix = f"Call {cause.class_name} before {cause.lost_by}, or leave {cause.lost_by} out."
        pointer = f"Write down the shape before and after {cause.lost_by}."
    elif cause.found < cause.wanted:
        fix = (
            f"Give data with all {cause.wanted} axes: one that is missing at the end is added by `x[..., None]`, the batch axis "
            "by `x[None]`."
            if cause.tensor.data
            else "Give the Input all its axes: (height, width, channels) for images, (steps, features) for sequences, "
            "also where the last one is 1."
            if not cause.tensor.maker
            else f"Change the steps before {cause.class_name} so that an axis is kept, or add one with `Reshape`."
        )
        pointer = f"Count the axes of {tensor(cause.tensor, shape=False)}, and those that {cause.class_name} works on."
    else:
        fix = f"Take axes away before {cause.class_name}, with `Flatten` or a pooling layer."
        pointer = f"Count the axes of {tensor(cause.tensor, shape=False)}, and those that {cause.class_name} works on."
    return CauseWords(happened, expected, fix, pointer, fix)


def _wrong_length(cause: WrongLength) -> CauseWords:
    made = " It was built for that length." if cause.built else ""
    happened = (
        f"{cause.class_name} takes the length {cause.wanted} along axis {cause.axis}, and was given "
        f"{tensor(cause.tensor)}, where it is {cause.found}.{made}"
    )
    if cause.tensor.data:
        fix = (
            f"Look at the data first: give the model such data as it was built for, here of length {cause.wanted} along axis "
            f"{cause.axis}. Where {cause.class_name} comes after other layers, look at what they give."
        )
    else:
        fix = (
            f"Give it a tensor whose axis {cause.axis} has the length {cause.wanted}, or use another "
            f"{cause.class_name} for this one."
        )
    return CauseWords(
        happened,
        f"The length {cause.wanted} along axis {cause.axis}.",
        fix,
        f"Compare the shapes at every call of this {cause.class_name}: are they the same?",
        fix + " Where lengths may differ, begin with an Input that says so, as in `keras.Input((None, 3))`.",
    )


def _unknown_length(cause: UnknownLength) -> CauseWords:
    return CauseWords(
        f"{cause.class_name} was given {tensor(cause.tensor)}: the length of axis {cause.axis} is not known (None), "
        "and its weights depend on it.",
        f"A known length along axis {cause.axis}.",
        "Write that length in `keras.Input`; or pool over the open axes (`GlobalAveragePooling2D`) in place of "
        "`Flatten`.",
        f"Follow axis {cause.axis} back to the `keras.Input`: where does None come in?",
        "Write `keras.Input((28, 28, 1))` with the true lengths in place of None.",
    )


def _window_too_large(cause: WindowTooLarge) -> CauseWords:
    setting = code(cause.setting or "kernel_size")
    return CauseWords(
        f"{cause.class_name} has a window of length {cause.window} along axis {cause.axis} ({setting}), and was given "
        f"{tensor(cause.tensor)}, where only {cause.found} are left.",
        f"A window of at most {cause.found}, or more to slide it over.",
        f"Make {setting} smaller, use `padding='same'`, or pool less before.",
        f"Write down the height and width after each step. What is left when {cause.class_name} comes?",
        f"Set {setting} to at most {cause.found}, or `padding='same'`, in this {cause.class_name}.",
    )


def _wrong_size(cause: WrongSize) -> CauseWords:
    target = shape_text(cause.target)
    count = f"a multiple of {cause.wanted}" if -1 in cause.target else str(cause.wanted)
    return CauseWords(
        f"Reshape to {target} needs {count} numbers for each example, and was given {tensor(cause.tensor)}, which has "
        f"{cause.found}.",
        "A reshape orders the same numbers anew: it makes none and drops none.",
        f"Choose a shape whose lengths multiply to {cause.found}, or change the layer before to give {count} numbers.",
        f"Multiply the lengths of {shape_text(cause.tensor.shape[1:])}, and those of {target}.",
        f"Put a layer before it that gives {count} numbers, such as a Dense layer, or reshape to {cause.found} in all.",
    )


FIT_WORDS: dict[type, Callable[[Any], CauseWords]] = {
    UnlikeShapes: _unlike_shapes,
    UnlikeFactors: _unlike_factors,
    WrongRank: _wrong_rank,
    WrongLength: _wrong_length,
    UnknownLength: _unknown_length,
    WindowTooLarge: _window_too_large,
    WrongSize: _wrong_size,
}
