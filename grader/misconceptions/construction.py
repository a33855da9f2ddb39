"""Mistakes that keep a model from being put together at all, in the order in which they are asked for."""

from __future__ import annotations

from grader.canonical import NormalGraph
from grader.causes import CannotBranch, Cause, InputNotListed, NoShapeYet, NotATensor, ValueNeeded
from grader.comparison import Analysis
from grader.misconceptions.misconception import Misconception, caused_by

__all__ = ["CONSTRUCTION"]


def _no_input(cause: Cause) -> bool:
    """Whether no ``keras.Input`` stands at the beginning, where one has to."""
    if isinstance(cause, NoShapeYet):
        return cause.what == "sequential"
    if isinstance(cause, NotATensor):
        return cause.given == "shape" or (cause.given == "layer" and cause.place != "outputs")
    return False


def _decides(cause: Cause) -> bool:
    return isinstance(cause, ValueNeeded) and cause.how in ("if", "while", "bool")


def _straightened(analysis: Analysis) -> bool:
    """Whether a stack holds one after the other what the reference joins: no merge, where one has to be."""
    if analysis.student.source.api != "sequential":
        return False
    return _merges(analysis.reference) > _merges(analysis.student) == 0


def _merges(graph: NormalGraph) -> int:
    return sum(len({(edge.node, edge.output) for edge in node.edges}) > 1 for node in graph.nodes)


def _decided_while_tracing(analysis: Analysis) -> bool:
    student, reference = analysis.student.source, analysis.reference.source
    return student.value_asked is not None and reference.value_asked is None and reference.dynamic is None


CONSTRUCTION: tuple[Misconception, ...] = (
    Misconception(
        id="sequential-cannot-branch",
        title="A stack cannot branch",
        explanation="A Sequential model hands one tensor from layer to layer. Where a step needs two tensors, or two "
        "steps need the same one, there is no place to write that down.",
        symptom="An error while the stack is put together: a merge layer wants a list, or the stack wants a layer.",
        fix="Write the model with the Functional API.",
        hints=(
            "Draw the model with arrows. Does any box have two arrows coming in, or two going out?",
            "Look for the step that needs more than what the layer just before it gives.",
            "Give each tensor a variable: `x = keras.Input(...)`, `a = first(x)`, `b = second(x)`, and join them.",
        ),
        unit="02_functional",
        seen_in=_straightened,
        seen_in_failure=caused_by(lambda cause: isinstance(cause, CannotBranch)),
    ),
    Misconception(
        id="missing-input",
        title="Nothing says what goes in",
        explanation="Without a `keras.Input` no layer knows the shape it will be given, so that no weight can be made: "
        "shapes stay `?`, and there are 0 parameters.",
        symptom="summary() shows `?` and 0 parameters, count_params() raises, and there are no inputs and outputs.",
        fix="Begin with a `keras.Input` of the shape of one example.",
        hints=(
            "From what could the first layer know how large its weights have to be?",
            "Look at the very beginning of your model: what stands for the data there?",
            "Write `keras.Input((28, 28, 1))`, with the shape of one of your examples, before the first layer.",
        ),
        unit="01_sequential",
        seen_in_failure=caused_by(_no_input),
    ),
    Misconception(
        id="input-not-listed",
        title="An Input is not listed",
        explanation="`keras.Model` takes in all tensors that its outputs are computed from. One of the outputs starts "
        "at an Input that `inputs=` does not hold, so that the model could not be computed.",
        symptom="ValueError: an output is not connected to `inputs`; or a name is used twice.",
        fix="List every Input that an output comes from.",
        hints=(
            "Follow each output back to where it starts. Which Inputs do you arrive at?",
            "Put the Inputs your layers were called on beside those you give to `keras.Model`.",
            "Write `keras.Model(inputs=[first, second], outputs=...)` with every Input that is used.",
        ),
        unit="02_functional",
        seen_in_failure=caused_by(lambda cause: isinstance(cause, InputNotListed)),
    ),
    Misconception(
        id="python-branch-on-tensor",
        title="Python decides by a tensor's value",
        explanation="`if` and `while` decide at once, and a symbolic tensor has no value yet. What depends on data has "
        "to be written as an operation that is computed with the data.",
        symptom="TypeError or an error of the backend at an `if`; or the way taken once is taken for ever.",
        fix="Use `keras.ops.where` or `keras.ops.cond` in place of `if`, `keras.ops.while_loop` in place of `while`.",
        hints=(
            "When the line with the `if` or `while` runs, which numbers are in the tensor?",
            "Look at the condition: is it made from shapes and settings, or from a tensor's values?",
            "Write `keras.ops.where(condition, a, b)`, which chooses number by number once there are numbers.",
        ),
        unit="03_subclassing",
        seen_in=_decided_while_tracing,
        seen_in_failure=caused_by(_decides),
    ),
)
