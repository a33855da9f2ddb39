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
from dataclasses import dataclass, field
from typing import Any

import keras
from keras.src.backend.common import global_state
from keras.src.ops.node import Node

from grader.models.layers import can_look_inside, is_plain_model
from grader.models.plain import is_array

__all__ = ["Recorder", "Trace", "TraceError", "maker", "recording"]


class TraceError(Exception):
    """The inside of a layer cannot be written as a fixed graph of calls."""


@dataclass(frozen=True)
class Trace:
    """The inside of one call: which outer tensor each fresh one stands for, and what came out.

    ``failure`` says why there is no inside to show; ``outputs`` are then empty.
    """

    stand_ins: tuple[tuple[Any, Any], ...] = ()
    outputs: tuple[Any, ...] = ()
    failure: str | None = None
    error: BaseException | None = field(default=None, compare=False, repr=False)


def maker(tensor: Any) -> Any:
    """Return the ``Node`` whose call made the tensor; ``None`` for inputs and bare tensors."""
    history = getattr(tensor, "_keras_history", None)
    if history is None or history.operation is None:
        return None
    nodes = history.operation._inbound_nodes
    if history.node_index < len(nodes):
        node = nodes[history.node_index]
        if any(output is tensor for output in node.outputs):
            return None if node.is_input else node
    for node in nodes:  # indexes shift when someone else has removed nodes
        if any(output is tensor for output in node.outputs):
            return None if node.is_input else node
    return None


class Recorder:
    """What was seen while a ``recording`` was open."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self._wired: list[tuple[list[Any], Any]] = []
        self._traces: dict[int, Trace] = {}
        self._alive: list[Any] = []  # ids name these objects, so none of them may be freed

    def trace_of(self, node: Any) -> Trace | None:
        """Return the inside of a call made during this recording, or ``None``."""
        return self._traces.get(id(node.outputs[0])) if node.outputs else None

    def call_again(self, node: Any) -> tuple[Any, dict[int, Any]]:
        """Repeat a call the student made, on stand-ins for its tensors, so that it is recorded.

        Returns:
            The new node, and for the ``id`` of each stand-in the student's tensor.
        """
        outer: dict[int, Any] = {}
        stand_ins: dict[int, Any] = {}

        def stand_in(value: Any) -> Any:
            if not isinstance(value, keras.KerasTensor):
                return value
            if id(value) not in stand_ins:
                fresh = keras.KerasTensor(value.shape, value.dtype, sparse=value.sparse)
                stand_ins[id(value)] = fresh
                outer[id(fresh)] = value
            return stand_ins[id(value)]

        args, kwargs = node.arguments.convert(stand_in)
        kwargs["training"] = True  # a Functional model hands its own down, whatever the call said
        self._alive.append(stand_ins)
        outputs = keras.tree.flatten(node.operation(*args, **kwargs))
        return maker(outputs[0]), outer

    def _made(self, node: Any) -> None:
        self.nodes.append(node)
        self._wired.append((node.operation._inbound_nodes, node))
        for tensor in node.arguments.keras_tensors:
            parent = tensor._keras_history.operation
            if parent is not None:
                self._wired.append((parent._outbound_nodes, node))

    def _call(self, layer: Any, args: Any, kwargs: Any, keras_way: Any) -> Any:
        if not can_look_inside(layer) or _keeps_its_shapes(layer, args):
            return keras_way(layer, *args, **kwargs)
        before = len(self.nodes)
        try:
            trace, returned = _run_inside(layer, args, kwargs)
            _refuse_weights_baked_in(layer, self.nodes[before:])
        except Exception as error:
            returned = keras_way(layer, *args, **kwargs)
            trace = Trace(failure=_one_line(error), error=error)
        outputs = keras.tree.map_structure(_like, returned)
        flat = keras.tree.flatten(outputs)
        self._alive.append((trace, outputs))
        if flat:
            self._traces[id(flat[0])] = trace
        return outputs

    def _undo(self) -> None:
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


def _keeps_its_shapes(layer: Any, args: Any) -> bool:
    """Say whether a nested model is called on the shapes it was made for, so that its nodes hold."""
    if not is_plain_model(layer) or not getattr(layer, "_functional", layer):
        return False
    given, own = keras.tree.flatten(args), layer.inputs
    return len(given) == len(own) and all(
        getattr(x, "shape", None) == y.shape for x, y in zip(given, own, strict=True)
    )


def _run_inside(layer: Any, args: Any, kwargs: Any) -> tuple[Trace, Any]:
    stand_ins: dict[int, tuple[Any, Any]] = {}

    def stand_in(value: Any) -> Any:
        if not isinstance(value, keras.KerasTensor):
            return value
        if id(value) not in stand_ins:
            stand_ins[id(value)] = (value, _like(value))
        return stand_ins[id(value)][1]

    args, kwargs = keras.tree.map_structure(stand_in, (args, kwargs))
    if "training" in kwargs and kwargs["training"] is None:
        kwargs["training"] = True
    with keras.StatelessScope():
        model = getattr(layer, "_functional", None) or layer
        if is_plain_model(layer) and hasattr(model, "_run_through_graph"):
            returned = model._run_through_graph(keras.tree.flatten(args))
        else:
            returned = layer.call(*args, **kwargs)
    outputs = keras.tree.flatten(returned)
    if not outputs or not all(isinstance(output, keras.KerasTensor) for output in outputs):
        raise TraceError("the call returns something else than tensors")
    _refuse_foreign_tensors(outputs, {id(fresh) for _, fresh in stand_ins.values()})
    return Trace(tuple(stand_ins.values()), tuple(outputs)), returned


def _refuse_foreign_tensors(outputs: list[Any], own: set[int]) -> None:
    """Refuse a trace that reaches a tensor which was not given to the call."""
    stack, seen = list(outputs), set()
    while stack:
        tensor = stack.pop()
        if id(tensor) in own or id(tensor) in seen:
            continue
        seen.add(id(tensor))
        node = maker(tensor)
        if node is None:
            raise TraceError("the call uses a tensor that is none of its arguments")
        stack.extend(node.arguments.keras_tensors)


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
    keras_way, keras_init = keras.Layer.symbolic_call, Node.__init__
    names = global_state.get_global_attribute("object_name_uids")
    counted = None if names is None else dict(names)

    def symbolic_call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        return recorder._call(layer, args, kwargs, keras_way)

    def wired_init(node: Any, *args: Any, **kwargs: Any) -> None:
        keras_init(node, *args, **kwargs)
        recorder._made(node)

    keras.Layer.symbolic_call = symbolic_call
    Node.__init__ = wired_init
    try:
        yield recorder
    finally:
        keras.Layer.symbolic_call, Node.__init__ = keras_way, keras_init
        recorder._undo()
        if names is not None and counted is not None:
            names.clear()
            names.update(counted)
