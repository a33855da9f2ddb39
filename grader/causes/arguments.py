"""Functions, layers and methods that were given other arguments than they take."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from grader.causes.fields import Length, Lengths, Name, Names, TensorNote
from grader.record import Record

__all__ = [
    "CallMiswritten",
    "ClassGiven",
    "MissingArgument",
    "NameUsedTwice",
    "NotAShape",
    "NothingReturned",
    "OpenShape",
    "TensorAsSetting",
    "TooManyArguments",
    "UnknownArgument",
    "UnknownName",
    "WrongFile",
]

Known = Annotated[tuple[Name, ...], Field(max_length=24)]


class UnknownArgument(Record):
    """``function`` takes no ``argument``; ``nearest`` is what it probably was to be, ``takes`` all that there are."""

    kind: Literal["unknown-argument"] = "unknown-argument"
    function: Name
    argument: Name
    nearest: Name = ""
    takes: Known = ()


class MissingArgument(Record):
    """``function``, or the call of such a layer, was not given the arguments it cannot do without.

    ``listed`` says that a layer was given one list where it takes its tensors one by one.
    """

    kind: Literal["missing-argument"] = "missing-argument"
    function: Name
    arguments: Names = Field(min_length=1)
    call: bool = False
    listed: bool = False


class TensorAsSetting(Record):
    """A tensor was given where a layer is made, in place of where it is called; ``setting`` is what it became there.

    ``listed`` says that it stood in a list, and ``needs`` are the settings that the layer cannot be made without.
    """

    kind: Literal["tensor-as-setting"] = "tensor-as-setting"
    class_name: Name
    tensor: TensorNote
    setting: Name = ""
    listed: bool = False
    needs: Names = ()


class TooManyArguments(Record):
    """``function``, or the call of such a layer, was given more arguments without a name than it ``takes``.

    ``numbers`` are those that were given where all are whole numbers, as the lengths of a shape are.
    """

    kind: Literal["too-many-arguments"] = "too-many-arguments"
    function: Name
    found: Length
    takes: Known = ()
    call: bool = False
    numbers: Annotated[tuple[Length, ...], Field(max_length=12)] = ()


class NotAShape(Record):
    """A number was given as a shape: a length, or several, without the brackets.

    ``inside`` says that ``value`` is a whole shape, and stood inside another in place of a length.
    """

    kind: Literal["not-a-shape"] = "not-a-shape"
    value: Name
    inside: bool = False


class OpenShape(Record):
    """``function`` makes numbers of a shape, and was given one with a length that is not known."""

    kind: Literal["open-shape"] = "open-shape"
    function: Name
    shape: Lengths
    text: Name = ""


class UnknownName(Record):
    """Keras knows no ``what`` of that name; ``nearest`` is the likeliest that it knows, ``known`` all if they are few."""

    kind: Literal["unknown-name"] = "unknown-name"
    what: Literal[
        "activation",
        "loss",
        "metric",
        "optimizer",
        "initializer",
        "regularizer",
        "constraint",
        "padding",
        "layer",
    ]
    name: Name
    nearest: Name = ""
    known: Known = ()


class NameUsedTwice(Record):
    """Two layers of one model have the same name."""

    kind: Literal["name-used-twice"] = "name-used-twice"
    name: Name
    classes: tuple[Name, Name]


class NothingReturned(Record):
    """A function, or the ``call`` of a class, ends without ``return``, and its result was used."""

    kind: Literal["nothing-returned"] = "nothing-returned"
    function: Name
    method: bool


class CallMiswritten(Record):
    """A class has no ``call``, or one without ``self``; ``found`` is a method that looks as if meant for it."""

    kind: Literal["call-miswritten"] = "call-miswritten"
    class_name: Name
    problem: Literal["absent", "without-self"]
    found: Name = ""


class ClassGiven(Record):
    """A class was given where an object of it is wanted, for ``argument`` of ``function``."""

    kind: Literal["class-given"] = "class-given"
    function: Name
    argument: Name
    class_name: Name


class WrongFile(Record):
    """A model was to be saved to, or loaded from, a path that the method does not take; ``wanted`` is its ending."""

    kind: Literal["wrong-file"] = "wrong-file"
    method: Literal["save", "save_weights", "load_model", "load_weights"]
    path: Name
    problem: Literal["ending", "not-there", "folder"]
    wanted: Name = ""
