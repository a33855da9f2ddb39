"""Which weight of the student may stand for which of the reference's, where their graphs differ.

A map takes every weight that the student's model uses to one that the reference's uses, one to one, equal
in size. So two models that share weights differently, or have more or fewer of them, have no map.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from grader.behaviour.bounds import same_far_bounds
from grader.canonical import NormalGraph, shows_in_outputs
from grader.comparison import Analysis
from grader.comparison.histories import histories
from grader.graph import ModelGraph
from grader.tasks import CompareOptions

__all__ = ["may_be_one_function", "weight_maps"]

_MOST_MAPS = 24
_MOST_STEPS = 2400  # of all runs together: a large network is tried with fewer maps
# Settings that outputs hardly show: where two layers differ in one of these alone, they differ.
_FINE = ("epsilon", "approximate", "momentum", "dtype policy")


def may_be_one_function(analysis: Analysis, options: CompareOptions) -> bool:
    """Say whether two models that differ as graphs might still be one, or look the same and might be two.

    The latter where a step's code cannot be read. The former not where a task minds how the model is written, not where inputs or outputs differ, and not where a
    difference is one that outputs cannot show.
    """
    student, reference = analysis.student.source, analysis.reference.source
    if analysis.same:
        told = not shows_in_outputs(options.free_settings) and not options.free_sharing
        return bool(analysis.unseen) and told and _same_ports(student, reference)
    if not options.writing_is_free:
        return False
    return (
        not any(difference.kind == "state-created-in-call" for difference in analysis.differences)
        and _same_ports(student, reference)
        and not _differ_in_detail(analysis)
        and _constraints(student) == _constraints(reference)
        and _policies(student) == _policies(reference)
        and _stops(analysis.student) == _stops(analysis.reference)
        and _as_often_in_training(analysis.student, analysis.reference)
        and same_far_bounds(analysis.student, analysis.reference)
    )


def _as_often_in_training(ours: NormalGraph, theirs: NormalGraph) -> bool:
    """Say whether as many calls are given ``training=True``, unless code that was not seen may do as much.

    The runs give a model its mode, and a Functional model hands that on: only a plain call would show those.
    """
    if any(node.op.startswith("custom ") for graph in (ours, theirs) for node in graph.nodes):
        return True
    first, second = (
        sum(node.settings.get("argument training") is True for node in graph.nodes)
        for graph in (ours, theirs)
    )
    return first == second


def weight_maps(analysis: Analysis) -> list[tuple[int, ...]]:
    """Return the maps worth trying, likeliest first: for each weight of the student, the reference's.

    Weights of layers that correspond are taken as given, the others in the order in which they are used; then
    those layers of equal sizes change places, and so do twins: layers alike that read the same tensor, as the
    three projections of an attention do, which correspond to each other in any order. Last, all weights are
    taken in the order in which they are used.
    """
    ours, theirs = _used(analysis.student), _used(analysis.reference)
    sizes = (_sizes(analysis.student.source), _sizes(analysis.reference.source))
    if Counter(sizes[0][w] for w in ours) != Counter(sizes[1][w] for w in theirs):
        return []
    if len(ours) != len(sizes[0]) or len(theirs) != len(sizes[1]):
        return []  # a weight that no call uses
    likeliest = list(_completed(analysis, _paired(analysis, sizes), sizes))
    in_order = next(_completed(analysis, {}, sizes), None)
    return list(dict.fromkeys([*likeliest, *([in_order] if in_order else [])]))


def _same_ports(student: ModelGraph, reference: ModelGraph) -> bool:
    """Say whether inputs and outputs are the same; a length of an output that one leaves open may be any."""
    ours, theirs = (
        [
            [(port.key, graph.tensors[port.tensor].shape[1:]) for port in ports]
            for ports in (graph.inputs, graph.outputs)
        ]
        for graph in (student, reference)
    )
    return (
        ours[0] == theirs[0]
        and len(ours[1]) == len(theirs[1])
        and all(
            key == other
            and len(shape) == len(wanted)
            and all(None in pair or pair[0] == pair[1] for pair in zip(shape, wanted, strict=True))
            for (key, shape), (other, wanted) in zip(ours[1], theirs[1], strict=True)
        )
    )


def _differ_in_detail(analysis: Analysis) -> bool:
    """Say whether steps of one kind that both models have differ in a setting that outputs hardly show."""
    ours, theirs = _details(analysis.student), _details(analysis.reference)
    return any(ours[kind] != theirs[kind] for kind in ours.keys() & theirs.keys())


def _details(graph: NormalGraph) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for node in graph.nodes:
        for name in _FINE:
            if name in node.settings:
                kind = f"{node.op} {node.settings.get('function', '')} {name}"
                found[kind][repr(node.settings[name])] += 1
    return found


def _constraints(graph: ModelGraph) -> Counter[str]:
    used = {call.layer for call in graph.calls}
    return Counter(
        f"{name}={value}"
        for layer in used
        for name, value in graph.layers[layer].config.items()
        if name.endswith("_constraint") and value is not None
    )


def _stops(graph: NormalGraph) -> int:
    """Count where gradients are stopped, which no output shows."""
    return sum(node.op == "ops StopGradient" for node in graph.nodes)


def _policies(graph: ModelGraph) -> set[str]:
    """Return the policies that weights are computed with: each weight's of the layer closest around it."""
    used = {layer for call in graph.calls for layer in (call.layer, *call.scope)}
    holders = sorted((graph.layers[layer] for layer in used), key=lambda layer: -len(layer.weights))
    return set({weight: holder.dtype for holder in holders for weight in holder.weights}.values())


