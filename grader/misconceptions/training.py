"""Mistakes in what a model is compiled with: losses, how they count, and the learning rate."""

from __future__ import annotations

from collections.abc import Callable

from grader.comparison import Analysis
from grader.misconceptions.misconception import Misconception

__all__ = ["TRAINING", "of_kind"]

_HEADS = "06_multi_output"
_FINE_TUNING = "08_transfer_learning"


def of_kind(kind: str) -> Callable[[Analysis], bool]:
    """Recognise a mistake that shows as one kind of difference in how two models are trained."""
    return lambda analysis: any(difference.kind == kind for difference in analysis.training)


TRAINING: tuple[Misconception, ...] = (
    Misconception(
        id="not-compiled",
        title="The model is not compiled",
        explanation="Without an optimizer and a loss, fit does not know what to change, nor what is better.",
        symptom="fit raises a ValueError that asks for compile.",
        fix="Call `model.compile(optimizer, loss)` before the model is handed in.",
        hints=(
            "What has to happen between building a model and calling fit?",
            "Look for the call that gives the model its optimizer and loss: is it made on this model?",
            "Write `model.compile(optimizer=..., loss=...)` after the last change of `trainable`.",
        ),
        unit=_HEADS,
        seen_in=of_kind("not-compiled"),
    ),
    Misconception(
        id="loss-missing",
        title="An output has no loss",
        explanation="Training minimises the losses that compile was given, and nothing else. An output without "
        "one is never told what is right, so what belongs to it alone stays as it was at the start.",
        symptom="fit says that there is no loss to compute, or which keys the dict of losses should have; or it runs "
        "without a word, and one head answers as badly as before.",
        fix="Give every output that has to learn a loss of its own.",
        hints=(
            "Count the outputs of the model and the losses you give to compile.",
            "In a dict of losses the keys are the outputs' names. Is each output named, and none `None`?",
            "Write `loss={'first': ..., 'second': ...}` with one entry for each output.",
        ),
        unit=_HEADS,
        seen_in=of_kind("loss-missing"),
    ),
    Misconception(
        id="wrong-loss",
        title="An output has another loss",
        explanation="The loss says what counts as a better answer. With another one the same model learns "
        "something else.",
        symptom="fit complains of the targets' shape, or what is learned is not what was asked for.",
        fix="Give the output the loss that goes with its task.",
        hints=(
            "What kind of answer does each output give: a number, one class of several, yes or no?",
            "Which loss belongs to that kind of answer, and to the form in which the labels are given?",
            (
                "Check loss by loss, with its settings: `sparse_categorical_crossentropy` for classes given as whole "
                "numbers, `binary_crossentropy` for yes or no, `mse` or `mae` for quantities."
            ),
        ),
        unit=_HEADS,
        seen_in=of_kind("wrong-loss"),
    ),
    Misconception(
        id="logits-mismatch",
        title="Head and loss disagree about logits",
        explanation="A crossentropy has to know what it is given. With `from_logits=True` it applies softmax or "
        "sigmoid itself; without, it expects probabilities. Applied twice the gradient is flattened, applied "
        "never the logarithm is taken of numbers that are no probabilities.",
        symptom="Nothing is raised: the loss falls slowly, gets stuck, or is not a number.",
        fix="Either end the head in softmax or sigmoid, or pass `from_logits=True`: one of the two, not both.",
        hints=(
            "Do the head's numbers add up to one, or lie between zero and one, before the loss sees them?",
            "Look at the head's last activation and at the loss's `from_logits` together.",
            (
                "With softmax or sigmoid at the end, leave `from_logits` out; with no activation, use the loss's class "
                "and set `from_logits=True`."
            ),
        ),
        unit=_HEADS,
        seen_in=of_kind("logits-mismatch"),
    ),
    Misconception(
        id="loss-weights",
        title="The losses count differently",
        explanation="The losses of several outputs are added up, each times its weight. The weights say which "
        "output matters how much, and make up for losses of different size.",
        symptom="One output is learned well at the cost of another.",
        fix="Set `loss_weights` in compile as it was asked for, by the outputs' names.",
        hints=(
            "Which output is to count more, and by how much?",
            "Without `loss_weights` every loss counts one. In a list, the order is that of the outputs.",
            "Write `loss_weights={'first': ..., 'second': ...}`, so that no order can be mistaken.",
        ),
        unit=_HEADS,
        seen_in=of_kind("loss-weights"),
    ),
    Misconception(
        id="learning-rate-too-high",
        title="The learning rate is too high",
        explanation="The rate is ten or more times the one asked for. Fine-tuning takes steps 10 to 100 times "
        "smaller than training from scratch: large ones wash out what the weights already know.",
        symptom="The loss jumps up when the layers are opened, and what was learned before is lost.",
        fix="Give the optimizer a learning rate near the one asked for.",
        hints=(
            "How large a step may a weight take that is nearly right already?",
            "Which rate does an optimizer have that is named by a string, or made without arguments?",
            "Write the rate out, as in `keras.optimizers.Adam(1e-5)`, and mind the sign of the exponent.",
        ),
        unit=_FINE_TUNING,
        seen_in=of_kind("learning-rate-too-high"),
    ),
    Misconception(
        id="learning-rate-too-low",
        title="The learning rate is next to nothing",
        explanation="The rate is a thousandth of the one asked for, or less: the weights hardly move.",
        symptom="The loss stays where it is, epoch after epoch.",
        fix="Give the optimizer a learning rate near the one asked for.",
        hints=(
            "How far does the loss fall in one epoch?",
            "Read the learning rate back from the model: `float(model.optimizer.learning_rate)`.",
            "Write the rate out, as in `keras.optimizers.Adam(1e-3)`, and mind the exponent.",
        ),
        unit=_FINE_TUNING,
        seen_in=of_kind("learning-rate-too-low"),
    ),
)
