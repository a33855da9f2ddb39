"""The vocabulary in which a unit declares its tasks.

A unit's ``tasks.py`` ends in ``UNIT = Unit(...)``. What is expected of a student's model is not
written there: it is derived from the reference solution. A task only says how to call the
student's work, which properties count, for how many points, and what to hint.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from grader.errors import CourseError
from grader.evidence import Case, InputSpec
from grader.graph import Api as ApiName
from grader.record import Record

__all__ = [
    "Answer",
    "Api",
    "Architecture",
    "Case",
    "CompareOptions",
    "Connectivity",
    "Expectation",
    "Input",
    "Parameters",
    "Parity",
    "PublicTask",
    "Saved",
    "Task",
    "Unit",
]


_MOST_DRAWS = 50  # for a case that was not there before


class CompareOptions(Record):
    """What a comparison minds beyond the default, and what it leaves to the student; nothing unless a teacher says so.

    What is minded. ``names``: layer names must agree. ``initializers``: initializers must agree. ``trainable``: the same
    weights must be trainable, and the same BatchNormalization layers free to move their statistics.
    ``compile``: training must do the same, where the reference is compiled: the losses of each output and
    how they count beside each other, a learning rate below ten times the reference's (lower will do, down
    to a thousandth), and ``compile`` called after the last change of ``trainable``; metrics, the optimizer's
    class and its other settings may differ. ``merge_order``: the order of the inputs of ``Add`` and its like
    counts. ``concatenate_order``: the order of what is concatenated counts even where the layers behind it
    could take it either way.

    What is left to the student. ``free_order``: in which order, or under which keys, inputs and outputs are
    given. ``free_sharing``: which layers share their weights. ``free_settings``: settings by name
    (``"rate"``), or by class and name (``"Dense.units"``), with ``*`` for any text (``"*_regularizer"``);
    ``"activation"`` leaves open which activation is applied, not whether one is, and ``"dtype"`` the dtype
    policies. Where a size is free, such as ``units``, ``kernel_size`` or ``padding``, shapes are compared at
    the model's inputs and outputs alone.
    """

    names: bool = False
    initializers: bool = False
    trainable: bool = False
    compile: bool = False
    merge_order: bool = False
    concatenate_order: bool = False
    free_order: bool = False
    free_sharing: bool = False
    free_settings: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = ()

    @property
    def writing_is_free(self) -> bool:
        """Whether models that differ as graphs, and compute the same, are the same; how they are trained aside."""
        return not any(value for name, value in self if name not in ("trainable", "compile"))


class Architecture(Record):
    """The model is equivalent to the reference: layers, their config, wiring, sharing, shapes."""

    kind: Literal["architecture"] = "architecture"
    points: float = Field(ge=0)
    options: CompareOptions = CompareOptions()


class Connectivity(Record):
    """What feeds what is as in the reference, whatever the layers' settings."""

    kind: Literal["connectivity"] = "connectivity"
    points: float = Field(ge=0)


class Parameters(Record):
    """Total, trainable and non-trainable parameter counts are those of the reference."""

    kind: Literal["parameters"] = "parameters"
    points: float = Field(ge=0)


class Api(Record):
    """The model is built with the named API."""

    kind: Literal["api"] = "api"
    points: float = Field(ge=0)
    api: ApiName


class Saved(Record):
    """The model comes back from a file, in a new process, as what it is.

    Every class and function of the student's own that the file names is registered, its ``get_config`` returns
    what its constructor was given, and the constructor takes what ``get_config`` returns. Nothing is saved to
    find out: constructors, configs and registered names are read. A ``get_config`` that returns another value
    than was given is not noticed, and a class with a ``from_config`` of its own is taken to know what to do.
    """

    kind: Literal["saved"] = "saved"
    points: float = Field(ge=0)


class Parity(Record):
    """The model computes the same on TensorFlow, JAX and PyTorch, and loads on each what another saved.

    Tried, on every case, once the rest of the task is right: of a model that is not the one asked for, nobody wants
    to know where it runs. The code of the student's own classes runs on each backend in a limited process of its own.
    ``tolerance`` is how far outputs may lie apart, as a part of the largest, in place of what rounding
    alone may do to this model (``grader.portability.tolerance``).
    """

    kind: Literal["parity"] = "parity"
    points: float = Field(ge=0)
    tolerance: float | None = Field(default=None, gt=0, lt=1)


