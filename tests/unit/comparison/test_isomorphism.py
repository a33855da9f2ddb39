"""Graphs that are hard to tell apart: everything alike, and alike but not the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import replace

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.canonical import NormalGraph, normalize
from grader.comparison import isomorphism
from grader.comparison.isomorphism import correspondence
from grader.errors import GraderError
from grader.graph import ModelGraph
from tests.blueprints import Blueprint, shuffled

Pairs = Iterable[tuple[int, int]]


def as_sharing(edges: Pairs) -> ModelGraph:
    """Write an undirected graph as sharing: each vertex is a layer, each edge a sum of calls of its two layers."""
    plan = Blueprint()
    x = plan.input(4)
    vertices: dict[int, int] = {}
    sums = []
    for edge in edges:
        ends = []
        for vertex in edge:
            if vertex not in vertices:
                vertices[vertex] = plan.layer("Dense", (4, 4), units=4, activation="linear")
            ends.append(plan.call(vertices[vertex], x, shape=(4,)))
        sums.append(plan.relu(plan.add(*ends)))
    return plan.graph(plan.add(*sums))


def as_merges(edges: Pairs) -> ModelGraph:
    """Write an undirected graph as wiring: each vertex is a branch, each edge a sum of its two branches."""
    plan = Blueprint()
    x = plan.input(4)
    edges = list(edges)
    branch = {vertex: plan.dense(x, 4) for vertex in sorted({end for edge in edges for end in edge})}
    sums = [plan.relu(plan.add(branch[one], branch[two])) for one, two in edges]
    return plan.graph(plan.add(*sums))


WRITINGS: list[Callable[[Pairs], ModelGraph]] = [as_sharing, as_merges]


def cycles(*lengths: int) -> list[tuple[int, int]]:
    """The edges of disjoint cycles of these lengths."""
    edges, first = [], 0
    for length in lengths:
        edges += [(first + place, first + (place + 1) % length) for place in range(length)]
        first += length
    return edges


def same(first: ModelGraph, second: ModelGraph) -> bool:
    return correspondence(normalize(first), normalize(second)) is not None


def assert_corresponds(first: NormalGraph, second: NormalGraph, mapping: list[int] | None) -> None:
    """Check a correspondence by plain reading, independently of how the module verifies its own."""
    assert mapping is not None
    assert sorted(mapping) == list(range(len(second.nodes)))
    weights = set()
    for node, counterpart in zip(first.nodes, mapping, strict=True):
        other = second.nodes[counterpart]
        assert node.key == other.key
        fed = [(edge.slot, mapping[edge.node], edge.output) for edge in node.edges]
        needed = [(edge.slot, edge.node, edge.output) for edge in other.edges]
        if node.unordered:
            fed, needed = sorted(part[1:] for part in fed), sorted(part[1:] for part in needed)
        assert fed == needed
        weights |= set(zip(node.weights, other.weights, strict=True))
    assert len(weights) == len({ours for ours, _ in weights}) == len({theirs for _, theirs in weights})
    for ports, others in ((first.inputs, second.inputs), (first.outputs, second.outputs)):
        assert [(port[0], mapping[port[1]], *port[2:]) for port in ports] == list(others)


@pytest.mark.parametrize("write", WRITINGS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_regular_graphs_are_told_apart_as_networkx_tells_them(
    write: Callable[[Pairs], ModelGraph], data: st.DataObject
) -> None:
    """Where every vertex has as many neighbours, refinement sees nothing, and the search decides alone."""
    vertices = data.draw(st.sampled_from([6, 8, 10]))
    degree = data.draw(st.sampled_from([2, 3]))
    one, two = (
        nx.random_regular_graph(degree, vertices, seed=data.draw(st.integers(0, 9_999))) for _ in "ab"
    )
    assert nx.is_isomorphic(one, two) == same(write(one.edges), write(two.edges))


@pytest.mark.parametrize("write", WRITINGS)
@given(
    lengths=st.lists(st.integers(3, 6), min_size=1, max_size=4),
    others=st.lists(st.integers(3, 6), min_size=1, max_size=4),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_cycles_are_the_same_only_where_their_lengths_are(
    write: Callable[[Pairs], ModelGraph], lengths: list[int], others: list[int], seed: int
) -> None:
    """Sums and sharing that run in cycles correspond cycle by cycle."""
    one, two = write(cycles(*lengths)), write(cycles(*others))
    assert (sorted(lengths) == sorted(others)) == same(one, two)
    first, second = normalize(shuffled(one, seed)), normalize(one)
    assert_corresponds(first, second, correspondence(first, second))


@pytest.mark.parametrize("write", WRITINGS)
def test_strongly_regular_graphs_of_equal_counts_are_told_apart(write: Callable[[Pairs], ModelGraph]) -> None:
    """Sixteen vertices of six neighbours each, in which all pairs share two: the rook's graph is not Shrikhande's."""
    square = [(row, column) for row in range(4) for column in range(4)]
    rook, shrikhande = nx.Graph(), nx.Graph()
    for row, column in square:
        rook.add_edges_from(
            ((row, column), other)
            for other in square
            if other != (row, column) and (other[0] == row or other[1] == column)
        )
        shrikhande.add_edges_from(
            ((row, column), ((row + down) % 4, (column + right) % 4))
            for down, right in ((0, 1), (1, 0), (1, 1))
        )
    one, two = (write(nx.convert_node_labels_to_integers(graph).edges) for graph in (rook, shrikhande))
    assert not same(one, two)
    for graph in (one, two):
        first, second = normalize(shuffled(graph, 3)), normalize(graph)
        assert_corresponds(first, second, correspondence(first, second))


@pytest.mark.parametrize("write", WRITINGS)
def test_many_alike_parts_and_one_other_are_told_apart_without_trying_every_pairing(
    write: Callable[[Pairs], ModelGraph], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part once told apart is never paired anew: thirty cycles of six cost thirty times what one costs."""
    monkeypatch.setattr(isomorphism, "_STEPS", 20_000)
    monkeypatch.setattr(isomorphism, "_STEPS_PER_NEIGHBOUR", 0)
    sixes = write(cycles(*[6] * 30, 3, 3))
    assert not same(sixes, write(cycles(*[6] * 29, 3, 3, 3, 3)))
    assert same(sixes, write(cycles(3, 3, *[6] * 30)))


