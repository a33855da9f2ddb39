"""What outputs may show to be no difference: taken for the same before the other differences are told.

Two models that compute the same are equivalent however they are written. Where they do not, a way of writing that
is accepted by itself is not the reason, and is not told beside the reason. It is told when it is all there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from grader.canonical import Node, NormalGraph

__all__ = ["as_expected_classes", "as_expected_dtypes"]

_GAP = "custom Unseen"


def as_expected_dtypes(student: NormalGraph, reference: NormalGraph) -> NormalGraph:
    """Return the student's graph with each input in the dtype of the reference's input that is fed the same.

    A layer that reads whole numbers takes them out of floats as well: which ones are given is the caller's matter.
    """
    nodes = list(student.nodes)
    wanted = dict(reference.inputs)
    for key, node in student.inputs:
        other = reference.nodes[wanted[key]] if key in wanted else None
        if other is not None and other.shapes[0][1:] == nodes[node].shapes[0][1:]:
            nodes[node] = nodes[node]._replace(settings=other.settings, key=other.key)
    return replace(student, nodes=tuple(nodes))


def as_expected_classes(student: NormalGraph, reference: NormalGraph) -> NormalGraph:
    """Return the student's graph with its own classes, of which no inside was seen, under the reference's names.

    A class is taken for one of the reference's that holds the same weights, has the same settings, and gives the
    same shapes.
    """
    known = {node.op for node in reference.nodes}
    told = {node.op for node in student.nodes}
    wanted = {
        node.key[1:]: node.op for node in reversed(reference.nodes) if _own(node) and node.op not in told
    }
    names: dict[str, str] = {}
    for node in student.nodes:
        if _own(node) and node.op not in known and node.key[1:] in wanted:
            names.setdefault(node.op, wanted[node.key[1:]])
    return (
        replace(student, nodes=tuple(_renamed(node, names) for node in student.nodes)) if names else student
    )


def _renamed(node: Node, names: Mapping[str, str]) -> Node:
    op = names.get(node.op, node.op)
    return node if op == node.op else node._replace(op=op, key=(op, *node.key[1:]))


def _own(node: Node) -> bool:
    return node.op.startswith("custom ") and node.op != _GAP
