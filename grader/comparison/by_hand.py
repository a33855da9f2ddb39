"""Dense layers that their author wrote out: a matrix product with a weight, and a bias that is added.

Whether such steps compute what is expected, outputs show; two models are never the same because of this module.
But where they differ otherwise, what is written out is taken for the layer it is, so that the slip is told and not
that a layer was expected.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from grader.canonical import Edge, Node, NormalGraph, make_key, prune
from grader.comparison.pairing import Pairing
from grader.comparison.places import home_of
from grader.comparison.records import Difference
from grader.comparison.unreached import unreached_weights, weight_words
from grader.comparison.wording import label, settings_apart, shape_text
from grader.graph import Shape

__all__ = ["BY_HAND", "by_hand_differences", "layers_written"]

BY_HAND = "by hand"
"""The setting that marks a step as written out; it is no part of the step's key."""

_PRODUCTS = ("ops Matmul", "ops Dot")


def layers_written(graph: NormalGraph, *, marked: bool) -> NormalGraph:
    """Return the graph with each matrix product with a weight as a ``Dense``, ``marked`` as written out.

    A bias that is added to it, and to nothing else, is the layer's own.
    """
    nodes = list(graph.nodes)
    ends = {node for _, node, _ in graph.outputs}
    users = graph.consumers()
    for index, node in enumerate(graph.nodes):
        if _multiplies(graph, node):
            nodes[index] = _dense(nodes, node, node.edges, node.weights, node.calls)
        elif _adds_a_vector(graph, node):
            (edge,) = node.edges
            inner = nodes[edge.node]
            alone = len(users[edge.node]) == 1 and edge.node not in ends
            if alone and BY_HAND in inner.settings and not inner.settings["use_bias"]:
                weights, calls = (*inner.weights, *node.weights), (*inner.calls, *node.calls)
                nodes[index] = _dense(nodes, node, inner.edges, weights, calls)
    if nodes == list(graph.nodes):
        return graph
    if not marked:
        nodes = [_unmarked(node) for node in nodes]
    return prune(replace(graph, nodes=tuple(nodes)), keep=len(graph.inputs))


def _unmarked(node: Node) -> Node:
    return node._replace(settings={key: value for key, value in node.settings.items() if key != BY_HAND})


def _multiplies(graph: NormalGraph, node: Node) -> bool:
    """Whether a step multiplies a tensor, on its left, by a matrix of weights."""
    return (
        node.op in _PRODUCTS
        and node.settings.get("weight slots") == ["1"]
        and len(node.edges) == 1
        and len(graph.source.weights[node.weights[0]].shape) == 2
    )


def _adds_a_vector(graph: NormalGraph, node: Node) -> bool:
    return (
        node.op == "add"
        and {*node.settings} == {"weight slots"}
        and len(node.edges) == len(node.weights) == 1
        and graph.source.weights[node.weights[0]].shape == node.shapes[0][-1:]
    )


def _dense(
    nodes: list[Node],
    node: Node,
    edges: tuple[Edge, ...],
    weights: tuple[int, ...],
    calls: tuple[int, ...],
) -> Node:
    settings: dict[str, Any] = {"units": node.shapes[0][-1], "use_bias": len(weights) == 2}
    inner = nodes[node.edges[0].node]
    facts = node.key[3] if len(weights) == 1 else (*inner.key[3], *node.key[3])
    key = make_key("Dense", settings, node.shapes, facts)
    return Node("Dense", {**settings, BY_HAND: True}, key, edges, node.shapes, weights, calls)


def by_hand_differences(pairing: Pairing, mine: int, wanted: int) -> Iterator[Difference]:
    """Say what is wrong with a Dense that the student wrote out: its shapes, or its bias."""
    node, other = pairing.student.nodes[mine], pairing.reference.nodes[wanted]
    name, source = pairing.ours.name(mine), pairing.student.source
    has, should = bool(node.settings["use_bias"]), bool(other.settings.get("use_bias"))
    if node.settings["units"] != other.settings.get("units"):
        found = source.weights[node.weights[0]].shape
        expected = (*found[:-1], other.settings.get("units"))
        yield pairing.difference(
            "wrong-config",
            f"at {name}",
            f"at {name}, {weight_words(pairing.student, node.weights[0])} has the shape {shape_text(found)}, "
            f"expected {shape_text(expected)}.",
            expected=f"shape={shape_text(expected)}",
            found=f"shape={shape_text(found)}",
            student=(mine,),
            reference=(wanted,),
        )
    elif has != should:
        yield _no_bias(pairing, mine, wanted) if should else _no_bias_asked_for(pairing, mine, wanted)
    else:
        keys = sorted({*node.settings, *other.settings} - {BY_HAND})
        changed = [key for key in keys if node.settings.get(key) != other.settings.get(key)]
        if changed:
            found_text, expected_text = settings_apart(node, other, changed)
            yield pairing.difference(
                "wrong-config",
                f"at {name}",
                f"{name} has {found_text}, expected {expected_text}.",
                expected=expected_text,
                found=found_text,
                student=(mine,),
                reference=(wanted,),
            )


def _no_bias_asked_for(pairing: Pairing, mine: int, wanted: int) -> Difference:
    name = pairing.ours.name(mine)
    bias = weight_words(pairing.student, pairing.student.nodes[mine].weights[1])
    return pairing.difference(
        "wrong-config",
        f"at {name}",
        f"at {name}, {bias} is added as a bias, expected none.",
        expected="x @ w",
        found="x @ w + b",
        student=(mine,),
        reference=(wanted,),
    )


def _no_bias(pairing: Pairing, mine: int, wanted: int) -> Difference:
    """Say what became of a bias: it is used otherwise, made and never used, or not there."""
    name, node = pairing.ours.name(mine), pairing.student.nodes[mine]
    shape: Shape = (int(node.settings["units"]),)
    source = pairing.student.source
    for user in pairing.our_users[mine]:
        step = pairing.student.nodes[user]
        if user not in pairing.pairs and [source.weights[w].shape for w in step.weights] == [shape]:
            pairing.settled.add(user)
            bias, found = weight_words(pairing.student, step.weights[0]), label(step.op, {})
            return pairing.difference(
                "wrong-layer",
                f"after {name}",
                f"after {name}, expected {bias} to be added, as a bias; found {found} with it.",
                expected="Add",
                found=found,
                student=(mine, user),
                reference=(wanted,),
            )
    idle = next((w for w in _idle(pairing, mine) if source.weights[w].shape == shape), None)
    if idle is not None:
        pairing.idle[shape] += 1
        bias = weight_words(pairing.student, idle)
        return pairing.difference(
            "dead-branch",
            f"at {name}",
            f"at {name}, expected {bias} to be added, as a bias: it holds {node.settings['units']:,} parameters, and no "
            "output depends on them.",
            expected="x @ w + b",
            found=bias,
            student=(mine,),
            reference=(wanted,),
        )
    return pairing.difference(
        "wrong-config",
        f"at {name}",
        f"at {name}, expected a bias of shape {shape_text(shape)} to be added, found none.",
        expected="x @ w + b",
        found="x @ w",
        student=(mine,),
        reference=(wanted,),
    )


def _idle(pairing: Pairing, node: int) -> list[int]:
    """Return the weights that no output depends on, of the class that a step is written in."""
    home = home_of(pairing.student, node)
    held = pairing.student.source.layers[home[-1]].weights if home else ()
    unused = unreached_weights(pairing.student)
    return [weight for weight in unused if weight in held or not home]