def twisted(edges: Pairs, twist: bool) -> list[tuple[int, int]]:
    """Replace each vertex by the gadget of Cai, Fürer and Immerman (1992), and twist one edge or none.

    Refinement alone cannot tell the twisted graph from the plain one.
    """
    graph = nx.Graph(edges)
    names: dict[object, int] = {}
    made = []

    def name(key: object) -> int:
        return names.setdefault(key, len(names))

    for vertex in graph:
        around = sorted(graph[vertex])
        for chosen in range(2 ** len(around)):
            if chosen.bit_count() % 2 == 0:
                made += [
                    (name((vertex, chosen)), name((vertex, other, chosen >> place & 1)))
                    for place, other in enumerate(around)
                ]
    for position, (one, two) in enumerate(graph.edges):
        made += [(name((one, two, bit)), name((two, one, bit ^ (twist and position == 0)))) for bit in (0, 1)]
    return made


def test_graphs_made_to_be_hard_are_decided_or_given_up_with_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pair that refinement cannot tell apart is still decided; past the limit there is an error, no verdict."""
    edges = list(nx.complete_graph(4).edges)
    plain, twist = as_sharing(twisted(edges, twist=False)), as_sharing(twisted(edges, twist=True))
    assert not same(plain, twist)
    assert same(shuffled(plain, 5), plain)
    monkeypatch.setattr(isomorphism, "_STEPS", 100)
    monkeypatch.setattr(isomorphism, "_STEPS_PER_NEIGHBOUR", 0)
    with pytest.raises(GraderError, match=r"too symmetric to compare.* given up after [\d,]+ steps"):
        same(plain, twist)


def test_a_partition_is_never_believed_without_reading_the_edges() -> None:
    """A correspondence that is wrong at one edge, weight, port or setting is refused, however it was found."""
    plan = Blueprint()
    x, y = plan.input(4), plan.input(4)
    shared = plan.layer("Dense", (4, 4), units=4, activation="linear")
    a, b = plan.call(shared, x, shape=(4,)), plan.call(shared, y, shape=(4,))
    graph = normalize(plan.graph(plan.concatenate(a, b), plan.dense(plan.relu(a), 4)))
    right = list(range(len(graph.nodes)))

    def verified(other: NormalGraph, mapping: list[int], ours: NormalGraph = graph) -> bool:
        sides = [isomorphism._Side(side, isomorphism.COMMUTATIVE, {}) for side in (ours, other)]
        return isomorphism._verified(*sides, mapping)

    assert verified(graph, right)
    assert not verified(graph, [0] * len(right))
    for one, two in ((0, 1), (2, 3)):
        swapped = list(right)
        swapped[one], swapped[two] = two, one
        assert not verified(graph, swapped)
    for index, node in enumerate(graph.nodes):
        changes = [{"key": (f"{node.key[0]} ", *node.key[1:])}]
        if node.edges:
            first, *others = node.edges
            changes += [{"edges": (first._replace(node=(first.node + 1) % index), *others)}]
        if node.op == "concatenate":
            changes += [{"edges": (node.edges[0]._replace(slot="2"), *node.edges[1:])}]
        if node.weights and index in (2, 3):  # the shared layer's calls: one of them gets a weight of its own
            changes += [{"weights": (len(graph.nodes),)}]
        for change in changes:
            nodes = (*graph.nodes[:index], node._replace(**change), *graph.nodes[index + 1 :])
            assert not verified(replace(graph, nodes=nodes), right), change
            assert not verified(graph, right, ours=replace(graph, nodes=nodes)), change
    twice = replace(graph, nodes=(*graph.nodes, graph.nodes[-1], graph.nodes[-1]))
    assert verified(twice, [*right, len(right), len(right) + 1], ours=twice)
    assert not verified(twice, [*right, len(right), len(right)], ours=twice)
    assert not verified(replace(graph, outputs=graph.outputs[::-1]), right)
    assert not verified(replace(graph, inputs=graph.inputs[::-1]), right)


@given(st.integers(2, 6), st.integers(2, 6), st.randoms())
@settings(max_examples=40, deadline=None)
def test_which_inputs_a_sum_takes_is_found_among_permuted_ones(
    inputs: int, sums: int, source: random.Random
) -> None:
    """Inputs keep their order and sums do not: permuting what each sum takes changes nothing, moving one does."""
    chosen = [source.sample(range(inputs), 2) for _ in range(sums)]

    def model(takes: list[list[int]]) -> ModelGraph:
        plan = Blueprint()
        tensors = [plan.input(4) for _ in range(inputs)]
        return plan.graph(*[plan.relu(plan.add(*[tensors[place] for place in pair])) for pair in takes])

    assert same(model([pair[::-1] for pair in chosen]), model(chosen))
    moved = [[chosen[0][0], chosen[0][0]], *chosen[1:]]
    assert not same(model(moved), model(chosen))
