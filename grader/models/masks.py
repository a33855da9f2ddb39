"""Masks that travel with tensors: where Keras takes one along, hands it to a layer, or lets it go.

A mask begins at ``Embedding(mask_zero=True)`` or ``Masking``, passes through layers that support masking,
and ends at an operation such as ``a + b``. These are the rules of ``Layer.__call__`` (Keras 3.15,
``keras/src/layers/layer.py``), applied to calls that are written flat, as they come at run time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras

from grader.models.layers import origin
from grader.models.nodes import bound_arguments
from grader.models.structures import leaves

__all__ = ["implied_masks", "made_masks", "may_begin_mask"]

_BEGIN = (keras.layers.Embedding, keras.layers.Masking)


def may_begin_mask(operation: Any) -> bool:
    """Say whether a call may make a mask where none came in."""
    return isinstance(operation, _BEGIN) or origin(operation) == "custom"


def implied_masks(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield the places of the mask arguments nobody gave, each with the tensor whose mask Keras takes."""
    if not isinstance(node.operation, keras.Layer):
        return
    names = node.operation._call_signature.parameters
    if not any(name.endswith("mask") for name in names):
        return
    given = bound_arguments(node)
    tensors = {name: value for name, value in given.items() if _is_tensors(value)}
    for name, value in tensors.items():
        place = "mask" if len(tensors) == 1 else f"{name}_mask"
        if place in names and place not in given:
            for key, tensor in leaves(value):
                yield (place if tensor is value else f"{place}.{key}"), tensor


def made_masks(node: Any, mask_of: Callable[[Any], Any]) -> list[Any]:
    """Return the mask of each output, or ``None``; ``mask_of`` gives the mask of a tensor as a ``KerasTensor``.

    A layer that computes masks does so on symbolic tensors: the masks come from calls of their own.
    """
    operation = node.operation
    nothing = [None] * len(node.outputs)
    if not isinstance(operation, keras.Layer) or not operation.supports_masking:
        return nothing
    given = bound_arguments(node)
    if not given:
        return nothing
    first = next(iter(given.values()))
    previous = given.get("mask")
    if previous is None:
        previous = keras.tree.map_structure(mask_of, first)
    masked = any(mask is not None for mask in keras.tree.flatten(previous))
    if not masked and not may_begin_mask(operation):
        return nothing
    try:
        masks = keras.tree.flatten(operation.compute_mask(first, previous))
    except Exception:  # the student's code, on masks it may not expect
        return nothing
    masks = [mask if isinstance(mask, keras.KerasTensor) else None for mask in masks]
    return masks if len(masks) == len(node.outputs) else [*masks, *nothing][: len(nothing)]


def _is_tensors(value: Any) -> bool:
    flat = keras.tree.flatten(value)
    return bool(flat) and any(isinstance(leaf, keras.KerasTensor) for leaf in flat)
