"""Models used as layers: whose recorded nodes say what a call of them does."""

from __future__ import annotations

from typing import Any

import keras
from keras.src.models.functional import Functional

from grader.models.structures import flatten

__all__ = ["given_tensors", "is_plain_model", "own_nodes", "recorded_graph"]


def is_plain_model(operation: Any) -> bool:
    """Say whether the model's nodes are its forward pass: Functional or Sequential, ``call`` untouched."""
    if isinstance(operation, keras.Sequential):
        return type(operation).call is keras.Sequential.call
    return isinstance(operation, Functional) and type(operation).call is Functional.call


def recorded_graph(model: Any) -> Any:
    """Return the Functional model whose nodes are this model's forward pass, or ``None``."""
    if not is_plain_model(model):
        return None
    # A Sequential keeps the Functional model it is made of; it has none before it knows its shapes.
    return model._functional if isinstance(model, keras.Sequential) else model


def given_tensors(graph: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """Return the tensors a nested model is called with, in the order of its own inputs."""
    given = args[0] if args else kwargs.get("inputs")
    if isinstance(given, dict) and not isinstance(graph.input, dict):
        # Keras pairs a dict with a list of inputs by name.
        given = [given.get(tensor.name) for tensor in flatten(graph.input)]
    return flatten(given)


def own_nodes(model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[tuple[Any, Any]] | None:
    """Pair a nested model's own inputs with those of a call, where its nodes hold for that call.

    ``None`` when they do not: no recorded nodes, or shapes other than it was made for, which the
    shapes inside would follow.
    """
    graph = recorded_graph(model)
    if graph is None:
        return None
    own, given = flatten(graph.input), given_tensors(graph, args, kwargs)
    if len(own) != len(given) or any(
        not isinstance(outer, keras.KerasTensor) or outer.shape != inner.shape
        for inner, outer in zip(own, given, strict=True)
    ):
        return None
    return list(zip(own, given, strict=True))
