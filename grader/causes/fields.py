"""What the fields of a cause hold: names, lengths, tensors and arrays as their author knows them. All are bounded."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from grader.record import Record

__all__ = ["Array", "Axis", "Length", "Lengths", "Name", "Names", "Notes", "Rank", "TensorNote"]

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
Names = Annotated[tuple[Name, ...], Field(max_length=8)]


class Array(Record):
    """What a method of a model was given for one of its arguments: ``text`` is how the author wrote it."""

    argument: Name
    text: Name = ""
    shape: Lengths = ()
