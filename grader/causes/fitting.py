"""Calls that a layer refuses because of a shape."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from grader.causes.fields import Axis, Length, Lengths, Name, Rank, TensorNote
from grader.record import Record

__all__ = [
    "UnknownLength",
    "UnlikeFactors",
    "UnlikeShapes",
    "WindowTooLarge",
    "WrongLength",
    "WrongRank",
    "WrongSize",
]


class UnlikeShapes(Record):
    """A step was given tensors whose shapes do not fit together: ``tensors`` differ along ``axis``.

    ``axis`` is ``None`` where they differ in their number of axes. ``shortcut`` says that one of the two is
    computed from the other, as around a residual block.
    """

    kind: Literal["unlike-shapes"] = "unlike-shapes"
    class_name: Name
    tensors: tuple[TensorNote, TensorNote]
    axis: Axis | None = None
    shortcut: bool = False

    @model_validator(mode="after")
    def _axis_is_there(self) -> Self:
        if self.axis is not None and any(self.axis >= len(note.shape) for note in self.tensors):
            raise ValueError(f"axis {self.axis} of a tensor that has fewer")
        return self


class UnlikeFactors(Record):
    """A matrix product of two tensors of which the first's last axis is not as long as the second's last but one.

    ``transposed`` says that the second would fit with its last two axes exchanged.
    """

    kind: Literal["unlike-factors"] = "unlike-factors"
    function: Name
    tensors: tuple[TensorNote, TensorNote]
    lengths: tuple[Length, Length]
    transposed: bool = False


class WrongRank(Record):
    """A layer needs another number of axes; ``lost_by`` is the class that took axes away, where one did."""

    kind: Literal["wrong-rank"] = "wrong-rank"
    class_name: Name
    tensor: TensorNote
    found: Rank
    wanted: Rank
    at_least: bool = False
    lost_by: Name = ""


class WrongLength(Record):
    """A layer or model needs another length along an axis; ``built`` says that it was made so by an earlier call."""

    kind: Literal["wrong-length"] = "wrong-length"
    class_name: Name
    tensor: TensorNote
    axis: Axis
    found: Length
    wanted: Length
    built: bool = False


class UnknownLength(Record):
    """A layer's weights depend on the length of an axis that is ``None``."""

    kind: Literal["unknown-length"] = "unknown-length"
    class_name: Name
    tensor: TensorNote
    axis: Axis


class WindowTooLarge(Record):
    """A kernel or pool finds no room along an axis; ``window`` counts the gaps of a dilated kernel."""

    kind: Literal["window-too-large"] = "window-too-large"
    class_name: Name
    tensor: TensorNote
    axis: Axis
    window: Length
    found: Length
    setting: Name = ""


class WrongSize(Record):
    """A ``Reshape`` to a shape that holds another count of numbers; both without the batch axis."""

    kind: Literal["wrong-size"] = "wrong-size"
    tensor: TensorNote
    found: Length
    target: Lengths
    wanted: Length
