"""The exceptions the grader raises.

::

    GraderError
    ├── UsageError            the caller asked for something that cannot be done
    │   ├── UnknownUnitError      no such unit beside the notebook or in the course
    │   ├── UnknownTaskError      the unit has no such task
    │   └── UnreadableModelError  the object is no model, or cannot be read as a graph
    ├── EvidenceError         what came out of a student's process breaks the schema or a limit
    ├── KeyFileError          an answer key is missing, unreadable or of another version
    └── CourseError           a unit breaks a rule an author has to mend
        └── EvenOutputError       for these drawn weights the reference answers every input alike
"""

__all__ = [
    "CourseError",
    "EvenOutputError",
    "EvidenceError",
    "ForeignClassError",
    "GraderError",
    "KeyFileError",
    "UnknownTaskError",
    "UnknownUnitError",
    "UnreadableModelError",
    "UsageError",
]


class GraderError(Exception):
    """Base of every error the grader raises on purpose."""


class UsageError(GraderError):
    """The caller asked for something that cannot be done as asked."""


class UnknownUnitError(UsageError):
    """No unit of that name lies beside the notebook or in the installed course."""


class UnknownTaskError(UsageError):
    """The unit has no task of that name."""


class UnreadableModelError(UsageError):
    """The object is not a Keras model, or its forward pass cannot be read as a graph.

    ``shapeless`` is the model, where it cannot be read because nothing says what its input looks like.
    """

    def __init__(self, *args: object, shapeless: object = None) -> None:
        super().__init__(*args)
        self.shapeless = shapeless


class ForeignClassError(UnreadableModelError):
    """A saved model uses a class that is not Keras's own, and its code is not in the file."""


class EvidenceError(GraderError):
    """Data from a student's process breaks the evidence schema or one of its limits."""


class KeyFileError(GraderError):
    """An answer key is missing, unreadable, or written by another version of the format."""


class CourseError(GraderError):
    """A unit breaks a rule that its author has to mend."""


class EvenOutputError(CourseError):
    """With the weights drawn, a reference gives one output for every input; another seed may do better."""
