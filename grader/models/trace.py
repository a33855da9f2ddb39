"""Look inside layers and models that Keras records as one call.

A subclassed layer called on a ``KerasTensor`` becomes one opaque ``Node``. While a ``recording`` is
open, such a call runs the layer's own ``call`` on fresh ``KerasTensor``s instead of asking the
backend for the output shape, so that every layer and operation within leaves a node of its own,
to any depth, each run once. When that fails (a tensor used as a Python bool, NumPy, a variable
on the left of an operator) the layer stays opaque and Keras's own way gives its outputs.

All of it is undone at the end: nodes added to the student's layers, names counted up, variables
assigned (they are assigned in a ``StatelessScope``). Only building lazy layers cannot be undone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
from keras.src.backend.common import global_state
from keras.src.ops.node import Node

from grader.models.layers import can_look_inside
from grader.models.nested import given_tensors, own_nodes, recorded_graph
from grader.models.nodes import maker, nodes_before
from grader.models.plain import is_array

__all__ = ["Recorder", "Trace", "TraceError", "recording"]


_CONTROL_FLOW = frozenset(
    {"AssociativeScan", "Cond", "ForiLoop", "Map", "Scan", "Switch", "VectorizedMap", "WhileLoop"}
)


class TraceError(Exception):
    """The inside of a layer cannot be written as a fixed graph of calls."""


@dataclass(frozen=True)
class Trace:
    """The inside of one call: pairs of a tensor given and its stand-in, and what came out.

    ``failure`` says why there is no inside to show; ``outputs`` are then empty.
    """

    stand_ins: tuple[tuple[Any, Any], ...] = ()
    outputs: tuple[Any, ...] = ()
    failure: str | None = None


class Recorder:
    """What was seen while a ``recording`` was open."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.errors: list[BaseException] = []  # why traces failed, innermost first
        self.given: dict[int, Any] = {}  # id of a stand-in → the tensor it stands for
        self._wired: list[tuple[list[Any], Any]] = []
        self._traces: dict[int, Trace] = {}
        self._depth = 0
        self._alive: list[Any] = []  # ids name these objects, so none of them may be freed

    def trace_of(self, node: Any) -> Trace | None:
        """Return the inside of a call made during this recording, or ``None``."""
        return self._traces.get(id(node.outputs[0])) if node.outputs else None

    def call_again(self, node: Any) -> Trace | None:
        """Repeat a call the student made, so that its inside is recorded."""
        # A Functional model hands its own ``training`` down, whatever the call said.
        outputs = node.operation(*node.arguments.args, **{**node.arguments.kwargs, "training": True})
        return self.trace_of(maker(keras.tree.flatten(outputs)[0]))

    def made(self, node: Any) -> None:
        """Note a new node and the lists it was put into."""
        self.nodes.append(node)
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

    def call(self, layer: Any, args: Any, kwargs: Any, keras_way: Any) -> Any:
        """Stand in for ``Layer.symbolic_call``; ``keras_way`` is the original."""
        if not can_look_inside(layer) or own_nodes(layer, args, kwargs) is not None:
            return keras_way(layer, *args, **kwargs)
        before = len(self.nodes)
        try:
            trace, returned = self._run_inside(layer, args, kwargs)
            _refuse_weights_baked_in(layer, self.nodes[before:])
        except Exception as error:
            self.errors.append(error)
            returned = keras_way(layer, *args, **kwargs)
            trace = Trace(failure=_one_line(error))
        outputs = keras.tree.map_structure(_like, returned)
        flat = keras.tree.flatten(outputs)
        self._alive.append((trace, outputs))
        if flat:
            self._traces[id(flat[0])] = trace
        return outputs

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
            kwargs["training"] = True
        self._depth += 1
        try:
            returned = self._run(layer, args, kwargs)
        finally:
            self._depth -= 1
        outputs = keras.tree.flatten(returned)
        if not outputs or not all(isinstance(output, keras.KerasTensor) for output in outputs):
            raise TraceError("the call returns something else than tensors")
        # An UnconnectedError here: the call uses a tensor that is none of its arguments.
        list(nodes_before(outputs, {id(fresh) for _, fresh in stand_ins.values()}))
        return Trace(tuple(stand_ins.values()), tuple(outputs)), returned

    def _run(self, layer: Any, args: Any, kwargs: Any) -> Any:
        graph = recorded_graph(layer)
        with keras.StatelessScope():
            if graph is not None:
                return graph._run_through_graph(given_tensors(graph, args, kwargs))
            return layer.call(*args, **kwargs)

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


def _one_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _refuse_weights_baked_in(layer: Any, nodes: list[Any]) -> None:
    """Refuse a trace in which the present values of the layer's variables became constants."""
    if not layer._trainable_variables and not layer._non_trainable_variables:
        return
    for node in nodes:
        for value in keras.tree.flatten((node.arguments.args, node.arguments.kwargs)):
            if not isinstance(value, keras.Variable) and is_array(value):
                raise TraceError(
                    "the call computes with the values of its variables before the input comes in"
                )


@contextmanager
def recording() -> Iterator[Recorder]:
    """Record the inside of every symbolic call made in the ``with`` block, and undo its traces.

    Not for several threads at once: Keras's ``Layer`` and ``Node`` are wrapped meanwhile.
    """
    recorder = Recorder()
    keras_way, keras_op, keras_init = keras.Layer.symbolic_call, keras.Operation.symbolic_call, Node.__init__
    names = global_state.get_global_attribute("object_name_uids")
    counted = None if names is None else dict(names)

    def symbolic_call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        return recorder.call(layer, args, kwargs, keras_way)

    def symbolic_op(operation: Any, *args: Any, **kwargs: Any) -> Any:
        recorder.refuse_control_flow(operation)
        return keras_op(operation, *args, **kwargs)

    def wired_init(node: Any, *args: Any, **kwargs: Any) -> None:
        keras_init(node, *args, **kwargs)
        recorder.made(node)

    keras.Layer.symbolic_call = symbolic_call
    keras.Operation.symbolic_call = symbolic_op
    Node.__init__ = wired_init
    try:
        yield recorder
    finally:
        keras.Layer.symbolic_call, keras.Operation.symbolic_call = keras_way, keras_op
        Node.__init__ = keras_init
        recorder.undo()
        if names is not None and counted is not None:
            names.clear()
            names.update(counted)
