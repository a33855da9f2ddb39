"""Plain code on tensors, and classes of one's own."""

from __future__ import annotations

from typing import Literal

from grader.causes.fields import Name, Names, Rank, TensorNote
from grader.record import Record

__all__ = [
    "BackendOnly",
    "ConfigNotSaved",
    "NoSeed",
    "NotRegistered",
    "StateInCall",
    "SuperNotCalled",
    "ValueNeeded",
    "WrongUnpacking",
]


class ValueNeeded(Record):
    """Plain code asked for the value of a tensor that only stands for one.

    ``how`` is what asked: ``if``, ``while``, ``bool`` (``and``, ``or``, ``not`` and the like), ``for``, ``len``,
    ``number`` (``int``, ``float``, an index), or ``numpy``, whose ``function`` was called.
    """

    kind: Literal["value-needed"] = "value-needed"
    how: Literal["if", "while", "bool", "for", "len", "number", "numpy"]
    function: Name = ""
    tensor: TensorNote | None = None


class BackendOnly(Record):
    """A function of one backend was called on a tensor that is not of that backend.

    ``library`` is whose function it is, ``function`` how the author wrote it, and ``name`` what the library calls it,
    empty where that is not plain. The tensor was one of ``given``: of another backend, or Keras's own, which stands
    for values to come and is then described in ``tensor``, where a name stands for it.
    """

    kind: Literal["backend-only"] = "backend-only"
    library: Literal["tensorflow", "jax", "torch"]
    function: Name
    name: Name = ""
    given: Literal["keras", "tensorflow", "jax", "torch"]
    tensor: TensorNote | None = None


class WrongUnpacking(Record):
    """What a recurrent layer gave was given ``wanted`` names, and is ``found`` tensors.

    ``states`` says that the layer gives its states too, and ``both_ways`` that it stands in a ``Bidirectional``.
    """

    kind: Literal["wrong-unpacking"] = "wrong-unpacking"
    class_name: Name
    wanted: Rank
    found: Rank
    states: bool
    both_ways: bool = False


class NoSeed(Record):
    """``call`` draws numbers without a seed where JAX traces it, and the seed would never change."""

    kind: Literal["no-seed"] = "no-seed"
    class_name: Name
    function: Name


class SuperNotCalled(Record):
    """An object was used, or filled, before Keras's own constructor ran; ``culprit`` is the class that skips it.

    ``late`` says that the constructor does call it, after assigning ``attribute``; ``rest`` is what the
    constructor calls its ``**kwargs``, empty where it takes none.
    """

    kind: Literal["super-not-called"] = "super-not-called"
    class_name: Name
    culprit: Name
    attribute: Name = ""
    late: bool = False
    rest: Name = ""


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
    arguments: Names = ()
