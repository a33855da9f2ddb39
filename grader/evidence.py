"""What crosses the boundary between a student's process and the judge, and its validation.

Evidence is JSON text; arrays are base64 of raw bytes. Nothing here is ever unpickled or evaluated.
The other direction, from judge to kernel, carries ``Case``s before the run and a ``Challenge``
after a check: arguments, inputs and weights, never an expected result.
"""

from __future__ import annotations

import base64
import binascii
import math
from typing import TYPE_CHECKING, Literal, TypeVar, cast

from pydantic import Field, JsonValue, ValidationError

from grader.causes import Cause
from grader.errors import EvidenceError
from grader.graph import MOST_AXES, Length, ModelGraph, Shape, place_text
from grader.record import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "CASES_VARIABLE",
    "EVIDENCE_MIME",
    "MAX_EVIDENCE_BYTES",
    "MODE_VARIABLE",
    "MOST_CONFIG_CHARACTERS",
    "REPLY_MIME",
    "Array",
    "Case",
    "CaseEvidence",
    "CaseSheet",
    "Challenge",
    "CodeLine",
    "Evidence",
    "FailedCall",
    "Failure",
    "InputSpec",
    "Question",
    "Reply",
    "ReplyPart",
    "RunFacts",
    "Work",
    "WorkKind",
    "parse_case_sheet",
    "parse_evidence",
    "parse_reply",
]

EVIDENCE_MIME = "application/vnd.keras-plumbing.evidence+json"
REPLY_MIME = "application/vnd.keras-plumbing.reply+json"
MODE_VARIABLE = "GRADER_MODE"
CASES_VARIABLE = "GRADER_CASES"
MAX_EVIDENCE_BYTES = 32 * 1024 * 1024
MOST_CONFIG_CHARACTERS = 4 * 1024 * 1024  # ResNet50's has 150,000

Dtype = Literal["float16", "float32", "float64", "int8", "int32", "int64", "uint8", "bool"]
_ITEM_BYTES = {
    "float16": 2,
    "float32": 4,
    "float64": 8,
    "int8": 1,
    "int32": 4,
    "int64": 8,
    "uint8": 1,
    "bool": 1,
}


class Array(Record):
    """A numeric array: dtype, shape, and the base64 of its little-endian bytes in C order."""

    dtype: Dtype
    shape: tuple[Length, ...] = Field(max_length=MOST_AXES)
    data: str

    @classmethod
    def of(cls, array: NDArray[np.generic]) -> Array:
        """Pack an array of any shape; a dtype outside the list (bfloat16, say) becomes float32.

        Raises:
            EvidenceError: the array is not numeric.
        """
        import numpy as np

        array = np.asarray(array)
        if array.dtype.name not in _ITEM_BYTES:
            try:
                array = array.astype("float32")
            except (TypeError, ValueError) as error:
                raise EvidenceError(f"an array of dtype {array.dtype} is not numeric") from error
        packed = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        return cls.model_construct(
            dtype=cast("Dtype", array.dtype.name),
            shape=tuple(int(n) for n in array.shape),
            data=base64.b64encode(packed.tobytes()).decode("ascii"),
        )

    def numpy(self) -> NDArray[np.generic]:
        """Unpack the array.

        Raises:
            EvidenceError: the bytes are not base64, or their count does not fit shape and dtype.
        """
        import numpy as np

        try:
            raw = binascii.a2b_base64(self.data, strict_mode=True)  # a tenth of what ``base64`` takes
        except ValueError as error:
            raise EvidenceError(f"an array's data is not base64: {error}") from error
        size = _ITEM_BYTES[self.dtype]
        size *= math.prod(self.shape)
        if size != len(raw):
            raise EvidenceError(
                f"an array of shape {self.shape} and dtype {self.dtype} takes {size} bytes, got {len(raw)}"
            )
        flat = np.frombuffer(raw, dtype=np.dtype(self.dtype).newbyteorder("<"))
        try:
            return flat.reshape(self.shape)
        except ValueError as error:  # no numbers at all, in lengths whose product NumPy cannot hold
            raise EvidenceError(f"an array has the shape {self.shape}") from error


class InputSpec(Record):
    """An input to make for a case: shape without the batch axis, and dtype."""

    shape: Shape
    dtype: str = "float32"


class Case(Record):
    """One set of arguments a student's builder is called with.

    ``inputs`` become ``keras.Input`` tensors given as positional arguments; ``arguments`` are
    keywords. A case with neither calls the builder bare, or reads a model object as it is.
    """

    inputs: tuple[InputSpec, ...] = ()
    arguments: dict[str, JsonValue] = {}


class CaseSheet(Record):
    """The file that ``GRADER_CASES`` names: per task, the cases to collect evidence on.

    ``portable`` are the tasks whose models are to be sent in such a way that other backends can build them.
    """

    unit: str
    tasks: dict[str, tuple[Case, ...]]
    portable: tuple[str, ...] = ()


class FailedCall(Record):
    """The layer call an exception came out of.

    ``graph`` is the part of the model built so far: its outputs are the tensors the failing
    layer was called with, in order. ``None`` where the tensors' history cannot be read. ``origin`` and
    ``config`` are the failing layer's, as a ``Layer`` record keeps them.
    """

    class_name: str = Field(max_length=200)
    shapes: tuple[Shape, ...] = Field(max_length=1000)
    graph: ModelGraph | None = None
    origin: Literal["keras.layers", "keras.ops", "custom"] = "keras.layers"
    config: dict[str, JsonValue] = {}


class CodeLine(Record):
    """A line of the student's own code: its number and text, its function, and the cell or file it stands in."""

    number: int = Field(ge=1, le=10_000_000)
    text: str = Field(max_length=200)
    function: str = Field(default="", max_length=100)
    place: str = Field(default="", max_length=100)


