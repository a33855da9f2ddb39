"""Write the calls that lead to some tensors down as a ``ModelGraph``."""

from __future__ import annotations

import inspect
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

import keras

from grader.graph import Api, Argument, Call, Layer, ModelGraph, Port, Tensor, Weight
from grader.models import layers as facts
from grader.models.causes.values import Asked
from grader.models.fixed_values import with_fixed_values
from grader.models.masks import implied_masks, made_masks, may_begin_mask
from grader.models.modes import fixed_mode
from grader.models.nested import own_nodes, recorded_graph
from grader.models.nodes import constant_of, nodes_before, placed_arguments, sources
from grader.models.plain import constant
from grader.models.saving import saved_facts
from grader.models.structures import flatten
from grader.models.trace import Recorder, Trace
from grader.models.unseen import Unseen

__all__ = ["GraphWriter"]


class GraphWriter:
    """Collects layers, calls, tensors and weights, each Keras object once."""

    def __init__(self, recorder: Recorder, trainable: Sequence[Any] | None = None) -> None:
        self.recorder = recorder
        self.variables: list[Any] = []
        self.given: list[int] = []  # the tensors that expand_from_anywhere took as inputs
        self.asked: Asked | None = (
            None  # the statement that asked for a value in the first layer left opaque by it
        )
        self._trainable = None if trainable is None else {id(variable) for variable in trainable}
        self._layers: list[Layer] = []
        self._operations: list[Any] = []  # what the layers were written from
        self._calls: list[Call] = []
        self._tensors: list[Tensor] = []
        self._known_tensors: dict[tuple[Any, str], Tensor] = {}  # large models repeat a few shapes
        self._weights: list[Weight] = []
        self._index: dict[int, int] = {}  # id of a layer or variable → its place
        self._masks: dict[int, int] = {}  # a tensor → the mask that travels with it
        self._alive: list[Any] = []

    def tensor(self, tensor: Any) -> int:
        """Write a new tensor; return its index."""
        self._alive.append(tensor)
        shape, dtype = tuple(tensor.shape), str(tensor.dtype)
        record = self._known_tensors.get((shape, dtype))
        if record is None:
            record = self._known_tensors[shape, dtype] = Tensor(shape=shape, dtype=dtype)
        self._tensors.append(record)
        return len(self._tensors) - 1

    def weight(self, variable: Any, trainable: Container[int] | None = None) -> int:
        """Write a variable unless it is there already; return its index."""
        index = self._index.get(id(variable))
        if index is not None:
            return index
        known = self._trainable if trainable is None else trainable
        index = self._index[id(variable)] = len(self.variables)
        self.variables.append(variable)
        self._weights.append(
            Weight(
                name=str(variable.name),
                shape=tuple(map(int, variable.shape)),
                dtype=str(variable.dtype),
                trainable=bool(variable.trainable) if known is None else id(variable) in known,
            )
        )
        return index

    def layer(self, operation: Any) -> int:
        """Write a layer or operation, with its weights, unless it is there already; return its index."""
        if id(operation) not in self._index:
            self._operations.append(operation)
            self._index[id(operation)] = len(self._layers)
            is_layer = isinstance(operation, keras.Layer)
            held = operation.weights if is_layer or isinstance(operation, Unseen) else ()
            config, failure = facts.read_config(operation)
            trainable = self._trainable
            if trainable is None and is_layer:  # no model to ask
                trainable = {id(variable) for variable in operation.trainable_weights}
            self._layers.append(
                Layer(
                    class_name=facts.class_name(operation),
                    origin=facts.origin(operation),
                    name=str(operation.name),
                    config=facts.settings(operation, config, failure),
                    dtype=facts.dtype(operation),
                    trainable=bool(getattr(operation, "trainable", True)),
                    weights=tuple([self.weight(variable, trainable) for variable in held]),
                    beside=self.recorder.beside_of(operation),
                    saved=saved_facts(operation, config, failure),
                )
            )
        return self._index[id(operation)]

    def expand(
        self,
        outputs: Sequence[Any],
        known: dict[int, int],
        scope: tuple[int, ...],
        mode: bool | None = None,
    ) -> list[int]:
        """Write the calls that lead to the outputs; return the outputs' indexes.

        ``known`` maps ids of tensors already written to their indexes, and grows. ``mode`` is that of a call
        around them which keeps to one.

        Raises:
            UnconnectedError: an output needs a tensor that is neither known nor made by a call.
        """
        for node in nodes_before(outputs, known):
            if all(id(output) in known for output in node.outputs):
                continue
            inner = self._mode_of(node, mode)
            if not (facts.can_look_inside(node.operation) and self._expand_inside(node, known, scope, inner)):
                self.opaque(node, known, scope, inner)
            self._pass_masks_on(node, known, scope)
        return [known[id(output)] for output in outputs]

    def _mode_of(self, node: Any, mode: bool | None) -> bool | None:
        """Return the mode that a call keeps to, inside a call that keeps to ``mode``.

        A Functional model hands its own mode on to its layers where it has one. In a plain call it has none, and
        a layer keeps to what its call was given: ``training=True`` changes that, ``training=False`` does not.
        Some layers of Keras, ``Resizing`` among them, have ``training=True`` as a default: nobody gave them that.
        """
        own = fixed_mode(node)
        if self.recorder.made_here(node):
            return mode if own is None else own
        return True if mode is None and own and not _trains_by_default(node.operation) else mode

    def opaque(
        self, node: Any, known: dict[int, int], scope: tuple[int, ...], mode: bool | None = None
    ) -> None:
        """Write a node as one call."""
        layer = self.layer(node.operation)
        arguments = (*self._arguments(node, known), *self._implied(node, known))
        if mode is not None and getattr(node.operation, "_call_has_training_arg", False):
            arguments = (*arguments, Argument(place="training", value=mode))
        made = [self.tensor(output) for output in node.outputs]
        known.update({id(output): index for output, index in zip(node.outputs, made, strict=True)})
        self._calls.append(Call(layer=layer, arguments=arguments, outputs=tuple(made), scope=scope))

    def _implied(self, node: Any, known: Mapping[int, int]) -> Iterator[Argument]:
        """Yield the masks that come along with the tensors a layer is called with."""
        if not self._masks:
            return
        for place, tensor in implied_masks(node):
            mask = self._masks.get(known.get(id(tensor), -1))
            if mask is not None:
                yield Argument(place=place, tensor=mask, implied=True)

    def _pass_masks_on(self, node: Any, known: dict[int, int], scope: tuple[int, ...]) -> None:
        """Let masks travel on to what a call gave, or begin there, as Keras's layers say."""
        if not self._masks and not may_begin_mask(node.operation):
            return

        def mask_of(tensor: Any) -> Any:
            mask = self._masks.get(known.get(id(tensor), -1))
            if mask is None:
                return None
            symbol = keras.KerasTensor(self._tensors[mask].shape, self._tensors[mask].dtype)
            self._alive.append(symbol)
            known[id(symbol)] = mask
            return symbol

        made = [known[id(output)] for output in node.outputs]
        if all(index in self._masks for index in made):
            return
        for index, mask in zip(made, made_masks(node, mask_of), strict=True):
            if mask is not None and index not in self._masks:
                self._alive.append(mask)
                (self._masks[index],) = self.expand([mask], known, scope)

    def _expand_inside(
        self, node: Any, known: dict[int, int], scope: tuple[int, ...], mode: bool | None
    ) -> bool:
        """Write what happens inside a node; ``False`` when it cannot be seen, and nothing is written."""
        operation = node.operation
        paired = own_nodes(operation, node.arguments.args, node.arguments.kwargs)
        if paired is not None:
            outputs = flatten(recorded_graph(operation).output)
            inside = {id(own): known[id(given)] for own, given in paired}
        else:
            trace = self.recorder.trace_of(node) or self._call_again(node, mode)
            if trace is not None and self.asked is None:
                self.asked = trace.asked
            if trace is None or trace.failure is not None:
                return False
            outputs = list(trace.outputs)
            inside = self.stand_ins(trace, known, scope)
        if len(outputs) != len(node.outputs):
            return False
        scope = (*scope, self.layer(operation))
        made = self.expand(outputs, inside, scope, mode)
        known.update({id(output): index for output, index in zip(node.outputs, made, strict=True)})
        return True

    def _call_again(self, node: Any, mode: bool | None) -> Trace | None:
        try:
            return self.recorder.call_again(node, mode)
        except Exception:  # the student's code, run a second time: what Keras recorded stands
            return None

    def stand_ins(self, trace: Trace, known: dict[int, int], scope: tuple[int, ...]) -> dict[int, int]:
        """Map the stand-ins that a trace's outputs come from to the tensors they stand for."""
        needed = {id(tensor) for tensor in sources(trace.outputs)}
        inside: dict[int, int] = {}
        for given, fresh in trace.stand_ins:
            if id(fresh) in needed:
                # What Keras put before the call (a cast, a mask) was no argument of the student's.
                (inside[id(fresh)],) = self.expand([given], known, scope)
        return inside

    def expand_from_anywhere(self, outputs: Sequence[Any], known: dict[int, int]) -> list[int]:
        """Write the calls that lead to tensors in the middle of a trace, from the outermost sources on."""
        for source in sources(outputs):
            if id(source) in known:
                continue
            given = self.recorder.given.get(id(source))
            if given is None:
                known[id(source)] = self.tensor(source)
                self.given.append(known[id(source)])
            else:
                (known[id(source)],) = self.expand_from_anywhere([given], known)
        return self.expand(outputs, known, ())

    def _arguments(self, node: Any, known: Mapping[int, int]) -> Iterator[Argument]:
        for place, value in placed_arguments(node):
            yield from self._argument(place, value, known)

    def _argument(self, place: str, value: Any, known: Mapping[int, int]) -> Iterator[Argument]:
        stood_for = constant_of(value)
        value = value if stood_for is None else stood_for
        if isinstance(value, keras.KerasTensor):
            yield Argument(place=place, tensor=known[id(value)])
        elif isinstance(value, keras.Variable):
            yield Argument(place=place, weight=self.weight(value))
        elif isinstance(value, (list, tuple, dict)) and _holds_symbols(value):
            items = value.items() if isinstance(value, dict) else enumerate(value)
            for key, item in items:
                yield from self._argument(f"{place}.{key}", item, known)
        else:
            yield Argument(place=place, value=constant(value))

    def mark_untracked(self, tracked: Sequence[Any]) -> None:
        """Mark what was written of layers and weights whose variables are not among those of the model."""
        own = {id(variable) for variable in tracked}
        for index, variable in enumerate(self.variables):
            if id(variable) not in own:
                self._weights[index] = self._weights[index].model_copy(update={"untracked": True})
        for index, operation in enumerate(self._operations):
            if any(id(variable) not in own for variable in getattr(operation, "variables", ())):
                how = "made in a call" if id(operation) in self.recorder.born else "kept elsewhere"
                self._layers[index] = self._layers[index].model_copy(update={"untracked": how})

    def graph(
        self,
        name: str,
        api: Api,
        inputs: Sequence[tuple[str, int, str]],
        outputs: Sequence[tuple[str, int]],
        dynamic: str | None = None,
    ) -> ModelGraph:
        """Return everything written as a ``ModelGraph``; ``inputs`` are keys, tensors and names."""
        return ModelGraph(
            name=name,
            api=api,
            inputs=tuple(Port(key=key, tensor=tensor, name=name) for key, tensor, name in inputs),
            outputs=tuple(Port(key=key, tensor=tensor) for key, tensor in outputs),
            layers=tuple(self._layers),
            calls=tuple(self._calls),
            tensors=tuple(self._tensors),
            weights=with_fixed_values(self._layers, self._weights, self.variables),
            dynamic=dynamic,
            value_asked=self.asked,
            from_run=any(isinstance(operation, Unseen) for operation in self._operations),
        )


def _holds_symbols(value: Any) -> bool:
    return any(isinstance(leaf, (keras.KerasTensor, keras.Variable)) for leaf in flatten(value))


def _trains_by_default(operation: Any) -> bool:
    try:
        training = inspect.signature(operation.call).parameters.get("training")
    except (TypeError, ValueError):
        return False
    return training is not None and training.default is True
