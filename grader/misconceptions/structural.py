"""Plain structural differences: shown when no mistake with a more telling name explains them."""

from __future__ import annotations

from grader.comparison.records import Diagnosis, Difference

__all__ = ["HARD_CODED_SIZE", "structural_diagnosis"]

_TITLES = {
    "missing-layer": ("A layer is missing", "The expected model has a layer here that yours does not have."),
    "extra-layer": (
        "There is a layer too many",
        "Your model has a layer here that the expected one has not.",
    ),
    "wrong-layer": ("Another kind of layer stands here", "The place is right, the kind of layer is not."),
    "wrong-config": ("A layer has other settings", "The layer is the right one; a setting differs."),
    "wrong-activation": ("Another activation", "The place is right, the activation function is not."),
    "wrong-shape": ("A shape differs", "The tensor here has another shape than expected."),
    "wrong-connection": ("A layer is fed from elsewhere", "The layers are there; the wiring differs."),
    "missing-connection": ("A connection is missing", "A layer does not receive a tensor that it should."),
    "extra-connection": ("There is a connection too many", "A layer receives a tensor that it should not."),
    "weights-not-shared": (
        "The weights are not shared",
        "One layer object had to be called several times; a new object each time has weights of its own.",
    ),
    "weights-wrongly-shared": (
        "Weights are shared that should not be",
        "One layer object is called where separate layers were asked for.",
    ),
    "missing-output": ("An output is missing", "The model returns fewer tensors than expected."),
    "outputs-swapped": (
        "The outputs are in another order",
        "The right tensors are returned in another order.",
    ),
}

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


def structural_diagnosis(difference: Difference) -> Diagnosis | None:
    """Return the diagnosis that goes with a difference of this kind, if it has one."""
    if difference.kind not in _TITLES:
        return None
    title, explanation = _TITLES[difference.kind]
    where = difference.where or "in the model"
    return Diagnosis(
        id=difference.kind,
        title=title,
        explanation=explanation,
        symptom=difference.message,
        fix="Compare your drawing with the task's description at the marked place.",
        hints=(
            f"Look {where}.",
            f"Look {where}: what does the task ask for there?",
            difference.message,
        ),
    )
