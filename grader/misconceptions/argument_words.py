"""The words of calls that were given other arguments than they take, and of names and files that Keras does not know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grader.causes import (
    CallMiswritten,
    ClassGiven,
    MissingArgument,
    NameUsedTwice,
    NotAShape,
    NothingReturned,
    OpenShape,
    TensorAsSetting,
    TooManyArguments,
    UnknownArgument,
    UnknownName,
    WrongFile,
)
from grader.misconceptions.naming import CauseWords, a_or_an, code, listed, shape_text, tensor

__all__ = ["ARGUMENT_WORDS"]


def _unknown_argument(cause: UnknownArgument) -> CauseWords:
    of_call = cause.function.startswith("the call of ")
    function = cause.function if of_call else code(cause.function)
    takes = listed([code(name) for name in cause.takes]) or "nothing by name"
    happened = f"{function[:1].upper()}{function[1:]} takes no argument {code(cause.argument)}."
    fix = f"Choose one of these, or leave {code(cause.argument)} out."
    if cause.nearest:
        happened += f" The nearest that it takes is {code(cause.nearest)}."
        fix = f"Write {code(cause.nearest + '=...')} in place of {code(cause.argument + '=...')}."
    return CauseWords(
        happened,
        f"It takes {takes}.",
        fix,
        f"Put the names that you wrote beside those it takes: {takes}.",
        fix,
    )


def _missing_argument(cause: MissingArgument) -> CauseWords:
    name, missing = cause.function, listed([code(one) for one in cause.arguments])
    plain = [one.replace("`", "'") for one in cause.arguments]
    if not cause.call:
        inside = ", ".join(f"{one}=..." for one in plain)
        fix = f"Write {code(f'{name}({inside})')}, with the other arguments that you need."
        return CauseWords(
            f"{code(name)} was not given {missing}.",
            f"{code(name)} cannot be made, or called, without {missing}.",
            fix,
            f"Read what {code(name)} has to be told, and what you gave it.",
            fix,
        )
    happened = f"{name} was called without {missing}."
    if cause.listed:
        happened += " It was given one list, and takes its tensors one by one."
    if name == "MultiHeadAttention":
        fix = (
            "Give it the tensor that asks and the one that is read: `attention(query, value)`. "
            "For self-attention they are the same: `attention(x, x)`."
        )
    else:
        fix = f"Pass {missing} as well, after the first tensor or by name: `layer(x, {plain[0]}=...)`."
    return CauseWords(
        happened,
        f"A call of {name} needs {missing} beside its first argument.",
        fix,
        f"Count the tensors in the call of {name}. Which does it need?",
        fix,
    )


def _tensor_as_setting(cause: TensorAsSetting) -> CauseWords:
    name = cause.class_name
    what = tensor(cause.tensor)
    if cause.listed:
        what = f"a list of tensors ({what.rstrip(',')})"
    became = f", where it was taken for {code(cause.setting)}" if cause.setting else ""
    variable = cause.tensor.variable.replace("`", "'") or "x"
    inside = f"[{variable}, ...]" if cause.listed else variable
    settings = ", ".join(cause.needs).replace("`", "'")
    right = code(f"{name}({settings})({inside})")
    return CauseWords(
        f"{name} was made with {what.rstrip(',')}{became}. It has not been called.",
        f"A layer is made with its settings, {code(f'{name}(...)')}, and then called on a tensor.",
        f"Write two pairs of brackets: {right}, the settings in the first, the tensor in the second.",
        f"Look at the brackets after {name}: are they those that make the layer, or those that call it?",
        f"Write {right}.",
    )


def _too_many_arguments(cause: TooManyArguments) -> CauseWords:
    takes = listed([code(name) for name in cause.takes])
    who = f"The call of {cause.function}" if cause.call else code(cause.function)
    count = len(cause.takes)
    at_most = f"at most {count} argument{'' if count == 1 else 's'}" if count else "no argument"
    happened = (
        f"{who} takes {at_most} without a name{f' ({takes})' if takes else ''}, and was given {cause.found}."
    )
    fix = "Leave out what is too much, or write what it is for: `name=value`."
    if cause.numbers:
        numbers = ", ".join(str(number) for number in cause.numbers)
        fix = f"Where the numbers are the lengths of one shape, put them into one tuple: {code(f'{cause.function}(({numbers}))')}."
    elif cause.call:
        fix = f"Pass one tensor, merged from the others first; or call {cause.function} on each of them."
    return CauseWords(
        happened,
        f"{at_most[:1].upper()}{at_most[1:]}{f': {takes}' if takes else ''}.",
        fix,
        f"Count what stands in the brackets of {code(cause.function)}, and say of each what it is.",
        fix,
    )


def _open_shape(cause: OpenShape) -> CauseWords:
    shape, function = shape_text(cause.shape), cause.function
    weight = function == "add_weight"
    text = f"{code(cause.text)}, which is {shape}" if cause.text else f"the shape {shape}"
    if weight:
        fix = "Take lengths that are known: `input_shape[-1]` is the last one, where `input_shape[0]` is the batch, None."
    elif function.startswith("keras.random."):
        fix = f"Ask for the shape when the data are there: {code(f'{function}(keras.ops.shape(x))')}, with your tensor for `x`."
    else:
        fix = (
            f"Ask for the shape when the data are there, {code(f'{function}(keras.ops.shape(x))')}; or use "
            "`keras.ops.zeros_like(x)` and the like."
        )
    return CauseWords(
        f"{code(function)} was given {text}: a length there is None, not known yet.",
        "A weight has a length along each axis."
        if weight
        else "Numbers are made along axes of known length.",
        fix,
        "Which of the lengths is None, and when is it known?",
        fix,
    )


def _not_a_shape(cause: NotAShape) -> CauseWords:
    if cause.inside:
        fix = (
            "Write the lengths side by side, in one pair of brackets. Of a shape that has a name take one length by index: "
            "`input_shape[-1]` is the last one, as in `self.add_weight(shape=(input_shape[-1], self.units))`."
        )
        return CauseWords(
            f"The shape {code(cause.value)} stands inside another shape, in the place of a length.",
            "A shape is a flat tuple with one number for each axis.",
            fix,
            "Look at each part of the shape: is it a number, or a shape of its own?",
            fix,
        )
    if "," in cause.value:
        fix = f"Put them into one tuple: {code(f'keras.Input(({cause.value}))')}."
        return CauseWords(
            f"The lengths {code(cause.value)} were given one by one, where one shape is taken.",
            "A shape is a tuple with one length for each axis, the batch axis left out.",
            fix,
            "Count the brackets: those of the call, and those of the tuple.",
            fix,
        )
    fix = f"Write {code(f'({cause.value},)')}, with the comma that makes a tuple: {code(f'keras.Input(({cause.value},))')}."
    return CauseWords(
        f"{code(cause.value)} was given as a shape, and is a number.",
        "A shape is a tuple with one length for each axis, the batch axis left out.",
        fix,
        "How many axes does one example have? The shape holds a length for each.",
        fix,
    )


def _class_given(cause: ClassGiven) -> CauseWords:
    name = cause.class_name
    fix = f"Make an object of it, with brackets: {code(f'{name}(...)')}."
    return CauseWords(
        f"{code(cause.argument)} of {code(cause.function)} was given the class {code(name)}, which was never made into an object.",
        f"An object that holds its settings, such as {code(f'{name}()')}.",
        fix,
        f"What stands behind {name}? A class becomes an object when it is called.",
        fix,
    )


def _unknown_name(cause: UnknownName) -> CauseWords:
    place = f"{a_or_an(cause.what)} named" if cause.what != "padding" else "the padding"
    happened = f"Keras does not know {place} '{cause.name}'."
    if cause.what == "layer":
        happened = f"The model has no layer named '{cause.name}'."
    known = listed([f"'{name}'" for name in cause.known])
    expected = (
        f"Known are {known}."
        if known
        else f"The name of {a_or_an(cause.what)} that `keras.{_MODULES[cause.what]}` holds."
    )
    fix = (
        f"Write '{cause.nearest}', the nearest name that is known."
        if cause.nearest
        else (
            "Take one of the names that are known."
            if known
            else f"Look the name up in `keras.{_MODULES[cause.what]}`."
        )
    )
    return CauseWords(happened, expected, fix, f"Read '{cause.name}' letter by letter.", fix)


_MODULES = {
    "activation": "activations",
    "loss": "losses",
    "metric": "metrics",
    "optimizer": "optimizers",
    "initializer": "initializers",
    "regularizer": "regularizers",
    "constraint": "constraints",
    "padding": "layers",
    "layer": "Model",
}


def _name_used_twice(cause: NameUsedTwice) -> CauseWords:
    first, second = cause.classes
    both = (
        f"Two layers of the model, {a_or_an(first)} and {a_or_an(second)},"
        if first != second
        else (f"Two {first} layers of the model")
    )
    return CauseWords(
        f"{both} have the same name, '{cause.name}'.",
        "Within a model every layer has a name of its own; a file of weights finds them by it.",
        "Give each another name, or none: Keras then makes one up. Where the same layer should be used twice, make one "
        "layer and call it twice.",
        f"Look for `name='{cause.name}'`: where does it stand twice, or in a loop?",
        "In a loop, put the number into the name: `name=f'block_{i}'`.",
    )


def _nothing_returned(cause: NothingReturned) -> CauseWords:
    function = code(cause.function)
    return CauseWords(
        f"{function} has no `return` with a value, so that it gives None.",
        "It gives back the tensor that it computed."
        if not cause.method
        else "`call` gives back the layer's output.",
        f"End {function} with `return`, and the tensor that is its result.",
        f"Read the last line of {function}: what does it hand back?",
        f"Write `return x` as the last line of {function}, with the name of its last tensor.",
    )


def _call_miswritten(cause: CallMiswritten) -> CauseWords:
    name = cause.class_name
    if cause.problem == "without-self":
        return CauseWords(
            f"{code(name + '.call')} has no `self`: Python passes the layer as the first argument, and the tensor after it.",
            "A method begins with `self`: `def call(self, inputs):`.",
            f"Write `def call(self, ...):` in {code(name)}.",
            f"Read the first line of {code(name + '.call')}: which argument stands first?",
            f"Write `def call(self, x):` in {code(name)}.",
        )
    other = f" It has {code(cause.found)}, which Keras does not use." if cause.found else ""
    fix = (
        f"Rename {code(cause.found)} to `call`."
        if cause.found
        else f"Write `def call(self, inputs):` in {code(name)}, at the same depth as `__init__`, and return the output."
    )
    return CauseWords(
        f"{code(name)} has no `call`.{other}",
        "A class of one's own says in `call` what it computes.",
        fix,
        f"List the methods of {code(name)}, and mind their spelling and how far they are indented.",
        fix,
    )


def _wrong_file(cause: WrongFile) -> CauseWords:
    path = f"'{cause.path}'"
    if cause.problem == "not-there":
        return CauseWords(
            f"There is no file {path} where {code(cause.method)} looked for it.",
            "A path is looked up from the folder that the notebook runs in.",
            "Compare the path with the one you saved to, or save the model first.",
            "Which folder does the notebook run in? `os.getcwd()` says so.",
            "Write the path once, `path = 'model.keras'`, and use it for saving and for loading.",
        )
    if cause.problem == "folder":
        return CauseWords(
            f"{path} is a folder, and `load_model` was to load it.",
            f"A whole model is one file that ends in `{cause.wanted}`.",
            "Save with `model.save('model.keras')`, and load that file. A SavedModel of TensorFlow's is read by "
            "`keras.layers.TFSMLayer`.",
            "What did the line that saved the model write?",
            "Write `keras.saving.load_model('model.keras')`.",
        )
    stem = cause.path.partition(".")[0] or "model"
    right = f"'{stem}{cause.wanted}'"
    loads = cause.method.startswith("load")
    what = "weights" if cause.method.endswith("weights") else "a whole model"
    return CauseWords(
        f"{code(cause.method)} was given {path}, whose ending it does not take.",
        f"The file of {what} ends in `{cause.wanted}`.",
        f"Save to, and load from, {right}." if loads else f"Save to {right}.",
        f"Look at what follows the first dot of {path}.",
        f"Write {right}. For TensorFlow's SavedModel there is `model.export(folder)`.",
    )


ARGUMENT_WORDS: dict[type, Callable[[Any], CauseWords]] = {
    UnknownArgument: _unknown_argument,
    MissingArgument: _missing_argument,
    TensorAsSetting: _tensor_as_setting,
    NotAShape: _not_a_shape,
    OpenShape: _open_shape,
    TooManyArguments: _too_many_arguments,
    ClassGiven: _class_given,
    UnknownName: _unknown_name,
    NameUsedTwice: _name_used_twice,
    NothingReturned: _nothing_returned,
    CallMiswritten: _call_miswritten,
    WrongFile: _wrong_file,
}
