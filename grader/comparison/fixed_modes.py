"""Layers that are called in one mode, whatever the mode of the model: ``self.drop(x, training=False)``.

In a class's ``call`` Keras hands such a mode on to the layers called after it, unless they are given one themselves
(``keras/src/layers/layer.py``). A Functional model hands its own mode to every layer instead, so that nothing is
fixed there: only in a plain call, ``model(x)``, which has no mode, does a layer keep to ``training=True``.
"""

from __future__ import annotations

from grader.canonical import RANDOM_LAYERS, Node
from grader.graph import ModelGraph

__all__ = ["MODE", "has_idle_calls", "in_functional", "mode_texts"]

MODE = "argument training"
"""The setting of a node that holds the mode a call was given."""


def has_idle_calls(graph: ModelGraph) -> bool:
    """Say whether a dropout is called with ``training=False``, so that it never does anything."""
    return any(
        argument.place == "training"
        and argument.value is False
        and graph.layers[call.layer].class_name in RANDOM_LAYERS
        for call in graph.calls
        for argument in call.arguments
    )


def in_functional(graph: ModelGraph, calls: tuple[int, ...]) -> bool:
    """Say whether calls stand in a Functional model, or in one inside the model."""
    scopes = [graph.calls[call].scope for call in calls]
    return all(
        graph.layers[scope[-1]].class_name in ("Functional", "Sequential")
        if scope
        else graph.api != "subclassed"
        for scope in scopes
    )


def mode_texts(name: str, node: Node, other: Node, *, functional: bool = False) -> tuple[str, str, str]:
    """Return the sentence that says in which mode a layer is called and should be, what is found, and expected.

    ``functional`` says that the call with the mode is one of a Functional model, whose own mode comes first.
    """
    found, expected = (one.settings.get(MODE) for one in (node, other))
    if functional and found and expected is None:
        message = f"{name} is called with `training=True`: in a plain call, `model(x)`, it {_in_plain_call(node.op)}."
        return f"{message} Expected no fixed mode.", _setting(found), _setting(expected)
    if functional and expected and found is None:
        message = f"{name} is given no fixed mode, expected `training=True` in its call: then it"
        return (
            f"{message} {_in_plain_call(other.op)} in a plain call, `model(x)`.",
            _setting(found),
            _setting(expected),
        )
    if found is None:
        message = f"{name} is given no fixed mode, expected {_fixed(expected)}: then it {_does(other.op, expected)}."
    elif expected is None:
        message = (
            f"{name} runs with {_fixed(found)}: it {_does(node.op, found)}. Expected no fixed mode: pass on the one "
            "that `call` is given, as in `layer(x, training=training)`. Keras hands a fixed mode on to the layers that "
            "are called after it, so look at the calls before this one too."
        )
    else:
        message = (
            f"{name} runs with {_fixed(found)}: it {_does(node.op, found)}. Expected `training={expected}`."
        )
    return message, _setting(found), _setting(expected)


def _fixed(mode: object) -> str:
    return f"`training={mode}` whatever the mode of the model"


def _in_plain_call(op: str) -> str:
    if op in RANDOM_LAYERS:
        return "drops numbers"
    if op == "BatchNormalization":
        return "normalises by the batch, and moves its statistics"
    return "does what is meant for training"


def _does(op: str, mode: object) -> str:
    if op in RANDOM_LAYERS:
        return "drops numbers in inference too" if mode else "never drops a number"
    if op == "BatchNormalization" and mode:
        return "normalises by the batch in inference too, and moves its statistics"
    if op == "BatchNormalization":
        return "normalises by its moving statistics in training too, and does not move them"
    here, meant = ("inference", "training") if mode else ("training", "inference")
    return f"does in {here} what is meant for {meant}"


def _setting(mode: object) -> str:
    return "training=training in the call" if mode is None else f"training={mode} in the call"
