"""Data that a model cannot be trained, measured or run on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from grader.causes.fields import Array, Length, Lengths, Name, Names
from grader.record import Record

__all__ = [
    "LossUnlikeLabels",
    "Method",
    "NotCompiled",
    "NotNumbers",
    "NothingToLearn",
    "OptimizerUsed",
    "OutOfRange",
    "UnlikeCounts",
    "UnlikeData",
    "UnlikeWeights",
    "WrongArrays",
]

Method = Literal["fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch", "call"]


class NotCompiled(Record):
    """A model was to be trained or measured before ``compile``; ``variable`` is what the author calls it."""

    kind: Literal["not-compiled"] = "not-compiled"
    method: Method
    class_name: Name
    variable: Name = ""


class NotNumbers(Record):
    """Data are a Python ``list``, a single ``number`` or the like, or an array of ``text`` or of Python ``objects``."""

    kind: Literal["not-numbers"] = "not-numbers"
    method: Method
    array: Array
    given: Literal["list", "number", "text", "objects"]


class UnlikeCounts(Record):
    """Examples and labels are of different number."""

    kind: Literal["unlike-counts"] = "unlike-counts"
    method: Method
    arrays: tuple[Array, Array]
    counts: tuple[Length, Length]


class WrongArrays(Record):
    """A model with several inputs, or outputs, was given another number of arrays, or others by name."""

    kind: Literal["wrong-arrays"] = "wrong-arrays"
    method: Method
    array: Array
    side: Literal["inputs", "outputs"]
    found: Length
    wanted: Length
    names: Names = ()
    unknown: Names = ()


class UnlikeData(Record):
    """Data have another shape than the model's Input; ``wanted`` holds the batch axis, ``name`` the Input's own name."""

    kind: Literal["unlike-data"] = "unlike-data"
    method: Method
    array: Array
    wanted: Lengths
    name: Name = ""


class NothingToLearn(Record):
    """A model was to be trained or measured without labels, or without a loss."""

    kind: Literal["nothing-to-learn"] = "nothing-to-learn"
    method: Method
    missing: Literal["labels", "loss"]


class LossUnlikeLabels(Record):
    """A loss cannot compare labels of this shape with outputs of that one.

    ``classes`` says that labels are whole numbers, and ``outside`` that some are no places in the output's last axis.
    """

    kind: Literal["loss-unlike-labels"] = "loss-unlike-labels"
    method: Method
    loss: Name
    array: Array
    output: Lengths = Field(min_length=1)
    classes: bool = False
    outside: bool = False


class OptimizerUsed(Record):
    """An optimizer that was trained with holds the numbers of other weights; ``same`` if some are this model's."""

    kind: Literal["optimizer-used"] = "optimizer-used"
    class_name: Name
    method: Method
    same: bool = False


class UnlikeWeights(Record):
    """A layer or model was given other weights than it holds: of another number, or one of another shape at ``place``."""

    kind: Literal["unlike-weights"] = "unlike-weights"
    class_name: Name
    counts: tuple[Length, Length]
    place: Length | None = None
    found: Lengths = ()
    wanted: Lengths = ()


class OutOfRange(Record):
    """Labels or ids lie outside of what a loss or an ``Embedding`` has room for: from 0 to ``limit`` less one."""

    kind: Literal["out-of-range"] = "out-of-range"
    what: Literal["labels", "ids"]
    array: Array
    lowest: Length
    highest: Length
    limit: Length
    class_name: Name = ""
