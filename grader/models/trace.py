"""Look inside layers and models that Keras records as one call.

A subclassed layer called on a ``KerasTensor`` becomes one opaque ``Node``. While a ``recording`` is
open, such a call runs the layer's own ``call`` on fresh ``KerasTensor``s instead of asking the
backend for the output shape, so that every layer and operation within leaves a node of its own,
to any depth, each run once. A layer that is called on plain arrays in there (``self.places(ops.arange(9))``)
leaves a node too. When that fails (a tensor used as a Python bool, NumPy, a variable turned into a value by an
operator), Keras's own way gives its outputs, and a run on arrays shows what it can of the inside
(``grader.models.seen``). Where that shows nothing, and where the call does something else in inference than in
training, the layer stays opaque.

All of it is undone at the end: nodes added to the student's layers, names counted up, variables
assigned (they are assigned in a ``StatelessScope``). Only building lazy layers cannot be undone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any

import keras
from keras.src.backend.common import global_state
from keras.src.ops.node import Node

from grader.graph import Beside
from grader.models.causes.values import Asked, branch_on_value
from grader.models.eager import EagerRun
from grader.models.effects import noting_effects
from grader.models.layers import can_look_inside
from grader.models.modes import INFERENCE, TRAINING, same_in_both_modes
from grader.models.nested import given_tensors, own_nodes, recorded_graph
from grader.models.nodes import constant_of, maker, nodes_before, set_constant
from grader.models.plain import is_array
from grader.models.seen import seen_in_a_run

__all__ = ["Recorder", "Trace", "TraceError", "recording"]


_CONTROL_FLOW = frozenset(
    {"AssociativeScan", "Cond", "ForiLoop", "Map", "Scan", "Switch", "VectorizedMap", "WhileLoop"}
)


_SECONDS_TO_RUN = 5.0  # of all calls together that are run on arrays


class TraceError(Exception):
    """The inside of a layer cannot be written as a fixed graph of calls."""


class _TwoModesError(TraceError):
    """The inside was seen, and is another one in inference."""


@dataclass(frozen=True)
class Trace:
    """The inside of one call: pairs of a tensor given and its stand-in, and what came out.

    ``failure`` says why there is no inside to show; ``outputs`` are then empty. ``asked`` is the statement
    that asked for a tensor's value, where that is why. ``chose`` says why the inside is one way of several.
    """

    stand_ins: tuple[tuple[Any, Any], ...] = ()
    outputs: tuple[Any, ...] = ()
    failure: str | None = None
    asked: Asked | None = None
    chose: str | None = None


class _Scope(keras.StatelessScope):
    """Notes whether the present value of a variable was asked for: what comes of it is no longer symbolic."""

    was_read = False

    def get_current_value(self, variable: Any) -> Any:
        """Return the value, as Keras does."""
        self.was_read = True
        return super().get_current_value(variable)


class Recorder:
    """What was seen while a ``recording`` was open."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.born: dict[int, Any] = {}  # layers that came into being while calls were recorded
        self._made: set[int] = set()
        self.errors: list[BaseException] = []  # why traces failed, innermost first
        self.given: dict[int, Any] = {}  # id of a stand-in → the tensor it stands for
        self._wired: list[tuple[list[Any], Any]] = []
        self._traces: dict[int, Trace] = {}
        self._returned: dict[tuple[Any, ...], Any] = {}
        self._inside: list[Any] = []  # the layers of the author's own that are being called
        self._beside: dict[int, set[Beside]] = {}
        self._depth = 0  # of calls looked into; 0 while Keras works out a shape
        self._comparing = False  # running a call again in inference
        self.run: EagerRun | None = None
        self._seconds = _SECONDS_TO_RUN
        self._alive: list[Any] = []  # ids name these objects, so none of them may be freed

    def note(self, effect: Beside) -> None:
        """Note what the layers that are being called do beside giving tensors."""
        for layer in self._inside:
            self._beside.setdefault(id(layer), set()).add(effect)

    def beside_of(self, layer: Any) -> tuple[Beside, ...]:
        """Return what the calls of a layer did beside giving tensors."""
        return tuple(sorted(self._beside.get(id(layer), ())))

    def trace_of(self, node: Any) -> Trace | None:
        """Return the inside of a call made during this recording, or ``None``."""
        return self._traces.get(id(node.outputs[0])) if node.outputs else None

    def call_again(self, node: Any, mode: bool | None) -> Trace | None:
        """Repeat a call the student made, in the model's mode or a fixed one, so that its inside is recorded."""
        # A Functional model hands its own ``training`` down, whatever the call said.
        training = TRAINING if mode is None else mode
        outputs = node.operation(*node.arguments.args, **{**node.arguments.kwargs, "training": training})
        return self.trace_of(maker(keras.tree.flatten(outputs)[0]))

    def made(self, node: Any) -> None:
        """Note a new node and the lists it was put into."""
        self.nodes.append(node)
        self._made.add(id(node))
        self._wired.append((node.operation._inbound_nodes, node))
        for tensor in node.arguments.keras_tensors:
            parent = tensor._keras_history.operation
            if parent is not None:
                self._wired.append((parent._outbound_nodes, node))

    def refuse_control_flow(self, operation: Any) -> None:
        """Stop a trace at an operation whose branches or rounds are functions, not calls.

        Keras draws them on some backends and not on others, with tensors that seem to make themselves.
        """
        if self._depth and type(operation).__name__ in _CONTROL_FLOW:
            raise TraceError(f"{type(operation).__name__} decides at run time what is computed")

    def made_here(self, node: Any) -> bool:
        """Say whether a call was made during this recording."""
        return id(node) in self._made

    def call(self, layer: Any, args: Any, kwargs: Any, keras_way: Any) -> Any:
        """Stand in for ``Layer.symbolic_call``; ``keras_way`` is the original."""
        if not can_look_inside(layer) or own_nodes(layer, args, kwargs) is not None:
            return self._outside(keras_way, layer, args, kwargs)
        self._inside.append(layer)
        try:
            return self._call_own(layer, args, kwargs, keras_way)
        finally:
            self._inside.pop()

    def _call_own(self, layer: Any, args: Any, kwargs: Any, keras_way: Any) -> Any:
        spec = (id(layer), *_specs((args, kwargs)))
        if self._comparing:  # its own two modes have been compared
            seen = self._returned.get(spec)
            seen = self._outside(keras_way, layer, args, kwargs) if seen is None else seen
            return keras.tree.map_structure(_like, seen)
        try:
            trace, returned = self._run_inside(layer, args, kwargs)
        except Exception as error:
            self.errors.append(error)
            returned = self._outside(keras_way, layer, args, kwargs)
            trace = self._trace_of_run(layer, args, kwargs, returned, error)
        self._returned[spec] = returned
        outputs = keras.tree.map_structure(_like, returned)
        flat = keras.tree.flatten(outputs)
        self._alive.append((trace, outputs))
        if flat:
            self._traces[id(flat[0])] = trace
        return outputs

    def _trace_of_run(self, layer: Any, args: Any, kwargs: Any, returned: Any, error: Exception) -> Trace:
        """Return what running a call shows of its inside, which could not be followed for that error."""
        failed = Trace(failure=_one_line(error), asked=branch_on_value(error))
        if isinstance(error, _TwoModesError) or self._seconds <= 0:
            return failed
        began = time.monotonic()
        try:
            if kwargs.get("training", TRAINING) is None:
                kwargs = {**kwargs, "training": TRAINING}
            seen = seen_in_a_run(self, layer, args, kwargs, returned, self._seconds)
        except Exception:  # the student's code, on arrays: it stays one call
            return failed
        finally:
            self._seconds -= time.monotonic() - began
        self._alive.append(seen)
        self.given |= {id(fresh): given for given, fresh in seen.stand_ins}
        return Trace(
            seen.stand_ins,
            seen.outputs,
            asked=failed.asked if seen.chose else None,
            chose=failed.failure if seen.chose else None,
        )

    @contextmanager
    def noting(self, run: EagerRun | None) -> Iterator[None]:
        """Let a run on arrays note the calls in the ``with`` block, or nobody."""
        before, self.run = self.run, run
        depth, self._depth = self._depth, 0
        try:
            yield
        finally:
            self.run, self._depth = before, depth

    def call_on_arrays(self, args: Any, kwargs: Any) -> tuple[Any, Any]:
        """Return the arguments of a ``Layer.__call__``: symbolic ones where all are arrays in a call looked into."""
        flat = keras.tree.flatten((args, kwargs))
        if not self._depth or any(isinstance(value, keras.KerasTensor) for value in flat):
            return args, kwargs
        symbols: tuple[Any, Any] = keras.tree.map_structure(self._symbol, (args, kwargs))
        return symbols

    def _symbol(self, value: Any) -> Any:
        if not isinstance(value, keras.Variable) and not is_array(value):
            return value
        symbol = keras.KerasTensor(value.shape, keras.backend.standardize_dtype(value.dtype))
        set_constant(symbol, value)
        return symbol

    def _outside(self, keras_way: Any, layer: Any, args: Any, kwargs: Any) -> Any:
        """Let Keras work out what a call gives; the tensors it does so with are the backend's."""
        depth, self._depth = self._depth, 0
        try:
            return keras_way(layer, *args, **kwargs)
        finally:
            self._depth = depth

    def _run_inside(self, layer: Any, args: Any, kwargs: Any) -> tuple[Trace, Any]:
        stand_ins: dict[int, tuple[Any, Any]] = {}

        def stand_in(value: Any) -> Any:
            if not isinstance(value, keras.KerasTensor):
                return value
            if id(value) not in stand_ins:
                fresh = _like(value)
                stand_ins[id(value)] = (value, fresh)
                self.given[id(fresh)] = value
            return stand_ins[id(value)][1]

        args, kwargs = keras.tree.map_structure(stand_in, (args, kwargs))
        self._alive.append(stand_ins)
        if "training" in kwargs and kwargs["training"] is None:
            kwargs["training"] = TRAINING
        fresh = [own for _, own in stand_ins.values()]
        held = {id(inner) for inner in layer._flatten_layers()}
        outputs, returned = self._outputs_inside(layer, args, kwargs, fresh)
        if kwargs.get("training") is TRAINING:
            quiet = self._quiet_outputs(layer, args, {**kwargs, "training": INFERENCE}, fresh)
            known = {id(tensor) for tensor in fresh}
            if not same_in_both_modes(outputs, quiet, known, held):
                raise _TwoModesError("the call does something else in inference than in training")
        return Trace(tuple(stand_ins.values()), tuple(outputs)), returned

    def _outputs_inside(self, layer: Any, args: Any, kwargs: Any, fresh: list[Any]) -> tuple[list[Any], Any]:
        before = len(self.nodes)
        scope = _Scope()
        self._depth += 1
        try:
            with scope:
                returned = _forward(layer, args, kwargs)
        finally:
            self._depth -= 1
        outputs = keras.tree.flatten(returned)
        if not outputs or not all(isinstance(output, keras.KerasTensor) for output in outputs):
            raise TraceError("the call returns something else than tensors")
        # An UnconnectedError here: the call uses a tensor that is none of its arguments.
        list(nodes_before(outputs, {id(tensor) for tensor in fresh}))
        if scope.was_read and any(map(self._holds_array, self.nodes[before:])):
            raise TraceError("the call computes with the values of its variables before the input comes in")
        return outputs, returned

    def _quiet_outputs(self, layer: Any, args: Any, kwargs: Any, fresh: list[Any]) -> list[Any]:
        comparing, self._comparing = self._comparing, True
        try:
            with _in_mode(INFERENCE):
                return self._outputs_inside(layer, args, kwargs, fresh)[0]
        finally:
            self._comparing = comparing

    def _holds_array(self, node: Any) -> bool:
        values = keras.tree.flatten((node.arguments.args, node.arguments.kwargs))
        values = [value if constant_of(value) is None else constant_of(value) for value in values]
        return any(not isinstance(value, keras.Variable) and is_array(value) for value in values)

    def undo(self) -> None:
        """Take every node made in the recording out of the lists it was put into."""
        for nodes, node in reversed(self._wired):
            for index in range(len(nodes) - 1, -1, -1):
                if nodes[index] is node:
                    del nodes[index]
                    break


