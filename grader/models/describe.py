"""A Keras model → its ``ModelGraph``, and the variables in the graph's order."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from typing import Any

import keras

from grader.errors import UnreadableModelError
from grader.evidence import InputSpec
from grader.graph import Api, ModelGraph
from grader.models.causes.values import branch_on_value
from grader.models.compiled_runs import CompiledRuns
from grader.models.depth import room_for
from grader.models.eager import as_found
from grader.models.layers import read_config
from grader.models.lazy_tensorflow import tensorflow_not_imported
from grader.models.modes import TRAINING
from grader.models.nested import is_plain_model, recorded_graph
from grader.models.nodes import maker
from grader.models.saving import saved_facts
from grader.models.structures import flatten, leaves
from grader.models.trace import Recorder, recording
from grader.models.tracebacks import full_tracebacks
from grader.models.training_state import compile_state
from grader.models.walk import GraphWriter

__all__ = ["Described", "describe", "describe_tensors", "make_inputs", "reading"]

_LONGEST_NAME = 200
Inputs = Sequence[Any] | Mapping[str, Any]


@dataclass(frozen=True)
class Described:
    """A model beside its graph.

    ``variables`` are the Keras variables in the order of ``graph.weights``; ``arguments`` the
    positional arguments the model is called with, as (nested) ``KerasTensor``s whose leaves are
    in the order of ``graph.inputs``.
    """

    graph: ModelGraph
    variables: list[Any]
    model: Any
    arguments: tuple[Any, ...]

    @cached_property
    def compiled_runs(self) -> CompiledRuns:
        """The model as functions that JAX compiles when they are first run."""
        return CompiledRuns(self.model, self.variables, self.arguments)


def make_inputs(specs: Sequence[InputSpec]) -> list[Any]:
    """Make one ``keras.Input`` per spec."""
    return [keras.Input(spec.shape, dtype=spec.dtype) for spec in specs]


@contextlib.contextmanager
def reading() -> Iterator[Recorder]:
    """Open a recording that leaves no trace: no output, no warnings, no random numbers drawn, no TensorFlow import."""
    with (
        tensorflow_not_imported(),
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        full_tracebacks(),
        as_found(()),
        recording() as recorder,
    ):
        warnings.simplefilter("ignore")
        yield recorder


def describe(model: Any, inputs: Inputs | None = None) -> Described:
    """Read a Keras model as a graph.

    Sequential and Functional models are read from the nodes Keras recorded; a subclassed model's
    ``call`` is run on symbolic tensors, with ``training=True``. ``inputs`` say what a subclassed
    model takes, each an ``InputSpec`` or ``KerasTensor``; a model that has been called knows.

    The model is left as found, except that a subclassed model not yet built gets built: its
    layers have no weights to count before.

    Raises:
        UnreadableModelError: the object is no model, or its inputs are not known.
    """
    if not isinstance(model, keras.Model):
        way_out = (
            "Pass what keras.Sequential(...), keras.Model(inputs, outputs) or your own Model class returned."
        )
        if isinstance(model, (str, PathLike)):
            way_out = (
                "Load a saved model with keras.saving.load_model(...) first, or run `grader describe` on it."
            )
        raise UnreadableModelError(
            f"Expected a Keras model, got {_indefinite(type(model).__name__)}. {way_out}"
        )
    if isinstance(model, keras.Sequential) and is_plain_model(model):
        _require_shapes(model)
    with room_for(model), reading() as recorder:
        if recorded_graph(model) is not None:
            return _read_nodes(model, recorder)
        if inputs is None:
            _refuse_lost_shapes(model, recorder)
        arguments = _arguments_for(model, inputs)
        try:
            return _read_call(model, arguments, recorder)
        except Exception as error:
            raise UnreadableModelError(
                f"The model {model.name!r} ({type(model).__name__}) cannot be called on its inputs, "
                f"so it cannot be read: {type(error).__name__}: {error}"
            ) from error


def describe_tensors(outputs: Sequence[Any], name: str = "", recorder: Recorder | None = None) -> ModelGraph:
    """Read the calls that lead to some symbolic tensors as a graph, whether or not a model holds them.

    Its inputs are the tensors that the outputs come from. ``recorder`` is given when the tensors
    were made in a recording that is still open.
    """
    with contextlib.ExitStack() as stack:
        writer = GraphWriter(recorder or stack.enter_context(reading()))
        known: dict[int, int] = {}
        made = writer.expand_from_anywhere(outputs, known)
        return writer.graph(
            name,
            "functional",
            [(str(position), index, "") for position, index in enumerate(writer.given)],
            [(str(position), index) for position, index in enumerate(made)],
        )


def _indefinite(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def _require_shapes(model: Any) -> None:
    if not model.layers:
        raise UnreadableModelError(
            f"The Sequential model {model.name!r} has no layers, so there is nothing to read. Add layers to it."
        )
    if not getattr(model, "_functional", None) and not model.built:
        raise UnreadableModelError(
            f"The Sequential model {model.name!r} has no shapes yet: nothing says what its input looks like, "
            "so it has no weights and no graph. Put keras.Input(shape) first: "
            "keras.Sequential([keras.Input(...), ...]).",
            shapeless=model,
        )


def _read_nodes(model: Any, recorder: Recorder) -> Described:
    writer = GraphWriter(recorder, model.trainable_weights)
    graph = recorded_graph(model)
    starts, ends = list(leaves(graph.input)), list(leaves(graph.output))
    known = {id(tensor): writer.tensor(tensor) for _, tensor in starts}
    made = writer.expand([tensor for _, tensor in ends], known, ())
    api: Api = "sequential" if isinstance(model, keras.Sequential) else "functional"
    return _finished(writer, model, api, (graph.input,), known, graph.output, _ports(ends, made))


def _read_call(model: Any, arguments: tuple[Any, ...], recorder: Recorder) -> Described:
    outputs = model(*arguments, training=TRAINING)
    ends = list(leaves(outputs))
    if not ends or not all(isinstance(tensor, keras.KerasTensor) for _, tensor in ends):
        raise TypeError("call() returned something else than tensors")
    writer = GraphWriter(recorder, model.trainable_weights)
    known = {id(tensor): writer.tensor(tensor) for tensor in flatten(list(arguments))}
    node = maker(ends[0][1])
    trace = recorder.trace_of(node)
    writer.asked = trace.asked if trace is not None else None
    if trace is not None and trace.failure is None:
        dynamic = trace.chose
        made = writer.expand(trace.outputs, writer.stand_ins(trace, known, ()), ())
        # Keras's order of the leaves is that of the trace; ``leaves`` may differ.
        place = {id(t): index for t, index in zip(keras.tree.flatten(outputs), made, strict=True)}
        made = [place[id(tensor)] for _, tensor in ends]
    else:
        dynamic = trace.failure if trace is not None else "its forward pass could not be followed"
        writer.opaque(node, known, ())
        made = [known[id(tensor)] for _, tensor in ends]
    return _finished(writer, model, "subclassed", arguments, known, outputs, _ports(ends, made), dynamic)


def _refuse_lost_shapes(model: Any, recorder: Recorder) -> None:
    """Say why nothing is known of the inputs of a model that was called on data.

    Keras follows a model's call before the data comes. Where it cannot, as with an ``if`` on a tensor on
    TensorFlow and JAX, it keeps no shape. What stood in the way shows again on a shape that an inner layer knows.
    """
    if not model._called or model._inbound_nodes or getattr(model, "_build_shapes_dict", None):
        return
    for symbol in _likely_inputs(model):
        seen = len(recorder.errors)
        with contextlib.suppress(Exception):
            model(symbol, training=TRAINING)
        asked = next((error for error in recorder.errors[seen:] if branch_on_value(error)), None)
        if asked is not None:
            raise UnreadableModelError(
                f"The call() of the model {model.name!r} ({type(model).__name__}) asks for the value of a tensor, "
                "so it cannot be followed before there are values."
            ) from asked
    raise UnreadableModelError(
        f"The model {model.name!r} ({type(model).__name__}) has been called, and Keras does not know on what: its "
        "call() could not be followed before there were values. Call it once on a keras.Input."
    )


def _likely_inputs(model: Any) -> list[Any]:
    """Return a symbol for each shape that an inner layer was built on."""
    shapes: dict[tuple[Any, ...], None] = {}
    for layer in model._flatten_layers(include_self=False):
        for shape in (getattr(layer, "_build_shapes_dict", None) or {}).values():
            if isinstance(shape, tuple) and all(n is None or isinstance(n, int) for n in shape):
                shapes[(None, *shape[1:])] = None
    return [keras.KerasTensor(shape) for shape in shapes]


def _ports(ends: list[tuple[str, Any]], made: list[int]) -> list[tuple[str, int]]:
    return [(key, index) for (key, _), index in zip(ends, made, strict=True)]


def _finished(
    writer: GraphWriter,
    model: Any,
    api: Api,
    arguments: tuple[Any, ...],
    known: Mapping[int, int],
    outputs: Any,
    ports: list[tuple[str, int]],
    dynamic: str | None = None,
) -> Described:
    for variable in model.weights:  # those no call uses count too
        writer.weight(variable)
    writer.mark_untracked(model.variables)
    starts = _numbered(arguments)
    inputs = [
        (key, known[id(tensor)], "" if api == "subclassed" else _input_name(tensor)) for key, tensor in starts
    ]
    places = {id(variable): index for index, variable in enumerate(writer.variables)}
    compiled = compile_state(model, outputs, places)
    graph = writer.graph(str(model.name), api, inputs, ports, dynamic)
    found = {"compiled": compiled, "saved": saved_facts(model, *read_config(model))}
    graph = graph.model_copy(update=found)
    return Described(graph=graph, variables=writer.variables, model=model, arguments=arguments)


def _numbered(arguments: tuple[Any, ...]) -> list[tuple[str, Any]]:
    """Name the leaves of the call's arguments as inputs; one structured argument keeps its own keys."""
    return list(leaves(arguments[0] if len(arguments) == 1 else arguments))


