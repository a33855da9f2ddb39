"""The words of plain structural differences, one entry for each kind."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["KINDS", "KindWords"]


@dataclass(frozen=True)
class KindWords:
    """The words of one kind; ``{where}``, ``{look}``, ``{expected}``, ``{found}``, ``{code}`` and others are filled in.

    ``nudge``, ``pointer`` and ``nearly`` are the steps of the hint ladder; ``unit`` is where the course teaches it.
    """

    title: str
    explanation: str
    symptom: str
    nudge: str
    pointer: str
    fix: str
    nearly: str
    unit: str

    @property
    def hints(self) -> tuple[str, str, str]:
        """Return the ladder, with its gaps."""
        return self.nudge, self.pointer, self.nearly


_SEQUENTIAL, _FUNCTIONAL, _CLASSES = "01_sequential", "02_functional", "03_subclassing"
_SHARING, _OUTPUTS, _ENCODERS = "05_weight_sharing", "06_multi_output", "07_autoencoders"

KINDS = {
    "missing-layer": KindWords(
        title="A layer is missing",
        explanation="The expected model has a step here that yours does not have.",
        symptom="summary() has fewer rows than expected, and often another number of parameters.",
        nudge="Count the steps that are asked for, and then your own. Which one did you leave out?",
        pointer="{look}: a step is missing there.",
        fix="Put {expected} {where}.",
        nearly="{where}, write {code}, and hand its result on to the next step.",
        unit=_SEQUENTIAL,
    ),
    "extra-layer": KindWords(
        title="There is a layer too many",
        explanation="Your model has a step here that the expected one has not.",
        symptom="summary() has more rows than expected, and often another number of parameters.",
        nudge="Does your model do something that nobody asked for?",
        pointer="{look}: a step there is not asked for.",
        fix="Leave out {found} {where}.",
        nearly="Delete the call of {found} {where}, and hand what it was given straight on to the next step.",
        unit=_SEQUENTIAL,
    ),
    "wrong-layer": KindWords(
        title="Another kind of layer stands here",
        explanation="The place is right, the kind of layer is not.",
        symptom="summary() shows another class in this row than expected.",
        nudge="One of your layers has a relative that does what is asked for. Say in words what each layer should do.",
        pointer="{look}: a layer has to be there, but of another kind.",
        fix="Use {expected} {where}, in place of {found}.",
        nearly="{where}, write {code} in place of {found}.",
        unit=_SEQUENTIAL,
    ),
    "wrong-config": KindWords(
        title="A layer has other settings",
        explanation="The layer is the right one; a setting differs.",
        symptom="A shape or a number of parameters in summary() differs; or nothing there does, and only results do.",
        nudge="Read the settings that are asked for beside the ones you wrote, and mind those you left to Keras.",
        pointer="{look}: it has a setting that is not asked for, or lacks one that is.",
        fix="{set}",
        nearly="{where}, what is asked for is {code}. {set}",
        unit=_SEQUENTIAL,
    ),
    "wrong-activation": KindWords(
        title="Another activation",
        explanation="The place is right, the activation function is not.",
        symptom="Shapes and parameters are the same; training goes otherwise.",
        nudge="Which layers are followed by an activation, by which, and which by none?",
        pointer="{look}: which activation comes there, if any?",
        fix="{activation}",
        nearly="{activation}",
        unit=_SEQUENTIAL,
    ),
    "wrong-head-activation": KindWords(
        title="An output has another activation",
        explanation="The last activation in front of an output decides what its numbers can be: softmax gives "
        "shares of one whole, sigmoid numbers between 0 and 1 that do not depend on each other, none any number.",
        symptom="The numbers of this output lie in another range than its loss expects.",
        nudge="For each output, say which numbers may come out. Which activation makes them so?",
        pointer="{look}: which activation comes there, in front of the output, if any?",
        fix="{activation}",
        nearly="{activation}",
        unit=_OUTPUTS,
    ),
    "wrong-shape": KindWords(
        title="A shape differs",
        explanation="The tensor here has another shape than expected.",
        symptom="summary() shows another output shape from here on.",
        nudge="Write down the shape after each step. From which one on is it not what you meant?",
        pointer="{look}, and at what comes before it: what decides the shape there?",
        fix="The shape {where} has to be {expected}, not {found}.",
        nearly="Make the shape {where} {expected}: channels come from `filters` or `units`, sizes from strides, "
        "padding and pooling, or from the shape given to `keras.Input`.",
        unit=_SEQUENTIAL,
    ),
    "wrong-dtype": KindWords(
        title="A dtype differs",
        explanation="The tensor or layer here computes with another kind of number than expected.",
        symptom="The tensor's dtype is not the expected one; shapes and parameters are.",
        nudge="Which kind of number goes in: whole numbers or fractions, and how precise?",
        pointer="{look}: which dtype does it have?",
        fix="Use {expected} {where}, not {found}.",
        nearly="Give what stands {where} the `dtype` that is expected: {expected}, not {found}.",
        unit=_FUNCTIONAL,
    ),
    "wrong-connection": KindWords(
        title="A layer is fed from elsewhere",
        explanation="The steps are there; what feeds what differs.",
        symptom="Shapes and parameters can all be right: only the arrows of plot_model() are not.",
        nudge="For each layer, say which tensor it is called on. Is it always the one you mean?",
        pointer="{look}: which tensors go in there, and in which order do the steps stand?",
        fix="{rewire}",
        nearly="{rewire}{slip}",
        unit=_FUNCTIONAL,
    ),
    "missing-connection": KindWords(
        title="A connection is missing",
        explanation="A layer does not receive a tensor that it should.",
        symptom="plot_model() shows an arrow less into this layer.",
        nudge="For each layer that takes several tensors, count those it is given. Is one of them left behind?",
        pointer="{look}: it should be given one tensor more.",
        fix="Pass {expected} on {where} as well.",
        nearly="{where}, put {expected} into what the layer is called on, as in `layer([a, b])`.",
        unit=_FUNCTIONAL,
    ),
    "extra-connection": KindWords(
        title="There is a connection too many",
        explanation="A layer receives a tensor that it should not.",
        symptom="plot_model() shows an arrow more into this layer.",
        nudge="For each layer that joins tensors, count those it is given. Is one of them not asked for?",
        pointer="{look}: it is given one tensor too many.",
        fix="Do not pass {found} on {where}.",
        nearly="{where}, take {found} out of the list the layer is called on.",
        unit=_FUNCTIONAL,
    ),
    "weights-not-shared": KindWords(
        title="The weights are not shared",
        explanation="One layer object had to serve several times; a new object each time has weights of its own.",
        symptom="count_params() is larger than expected, and equal inputs give unequal results.",
        nudge="How many layer objects do you make, and how many times do you call each?",
        pointer="{look}: are these calls of one object?",
        fix="Make one layer object, and use it each time.",
        nearly="{once}",
        unit=_SHARING,
    ),
    "weights-wrongly-shared": KindWords(
        title="Weights are shared that should not be",
        explanation="One layer object is called where separate layers were asked for.",
        symptom="count_params() is smaller than expected.",
        nudge="How many layer objects do you make, and how many times do you call each?",
        pointer="{look}: these calls are all of one object.",
        fix="Make a new layer object for each call.",
        nearly="Write {one} anew at each of these calls, instead of calling one variable again.",
        unit=_SHARING,
    ),
    "submodel-rebuilt": KindWords(
        title="A part is built again instead of taken from the graph",
        explanation="The same layers stand in the model a second time, with fresh weights. What the first ones learn "
        "does not reach the second ones.",
        symptom="count_params() is larger than expected, and the two parts give unequal results for equal inputs.",
        nudge="Which weights does each of your outputs depend on? Are they the ones that are trained?",
        pointer="{look}: a part stands there twice. Which of the two would you keep?",
        fix="Build the part once, and use {expected} in both places.",
        nearly="Keep the tensor in a variable, `code = encoder(x)`, and use `code` in both places; a model of its own "
        "is `keras.Model(x, code)`, which shares the weights.",
        unit=_ENCODERS,
    ),
    "dead-branch": KindWords(
        title="A branch reaches no output",
        explanation="Layers are made, and hold weights, but nothing that the model gives depends on them.",
        symptom="count_params() counts weights that no training changes; some backends warn that they have no gradient.",
        nudge="Follow each of your layers to the end. Does every one have a say in the answer?",
        pointer="{look}: which layer or weight is made there without its result being used?",
        fix="Use {found} where it belongs, or leave it out.",
        nearly="Hand {found} on: put it into the computation, or the call of the layer, that should join it, or delete "
        "the lines that make it.",
        unit="09_debugging",
    ),
    "missing-output": KindWords(
        title="An output is missing",
        explanation="The model returns fewer tensors than expected.",
        symptom="len(model.outputs) is too small, and fit() raises an error when it is given all the targets.",
        nudge="What does the model have to tell? Count the answers.",
        pointer="{look}: how many tensors does your model give?",
        fix="The number of outputs has to be {expected}, not {found}.",
        nearly="Give {expected} tensors, as in `keras.Model(inputs, [first, second])`, or return them all.{lacking}",
        unit=_OUTPUTS,
    ),
    "extra-output": KindWords(
        title="There is an output too many",
        explanation="The model returns more tensors than expected.",
        symptom="len(model.outputs) is too large, and fit() raises an error when it is given the targets there are.",
        nudge="What does the model have to tell? Count the answers.",
        pointer="{look}: how many tensors does your model give?",
        fix="The number of outputs has to be {expected}, not {found}.",
        nearly="Leave out what is not asked for: the number of tensors given is {found}, expected is {expected}.",
        unit=_OUTPUTS,
    ),
    "outputs-swapped": KindWords(
        title="The outputs are in another order",
        explanation="The right tensors are returned in another order, or under each other's keys.",
        symptom="Each head is trained on another head's targets, which need not raise anything.",
        nudge="Whoever unpacks the outputs relies on their order, or on their keys. Which one is which?",
        pointer="{look}: read them aloud, one by one.",
        fix="Give the outputs so: {expected}.",
        nearly="Write them so in the list, or dict, of outputs: {expected}.",
        unit=_OUTPUTS,
    ),
    "missing-input": KindWords(
        title="An input is missing",
        explanation="The model takes fewer tensors than expected.",
        symptom="len(model.inputs) is too small, and the model cannot be called with all that is given.",
        nudge="What does the model have to be given? Count the tensors.",
        pointer="{look}: how many does your model take?",
        fix="The number of inputs has to be {expected}, not {found}.",
        nearly="Make {expected} times a `keras.Input`, and list them all: `keras.Model([a, b], outputs)`.",
        unit=_FUNCTIONAL,
    ),
    "extra-input": KindWords(
        title="There is an input too many",
        explanation="The model takes more tensors than expected.",
        symptom="len(model.inputs) is too large, and the model asks for something that is not given.",
        nudge="What does the model have to be given? Count the tensors.",
        pointer="{look}: how many does your model take?",
        fix="The number of inputs has to be {expected}, not {found}.",
        nearly="Leave out the `keras.Input` that is not asked for: the number is {found}, expected is {expected}.",
        unit=_FUNCTIONAL,
    ),
    "unused-input": KindWords(
        title="An input is not used",
        explanation="The model takes a tensor that no output depends on. Keras 3 accepts that without a word.",
        symptom="Other numbers in this input change nothing in the result.",
        nudge="Follow each input into the model. Does every one arrive at an output?",
        pointer="{look}: where should it go in?",
        fix="Use every input on the way to an output, or do not take it.",
        nearly="Call the layer that should read it on {there}, and see that its result is used. A variable "
        "that names another input by a slip is the usual cause.",
        unit=_FUNCTIONAL,
    ),
    "dynamic": KindWords(
        title="The model decides while it runs",
        explanation="What the model does depends on the values it is given, so it has no fixed graph to compare.",
        symptom="The model runs on numbers, and cannot be traced or drawn.",
        nudge="Does your code look at a tensor's numbers to decide what to do next?",
        pointer="{look}: which line needs to know a number that is only there when the model runs?",
        fix="Build the model so that the same layers run for every input.",
        nearly="Put no `if` on a tensor's value: call layers only, and use `keras.ops.where` to choose between values.",
        unit=_CLASSES,
    ),
}
