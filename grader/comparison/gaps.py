"""What stands between two seen layers may be what is expected there: differences are told as if it were.

A model that was run on arrays has unseen steps. Whether they compute what is expected, outputs show; what the
*layers* around them lack is told better when an unseen step is taken for the step that stands in its place. This is
for telling differences alone: no two models are the same because of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from grader.canonical import Edge, Node, NormalGraph, prune
from grader.graph import Argument, Call, ModelGraph

__all__ = ["as_one_call", "gaps_filled"]

_GAP = "custom Unseen"


def gaps_filled(student: NormalGraph, reference: NormalGraph) -> NormalGraph | None:
    """Take each unseen step for a step of the reference without weights that fits it; ``None`` without any.

    Those are taken in the order in which they stand, as many as the student did not write as layers. What is left
    over stays as it is. No weight of the student's is lost by it. An unseen step that chooses between ways is left out: what was seen is the way taken.
    """
    if not any(node.op == _GAP for node in student.nodes):
        return None
    wanted = deque(_unwritten(student, reference))
    nodes: list[Node] = []
    moved: dict[tuple[int, int], tuple[int, int]] = {}  # what is read instead of a step that was left out
    for index, given in enumerate(student.nodes):
        edges = tuple(
            Edge(edge.slot, *moved.get((edge.node, edge.output), (edge.node, edge.output)))
            for edge in given.edges
        )
        node = given._replace(edges=edges)
        if node.op == _GAP and "chooses" in node.settings and not node.weights:
            moved |= {(index, at): edges[at][1:] for at in range(min(len(node.shapes), len(edges)))}
        elif node.op == _GAP and not node.weights:
            fitting = next((other for other in wanted if _fits(node, other)), None)
            if fitting is not None:
                while wanted.popleft() is not fitting:
                    pass
                nodes.append(_in_place_of(node, fitting))
                continue
        nodes.append(node)
    outputs = tuple((key, *moved.get((node, at), (node, at))) for key, node, at in student.outputs)
    filled = NormalGraph(tuple(nodes), student.inputs, outputs, student.source)
    filled = prune(filled, keep=len(student.inputs))
    return filled if _weights(filled) == _weights(student) else None


def _in_place_of(gap: Node, step: Node) -> Node:
    slots = [edge.slot for edge in step.edges]
    return step._replace(
        settings={**step.settings, "unseen": True},
        edges=tuple(edge._replace(slot=slot) for edge, slot in zip(gap.edges, slots, strict=True)),
        shapes=gap.shapes,
        calls=gap.calls,
    )


def _unwritten(student: NormalGraph, reference: NormalGraph) -> Iterator[Node]:
    """Yield the reference's steps without weights, less those that the student has written."""
    written = [node.key for node in student.nodes]
    for node in reference.nodes:
        if node.weights or node.op == "input":
            continue
        if node.key in written:
            written.remove(node.key)
        else:
            yield node


def _weights(graph: NormalGraph) -> set[int]:
    return {weight for node in graph.nodes for weight in node.weights}


def _fits(gap: Node, step: Node) -> bool:
    if len(gap.edges) != len(step.edges) or len(gap.shapes) != len(step.shapes):
        return False
    return all(len(one) == len(other) for one, other in zip(gap.shapes, step.shapes, strict=True))


def as_one_call(graph: ModelGraph) -> ModelGraph | None:
    """Take a model that decides while it runs for one call of its class; ``None`` where no way through it was seen.

    The ways that two runs took are no reason to tell two models of one class and settings apart.
    """
    if graph.dynamic is None or not graph.calls:
        return None
    last = graph.layers[graph.calls[-1].layer]
    if "chooses" not in last.config or (last.class_name, last.origin) != ("Unseen", "custom"):
        return None
    config = {key: value for key, value in last.config.items() if key not in ("chooses", "inside", "number")}
    held = tuple(index for index, weight in enumerate(graph.weights) if not weight.untracked)
    whole = last.model_copy(
        update={"class_name": str(last.config["inside"]), "config": config, "weights": held}
    )
    arguments = tuple(Argument(place=str(n), tensor=port.tensor) for n, port in enumerate(graph.inputs))
    made = tuple(dict.fromkeys(port.tensor for port in graph.outputs))
    call = Call(layer=0, arguments=arguments, outputs=made)
    return graph.model_copy(update={"layers": (whole,), "calls": (call,)})