def _input_name(tensor: Any) -> str:
    """Return the name of an ``Input``, under which Keras finds it in a dict that it is fed."""
    history = getattr(tensor, "_keras_history", None)
    return "" if history is None else str(history.operation.name)[:_LONGEST_NAME]


def _symbol(value: Any) -> Any:
    if isinstance(value, InputSpec):
        return keras.KerasTensor((None, *value.shape), dtype=value.dtype)
    return keras.KerasTensor(value.shape, dtype=value.dtype)


def _arguments_for(model: Any, inputs: Inputs | None) -> tuple[Any, ...]:
    if inputs is None:
        return _remembered_arguments(model)
    if isinstance(inputs, Mapping):
        return ({key: _symbol(value) for key, value in inputs.items()},)
    symbols = [_symbol(value) for value in inputs]
    # Keras passes one structure; a call with several required parameters takes them one by one.
    return (symbols,) if len(symbols) > 1 and _required_parameters(model) < 2 else tuple(symbols)


def _required_parameters(model: Any) -> int:
    parameters = model._call_signature.parameters.values()
    return sum(
        p.kind is p.VAR_POSITIONAL or (p.default is p.empty and p.kind is not p.VAR_KEYWORD)
        for p in parameters
        if p.name not in ("training", "mask")
    )


