"""Keras's ``Node``s: which call made a tensor, what it was called with, and in which order calls came."""

from __future__ import annotations

import inspect
from collections.abc import Container, Iterator, Sequence
from typing import Any

import keras

from grader.errors import UnreadableModelError
from grader.models.structures import flatten

__all__ = [
    "UnconnectedError",
    "bound_arguments",
    "constant_of",
    "maker",
    "needed_tensors",
    "nodes_before",
    "placed_arguments",
    "set_constant",
    "sources",
]


def set_constant(symbol: Any, value: Any) -> None:
    """Let a ``KerasTensor`` stand for an array or a variable."""
    symbol._stands_for = value


def constant_of(value: Any) -> Any:
    """Return the array or variable that a ``KerasTensor`` stands for; ``None`` for any other."""
    return getattr(value, "_stands_for", None)


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


class UnconnectedError(Exception):
    """A tensor traces back to one that is not among the inputs; ``tensor`` is that one."""

    def __init__(self, tensor: Any) -> None:
        super().__init__(f"the tensor {tensor.name!r} of shape {tensor.shape} does not come from the inputs")
        self.tensor = tensor


def nodes_before(outputs: Sequence[Any], known: Container[int] | None) -> Iterator[Any]:
    """Yield the nodes that lead to the outputs, each after those it needs; ``UnconnectedError`` when one is lost.

    Iterative, since a model may be deeper than Python's stack. ``known`` holds the ids of tensors to
    stop at; ``None`` stops nowhere.
    """
    done: set[int] = set()
    entered: set[int] = set()
    stack: list[tuple[Any, bool]] = [(tensor, False) for tensor in reversed(outputs)]
    while stack:
        item, complete = stack.pop()
        if complete:
            done.add(id(item))
            yield item
            continue
        if known is not None and id(item) in known:
            continue
        node = maker(item)
        if node is None:
            if known is not None:
                raise UnconnectedError(item)
        elif id(node) in entered and id(node) not in done:
            raise UnreadableModelError(
                f"The tensor {item.name!r} is made from itself, which no graph can show."
            )
        elif id(node) not in entered:
            entered.add(id(node))
            stack.append((node, True))
            stack.extend((tensor, False) for tensor in reversed(needed_tensors(node)))


def sources(outputs: Sequence[Any]) -> list[Any]:
    """Return the tensors that no call made and from which the outputs come, in order of first use."""
    found: dict[int, Any] = {}
    for node in nodes_before(outputs, None):
        for tensor in needed_tensors(node):
            if maker(tensor) is None:
                found.setdefault(id(tensor), tensor)
    for tensor in outputs:
        if maker(tensor) is None:
            found.setdefault(id(tensor), tensor)
    return list(found.values())


def needed_tensors(node: Any) -> list[Any]:
    """Return the tensors among the node's arguments, without those that stand for constants."""
    single = node.arguments._single_positional_tensor
    if single is not None:
        return [single] if constant_of(single) is None else []
    leaves = flatten([value for _, value in placed_arguments(node)])
    return [leaf for leaf in leaves if isinstance(leaf, keras.KerasTensor) and constant_of(leaf) is None]


def placed_arguments(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield each argument with its place: required ones by position, optional ones by name.

    However the student wrote it, the same call gets the same places. ``training``, arguments left
    at their defaults and masks that Keras passed along by itself are dropped.
    """
    single = node.arguments._single_positional_tensor
    parameters = _parameters(node.operation)
    if single is not None and parameters and _required(parameters[0]):  # most calls
        yield "0", single
        return
    by_name: dict[str, tuple[int, inspect.Parameter]] = {}
    if node.arguments.kwargs:
        by_name = {parameter.name: (index, parameter) for index, parameter in enumerate(parameters)}
    for index, value in enumerate(node.arguments.args):
        parameter = parameters[index] if index < len(parameters) else None
        if parameter is None or parameter.kind is parameter.VAR_POSITIONAL or _required(parameter):
            yield str(index), value
        elif parameter.name != "training" and not _is_default(value, parameter):
            yield parameter.name, value
    for name, value in node.arguments.kwargs.items():
        index, parameter = by_name.get(name, (0, None))
        if name == "training" or (parameter is not None and _is_default(value, parameter)):
            continue
        if name.endswith("mask") and _came_along(value, node):
            continue
        yield (str(index) if parameter is not None and _required(parameter) else name), value


def bound_arguments(node: Any) -> dict[str, Any]:
    """Return the arguments by the names of the call's parameters, without masks that Keras passed along."""
    given = {
        name: value
        for name, value in node.arguments.kwargs.items()
        if not (name.endswith("mask") and _came_along(value, node))
    }
    try:
        bound = node.operation._call_signature.bind_partial(*node.arguments.args, **given)
    except TypeError:  # an argument that the call does not take, as `training` may be
        return {}
    return {name: value for name, value in bound.arguments.items() if value is not None}


def _parameters(operation: Any) -> list[inspect.Parameter]:
    signature = getattr(operation, "_call_signature", None)
    try:
        return list((signature or inspect.signature(operation.call)).parameters.values())
    except (TypeError, ValueError):
        return []


def _came_along(mask: Any, node: Any) -> bool:
    """Say whether Keras took the mask from another argument (``Layer.__call__``, step 6)."""
    attached = {id(getattr(tensor, "_keras_mask", None)) for tensor in node.arguments.keras_tensors}
    return all(leaf is None or id(leaf) in attached for leaf in flatten(mask))


def _required(parameter: inspect.Parameter) -> bool:
    return parameter.default is parameter.empty and parameter.kind in (
        parameter.POSITIONAL_ONLY,
        parameter.POSITIONAL_OR_KEYWORD,
    )


def _is_default(value: Any, parameter: inspect.Parameter) -> bool:
    if value is None or isinstance(value, (bool, int, float, str)):
        return type(value) is type(parameter.default) and bool(value == parameter.default)
    return False