class Answer(Record):
    """A plain value (number, text, list) agrees with the reference's, within ``tolerance``."""

    kind: Literal["answer"] = "answer"
    points: float = Field(ge=0)
    tolerance: float = Field(default=0.0, ge=0)


Expectation = Annotated[
    Architecture | Connectivity | Parameters | Api | Saved | Parity | Answer, Field(discriminator="kind")
]


class PublicTask(Record):
    """The part of a task that may travel with a release: no cases drawn, no reference."""

    id: str
    title: str
    expects: tuple[Expectation, ...]
    hints: tuple[str, ...]
    minutes: int = 10
    difficulty: Literal[1, 2, 3] = 1

    @property
    def points(self) -> float:
        """The most the task can earn: the sum over its expectations."""
        return sum(expectation.points for expectation in self.expects)

    @property
    def parity(self) -> Parity | None:
        """What is asked of the model on other backends, if anything is."""
        return next((e for e in self.expects if isinstance(e, Parity)), None)


def Input(*shape: int | None, dtype: str = "float32") -> InputSpec:
    """Describe an input of a case: lengths without the batch axis."""
    return InputSpec(shape=shape, dtype=dtype)


@dataclass(frozen=True)
class Task:
    """One check of a unit.

    ``id`` is also the nbgrader id of the cell that holds the check. ``cases`` are the visible
    ones; ``draw`` makes one more from a random generator, ``drawn`` times a campaign, so that a
    solution that only fits the visible numbers is noticed. It may return several at once, where each campaign has to
    have, say, a shallow one and a deep one. No case is used twice where another can be drawn.
    """

    id: str
    title: str
    expects: tuple[Expectation, ...]
    hints: tuple[str, ...]
    cases: tuple[Case, ...] = (Case(),)
    draw: Callable[[random.Random], Case | tuple[Case, ...]] | None = None
    drawn: int = 2
    minutes: int = 10
    difficulty: Literal[1, 2, 3] = 1

    @property
    def public(self) -> PublicTask:
        """The task without its cases, as it goes into an answer key."""
        return PublicTask(
            id=self.id,
            title=self.title,
            expects=self.expects,
            hints=self.hints,
            minutes=self.minutes,
            difficulty=self.difficulty,
        )

    def hidden_cases(self, seed: int) -> tuple[Case, ...]:
        """Draw the hidden cases of a campaign; the same seed draws the same cases."""
        if self.draw is None:
            return ()
        generator = random.Random(f"{seed}:{self.id}")
        known = {case.to_json() for case in self.cases}
        found: list[Case] = []
        for _ in range(self.drawn):
            for _ in range(_MOST_DRAWS):
                made = self.draw(generator)
                cases = made if isinstance(made, tuple) else (made,)
                if known.isdisjoint(case.to_json() for case in cases):
                    break
            known.update(case.to_json() for case in cases)
            found += cases
        return tuple(found)


@dataclass(frozen=True)
class Unit:
    """A unit's tasks, in the order of its assignment."""

    id: str
    title: str
    tasks: tuple[Task, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse what no grading run could honour."""
        for task in self.tasks:
            for name in ("expects", "cases", "hints"):
                value = getattr(task, name)
                if not isinstance(value, tuple):
                    raise CourseError(
                        f"Task {task.id!r} of {self.id}: {name} is of type {type(value).__name__}, expected a tuple. "
                        f"Write {name}=(…,) with a comma after the only one."
                    )
        ids = [task.id for task in self.tasks]
        for task in self.tasks:
            if ids.count(task.id) > 1:
                raise CourseError(f"Unit {self.id} has two tasks named {task.id!r}; ids must differ.")
            if not task.expects:
                raise CourseError(f"Task {task.id!r} of {self.id} expects nothing, so it cannot fail.")
            if not task.hints or not all(hint.strip() for hint in task.hints):
                raise CourseError(f"Task {task.id!r} of {self.id} has an empty hint ladder.")

    def task(self, task_id: str) -> Task:
        """Return the task of that id; raises ``CourseError`` when there is none."""
        for task in self.tasks:
            if task.id == task_id:
                return task
        raise CourseError(f"Unit {self.id} has no task {task_id!r}; it has {[t.id for t in self.tasks]}.")
