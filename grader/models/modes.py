"""The two modes a model runs in: what a call does in training that it leaves undone in inference."""

from __future__ import annotations

import json
from collections.abc import Container, Sequence
from typing import Any

import keras

from grader.models.layers import class_name, config, origin
from grader.models.nested import is_plain_model
from grader.models.nodes import nodes_before, placed_arguments
from grader.models.plain import constant
from grader.models.structures import leaves

__all__ = ["INFERENCE", "TRAINING", "fixed_mode", "idle", "same_in_both_modes"]


class _Mode(int):
    """The mode as it is handed down by the model: a ``True`` that a student wrote is another object."""


TRAINING, INFERENCE = _Mode(True), _Mode(False)

# Layers of Keras 3.15 that give what they are given, in inference.
_IDLE = frozenset(
    {
        "ActivityRegularization",
        "AlphaDropout",
        "Dropout",
        "GaussianDropout",
        "GaussianNoise",
        *(f"SpatialDropout{dims}D" for dims in (1, 2, 3)),
        *(
            f"Random{what}"
            for what in ("Brightness", "ColorDegeneration", "ColorJitter", "Contrast", "Elastic")
        ),
        *(f"Random{what}" for what in ("Erasing", "Flip", "GaussianBlur", "Grayscale", "Hue", "Invert")),
        *(f"Random{what}" for what in ("Perspective", "Posterization", "Rotation", "Saturation")),
        *(f"Random{what}" for what in ("Sharpness", "Shear", "Translation", "Zoom")),
    }
)


def fixed_mode(node: Any) -> bool | None:
    """Return the mode that a call was given as a plain bool: it stays in it whatever the model's mode."""
    given = node.arguments.kwargs.get("training")
    return given if isinstance(given, bool) else None


def same_in_both_modes(
    training: Sequence[Any], inference: Sequence[Any], known: Container[int], held: Container[int]
) -> bool:
    """Say whether two runs of one call made the same calls, layers left out that do nothing in inference.

    ``known`` are the ids of the tensors that both runs start from, ``held`` those of the layers there were
    before: one made in a run is another object in each.
    """
    return _written(training, known, held) == _written(inference, known, held)


def _written(outputs: Sequence[Any], known: Container[int], held: Container[int]) -> list[Any]:
    """Write down the calls that lead to the outputs, in the order in which they are needed."""
    made: dict[int, Any] = {}
    calls: list[Any] = []

    def name(tensor: Any) -> Any:
        return made.get(id(tensor), ("given", id(tensor)))

    for node in nodes_before(outputs, known):
        arguments = [
            (place, key, _written_value(leaf, name))
            for place, value in placed_arguments(node)
            for key, leaf in leaves(value)
        ]
        if idle(node.operation) and len(node.outputs) == 1 and arguments:
            made[id(node.outputs[0])] = arguments[0][2]
            continue
        for number, tensor in enumerate(node.outputs):
            made[id(tensor)] = (len(calls), number)
        calls.append([_written_operation(node.operation, held), fixed_mode(node), arguments])
    return [calls, [name(tensor) for tensor in outputs]]


def _written_value(value: Any, name: Any) -> Any:
    if isinstance(value, keras.KerasTensor):
        return name(value)
    return ("variable", id(value)) if isinstance(value, keras.Variable) else json.dumps(constant(value))


def _written_operation(operation: Any, held: Container[int]) -> Any:
    if id(operation) in held and operation.weights:
        return id(operation)
    return [class_name(operation), origin(operation), config(operation)]


def idle(operation: Any) -> bool:
    """Say whether a layer gives what it is given, in inference."""
    if is_plain_model(operation):
        inner = [layer for layer in operation.layers if not isinstance(layer, keras.layers.InputLayer)]
        return bool(inner) and all(map(idle, inner))
    return origin(operation) == "keras.layers" and class_name(operation) in _IDLE