class Failure(Record):
    """Why a case gave nothing: an exception's class name and message, as text.

    ``stage`` says when: while the check *called* the student's code, while it *read* the model that
    came back, or because the *check* cannot use what came back, and then nothing was raised by the
    student's code. ``line`` is the innermost line of that code the exception came through, ``cause`` why it was
    raised, where that could be found out; ``by_keras`` says that Keras or a backend raised it, and no code of the
    student's. These only choose words.
    """

    type: str
    message: str
    not_implemented: bool = False
    stage: Literal["call", "read", "check"] = "call"
    line: CodeLine | None = None
    call: FailedCall | None = None
    cause: Cause | None = None
    by_keras: bool = False


WorkKind = Literal["function", "class", "layer", "model", "tensor", "value"]


class Work(Record):
    """What a check was given: its kind, and the name of its function or class. It only chooses words."""

    kind: WorkKind
    name: str = Field(default="", max_length=100)


class CaseEvidence(Record):
    """What one case gave: exactly one of a graph, a plain value, and a failure.

    ``config`` stands beside the graph of a model that is made of Keras's own layers alone: the JSON text of Keras's
    config, from which a process that never saw the student's code can build the model again.

    ``portable`` is the JSON text of a ``grader.parity_answers.Portable``, where the task asks for one: the config of any
    model, with the code of its own classes; ``unportable`` says in its place why there is none.
    """

    kind: Literal["model", "value", "failure"]
    graph: ModelGraph | None = None
    config: str | None = Field(default=None, max_length=MOST_CONFIG_CHARACTERS)
    portable: str | None = Field(default=None, max_length=MOST_CONFIG_CHARACTERS)
    unportable: str = Field(default="", max_length=2000)
    value: JsonValue = None
    failure: Failure | None = None


class Evidence(Record):
    """What one ``check`` recorded: the cases in the order of the case sheet."""

    format: Literal[1] = 1
    task: str
    backend: str
    keras: str
    work: Work | None = None
    cases: tuple[CaseEvidence, ...]


class Question(Record):
    """One run of a case of a challenge, in inference or in training mode.

    ``weights`` are in the order of the evidence's ``graph.weights``; where ``orders`` are given, each is a run
    of its own that gives the model's weight ``i`` the question's weight ``order[i]``. ``reactions`` asks
    for the weights that no output reacts to; those of ``felt`` are known to be reacted to, and not tried again.
    """

    case: int
    weights: tuple[Array, ...]
    inputs: tuple[Array, ...]
    training: bool = False
    orders: tuple[tuple[int, ...], ...] = ()
    reactions: bool = False
    felt: tuple[int, ...] = ()


class Challenge(Record):
    """What the judge asks a kernel after a check: build these cases again, and compute."""

    task: str
    questions: tuple[Question, ...]


class ReplyPart(Record):
    """What one run gave, or the failure text that stands in its place.

    ``changed`` are the weights that the run itself changed and ``state`` their values after it; ``penalty``
    is the sum of the model's losses of its own (regularizers and the like); ``silent`` are the weights that no
    output reacts to.
    """

    case: int
    outputs: tuple[Array, ...] = ()
    changed: tuple[int, ...] = ()
    state: tuple[Array, ...] = ()
    penalty: float = 0.0
    silent: tuple[int, ...] = ()
    failure: str | None = None


class Reply(Record):
    """A kernel's answer to a challenge: a part for each run, in the order of questions and their orders."""

    format: Literal[1] = 1
    task: str
    parts: tuple[ReplyPart, ...]


class RunFacts(Record):
    """What the run itself showed about one check, as the grader saw it from outside the kernel.

    ``attempted`` is false when no solution cell before the check differs from what was released.
    ``error`` is the name and message of the exception that the check's own cell raised.
    ``crashed`` and ``timed_out`` say that the kernel was gone, or stopped, at or before the check; ``over_limit`` adds
    what it used where that was more than it may, as a clause, and ``time_out`` which time was over.
    ``notes`` are sentences for the report: evidence that was refused, output that was cut. ``doubts`` are sentences
    for the instructor alone: why a person should look at this evidence. ``confirmed`` are the cases whose graph is
    that of a model which the grader itself has built again.
    """

    attempted: bool = True
    error: str | None = None
    crashed: bool = False
    over_limit: str | None = None
    timed_out: bool = False
    time_out: str = ""
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    confirmed: tuple[int, ...] = ()


R = TypeVar("R", bound=Record)


def _parse(kind: type[R], text: object, what: str) -> R:
    if not isinstance(text, str):
        raise EvidenceError(f"{what} must be JSON text, got {type(text).__name__}")
    if len(text) > MAX_EVIDENCE_BYTES:
        raise EvidenceError(f"{what} has {len(text):,} characters, at most {MAX_EVIDENCE_BYTES:,} are read")
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise EvidenceError(
            f"{what} breaks its schema at {place_text(first['loc'])}: {first['msg']}"
        ) from error
    except (RecursionError, ValueError) as error:
        raise EvidenceError(f"{what} cannot be read: {type(error).__name__}") from error


def parse_evidence(text: object) -> Evidence:
    """Validate evidence as it came out of a kernel.

    Raises:
        EvidenceError: it is not text, too long, or breaks the schema.
    """
    return _parse(Evidence, text, "evidence")


def parse_reply(text: object) -> Reply:
    """Validate the answer to a challenge; raises ``EvidenceError`` as ``parse_evidence`` does."""
    return _parse(Reply, text, "a reply")


def parse_case_sheet(text: object) -> CaseSheet:
    """Read the file that ``GRADER_CASES`` names; raises ``EvidenceError`` as ``parse_evidence`` does."""
    return _parse(CaseSheet, text, "a case sheet")
