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
    OpenShape,
    TensorAsSetting,
    TooManyArguments,
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
    BackendOnly,
    ConfigNotSaved,
    NoSeed,
    NotRegistered,
    StateInCall,
    SuperNotCalled,
    ValueNeeded,
    WrongUnpacking,
)
from grader.causes.fields import Array, TensorNote
from grader.causes.fitting import (
    UnknownLength,
    UnlikeFactors,
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
    OptimizerUsed,
    OutOfRange,
    UnlikeCounts,
    UnlikeData,
    UnlikeWeights,
    WrongArrays,
)

__all__ = [
    "Array",
    "BackendOnly",
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
    "NoSeed",
    "NoShapeYet",
    "NotAShape",
    "NotATensor",
    "NotCompiled",
    "NotNumbers",
    "NotRegistered",
    "NothingReturned",
    "NothingToLearn",
    "OpenShape",
    "OptimizerUsed",
    "OutOfRange",
    "StateInCall",
    "SuperNotCalled",
    "TensorAsSetting",
    "TensorNote",
    "TooManyArguments",
    "UnknownArgument",
    "UnknownLength",
    "UnknownName",
    "UnlikeCounts",
    "UnlikeData",
    "UnlikeFactors",
    "UnlikeShapes",
    "UnlikeWeights",
    "ValueNeeded",
    "WindowTooLarge",
    "WrongArrays",
    "WrongCount",
    "WrongFile",
    "WrongLength",
    "WrongRank",
    "WrongSize",
    "WrongUnpacking",
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
    | BackendOnly
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
    | OutOfRange
    | OpenShape
    | TooManyArguments
    | NoSeed
    | WrongUnpacking
    | UnlikeFactors
    | OptimizerUsed
    | UnlikeWeights,
    Field(discriminator="kind"),
]
