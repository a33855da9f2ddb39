"""Mistakes in fine-tuning: what may learn, what stands still, and when the model is compiled."""

from __future__ import annotations

from grader.comparison import Analysis, Difference
from grader.misconceptions.misconception import Misconception
from grader.misconceptions.training import of_kind

__all__ = ["TRANSFER"]

_UNIT = "08_transfer_learning"


def _not_frozen(analysis: Analysis) -> bool:
    return any(
        difference.kind == "not-frozen" and not _normalizations_alone(difference, analysis)
        for difference in analysis.training
    )


def _drifts(analysis: Analysis) -> bool:
    return any(
        difference.kind == "not-frozen" and _normalizations_alone(difference, analysis)
        for difference in analysis.training
    )


def _normalizations_alone(difference: Difference, analysis: Analysis) -> bool:
    graph = analysis.student.source
    found = {graph.layers[graph.calls[call].layer].class_name for call in difference.student}
    return found == {"BatchNormalization"}


TRANSFER: tuple[Misconception, ...] = (
    Misconception(
        id="backbone-not-frozen",
        title="What should be frozen can still learn",
        explanation="Layers that were to keep what they know are trainable. The first steps of training, while "
        "the new head still gives random answers, overwrite what was learned before.",
        symptom="summary() counts more trainable parameters than the new layers have, and weights that were to "
        "be kept are other numbers after fit.",
        fix="Set `trainable = False` on the part that is to be kept, before the model is compiled.",
        hints=(
            "How many parameters does summary() call trainable, and how many belong to the new layers alone?",
            (
                "`training=False` in a call freezes nothing: it only says how the layers behave in that call. "
                "Which attribute says what may learn?"
            ),
            "Write `backbone.trainable = False` before `model.compile(...)`, and set nothing above it back to True.",
        ),
        unit=_UNIT,
        seen_in=_not_frozen,
    ),
    Misconception(
        id="backbone-still-frozen",
        title="What should learn is still frozen",
        explanation="Layers that were to be trained are not trainable, so training leaves them as they are, "
        "whatever the learning rate. Setting `trainable` on a model sets it on the layers inside; but on "
        "TensorFlow, setting it to what it is already does nothing.",
        symptom="summary() counts fewer trainable parameters than expected, and some weights are the same "
        "after fit as before.",
        fix="Set `trainable = True` on the layers that are to learn, then compile again.",
        hints=(
            "Compare the number of trainable parameters before and after you open the layers. Does it change?",
            (
                "Look at the object whose `trainable` you set: is it the one inside this model, and do the names "
                "you search for exist?"
            ),
            (
                "Write `backbone.trainable = True`, then set `layer.trainable` on each of `backbone.layers`: True "
                "where it is to learn, False elsewhere. Then `model.compile(...)`."
            ),
        ),
        unit=_UNIT,
        seen_in=of_kind("still-frozen"),
    ),
    Misconception(
        id="batchnorm-drift",
        title="BatchNormalization goes on moving its statistics",
        explanation="The BatchNormalization layers are trainable. In fit they then normalise by the batch and "
        "move their mean and variance towards the new data, and the weights behind them no longer fit what they are "
        "given. In a Functional model `training=False` in the call changes nothing of that: fit hands its own mode "
        "to every layer.",
        symptom="moving_mean and moving_variance are other numbers after fit than before.",
        fix="Open the backbone, set `trainable = False` on each of its BatchNormalization layers, then compile.",
        hints=(
            "Note a BatchNormalization layer's moving_mean before fit, and look at it again afterwards.",
            "Setting `trainable = True` on a model sets it on every layer inside, the normalizations too.",
            (
                "After `backbone.trainable = True`, loop over `backbone.layers` and set `layer.trainable = False` where "
                "`isinstance(layer, keras.layers.BatchNormalization)`; then compile."
            ),
        ),
        unit=_UNIT,
        seen_in=_drifts,
    ),
    Misconception(
        id="not-recompiled",
        title="Training is still set up as before",
        explanation="`trainable` was changed after training was set up. Between `compile` and the first step Keras "
        "still follows such a change. After it, TensorFlow trains what it trained before, without a word; JAX "
        "raises an error, and PyTorch does when something was opened. An optimizer that has made a step keeps "
        "to the weights it knows, so that a new `compile` needs a new optimizer.",
        symptom="Weights that were opened are the same after fit as before, or fit raises a ValueError about "
        "the optimizer's variables.",
        fix="Call `model.compile` again, with a new optimizer, after the last change of `trainable`.",
        hints=(
            "In which order do you compile, train, and change `trainable`?",
            "The optimizer takes over the weights it finds at its first step. What tells it of a change?",
            (
                "After the last `layer.trainable = ...`, write `model.compile(keras.optimizers.Adam(rate), loss=...)` "
                "again, with a newly made optimizer."
            ),
        ),
        unit=_UNIT,
        seen_in=of_kind("not-recompiled"),
    ),
)
