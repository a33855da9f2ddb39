"""Why Keras refused: what was found in the objects themselves, in the process that holds them.

A cause is a small record of names, shapes and lengths, never a message's text: messages differ by
backend. It comes out of a student's process with the evidence, so every field is bounded, and it
only chooses words: no points depend on it.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from grader.record import Record

__all__ = [
    "CannotBranch",
    "Cause",
    "ConfigNotSaved",
    "InputNotListed",
    "NoShapeYet",
    "NotATensor",
    "NotRegistered",
    "StateInCall",
    "SuperNotCalled",
    "TensorNote",
    "UnknownLength",
    "UnlikeShapes",
    "ValueNeeded",
    "WindowTooLarge",
    "WrongCount",
    "WrongLength",
    "WrongRank",
    "WrongSize",
]

Name = Annotated[str, Field(max_length=80)]
# A None axis is one whose length is not known yet, as the batch axis.
Length = Annotated[int, Field(ge=-1, le=2**62)]
Lengths = Annotated[tuple[Length | None, ...], Field(max_length=12)]
Axis = Annotated[int, Field(ge=0, le=11)]
Rank = Annotated[int, Field(ge=0, le=64)]


class TensorNote(Record):
    """A tensor as its author knows it.

    ``variable`` is what the author's code calls it and ``name`` the name given to an ``Input``, empty where
    there is none. ``maker`` is the class whose call made it, empty for an ``Input``, and for ``data``: an array,
    or a tensor of the backend's.
    """

    variable: Name = ""
    name: Name = ""
    maker: Name = ""
    data: bool = False
    shape: Lengths = ()


Notes = Annotated[tuple[TensorNote, ...], Field(max_length=8)]


class InputNotListed(Record):
    """Outputs come from an ``Input`` that ``Model(inputs=...)`` was not given.

    ``instead`` is the position in ``listed`` of an ``Input`` of the same shape that leads to no output: a
    second one that took the first one's place.
    """

    kind: Literal["input-not-listed"] = "input-not-listed"
    missing: Notes = Field(min_length=1)
    listed: Notes = ()
    instead: Annotated[int, Field(ge=0, le=7)] | None = None

    @model_validator(mode="after")
    def _is_listed(self) -> Self:
        if self.instead is not None and self.instead >= len(self.listed):
            raise ValueError(f"input {self.instead} of {len(self.listed)} that are listed")
        return self


class NoShapeYet(Record):
    """Something was asked of a model or layer that does not know its input's shape; ``asked`` is what."""

    kind: Literal["no-shape-yet"] = "no-shape-yet"
    what: Literal["sequential", "model", "layer"]
    variable: Name = ""
    class_name: Name
    asked: Name = ""


class NotATensor(Record):
    """A layer was called on, or a model made of, something that no ``keras.Input`` stands behind.

    ``place`` is where: the ``call`` of ``class_name``, the ``inputs`` or ``outputs`` of ``keras.Model``, or a
    ``stack``, which wants layers.
    """

    kind: Literal["not-a-tensor"] = "not-a-tensor"
    place: Literal["call", "inputs", "outputs", "stack"]
    class_name: Name = ""
    given: Literal["shape", "number", "text", "layer", "class", "nothing", "other"]
    value: Name = ""


class WrongCount(Record):
    """A layer takes another number of tensors; ``wanted`` is ``None`` for one that merges a list of them.

    ``listed`` says that they were given in a list, as a layer that merges wants them.
    """

    kind: Literal["wrong-count"] = "wrong-count"
    class_name: Name
    found: Annotated[int, Field(ge=0, le=10_000)]
    wanted: Annotated[int, Field(ge=0, le=10_000)] | None = None
    listed: bool = False


class CannotBranch(Record):
    """A stack was given a step that needs more, or gives more, than one tensor.

    ``step`` says which: a ``merge`` layer, a ``list`` of layers, a ``tensor`` that was computed elsewhere, a
    ``second-input``, a layer that takes ``several-arguments``, one before it that gave ``several-outputs``.
    """

    kind: Literal["cannot-branch"] = "cannot-branch"
    step: Literal["merge", "list", "tensor", "second-input", "several-arguments", "several-outputs"]
    class_name: Name = ""
    before: Name = ""


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


class ValueNeeded(Record):
    """Plain code asked for the value of a tensor that only stands for one.

    ``how`` is what asked: ``if``, ``while``, ``bool`` (``and``, ``or``, ``not`` and the like), ``for``, ``len``,
    ``number`` (``int``, ``float``, an index), or a library whose function was called: ``function``.
    """

    kind: Literal["value-needed"] = "value-needed"
    how: Literal["if", "while", "bool", "for", "len", "number", "numpy", "tensorflow", "jax", "torch"]
    function: Name = ""
    tensor: TensorNote | None = None


class SuperNotCalled(Record):
    """An object was used, or filled, before Keras's own constructor ran; ``culprit`` is the class that skips it.

    ``late`` says that the constructor does call it, after assigning ``attribute``.
    """

    kind: Literal["super-not-called"] = "super-not-called"
    class_name: Name
    culprit: Name
    attribute: Name = ""
    late: bool = False


class StateInCall(Record):
    """``call`` made a weight or layer of a layer that is already built."""

    kind: Literal["state-in-call"] = "state-in-call"
    class_name: Name
    made: Literal["weight", "layer", "other"]
    attribute: Name = ""


class NotRegistered(Record):
    """Loading found no class or function of that name."""

    kind: Literal["not-registered"] = "not-registered"
    what: Literal["class", "function"]
    name: Name


class ConfigNotSaved(Record):
    """A class cannot be made from its config: ``arguments`` are missing there, or ``unexpected``, or not to be written."""

    kind: Literal["config-not-saved"] = "config-not-saved"
    class_name: Name
    problem: Literal["missing", "unexpected", "unwritable"]
    arguments: Annotated[tuple[Name, ...], Field(max_length=8)] = ()


Cause = Annotated[
    InputNotListed
    | NoShapeYet
    | NotATensor
    | WrongCount
    | CannotBranch
    | UnlikeShapes
    | WrongRank
    | WrongLength
    | UnknownLength
    | WindowTooLarge
    | WrongSize
    | ValueNeeded
    | SuperNotCalled
    | StateInCall
    | NotRegistered
    | ConfigNotSaved,
    Field(discriminator="kind"),
]
