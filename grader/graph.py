"""A Keras model as plain data: layers, their calls, and the tensors that flow between them.

The unit of the graph is the *call*, not the layer, as in Keras's own ``Node``
(``keras/src/ops/node.py``): one layer called twice is one ``Layer`` and two ``Call``s. Nested models
and traced blocks are stored flat; each call's ``scope`` says which nested layers it happened inside.

Every cross-reference is an index into one of the graph's own tuples.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, ValidationError, model_validator

from grader.errors import UnreadableModelError
from grader.messages import quoted, some
from grader.record import Record

__all__ = [
    "GRAPH_FORMAT",
    "MOST_AXES",
    "MOST_GRAPH_BYTES",
    "Api",
    "Argument",
    "Beside",
    "Call",
    "Compiled",
    "Layer",
    "Length",
    "Loss",
    "Lost",
    "Metric",
    "ModelGraph",
    "Port",
    "SavedObject",
    "Shape",
    "Tensor",
    "Weight",
    "json_schema",
    "place_text",
]

GRAPH_FORMAT = 1
MOST_GRAPH_BYTES = 64 * 1024 * 1024
"""Of a graph as JSON: some hundred thousand calls."""
MOST_AXES = 64
"""Of a tensor or an array: as many as NumPy has."""

_MOST_TERMS = 1_000
_LONGEST_NAME = 200


Length = Annotated[int, Field(ge=0, lt=2**63)]
Shape = Annotated[tuple[Length | None, ...], Field(max_length=MOST_AXES)]
Api = Literal["sequential", "functional", "subclassed"]
Beside = Literal["draws random numbers", "adds a loss"]


class Tensor(Record):
    """A symbolic tensor: its shape (batch axis first, ``None`` where unknown) and dtype."""

    shape: Shape
    dtype: str


class Weight(Record):
    """One variable of the model; two layers that hold the same variable name the same index.

    ``untracked`` marks one that the model computes with and that is not among its own: see ``Layer.untracked``.
    ``fixed`` is there where no training changes the weight and a class of the author's own holds it: four numbers
    that stand for its values, or none where these cannot be read.
    """

    name: str
    shape: tuple[Length, ...] = Field(max_length=MOST_AXES)
    dtype: str
    trainable: bool
    untracked: bool = False
    fixed: tuple[float, ...] | None = Field(default=None, max_length=4)


class Lost(Record):
    """An argument of a constructor that a loaded object does not get back: ``default`` takes its place.

    Where it is ``required``, there is no default, and loading fails.
    """

    name: str = Field(max_length=_LONGEST_NAME)
    required: bool = False
    default: JsonValue = None


class SavedObject(Record):
    """What a saved file keeps of a class or function that is not Keras's own.

    ``registered``: loading finds it by its name. ``lost`` are arguments of the constructor that ``get_config``
    does not return, ``refused`` what it returns and the constructor does not take. ``failure`` names the
    exception that ``get_config`` raised. ``loaded``: this object itself was made from a config.
    """

    name: str = Field(max_length=_LONGEST_NAME)
    registered: bool
    lost: tuple[Lost, ...] = Field(default=(), max_length=_MOST_TERMS)
    refused: tuple[Annotated[str, Field(max_length=_LONGEST_NAME)], ...] = Field(
        default=(), max_length=_MOST_TERMS
    )
    failure: str = Field(default="", max_length=_LONGEST_NAME)
    loaded: bool = False


class Layer(Record):
    """One layer object, or one ``keras.ops`` operation.

    ``origin`` says where the class comes from: ``keras.layers``, ``keras.ops``, or ``custom`` for
    a class of the student's own. A nested model that was flattened is kept here too, so that a
    call's ``scope`` can name it. ``weights`` are indexes into ``ModelGraph.weights`` and include
    those of everything the layer holds.

    ``untracked`` is set where variables of the layer, the states of its random numbers among them, are not the
    model's: the layer was made while the model was called, or is kept where Keras does not look. The model
    computes with it and neither counts, trains nor saves it.

    ``beside`` says what calls of a layer of the student's own do beside giving tensors.

    ``saved`` tells of the classes and functions of the student's own that a saved file names for this layer: its
    own class first, where that is one.
    """

    class_name: str
    origin: Literal["keras.layers", "keras.ops", "custom"]
    name: str
    config: dict[str, JsonValue] = {}
    dtype: str = "float32"
    trainable: bool = True
    weights: tuple[int, ...] = ()
    untracked: Literal["made in a call", "kept elsewhere"] | None = None
    beside: tuple[Beside, ...] = Field(default=(), max_length=2)
    saved: tuple[SavedObject, ...] = ()


class Argument(Record):
    """One argument of a call: a tensor, a weight, or a constant.

    ``place`` is where it stands in the call: ``"0"`` is the first positional argument, ``"0.2"``
    the third element of a list given first, ``"mask"`` a keyword. Exactly one of ``tensor`` and
    ``weight`` is set, or neither, and then ``value`` is a constant. ``implied`` marks a mask that nobody
    wrote: Keras takes it along with a tensor, from the layer that made it (``Embedding(mask_zero=True)``,
    ``Masking``) to the layers that read it. ``training`` is an argument where a call is made in one mode
    whatever the mode of the model.
    """

    place: str
    tensor: int | None = None
    weight: int | None = None
    value: JsonValue = None
    implied: bool = False


class Call(Record):
    """One call of a layer: ``layer`` is an index, ``outputs`` are tensors, ``scope`` nested layers."""

    layer: int
    arguments: tuple[Argument, ...]
    outputs: tuple[int, ...]
    scope: tuple[int, ...] = ()


class Port(Record):
    """One input or output of the model: its key (position ``"0"``, or a dict key) and tensor.

    ``name`` is the name of an ``Input``: a model that takes a list takes a dict with these keys as well.
    """

    key: str
    tensor: int
    name: str = Field(default="", max_length=_LONGEST_NAME)


class Loss(Record):
    """One term of what training minimises: a loss function on the output of that key.

    ``function`` is the name of Keras's function however it was given (``"mse"``, the function itself or
    ``MeanSquaredError()``) and ``config`` what it is called with, defaults written out; a function or class
    of the student's own is ``"custom:<name>"``. ``"crossentropy"`` stays as it is, because Keras chooses by
    the labels. ``weight`` is ``None`` where it is no finite number.
    """

    output: str
    function: str = Field(max_length=_LONGEST_NAME)
    config: dict[str, JsonValue] = {}
    weight: float | None = 1.0


class Metric(Record):
    """A metric on the output of that key (empty where it was given for none in particular)."""

    output: str
    name: str = Field(max_length=_LONGEST_NAME)
    weighted: bool = False


class Compiled(Record):
    """What a model was compiled with, and what training is set up for.

    ``learning_rate`` is ``None`` where ``schedule`` says how it changes. ``unplaced`` are the keys of losses
    that name no output. ``own_step`` says that the model's class computes the loss, or makes the step, in
    code of its own, so that ``losses`` need not be what training minimises.

    ``trained`` are the weights training is set up for: once ``started``, those that the optimizer took over
    at its first step; before, those that could be trained when the model was compiled. Where they are not
    those that can be trained now, the model was not compiled again after the last change. ``None`` when
    Keras does not say.
    """

    optimizer: str = Field(max_length=_LONGEST_NAME)
    settings: dict[str, JsonValue] = {}
    learning_rate: float | None = None
    schedule: JsonValue = None
    losses: tuple[Loss, ...] = Field(default=(), max_length=_MOST_TERMS)
    unplaced: tuple[Annotated[str, Field(max_length=_LONGEST_NAME)], ...] = Field(
        default=(), max_length=_MOST_TERMS
    )
    metrics: tuple[Metric, ...] = Field(default=(), max_length=_MOST_TERMS)
    own_step: bool = False
    started: bool = False
    trained: tuple[int, ...] | None = None


class ModelGraph(Record):
    """Everything the grader knows about a model; it holds no Keras object.

    ``calls`` are in an order in which every tensor is made before it is used. ``dynamic`` is
    ``None``, or the reason why the forward pass cannot be written as a fixed graph; the graph is
    then one opaque call, or one of several ways through the model. ``value_asked`` says what in plain Python
    asked for a tensor's value, where that is the reason, or the reason why one of the layers is an opaque call.

    ``from_run``: something in it could not be followed and was run on arrays. A custom ``Unseen`` then stands for
    code between two calls of which nothing else was seen: it joins the tensors that it may depend on, and holds the
    weights that it uses. ``compiled`` is ``None`` for a model that was not compiled. ``saved`` is about the model's own
    class, as ``Layer.saved`` is about a layer's.
    """

    format: Literal[1] = 1
    name: str
    api: Api
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    layers: tuple[Layer, ...]
    calls: tuple[Call, ...]
    tensors: tuple[Tensor, ...]
    weights: tuple[Weight, ...]
    dynamic: str | None = None
    value_asked: Literal["if", "while", "bool"] | None = None
    from_run: bool = False
    compiled: Compiled | None = None
    saved: tuple[SavedObject, ...] = ()

    @model_validator(mode="after")
    def _references_hold(self) -> Self:
        """Refuse indexes that point nowhere and tensors used before they are made."""
        n_layers, n_tensors, n_weights = len(self.layers), len(self.tensors), len(self.weights)
        made = set()
        for port in self.inputs:
            if not 0 <= port.tensor < n_tensors:
                raise ValueError(f"input {port.key!r} names tensor {port.tensor} of {n_tensors}")
            made.add(port.tensor)
        for index, layer in enumerate(self.layers):
            if any(not 0 <= weight < n_weights for weight in layer.weights):
                raise ValueError(f"layer {index} names a weight outside the {n_weights} there are")
        for index, call in enumerate(self.calls):
            if any(not 0 <= layer < n_layers for layer in (call.layer, *call.scope)):
                raise ValueError(f"call {index} names a layer outside the {n_layers} there are")
            for argument in call.arguments:
                if argument.tensor is not None and argument.tensor not in made:
                    raise ValueError(f"call {index} uses tensor {argument.tensor} before it is made")
                if argument.weight is not None and not 0 <= argument.weight < n_weights:
                    raise ValueError(f"call {index} names weight {argument.weight} of {n_weights}")
            for tensor in call.outputs:
                if not 0 <= tensor < n_tensors or tensor in made:
                    raise ValueError(f"call {index} makes tensor {tensor}, unknown or made before")
                made.add(tensor)
        for port in self.outputs:
            if port.tensor not in made:
                raise ValueError(f"output {port.key!r} names tensor {port.tensor}, which nothing makes")
        return self

    @model_validator(mode="after")
    def _compile_state_fits(self) -> Self:
        """Refuse a compile state that speaks of weights or outputs the graph does not have."""
        if self.compiled is None:
            return self
        keys = {port.key for port in self.outputs}
        for loss in self.compiled.losses:
            if loss.output not in keys:
                raise ValueError(f"a loss is on the output {loss.output!r}, which there is not")
        if any(not 0 <= weight < len(self.weights) for weight in self.compiled.trained or ()):
            raise ValueError(f"training is set up for a weight outside the {len(self.weights)} there are")
        return self

    def __repr__(self) -> str:
        """Write the graph in one line: its fields are for programs."""
        ends = " → ".join(self._ports_text(ports) for ports in (self.inputs, self.outputs))
        numbers = f"calls: {len(self.calls)}, parameters: {self.count_weights():,}"
        return f"<ModelGraph {quoted(self.name)}, {numbers}, {ends}>"

    def __str__(self) -> str:
        """Write the graph as a table of its calls, for a terminal or a notebook."""
        from grader.graph_text import graph_text

        return graph_text(self)

    def _ports_text(self, ports: Sequence[Port]) -> str:
        shapes = ((port.key, str(self.tensors[port.tensor].shape)) for port in ports)
        return some([shape if key.isdigit() else f"{quoted(key)}: {shape}" for key, shape in shapes])

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a graph written by ``to_json``.

        Raises:
            UnreadableModelError: the text is not such a graph; the message names the first fault.
        """
        try:
            if len(text) > MOST_GRAPH_BYTES:
                raise ValueError(f"it has {len(text):,} characters, at most {MOST_GRAPH_BYTES:,} are read")
            if _LONG_NUMBER.search(text):
                _refuse_long_numbers(json.loads(text))
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = place_text(first["loc"])
            why = f"at {place}: {first['msg'].rstrip('.')}"
        except (RecursionError, ValueError) as error:
            why = str(error) if type(error) is ValueError else type(error).__name__
        raise UnreadableModelError(
            f"This is not a model graph: {why}. "
            "Expected the JSON that ModelGraph.to_json() or `grader describe --json` writes."
        )

    def count_weights(self, trainable: bool | None = None) -> int:
        """Count the model's scalar parameters, each variable once: all, or only the (non-)trainable."""
        return sum(
            [
                math.prod(weight.shape)
                for weight in self.weights
                if not weight.untracked and trainable in (None, weight.trainable)
            ]
        )


_LONG_NUMBER = re.compile(r"[0-9]{41}")


def place_text(place: Sequence[int | str]) -> str:
    """Write where in a record something stands; keys may be anybody's."""
    parts = [str(part) if str(part).isprintable() else quoted(str(part)) for part in place]
    return ".".join(part[:80] for part in parts) or "the whole text"


def _refuse_long_numbers(value: JsonValue) -> None:
    """Refuse whole numbers that no float can hold: arithmetic with settings is done in floats."""
    waiting: list[tuple[tuple[int | str, ...], JsonValue]] = [((), value)]
    while waiting:
        place, item = waiting.pop()
        if isinstance(item, int) and abs(item) >= 10**40:
            raise ValueError(f"at {place_text(place)}: a whole number of more than 40 digits")
        if isinstance(item, dict):
            waiting += [((*place, key), part) for key, part in item.items()]
        elif isinstance(item, list):
            waiting += [((*place, position), part) for position, part in enumerate(item)]


def json_schema() -> dict[str, JsonValue]:
    """Return the JSON schema of a ``ModelGraph`` (JSON Schema draft 2020-12)."""
    return ModelGraph.model_json_schema()