def _like(value: Any) -> Any:
    """Make a tensor without history: the outer node writes its own into what a call returns."""
    if isinstance(value, keras.KerasTensor):
        return keras.KerasTensor(value.shape, value.dtype, sparse=value.sparse)
    return value


def _specs(values: Any) -> list[Any]:
    symbols = [value for value in keras.tree.flatten(values) if isinstance(value, keras.KerasTensor)]
    return [(symbol.shape, symbol.dtype) for symbol in symbols]


@contextmanager
def _in_mode(mode: Any) -> Iterator[None]:
    """Let a call run in a mode once more, and put back what the run before it left.

    Keras hands a mode that one call was given, as in ``self.drop(x, training=False)``, on to all calls after it
    (``Layer._resolve_and_populate_arg``): a second run would begin with what the first one ended with.
    """
    context = global_state.get_global_attribute("current_call_ctx")
    before = getattr(context, "training", None)
    if context is not None:
        context.training = mode
    try:
        yield
    finally:
        if context is not None:
            context.training = before


def _one_line(error: BaseException) -> str:
    if isinstance(error, TraceError):
        return str(error)
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _forward(layer: Any, args: Any, kwargs: Any) -> Any:
    graph = recorded_graph(layer)
    if graph is not None:
        return graph._run_through_graph(given_tensors(graph, args, kwargs))
    return layer.call(*args, **kwargs)


