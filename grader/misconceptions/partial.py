"""A merge that was refused, held against the reference's: what on the way to it differs."""

from __future__ import annotations

from collections.abc import Iterator

from grader.comparison import Analysis, Difference, DifferenceKind, analyse
from grader.evidence import FailedCall
from grader.graph import Argument, Call, Layer, ModelGraph, Port, Tensor

__all__ = ["difference_before"]

_MOST_CANDIDATES = 12
_MOST_CALLS = 1000  # this many are compared a dozen times in a few seconds, and nobody gets so far by hand
# What can make shapes unlike, and is told better than by the shapes.
_TELLING: tuple[DifferenceKind, ...] = ("wrong-config", "wrong-connection")


def difference_before(call: FailedCall, reference: ModelGraph) -> tuple[Difference, Analysis] | None:
    """Find the one difference on the way to a refused merge that explains it, beside the comparison it is from.

    The student's merge is taken for made, and compared with each merge of that class in the reference, up to
    where it stands; the likest counts.
    """
    best: Analysis | None = None
    for index in _merges(reference, call.class_name):
        wanted = _up_to(reference, index)
        student = _with_the_call(call, reference.tensors[reference.calls[index].outputs[0]])
        if student is None:
            return None
        found = analyse(student, wanted)
        if best is None or len(found.differences) < len(best.differences):
            best = found
    if best is None or len(best.differences) != 1 or best.differences[0].kind not in _TELLING:
        return None
    return best.differences[0], best


def _merges(reference: ModelGraph, class_name: str) -> list[int]:
    found = [
        index
        for index, call in enumerate(reference.calls)
        if reference.layers[call.layer].class_name == class_name and len(call.outputs) == 1
    ]
    return found[:_MOST_CANDIDATES]


def _with_the_call(call: FailedCall, made: Tensor) -> ModelGraph | None:
    """Return the graph that led to a failing call, with the call and what it would have made."""
    graph = call.graph
    if graph is None or len(graph.outputs) < 2 or len(graph.calls) > _MOST_CALLS:
        return None
    places = (
        f"0.{index}" if call.origin == "keras.layers" else str(index) for index in range(len(graph.outputs))
    )
    arguments = tuple(
        Argument(place=place, tensor=port.tensor) for place, port in zip(places, graph.outputs, strict=True)
    )
    layer = Layer(
        class_name=call.class_name, origin=call.origin, name=call.class_name.lower(), config=call.config
    )
    return graph.model_copy(
        update={
            "layers": (*graph.layers, layer),
            "tensors": (*graph.tensors, made),
            "calls": (
                *graph.calls,
                Call(layer=len(graph.layers), arguments=arguments, outputs=(len(graph.tensors),)),
            ),
            "outputs": (Port(key="0", tensor=len(graph.tensors)),),
        }
    )


def _up_to(graph: ModelGraph, last: int) -> ModelGraph:
    """Return the part of a graph that one call comes from, with that call's tensor as its output."""
    needed = {graph.calls[last].outputs[0]}
    calls: list[Call] = []
    for call in reversed(graph.calls[: last + 1]):
        if not needed.isdisjoint(call.outputs):
            calls.append(call)
            needed.update(argument.tensor for argument in call.arguments if argument.tensor is not None)
    calls.reverse()
    layers = {old: new for new, old in enumerate(dict.fromkeys(_layers(calls)))}
    kept = [graph.layers[old] for old in layers]
    bare = {weight for call in calls for a in call.arguments if (weight := a.weight) is not None}
    weights = sorted({weight for layer in kept for weight in layer.weights} | bare)
    place = {old: new for new, old in enumerate(weights)}
    return graph.model_copy(
        update={
            "inputs": tuple(port for port in graph.inputs if port.tensor in needed),
            "outputs": (Port(key="0", tensor=graph.calls[last].outputs[0]),),
            "layers": tuple(
                layer.model_copy(update={"weights": tuple(place[w] for w in layer.weights)}) for layer in kept
            ),
            "weights": tuple(graph.weights[old] for old in weights),
            "calls": tuple(_renumbered(call, layers, place) for call in calls),
            "compiled": None,
        }
    )


def _layers(calls: list[Call]) -> Iterator[int]:
    for call in calls:
        yield from (*call.scope, call.layer)


def _renumbered(call: Call, layers: dict[int, int], weights: dict[int, int]) -> Call:
    return call.model_copy(
        update={
            "layer": layers[call.layer],
            "scope": tuple(layers[layer] for layer in call.scope),
            "arguments": tuple(
                argument
                if argument.weight is None
                else argument.model_copy(update={"weight": weights[argument.weight]})
                for argument in call.arguments
            ),
        }
    )