def _used(graph: NormalGraph) -> list[int]:
    """Return the weights in the order in which they are used."""
    return list(dict.fromkeys(weight for node in graph.nodes for weight in node.weights))


def _sizes(graph: ModelGraph) -> list[int]:
    return [math.prod(weight.shape) for weight in graph.weights]


def _paired(analysis: Analysis, sizes: Sequence[Sequence[int]]) -> dict[int, int]:
    """Map the weights of nodes that correspond, where they are of equal sizes."""
    fixed: dict[int, int] = {}
    taken: set[int] = set()
    for ours, theirs in sorted(analysis.pairs.items()):
        mine, wanted = analysis.student.nodes[ours].weights, analysis.reference.nodes[theirs].weights
        if [sizes[0][w] for w in mine] != [sizes[1][w] for w in wanted]:
            continue
        if any(w in fixed for w in mine) or any(w in taken for w in wanted):
            continue
        fixed.update(zip(mine, wanted, strict=True))
        taken.update(wanted)
    return fixed


def _completed(
    analysis: Analysis, fixed: dict[int, int], sizes: Sequence[Sequence[int]]
) -> Iterator[tuple[int, ...]]:
    """Complete a partial map in the order of use; then let layers of equal sizes change places."""
    free = [w for w in _used(analysis.student) if w not in fixed]
    wanted = [w for w in _used(analysis.reference) if w not in set(fixed.values())]
    places = defaultdict(list)
    for weight in wanted:
        places[sizes[1][weight]].append(weight)
    first = dict(fixed)
    for weight in free:
        if not places[sizes[0][weight]]:
            return
        first[weight] = places[sizes[0][weight]].pop(0)
    yield tuple(first[weight] for weight in range(len(sizes[0])))
    groups = _groups(analysis.student, {*free, *_of_twins(analysis.student)}, sizes[0])
    most = max(2, min(_MOST_MAPS, _MOST_STEPS // len(analysis.student.nodes)))
    orders = [list(itertools.islice(itertools.permutations(range(len(group))), most)) for group in groups]
    for chosen in itertools.islice(itertools.product(*orders), 1, most):
        moved = dict(first)
        for group, order in zip(groups, chosen, strict=True):
            for place, source in enumerate(order):
                for mine, other in zip(group[place], group[source], strict=True):
                    moved[mine] = first[other]
        yield tuple(moved[weight] for weight in range(len(sizes[0])))


def _of_twins(graph: NormalGraph) -> set[int]:
    """Return the weights of layers that another layer is like: of the same settings, reading the same."""
    alike: dict[int, set[tuple[int, ...]]] = defaultdict(set)
    for node, history in zip(
        graph.nodes, histories(graph, {}, dict(enumerate(range(len(graph.inputs))))), strict=True
    ):
        if node.weights:
            alike[history].add(node.weights)
    return {weight for twins in alike.values() if len(twins) > 1 for weights in twins for weight in weights}


def _groups(graph: NormalGraph, free: set[int], sizes: Sequence[int]) -> list[list[tuple[int, ...]]]:
    """Return the student's layers that may change places: those of equal sizes, two or more together."""
    bundles: dict[tuple[int, ...], list[tuple[int, ...]]] = defaultdict(list)
    for weights in dict.fromkeys(node.weights for node in graph.nodes if node.weights):
        if free.issuperset(weights):
            bundles[tuple(sizes[w] for w in weights)].append(weights)
    return [group for group in bundles.values() if len(group) > 1]