# ``self.w + x`` asks the variable first, which hands its value to the backend, and no backend knows ``x``. Where the
# order has no meaning, the tensor is put first, as whoever wrote ``x + self.w`` did.
_VARIABLE_FIRST = {
    "__add__": lambda variable, tensor: tensor + variable,
    "__mul__": lambda variable, tensor: tensor * variable,
    "__sub__": keras.ops.subtract,
    "__truediv__": keras.ops.divide,
    "__matmul__": keras.ops.matmul,
    "__pow__": keras.ops.power,
}


def _variable_first(operator: Any, symbolic: Any) -> Any:
    """Return the operator of a variable that leaves a node where the other side is symbolic."""

    @wraps(operator)
    def wrapped(variable: Any, other: Any) -> Any:
        return (symbolic if isinstance(other, keras.KerasTensor) else operator)(variable, other)

    return wrapped


@contextmanager
def recording() -> Iterator[Recorder]:
    """Record the inside of every symbolic call made in the ``with`` block, and undo its traces.

    Not for several threads at once: Keras's ``Layer`` and ``Node`` are wrapped meanwhile.
    """
    recorder = Recorder()
    keras_way, keras_op, keras_init = keras.Layer.symbolic_call, keras.Operation.symbolic_call, Node.__init__
    keras_call = keras.Layer.__call__
    keras_new = vars(keras.Layer)["__new__"]
    names = global_state.get_global_attribute("object_name_uids")
    counted = None if names is None else dict(names)

    def symbolic_call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        return recorder.call(layer, args, kwargs, keras_way)

    @wraps(keras_call)
    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        if recorder.run is not None and recorder.run.notes(args, kwargs):
            return recorder.run.call(layer, args, kwargs, partial(keras_call, layer))
        args, kwargs = recorder.call_on_arrays(args, kwargs)
        return keras_call(layer, *args, **kwargs)

    def symbolic_op(operation: Any, *args: Any, **kwargs: Any) -> Any:
        if recorder.run is not None and recorder.run.notes(args, kwargs):
            return recorder.run.call(operation, args, kwargs, operation.call)
        recorder.refuse_control_flow(operation)
        return keras_op(operation, *args, **kwargs)

    def wired_init(node: Any, *args: Any, **kwargs: Any) -> None:
        keras_init(node, *args, **kwargs)
        recorder.made(node)

    @wraps(keras_new)
    def new(cls: Any, *args: Any, **kwargs: Any) -> Any:
        layer = keras_new(cls, *args, **kwargs)
        recorder.born[id(layer)] = layer
        return layer

    keras.Layer.__new__ = new
    operators = {name: getattr(keras.Variable, name) for name in _VARIABLE_FIRST}
    inherited = [name for name in operators if name not in vars(keras.Variable)]
    for name, operator in operators.items():
        setattr(keras.Variable, name, _variable_first(operator, _VARIABLE_FIRST[name]))
    keras.Layer.__call__ = call
    keras.Layer.symbolic_call = symbolic_call
    keras.Operation.symbolic_call = symbolic_op
    Node.__init__ = wired_init
    try:
        with noting_effects(recorder.note):
            yield recorder
    finally:
        keras.Layer.__new__ = keras_new
        keras.Layer.__call__ = keras_call
        for name, operator in operators.items():
            setattr(keras.Variable, name, operator)
        for name in inherited:
            delattr(keras.Variable, name)
        keras.Layer.symbolic_call, keras.Operation.symbolic_call = keras_way, keras_op
        Node.__init__ = keras_init
        recorder.undo()
        if names is not None and counted is not None:
            names.clear()
            names.update(counted)
