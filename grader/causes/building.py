"""Models that cannot be put together."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from grader.causes.fields import Name, Notes
from grader.record import Record

__all__ = ["CannotBranch", "InputNotListed", "NoShapeYet", "NotATensor", "WrongCount"]


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
