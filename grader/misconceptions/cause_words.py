"""A cause → words: what happened, what was expected, how to mend it, and the two lower steps of a hint ladder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grader.causes import (
    CannotBranch,
    Cause,
    ConfigNotSaved,
    InputNotListed,
    NoShapeYet,
    NotATensor,
    NotRegistered,
    StateInCall,
    ValueNeeded,
    WrongCount,
)
from grader.misconceptions.argument_words import ARGUMENT_WORDS
from grader.misconceptions.data_words import DATA_WORDS
from grader.misconceptions.fit_words import FIT_WORDS
from grader.misconceptions.library_words import LIBRARY_WORDS
from grader.misconceptions.naming import CauseWords, a_or_an, code, listed, tensor
from grader.misconceptions.state_words import STATE_WORDS

__all__ = ["CauseWords", "words_of"]


def words_of(cause: Cause) -> CauseWords:
    """Put a cause into words, with the names and values it holds."""
    return _WORDS[type(cause)](cause)


def _input_not_listed(cause: InputNotListed) -> CauseWords:
    missing = listed([tensor(note) for note in cause.missing])
    one = len(cause.missing) == 1
    happened = (
        f"An output of the model comes from {missing}, which `keras.Model(inputs=...)` was not given."
        if one
        else f"Outputs of the model come from {missing}, which `keras.Model(inputs=...)` was not given."
    )
    given = listed([tensor(note) for note in cause.listed]) or "nothing"
    expected = f"Every Input that an output comes from has to be listed. Listed was: {given}."
    pointer = (
        f"Follow the outputs back to where they start: one of them starts at {tensor(cause.missing[0])}."
    )
    if cause.instead is not None and one:
        other = tensor(cause.listed[cause.instead])
        happened += f" No output comes from {other}, which was listed."
        fix = (
            "Give `keras.Model` the very Input that your layers were called on. Where you made it a second time, "
            "or cut a model apart, use the first one: for a model `m` that is `m.input`."
        )
        nearly = (
            "Make the Input once, call the first layer on it, and list that same object: "
            "`x = keras.Input(...)`, `y = layer(x)`, `keras.Model(x, y)`. Run the cells again from the Input on."
        )
        return CauseWords(happened, expected, fix, pointer, nearly)
    names = [note.variable for note in (*cause.listed, *cause.missing)]
    if all(names):
        fix = f"List it too: `keras.Model(inputs=[{', '.join(name.replace('`', '') for name in names)}], outputs=...)`."
    else:
        fix = f"Add {missing} to the list that `keras.Model(inputs=[...], outputs=...)` is given."
    return CauseWords(happened, expected, fix, pointer, fix)


def _no_shape_yet(cause: NoShapeYet) -> CauseWords:
    kinds = {
        "sequential": "Sequential model",
        "model": f"{cause.class_name} model",
        "layer": f"{cause.class_name} layer",
    }
    who = f"The {kinds[cause.what]}" + (f" {code(cause.variable)}" if cause.variable else "")
    asked = f", and {code(cause.asked)} was asked for" if cause.asked else ""
    happened = f"{who} does not know the shape of its input, so that it has no weights yet{asked}."
    if cause.what == "sequential":
        return CauseWords(
            happened,
            "A stack knows its shapes from the start when it begins with a `keras.Input`.",
            "Put `keras.Input(shape)` first in the list, with the shape of one example, the batch axis left out.",
            "Look at the first element of the list, or at the first `add`: does it say what goes in?",
            "Write `keras.Sequential([keras.Input((28, 28, 1)), ...])` with the shape of your own examples.",
        )
    return CauseWords(
        happened,
        f"The weights of {a_or_an(cause.class_name)} are made when it first sees a tensor.",
        "Call it once on a `keras.Input` of the right shape, or on data, before you ask.",
        "Look for the line that calls it on a tensor. Does it come before the one that failed?",
        "Write `x = keras.Input(...)` and call it on `x` first.",
    )


def _not_a_tensor(cause: NotATensor) -> CauseWords:
    what = {
        "shape": f"the shape {cause.value}",
        "number": f"the number {cause.value}",
        "text": f"the text {cause.value}",
        "layer": f"a layer ({cause.value})",
        "class": f"the class {cause.value}, which was never made into a layer",
        "nothing": "None",
        "other": f"{a_or_an(cause.value or 'object')}",
    }[cause.given].replace("`", "'")
    if cause.place == "call":
        happened = f"{cause.class_name} was called on {what}, and not on a tensor."
        expected = "A layer is called on tensors: those that `keras.Input` makes, and those that layers give."
    elif cause.place == "stack":
        happened = f"A Sequential model was given {what}."
        expected = "A Sequential model is made of layers: objects, with their settings."
        fix = f"Make the layer where you list it: `{cause.value.replace('`', '')}(...)`, with its settings in brackets."
        return CauseWords(
            happened, expected, fix, "Look for a class without brackets in the list of layers.", fix
        )
    else:
        happened = f"`keras.Model({cause.place}=...)` was given {what}, and not a tensor."
        expected = "`keras.Model` is made of tensors: those that `keras.Input` made, and those that the last layers gave."
    pointer = f"Where does what stands for {what} come from? No `keras.Input` stands behind it."
    if cause.given == "shape":
        fix = f"Make a tensor of that shape first: `x = keras.Input({cause.value})`, and go on with `x`."
    elif cause.given in ("layer", "class"):
        fix = "Call each layer on a tensor, `y = layer(x)`, and pass on the result `y`, not the layer."
    elif cause.given == "nothing":
        fix = "Look at the line that should have given the tensor: a function without `return` gives None."
        pointer = "Which line should have given this tensor? It gave None."
    else:
        fix = "Pass the tensor that `keras.Input`, or the layer before, gave."
    return CauseWords(happened, expected, fix, pointer, fix)


def _wrong_count(cause: WrongCount) -> CauseWords:
    name, found = cause.class_name, cause.found
    if cause.wanted is None:
        how = f"{found} tensors one by one" if found > 1 else "a single tensor"
        happened = f"{name} was called on {how}, where it takes a list of tensors."
        return CauseWords(
            happened,
            f"{name} merges two or more tensors, given as one list.",
            f"Put the tensors to merge into a list: `{name}()([a, b])`.",
            f"Look at the call of {name}: which tensors should meet there, and how are they passed?",
            f"Write `keras.layers.{name}()([a, b])`, with both tensors in square brackets.",
        )
    happened = f"{name} was called on {found} tensors, where it takes {cause.wanted}."
    return CauseWords(
        happened,
        f"{name} works on {'one tensor' if cause.wanted == 1 else f'{cause.wanted} tensors'}.",
        "Merge the tensors first, with `Concatenate` or `Add`, or call the layer on each of them.",
        f"Look at the call of {name}, and count the tensors in it.",
        "Write `x = keras.layers.Concatenate()([a, b])` first, and call the layer on `x`.",
    )


def _cannot_branch(cause: CannotBranch) -> CauseWords:
    name = cause.class_name or "The step"
    happened, pointer = {
        "merge": (
            f"{name} stands in a Sequential model, where it is given one tensor. It joins several.",
            f"Look at {name}: which two tensors should meet there? A stack hands on one.",
        ),
        "several-arguments": (
            f"{name} stands in a Sequential model, where it is given one tensor. Its call takes more than one.",
            f"Look at {name}: which tensors does it need? A stack hands on one.",
        ),
        "list": (
            f"A list of layers ({name} first) was given to a Sequential model as if it were one step.",
            "Look at the list within the list: its layers should all read the same tensor, side by side.",
        ),
        "tensor": (
            (
                f"A tensor{f' that {name} gave' if cause.class_name else ''} was added to a Sequential model, which "
                "is made of layers."
            ),
            "Look at what you add: it was computed from other tensors already, beside the stack.",
        ),
        "second-input": (
            "A second `keras.Input` was added to a Sequential model, which begins once.",
            "Count the Inputs of your model. Where should the second one come in?",
        ),
        "several-outputs": (
            (
                f"{cause.before or 'A layer'} gives several tensors, and the Sequential model hands them all to "
                f"{cause.class_name}, which takes one."
            ),
            f"Look at what {cause.before or 'the layer before'} returns, and which of it the next layer needs.",
        ),
    }[cause.step]
    return CauseWords(
        happened,
        "A Sequential model is a straight line: every layer takes one tensor, from the layer before it, and gives one.",
        "Write the model with the Functional API: `keras.Input`, a call for each layer, and `keras.Model`.",
        pointer,
        "Write `x = keras.Input(...)`, give each branch a variable, as in `a = first(x)` and `b = second(x)`, join "
        "them, as in `y = keras.layers.Concatenate()([a, b])`, and end with `keras.Model(x, y)`.",
    )


def _value_needed(cause: ValueNeeded) -> CauseWords:
    what = tensor(cause.tensor, shape=False) if cause.tensor is not None else "a tensor"
    expected = (
        "While a model is put together, a tensor has a shape and a type and no value: there is nothing yet to "
        "decide by, or to count."
    )
    if cause.how in ("if", "while", "bool"):
        asked = {"if": "Python's `if`", "while": "Python's `while`", "bool": "Plain Python"}[cause.how]
        fix = (
            "Choose between values with `keras.ops.where(condition, a, b)`, or between steps with `keras.ops.cond`."
            if cause.how != "while"
            else "Repeat a fixed number of times with `for _ in range(n)`, or use `keras.ops.while_loop` in a layer."
        )
        nearly = (
            "Write `y = keras.ops.where(condition, a, b)`, with both ways computed first."
            if cause.how != "while"
            else "Write `for _ in range(3): y = layer(y)`; in a layer's `call`, "
            "`keras.ops.while_loop(condition, step, (y,))`."
        )
        return CauseWords(
            f"{asked} asked whether {what} is true, and that tensor has no value yet.",
            expected,
            fix,
            "Look at the condition: which tensor's value does it need, and when is that value there?",
            nearly,
        )
    if cause.how == "for":
        return CauseWords(
            f"A loop, or an unpacking, went through {what} element by element, and that tensor has no elements yet.",
            expected,
            "Use an operation on the whole tensor from `keras.ops`, or take parts of it by index, `x[:, 0]`.",
            "Look at the `for`, the `*` or the unpacking: which tensor does it go through?",
            "Take slices, `x[:, 0]` and `x[:, 1]`, or use `keras.ops.unstack(x, axis=1)` where the length is known.",
        )
    if cause.how in ("len", "number"):
        return CauseWords(
            f"Plain Python asked for {'the length' if cause.how == 'len' else 'the number in'} "
            f"{'of ' if cause.how == 'len' else ''}{what}, and that tensor has no value yet.",
            expected,
            "Read lengths off `x.shape`, and compute with `keras.ops`.",
            "Look at the line: does it need a number that is known now, or one that comes with the data?",
            "Write `x.shape[-1]` for a length that is known, `keras.ops.shape(x)[0]` for the batch.",
        )
    function = code(cause.function) if cause.function else "A function of NumPy"
    return CauseWords(
        f"{function} was called on {what}. It belongs to NumPy, which computes with numbers, and that tensor has "
        "none yet.",
        "A tensor that stands for values to come can be passed to Keras's layers and to functions of `keras.ops`.",
        "Use the function of the same purpose from `keras.ops`.",
        "Look at the call: whose function is it? `keras.ops` has most of what NumPy has.",
        "Write `keras.ops.` in front of the function's name; what Keras does not have goes into the `call` of a "
        "layer of your own.",
    )


def _state_in_call(cause: StateInCall) -> CauseWords:
    made = {"weight": "a weight", "layer": "a layer", "other": "something to keep"}[cause.made]
    made += f", {code('self.' + cause.attribute)}," if cause.attribute else ""
    place = "`build`, with `self.add_weight`" if cause.made == "weight" else "`__init__`"
    return CauseWords(
        f"{code(cause.class_name + '.call')} makes {made} when the {code(cause.class_name)} is built already.",
        "What a layer holds is made before it runs, so that it is there to be trained and saved.",
        f"Make it in {place}, keep it as an attribute, and only use it in `call`.",
        f"Look at {code(cause.class_name + '.call')}: what is made there that should last?",
        "Write `self.scale = self.add_weight(shape=(input_shape[-1],))` in `build(self, input_shape)`, and use "
        "`self.scale` in `call`."
        if cause.made == "weight"
        else "Write `self.hidden = keras.layers.Dense(...)` in `__init__`, and `self.hidden(x)` in `call`.",
    )


def _not_registered(cause: NotRegistered) -> CauseWords:
    name = code(cause.name)
    return CauseWords(
        f"The saved model uses the {cause.what} {name}, and Keras knows no {cause.what} of that name.",
        "A file holds names, not code: your own classes and functions have to be registered before it is loaded.",
        f"Put `@keras.saving.register_keras_serializable(package='mine')` above {name}, and save the model again.",
        f"Look at where {name} is defined: what stands above it?",
        f"Write the decorator above {name}, run that cell, save again, and load; or pass "
        f"`custom_objects={{'{cause.name.replace('`', '')}': ...}}` to `load_model`.",
    )


def _config_not_saved(cause: ConfigNotSaved) -> CauseWords:
    arguments = listed([code(name) for name in cause.arguments]) or "its arguments"
    owner = code(cause.class_name)
    happened = {
        "missing": f"{owner} cannot be made again: its constructor needs {arguments}, which `get_config` did not save.",
        "unexpected": f"{owner} cannot be made again: its config holds {arguments}, which its constructor does not take.",
        "unwritable": f"{owner} cannot be saved: not everything its constructor was given ({arguments}) is a number or "
        "text, and it has no `get_config` of its own.",
    }[cause.problem]
    entries = ", ".join(f"'{name}': self.{name}" for name in cause.arguments if name.isidentifier())
    fix = (
        f"Let `__init__` of {owner} take `**kwargs`, and hand them to `super().__init__(**kwargs)`."
        if cause.problem == "unexpected"
        else f"Return {arguments} from `get_config` of {owner}."
    )
    return CauseWords(
        happened,
        "A loaded object is made by its class's constructor, from what `get_config` returned.",
        fix,
        f"Put the arguments of `__init__` of {owner} beside the keys that its `get_config` returns.",
        fix
        if cause.problem == "unexpected"
        else f"Write `return {{**super().get_config(), {entries}}}` in `get_config`. An argument that is a layer goes "
        "through `keras.saving.serialize_keras_object`, and back in `from_config`.",
    )


_WORDS: dict[type, Callable[[Any], CauseWords]] = {
    InputNotListed: _input_not_listed,
    NoShapeYet: _no_shape_yet,
    NotATensor: _not_a_tensor,
    WrongCount: _wrong_count,
    CannotBranch: _cannot_branch,
    ValueNeeded: _value_needed,
    StateInCall: _state_in_call,
    NotRegistered: _not_registered,
    ConfigNotSaved: _config_not_saved,
    **FIT_WORDS,
    **ARGUMENT_WORDS,
    **DATA_WORDS,
    **STATE_WORDS,
    **LIBRARY_WORDS,
}
