"""Plain structural differences: shown when no mistake with a more telling name explains them.

Their texts are made from the difference: a nudge, where to look, and what to write there. They name
no drawing and no task, because two saved models are compared without either.
"""

from __future__ import annotations

import re

from grader.comparison import Analysis
from grader.comparison.records import Diagnosis, Difference
from grader.comparison.wording import A_LAMBDA, IN_THIS_ORDER
from grader.keras_names import ACTIVATIONS
from grader.misconceptions.layer_code import code_of
from grader.misconceptions.structural_words import KINDS

__all__ = ["HARD_CODED_SIZE", "STATIC_GRAPH_SUBCLASSED", "structural_diagnosis"]


_ACTIVATION_LAYERS = {"relu": "ReLU", "leaky_relu": "LeakyReLU", "elu": "ELU", "softmax": "Softmax"}
_A_SIZE = re.compile(r"=\(?\d")

HARD_CODED_SIZE = Diagnosis(
    id="hard-coded-size",
    title="Right for the visible case only",
    explanation="With the arguments you were shown the work is right, with others it is not. Somewhere a "
    "value is written out that should come from an argument, or an argument is not used.",
    symptom="The check in the notebook passes; with other arguments the model is another one, or an error is raised.",
    fix="Use the function's arguments, and the shape of what you are given, wherever such a value appears.",
    hints=(
        "Call your function with other arguments. Does everything that should follow them do so?",
        "Search your code for values that equal the arguments you were shown, and for arguments that it never uses.",
        "Replace each such value by the argument's name. How many channels a tensor has is `x.shape[-1]`.",
    ),
    unit="04_residual_connections",
)

STATIC_GRAPH_SUBCLASSED = Diagnosis(
    id="static-graph-subclassed",
    title="A class where nothing is dynamic",
    explanation="The same layers run in the same order for every input, so that the Functional API says all of it, "
    "and keeps what a class loses: summary() and plot_model() with shapes, parts to take out, errors while building.",
    symptom="plot_model() shows the whole model as one box.",
    fix="Write the model with `keras.Input`, calls of layers, and `keras.Model(inputs, outputs)`.",
    hints=(
        "Does anything in call() depend on the values of its input?",
        "Read call() line by line: which of the lines could not stand outside a class, on a keras.Input?",
        "Make `x = keras.Input(shape)`, copy the lines of call() below it, and return `keras.Model(x, result)`.",
    ),
    unit="03_subclassing",
)


def structural_diagnosis(difference: Difference, analysis: Analysis) -> Diagnosis:
    """Return the diagnosis that goes with a difference of two graphs."""
    kind = KINDS[difference.kind]
    where = difference.where or "in the whole model"
    code = code_of(difference, analysis) or difference.expected or "what is expected"
    words = {
        "where": where,
        "look": _look(where),
        "expected": difference.expected or "what is expected",
        "found": difference.found or "what is there",
        "code": code,
        "set": _set(difference, where),
        "one": code.partition(", then ")[0],
        "once": _once(code),
        "there": where.removeprefix("at "),
        "lacking": _lacking(difference),
        "slip": _slip(difference, where),
        "activation": _activation(difference, where),
        "rewire": _rewire(difference, where),
    }
    nearly = _sentence(kind.nearly, words)
    if _A_SIZE.search(nearly):
        nearly += " Where a number comes from an argument, write the argument."
    if difference.places > 1:
        nearly += f" Do so at all {difference.places} places."
    return Diagnosis(
        id=difference.kind,
        title=kind.title,
        explanation=kind.explanation,
        symptom=kind.symptom,
        fix=_sentence(kind.fix, words),
        hints=(kind.nudge, _sentence(kind.pointer, words), nearly),
        unit=kind.unit,
    )


def _sentence(pattern: str, words: dict[str, str]) -> str:
    text = pattern.format_map(words)
    return text[:1].upper() + text[1:]


def _look(where: str) -> str:
    if where.startswith("after "):
        return f"Look at what comes {where}"
    return (
        "Look through the whole model" if where in ("in the model", "in the whole model") else f"Look {where}"
    )


def _set(difference: Difference, where: str) -> str:
    """Say what to set, or, of an operation, what to write instead."""
    if "=" in difference.expected and "(" not in difference.expected.partition("=")[0]:
        return f"Set {difference.expected} {where}."
    return f"Write {difference.expected} {where}, in place of {difference.found}."


def _activation(difference: Difference, where: str) -> str:
    if difference.expected == "none":
        return f"Leave the activation {difference.found} {where} out: no `activation=`, and no layer for it."
    name = difference.expected
    instead = "" if difference.found == "none" else f", not {difference.found}"
    function, _, settings = name.partition("(")
    if settings:
        layer = _ACTIVATION_LAYERS.get(function)
        call = (
            f"call `keras.layers.{layer}({settings}`"
            if layer
            else f"call the activation's layer with these settings: {name}"
        )
        return f"{where}, {call}{instead}."
    if A_LAMBDA in function:
        return (
            f"{where}, give the layer the function itself: `keras.layers.Activation(lambda x: ...)`{instead}."
        )
    if function not in ACTIVATIONS:  # Keras finds its own by name, and no other
        return f"{where}, give the layer the function itself: `keras.layers.Activation({name})`{instead}."
    return f"{where}, call `keras.layers.Activation('{name}')`, or set `activation='{name}'`{instead}."


def _once(code: str) -> str:
    if ", then " in code:
        return f"Make each of these once, before the first call: {code}. Call the same objects, or use their result, each time."
    bare = code.replace("`", "")
    return f"Write `shared = {bare}` once, before the first call, and use `shared(...)`, or its result, each time."


def _lacking(difference: Difference) -> str:
    """Say which outputs are missing, where the message does."""
    _, _, names = difference.message.partition(" Missing: ")
    return f" Missing: {names}" if names else ""


def _slip(difference: Difference, where: str) -> str:
    """Say how a layer comes to be called on another tensor, unless it is the order of steps or tensors that is wrong."""
    of_order = "(tensor " in difference.expected or difference.expected.endswith(IN_THIS_ORDER)
    at_a_step = where.startswith("at the ") and not where.startswith("at the model's")
    if not difference.expected or of_order or not at_a_step:
        return ""
    return " A variable that is assigned again, `x = layer(x)`, no longer holds what it held before."


def _rewire(difference: Difference, where: str) -> str:
    if not difference.expected:
        return "Compare what each layer is called on with what is asked for, from the input on."
    if where.startswith("at the model's"):
        return f"Expected {where}: {difference.expected}; yours are {difference.found}."
    if ", then " in difference.expected:  # two steps the other way round
        return f"Call the steps in this order: {difference.expected}."
    if where.startswith("after ") or where == "at the start":  # steps that stand elsewhere
        return f"Call {difference.expected}."
    if difference.expected.endswith(IN_THIS_ORDER):
        return f"Pass {difference.expected}, {where}."
    return f"Pass {difference.expected} on {where}, not {difference.found}."
