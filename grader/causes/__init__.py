"""Why Keras refused: what was found in the objects themselves, in the process that holds them.

A cause is a small record of names, shapes and lengths, never a message's text: messages differ by
backend. It comes out of a student's process with the evidence, so every field is bounded, and it
only chooses words: no points depend on it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from grader.causes.arguments import (
    CallMiswritten,
    ClassGiven,
    MissingArgument,
    NameUsedTwice,
    NotAShape,
    NothingReturned,
    TensorAsSetting,
    UnknownArgument,
    UnknownName,
    WrongFile,
)
from grader.causes.building import (
    CannotBranch,
    InputNotListed,
    NoShapeYet,
    NotATensor,
    WrongCount,
)
from grader.causes.code import (
    ConfigNotSaved,
    NotRegistered,
    StateInCall,
    SuperNotCalled,
    ValueNeeded,
)
from grader.causes.fields import Array, TensorNote
from grader.causes.fitting import (
    UnknownLength,
    UnlikeShapes,
    WindowTooLarge,
    WrongLength,
    WrongRank,
    WrongSize,
)
from grader.causes.training import (
    LossUnlikeLabels,
    Method,
    NotCompiled,
    NothingToLearn,
    NotNumbers,
    OutOfRange,
    UnlikeCounts,
    UnlikeData,
    WrongArrays,
)

__all__ = [
    "Array",
    "CallMiswritten",
    "CannotBranch",
    "Cause",
    "ClassGiven",
    "ConfigNotSaved",
    "InputNotListed",
    "LossUnlikeLabels",
    "Method",
    "MissingArgument",
    "NameUsedTwice",
    "NoShapeYet",
    "NotAShape",
    "NotATensor",
    "NotCompiled",
    "NotNumbers",
    "NotRegistered",
    "NothingReturned",
    "NothingToLearn",
    "OutOfRange",
    "StateInCall",
    "SuperNotCalled",
    "TensorAsSetting",
    "TensorNote",
    "UnknownArgument",
    "UnknownLength",
    "UnknownName",
    "UnlikeCounts",
    "UnlikeData",
    "UnlikeShapes",
    "ValueNeeded",
    "WindowTooLarge",
    "WrongArrays",
    "WrongCount",
    "WrongFile",
    "WrongLength",
    "WrongRank",
    "WrongSize",
]

Cause = Annotated[
    UnknownArgument
    | MissingArgument
    | TensorAsSetting
    | NotAShape
    | UnknownName
    | NameUsedTwice
    | NothingReturned
    | CallMiswritten
    | ClassGiven
    | WrongFile
    | InputNotListed
    | NoShapeYet
    | NotATensor
    | WrongCount
    | CannotBranch
    | ValueNeeded
    | SuperNotCalled
    | StateInCall
    | NotRegistered
    | ConfigNotSaved
    | UnlikeShapes
    | WrongRank
    | WrongLength
    | UnknownLength
    | WindowTooLarge
    | WrongSize
    | NotCompiled
    | NotNumbers
    | UnlikeCounts
    | WrongArrays
    | UnlikeData
    | NothingToLearn
    | LossUnlikeLabels
    | OutOfRange,
    Field(discriminator="kind"),
]
