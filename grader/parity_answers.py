"""What a backend's process is asked about a model, and what it answers: JSON, a line each."""

from __future__ import annotations

from pydantic import Field, JsonValue

from grader.evidence import Array, Failure
from grader.graph import ModelGraph
from grader.record import Record

__all__ = ["MOST_SOURCE", "SAMPLED", "Opened", "Portable", "Run", "RunAnswer", "Saving", "TrainAnswer"]

MOST_SOURCE = 1_000_000
"""Characters of code that travel with a model."""

SAMPLED = 1024
"""So many numbers of a layer's outputs, a gradient or a trained weight are told at most, evenly spaced."""


class Portable(Record):
    """A model as it travels to another process.

    ``config`` is what Keras serialises, checked or made by a live model; ``compiled`` the ``compile_config``.
    ``source`` is the code that defines what is not Keras's own, run before the model is built.
    """

    name: str
    config: JsonValue
    compiled: JsonValue = None
    source: str = Field(default="", max_length=MOST_SOURCE)


class Run(Record):
    """One run: weights in the order of the graph's, or ``None`` for those of the last run; inputs likewise.

    ``scaled`` multiplies weights, by place, for this run alone.
    """

    weights: tuple[Array, ...] | None = None
    inputs: tuple[Array, ...] | None = None
    scaled: dict[int, float] = {}
    training: bool = False


class Opened(Record):
    """What came of building a model: its graph, or why there is none.

    ``trains`` says that it is compiled, ``random`` names the layers that draw random numbers in training.
    """

    graph: ModelGraph | None = None
    failure: Failure | None = None
    trains: bool = False
    random: tuple[str, ...] = Field(default=(), max_length=10_000)


class RunAnswer(Record):
    """Outputs in the order of the graph's ports, and some numbers of what each layer gave, in the order of calls."""

    outputs: tuple[Array, ...] = Field(default=(), max_length=10_000)
    layers: tuple[tuple[str, Array], ...] = Field(default=(), max_length=100_000)
    failure: Failure | None = None


class Saving(Record):
    """That a model was saved, or why it was not."""

    failure: Failure | None = None


class TrainAnswer(Record):
    """A few steps of training on one batch.

    ``losses`` before each step; ``gradients`` of the first step, and weights after the last, by
    the weight's place: up to ``SAMPLED`` numbers of each, evenly spaced. Only trainable weights are in it.
    """

    losses: tuple[float, ...] = Field(default=(), max_length=1000)
    gradients: dict[int, Array] = {}
    weights: dict[int, Array] = {}
    failure: Failure | None = None
