"""The words of data that a model cannot be trained, measured or run on."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from grader.causes import (
    Array,
    LossUnlikeLabels,
    NotCompiled,
    NothingToLearn,
    NotNumbers,
    OutOfRange,
    UnlikeCounts,
    UnlikeData,
    WrongArrays,
)
from grader.misconceptions.naming import CauseWords, code, listed, shape_text

__all__ = ["DATA_WORDS"]


def _named(array: Array) -> str:
    """Name an array as the author wrote it, and the argument it was given for."""
    if (
        array.text.startswith(array.argument.partition("[")[0]) or not array.text
    ):  # `x_train` for x speaks for itself
        return code(array.text or array.argument)
    return f"{code(array.text)} (given for {code(array.argument)})"


def _variable(array: Array) -> str:
    return (array.text or array.argument).replace("`", "'")


def _not_compiled(cause: NotCompiled) -> CauseWords:
    model = (cause.variable or "model").replace("`", "'")
    who = f"The model {code(cause.variable)}" if cause.variable else f"The {cause.class_name} model"
    fix = f"Call {code(model + '.compile(optimizer=..., loss=...)')} before {code(cause.method)}."
    return CauseWords(
        f"{who} was not compiled, and {code(cause.method)} was called.",
        "`compile` says by which loss a model is judged, and how its weights are changed.",
        fix,
        f"Which line comes before {code(cause.method)}, and says what the loss is?",
        f"Write {code(model + '.compile(optimizer=' + repr('adam') + ', loss=' + repr('mse') + ')')}, with the loss that "
        "fits your labels.",
    )


def _not_numbers(cause: NotNumbers) -> CauseWords:
    name, variable = _named(cause.array), _variable(cause.array)
    if cause.given == "text":
        unique = f"classes, numbers = np.unique({variable}, return_inverse=True)"
        return CauseWords(
            f"{code(cause.method)} was given {name}, which holds text.",
            "A model computes with numbers.",
            f"Turn each text into a number first. Classes: {code(unique)}, and pass `numbers`. Sentences: "
            "`keras.layers.TextVectorization`.",
            f"Look at {code(variable + '[0]')}, and at {code(variable + '.dtype')}.",
            f"Write {code(unique)}, and pass `numbers`.",
        )
    if cause.given == "objects":
        return CauseWords(
            f"{code(cause.method)} was given {name}, an array of Python objects (its dtype is `object`).",
            "An array of numbers, all rows of the same length.",
            f"Make every row the same length, and write {code(variable + '.astype(' + repr('float32') + ')')}; columns of text are "
            "turned into numbers first.",
            f"Look at {code(variable + '[0]')} and {code(variable + '[1]')}: are they numbers, and equally many?",
            "Lists of unlike lengths are filled up with `keras.utils.pad_sequences`.",
        )
    what = "a plain number" if cause.given == "number" else "a Python list of numbers"
    one = f"np.array([{variable}])" if cause.given == "number" else f"np.array({variable})"
    return CauseWords(
        f"{code(cause.method)} was given {name}, which is {what}.",
        "Data come as arrays (of NumPy or of the backend). A list stands for several inputs, with an array for each.",
        f"Pass {code(one)}.",
        f"What is {code('type(' + variable + ')')}?",
        f"Write {code(one)}; for a model with several inputs, a list with one array for each.",
    )


def _unlike_counts(cause: UnlikeCounts) -> CauseWords:
    (one, other), (first, second) = cause.arrays, cause.counts
    return CauseWords(
        f"{_named(one)} holds {first} examples, and {_named(other)} holds {second} labels.",
        "Each example has one label: both are of the same length along axis 0.",
        "Cut both at the same places, and mind that neither is a part of another split.",
        f"Print {code(_variable(one) + '.shape')} and {code(_variable(other) + '.shape')}. Where do they part?",
        "Write `x_train, y_train = x[:n], y[:n]`, with the same `n` for both.",
    )


def _wrong_arrays(cause: WrongArrays) -> CauseWords:
    names = listed([f"'{name}'" for name in cause.names])
    called = f" ({names})" if names else ""
    happened = (
        f"The model has {cause.wanted} {cause.side}{called}, and {code(cause.method)} was given {cause.found} "
        f"array{'' if cause.found == 1 else 's'} for {code(cause.array.argument)}."
    )
    if cause.unknown:
        happened += f" No input is named {listed([repr(name) for name in cause.unknown])}."
    fix = f"Give a list with {cause.wanted} arrays, in the order of the model's {cause.side}" + (
        f", or a dict with the keys {names}." if names else "."
    )
    return CauseWords(
        happened,
        f"One array for each of the {cause.wanted} {cause.side}.",
        fix,
        f"Count the model's {cause.side}, and the arrays you gave.",
        fix,
    )


def _unlike_data(cause: UnlikeData) -> CauseWords:
    shape, wanted = cause.array.shape, cause.wanted
    which = f"the Input '{cause.name}'" if cause.name else "the model's Input"
    who = "The model" if cause.method == "call" else code(cause.method)
    happened = (
        f"{who} was given {_named(cause.array)} of shape {shape_text(shape)}, and {which} takes "
        f"{shape_text(wanted)}."
    )
    variable = _variable(cause.array)
    if _fits(shape, wanted[1:]):
        single = re.fullmatch(r"(.+)\[(\d+)\]", variable)
        batch = (
            f"{single[1]}[{single[2]}:{int(single[2]) + 1}]"
            if single and cause.array.text
            else f"{variable}[None]"
        )
        happened += " That is one example without the batch axis."
        fix = f"Pass a batch of one: {code(batch)}."
        pointer = "A model takes many examples at once, also where there is one. Which axis counts them?"
    elif wanted[-1] == 1 and _fits(shape, wanted[:-1]):
        fix = f"Add the last axis: {code(variable + '[..., None]')}."
        pointer = "Which axis does the Input have that the data have not?"
    elif _count(shape) == _count(wanted) > 0:
        new = ", ".join(str(n) for n in wanted[1:])
        fix = (
            f"Order the same numbers anew: {code(f'{variable}.reshape(-1, {new})')}; or let the model begin with "
            f"{code(f'keras.Input({shape_text(shape[1:])})')} and a `Flatten` or `Reshape` layer."
        )
        pointer = "Multiply the lengths of one example, and those that the Input takes."
    else:
        fix = (
            f"Give data of shape {shape_text(wanted)}, prepared as those it was made for; or make the model for these, "
            f"with {code(f'keras.Input({shape_text(shape[1:])})')}."
        )
        pointer = f"Compare {code(variable + '.shape')} with the model's `input_shape`, axis by axis."
    return CauseWords(
        happened,
        f"Data of shape {shape_text(wanted)}, where None is any number of examples.",
        fix,
        pointer,
        fix,
    )


def _fits(shape: tuple[int | None, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(b is None or a == b for a, b in zip(shape, wanted, strict=True))


def _count(shape: tuple[int | None, ...]) -> int:
    return math.prod(n or 0 for n in shape[1:])


def _nothing_to_learn(cause: NothingToLearn) -> CauseWords:
    if cause.missing == "loss":
        return CauseWords(
            f"The model was compiled without a loss, and {code(cause.method)} was called.",
            "Training makes a loss smaller; measuring computes it.",
            "Give `compile` a loss: `model.compile(optimizer=..., loss=...)`.",
            "Read the line with `compile`: what is it to be judged by?",
            "Write `model.compile(optimizer='adam', loss='mse')`, with the loss that fits your labels.",
        )
    return CauseWords(
        f"{code(cause.method)} was given no labels (`y`), and the model's loss compares its outputs with labels.",
        "A loss needs what the outputs should have been.",
        f"Pass the labels as the second argument: {code(f'model.{cause.method}(x, y)')}. An autoencoder's labels are its inputs, "
        f"{code(f'model.{cause.method}(x, x)')}.",
        f"Count the arrays in the call of {code(cause.method)}.",
        f"Write {code(f'model.{cause.method}(x, y)')}.",
    )


def _loss_unlike_labels(cause: LossUnlikeLabels) -> CauseWords:
    shape, output = cause.array.shape, cause.output
    loss, name = code(cause.loss), _variable(cause.array)
    happened = (
        f"{loss} compares {_named(cause.array)} of shape {shape_text(shape)} with outputs of shape {shape_text(output)}, and "
        "they do not fit."
    )
    single = len(shape) < len(output) or shape[-1] == 1
    width = output[-1]
    expected = f"Labels of the outputs' shape, {shape_text(output)}."
    pointer = f"Write down the shape of {code(name)} and that of the model's output, side by side."
    unlike_axes = _axes_to_mend(cause)
    if unlike_axes is not None:
        more, expected, fix = unlike_axes
        return CauseWords(f"{happened} {more}", expected, fix, pointer, fix)
    if cause.loss == "sparse_categorical_crossentropy":
        expected = "One whole number for each example, the number of its class."
        if shape[-1:] == output[-1:]:
            fix = (
                "Use `categorical_crossentropy`, which takes a column for each class; or turn the labels into class numbers, "
                f"{code(name + '.argmax(axis=-1)')}."
            )
        else:
            fix = f"Give one class number for each example: labels of shape {shape_text(output[:-1])}."
    elif cause.loss.startswith("categorical") and single and cause.classes and cause.outside:
        expected = f"Class numbers from 0 to {(width or 1) - 1}, or a column for each of the {width} classes (one-hot)."
        fix = (
            "Use `sparse_categorical_crossentropy`, which takes class numbers; and number the classes from 0 to "
            f"{(width or 1) - 1}, which they are not yet."
        )
    elif cause.loss.startswith("categorical") and single and cause.classes:
        expected = f"A column for each of the {width} classes (one-hot), with a single 1 in each row."
        fix = (
            "Use `sparse_categorical_crossentropy`, which takes class numbers; or give the labels a column for each class, "
            f"{code(f'keras.utils.to_categorical({name}, {width})')}."
        )
    elif cause.loss.startswith("binary") and single:
        fix = (
            "For yes or no, end with `Dense(1, activation='sigmoid')`. For one class out of several, use "
            "`sparse_categorical_crossentropy` and `softmax`."
        )
    else:
        fix = (
            f"Let the last layer give as many numbers as the labels have ({shape[-1] if len(shape) > 1 else 1}), or give "
            f"labels of shape {shape_text(output)}."
        )
    return CauseWords(happened, expected, fix, pointer, fix)


def _axes_to_mend(cause: LossUnlikeLabels) -> tuple[str, str, str] | None:
    """Say what happened, was expected and mends it, where outputs have axes too many or too few for the labels."""
    shape, output = cause.array.shape, cause.output
    sparse = cause.loss == "sparse_categorical_crossentropy"
    extra = len(output) - 2
    if extra > 0 and (
        len(shape) == 1 or (len(shape) == 2 and shape[-1] in ((1,) if sparse else (1, output[-1])))
    ):
        places = " × ".join("?" if n is None else str(n) for n in output[1:-1])
        more = (
            f"The outputs have {'an axis' if extra == 1 else f'{extra} axes'} too many: the model gives {places} results for "
            "each example, and there is one label."
        )
        fix = (
            "Put a `Flatten` layer, or one that pools (`GlobalAveragePooling1D`, `GlobalAveragePooling2D`), before the last "
            "Dense; a recurrent layer there leaves `return_sequences=True` out."
        )
        return more, f"One result for each example: outputs of shape {shape_text((None, output[-1]))}.", fix
    column = len(shape) == len(output) + 1 and shape[-1] == 1
    wanted = shape_text((None, *shape[1:]))
    reshape = code(f"Reshape({shape_text(shape[1:])})")
    if sparse or len(shape) < 2 or len(shape) == len(output):
        return None
    if _count(shape) == _count(output) > 1:
        flat = ", ".join(str(n) for n in output[1:])
        fix = (
            f"End the model with {reshape}, which gives its outputs the labels' axes; or order the labels anew, "
            f"{code(f'{_variable(cause.array)}.reshape(-1, {flat})')}."
        )
        return "Both hold as many numbers, on unlike axes.", f"Outputs of the labels' shape, {wanted}.", fix
    if len(shape) > len(output) and not column:
        few = len(shape) - len(output)
        fix = (
            f"Let the last Dense give as many numbers as one label has ({_count(shape)}), and end the model with {reshape}; "
            f"or end it with layers that keep the axes."
        )
        more = f"The outputs have {'an axis' if few == 1 else f'{few} axes'} too few."
        return more, f"Outputs of the labels' shape, {wanted}.", fix
    return None


def _out_of_range(cause: OutOfRange) -> CauseWords:
    last = cause.limit - 1
    span = f"The numbers in {_named(cause.array)} go from {cause.lowest} to {cause.highest}"
    shifted = cause.lowest == 1 and cause.highest == cause.limit
    if cause.what == "labels":
        happened = (
            f"{span}, and the model has {cause.limit} outputs, one for each of the classes 0 to {last}."
        )
        fix = (
            f"Count classes from 0: {code(_variable(cause.array) + ' - 1')}."
            if shifted
            else f"Number the classes from 0 to {last}, or give the last layer an output for each class ({cause.highest + 1})."
            if cause.lowest >= 0
            else f"Number the classes from 0 to {last}; a class below 0 has no output."
        )
        pointer = (
            f"Print {code(f'np.unique({_variable(cause.array)})')}, and count the units of the last layer."
        )
        return CauseWords(happened, f"Class numbers from 0 to {last}.", fix, pointer, fix)
    fix = (
        f"Make the table larger, {code(f'Embedding({cause.highest + 1}, ...)')}, or map rare ids to one that is there."
        if cause.lowest >= 0
        else f"Use ids from 0 to {last}; an id below 0 has no row."
    )
    return CauseWords(
        f"{span}, and the Embedding has {cause.limit} rows, for the ids 0 to {last}.",
        f"Ids from 0 to {last}: `input_dim` is the greatest id plus 1.",
        fix,
        f"What is the greatest number in {code(_variable(cause.array))}, and how many rows does the Embedding have?",
        fix,
    )


DATA_WORDS: dict[type, Callable[[Any], CauseWords]] = {
    NotCompiled: _not_compiled,
    NotNumbers: _not_numbers,
    UnlikeCounts: _unlike_counts,
    WrongArrays: _wrong_arrays,
    UnlikeData: _unlike_data,
    NothingToLearn: _nothing_to_learn,
    LossUnlikeLabels: _loss_unlike_labels,
    OutOfRange: _out_of_range,
}