def _remembered_arguments(model: Any) -> tuple[Any, ...]:
    for node in model._inbound_nodes:  # called on symbolic tensors: they say it all
        if not node.arguments.kwargs.keys() - {"training", "mask"}:
            args: tuple[Any, ...] = keras.tree.map_structure(_symbol, node.arguments.args)
            return args
    shapes = getattr(model, "_build_shapes_dict", None)
    if not model.built or not shapes or any(shape is None for shape in shapes.values()):
        raise UnreadableModelError(
            f"The model {model.name!r} ({type(model).__name__}) has not been called yet, so the shape of its "
            "input is not known. Call it once on data or on a keras.Input."
        )
    if len(shapes) < _required_parameters(model):
        raise UnreadableModelError(
            f"The call() of the model {model.name!r} ({type(model).__name__}) takes several arguments, and Keras "
            "remembers the shape of the first only. Call it once on keras.Input tensors."
        )
    return tuple(_remembered(shape) for shape in shapes.values())


def _remembered(shape: Any) -> Any:
    if isinstance(shape, Mapping):
        return {key: _remembered(value) for key, value in shape.items()}
    if isinstance(shape, (list, tuple)) and not all(n is None or isinstance(n, int) for n in shape):
        return [_remembered(value) for value in shape]
    # The batch axis of the data it was built on is no part of the architecture.
    return keras.KerasTensor((None, *tuple(shape)[1:]))
