"""Plain structural differences: shown when no mistake with a more telling name explains them.

Their texts are made from the difference: a nudge, where to look, and what to write there. They name
no drawing and no task, because two saved models are compared without either.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from grader.comparison import Analysis
from grader.comparison.records import Diagnosis, Difference
from grader.misconceptions.layer_code import code_of

__all__ = ["HARD_CODED_SIZE", "structural_diagnosis"]


@dataclass(frozen=True)
class _Kind:
    """The words of one kind of difference; ``{where}``, ``{expected}``, ``{found}``, ``{code}`` are filled in."""

    title: str
    explanation: str
    nudge: str
    pointer: str
    fix: str
    nearly: str


_KINDS = {
    "missing-layer": _Kind(
        "A layer is missing",
        "The expected model has a layer here that yours does not have.",
        "Count the steps that are asked for, and then your own. Which one did you leave out?",
        "{look}: a step is missing there.",
        "Put {expected} {where}.",
        "{where}, call {code}, and hand its result on to the next step.",
    ),
    "extra-layer": _Kind(
        "There is a layer too many",
        "Your model has a layer here that the expected one has not.",
        "Does your model do something that nobody asked for?",
        "{look}: a step there is not asked for.",
        "Leave out {found} {where}.",
        "Delete the call of {found} {where}, and hand what it was given straight on to the next step.",
    ),
    "wrong-layer": _Kind(
        "Another kind of layer stands here",
        "The place is right, the kind of layer is not.",
        "One of your layers has a relative that does what is asked for. Say in words what each layer should do.",
        "{look}: a layer has to be there, but of another kind.",
        "Use {expected} {where}, in place of {found}.",
        "{where}, call {code} on what {found} is given now.",
    ),
    "wrong-config": _Kind(
        "A layer has other settings",
        "The layer is the right one; a setting differs.",
        "Read the settings that are asked for beside the ones you wrote, and mind those you left to Keras.",
        "{look}: it has a setting that is not asked for, or lacks one that is.",
        "Set {expected} {where}.",
        "{where}, the layer asked for is {code}: set {expected}.",
    ),
    "wrong-activation": _Kind(
        "Another activation",
        "The place is right, the activation function is not.",
        "Which layers are followed by an activation, by which, and which by none?",
        "{look}: which activation comes there, if any?",
        "The activation {where} has to be {expected}, not {found}.",
        "{activation}",
    ),
    "wrong-shape": _Kind(
        "A shape differs",
        "The tensor here has another shape than expected.",
        "Write down the shape after each step. From which one on is it not what you meant?",
        "{look}, and at what comes before it: what decides the shape there?",
        "The shape {where} has to be {expected}, not {found}.",
        "Make the shape {where} {expected}: channels come from `filters` or `units`, sizes from strides, "
        "padding and pooling, or from the shape given to `keras.Input`.",
    ),
    "wrong-dtype": _Kind(
        "A dtype differs",
        "The tensor or layer here computes with another kind of number than expected.",
        "Which kind of number goes in: whole numbers or fractions, and how precise?",
        "{look}: which dtype does it have?",
        "Use {expected} {where}, not {found}.",
        "Give what stands {where} the `dtype` that is expected: {expected}, not {found}.",
    ),
    "wrong-connection": _Kind(
        "A layer is fed from elsewhere",
        "The layers are there; the wiring differs.",
        "For each layer, say which tensor it is called on. Is it always the one you mean?",
        "{look}: which tensors go in there, and in which order do the steps stand?",
        "{rewire}",
        "{rewire} A variable that is assigned again, `x = layer(x)`, no longer holds what it held before.",
    ),
    "missing-connection": _Kind(
        "A connection is missing",
        "A layer does not receive a tensor that it should.",
        "For each layer that joins tensors, count those it is given. Is one of them left behind?",
        "{look}: it should be given one tensor more.",
        "Pass {expected} on {where} as well.",
        "{where}, put {expected} into the list the layer is called on: `layer([a, b])`.",
    ),
    "extra-connection": _Kind(
        "There is a connection too many",
        "A layer receives a tensor that it should not.",
        "For each layer that joins tensors, count those it is given. Is one of them not asked for?",
        "{look}: it is given one tensor too many.",
        "Do not pass {found} on {where}.",
        "{where}, take {found} out of the list the layer is called on.",
    ),
    "weights-not-shared": _Kind(
        "The weights are not shared",
        "One layer object had to be called several times; a new object each time has weights of its own.",
        "How many layer objects do you make, and how many times do you call each?",
        "{look}: are these calls of one object?",
        "Make one layer object, and call it each time.",
        "Write `shared = {bare}` once, before the first call, and call `shared(...)` each time.",
    ),
    "weights-wrongly-shared": _Kind(
        "Weights are shared that should not be",
        "One layer object is called where separate layers were asked for.",
        "How many layer objects do you make, and how many times do you call each?",
        "{look}: these calls are all of one object.",
        "Make a new layer object for each call.",
        "Write {one} anew at each of these calls, instead of calling one variable again.",
    ),
    "missing-output": _Kind(
        "An output is missing",
        "The model returns fewer tensors than expected.",
        "What does the model have to tell? Count the answers.",
        "{look}: how many tensors does your model give?",
        "The model has to have {expected} outputs, not {found}.",
        "Give {expected} tensors: `keras.Model(inputs, [first, second])`, or return them all.",
    ),
    "extra-output": _Kind(
        "There is an output too many",
        "The model returns more tensors than expected.",
        "What does the model have to tell? Count the answers.",
        "{look}: how many tensors does your model give?",
        "The number of outputs has to be {expected}, not {found}.",
        "Leave out what is not asked for: the number of tensors given is {found}, expected is {expected}.",
    ),
    "outputs-swapped": _Kind(
        "The outputs are in another order",
        "The right tensors are returned in another order.",
        "Whoever unpacks the outputs relies on their order. Which comes first?",
        "{look}: read their order aloud.",
        "Give the outputs in this order: {expected}.",
        "Write them in this order in the list of outputs: {expected}.",
    ),
    "missing-input": _Kind(
        "An input is missing",
        "The model takes fewer tensors than expected.",
        "What does the model have to be given? Count the tensors.",
        "{look}: how many does your model take?",
        "The model has to take {expected} inputs, not {found}.",
        "Make {expected} times a `keras.Input`, and list them all: `keras.Model([a, b], outputs)`.",
    ),
    "extra-input": _Kind(
        "There is an input too many",
        "The model takes more tensors than expected.",
        "What does the model have to be given? Count the tensors.",
        "{look}: how many does your model take?",
        "The number of inputs has to be {expected}, not {found}.",
        "Leave out the `keras.Input` that is not asked for: the number is {found}, expected is {expected}.",
    ),
    "unused-input": _Kind(
        "An input is not used",
        "The model takes a tensor that nothing in it uses.",
        "Follow each input into the model. Does every one arrive somewhere?",
        "{look}: one of them leads nowhere.",
        "Use every input, or do not take it.",
        "Call a layer on the input that leads nowhere, or leave its `keras.Input` out.",
    ),
    "dynamic": _Kind(
        "The model decides while it runs",
        "What the model does depends on the values it is given, so it has no fixed graph to compare.",
        "Does your code ask for the value of a tensor, in an `if` or a loop?",
        "{look}: which line needs to know a number that is only there when the model runs?",
        "Build the model so that the same layers run for every input.",
        "Put no `if` on a tensor's value: call layers only, and use `keras.ops.where` to choose between values.",
    ),
}

_A_SIZE = re.compile(r"=\(?\d")

HARD_CODED_SIZE = Diagnosis(
    id="hard-coded-size",
    title="Right for the visible case only",
    explanation="With the arguments you were shown the work is right, with others it is not. Somewhere a "
    "number is written out that should come from an argument.",
    symptom="The visible cases pass, the drawn ones fail.",
    fix="Use the function's arguments, and the shape of what you are given, wherever a size appears.",
    hints=(
        "Call your function with other arguments. Does every size follow them?",
        "Search your code for numbers that equal the visible case's arguments.",
        "Replace each such number by the argument's name, or by `x.shape[-1]`.",
    ),
    unit="04_residual_connections",
)


def structural_diagnosis(difference: Difference, analysis: Analysis) -> Diagnosis:
    """Return the diagnosis that goes with a difference of two graphs."""
    kind = _KINDS[difference.kind]
    where = difference.where or "in the whole model"
    code = code_of(difference, analysis) or difference.expected or "what is expected"
    words = {
        "where": where,
        "look": _look(where),
        "expected": difference.expected or "what is expected",
        "found": difference.found or "what is there",
        "code": code,
        "one": code.partition(", then ")[0],
        "bare": code.replace("`", ""),
        "activation": _activation(difference, where),
        "rewire": _rewire(difference, where),
    }
    nearly = _sentence(kind.nearly, words)
    if _A_SIZE.search(nearly):
        nearly += " Where a number comes from an argument, write the argument."
    return Diagnosis(
        id=difference.kind,
        title=kind.title,
        explanation=kind.explanation,
        fix=_sentence(kind.fix, words),
        hints=(kind.nudge, _sentence(kind.pointer, words), nearly),
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


def _activation(difference: Difference, where: str) -> str:
    if difference.expected == "none":
        return f"Leave the activation {difference.found} {where} out: no `activation=`, and no layer for it."
    name = difference.expected
    instead = "" if difference.found == "none" else f", not {difference.found}"
    if "(" in name:
        return f"{where}, call the activation's layer with these settings: {name}{instead}."
    return f"{where}, call `keras.layers.Activation('{name}')`, or set `activation='{name}'`{instead}."


def _rewire(difference: Difference, where: str) -> str:
    if not difference.expected:
        return "Compare what each layer is called on with what is asked for, from the input on."
    if where.startswith("at the model's"):
        return f"Expected {where}: {difference.expected}, not {difference.found}."
    if where.startswith("after ") or where == "at the start":  # two steps the other way round
        return f"Call the steps in this order: {difference.expected}."
    return f"Pass {difference.expected} on {where}, not {difference.found}."
