"""Which graphs are the same architecture, and which are not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.canonical import normalize
from grader.comparison import analyse, compare_graphs
from grader.comparison.isomorphism import correspondence
from grader.graph import ModelGraph
from tests.blueprints import Blueprint, residual_block, shuffled
from tests.networkx_graphs import as_networkx, isomorphic


@st.composite
def graphs(draw: st.DrawFn) -> ModelGraph:
    """Draw a small model: a few inputs, then random layers, some of them called again."""
    plan = Blueprint()
    tensors = [plan.input(4) for _ in range(draw(st.integers(1, 2)))]
    shared: list[int] = []
    for _ in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(["dense", "shared", "relu", "add", "plus"]))
        one, two = draw(st.sampled_from(tensors)), draw(st.sampled_from(tensors))
        if kind == "dense":
            tensors.append(plan.dense(one, 4, draw(st.sampled_from(["linear", "relu"]))))
        elif kind == "shared":
            if not shared or draw(st.booleans()):
                shared.append(plan.layer("Dense", (4, 4), (4,), units=4, activation="linear"))
            tensors.append(plan.call(draw(st.sampled_from(shared)), one, shape=(4,)))
        elif kind == "relu":
            tensors.append(plan.relu(one))
        else:
            tensors.append((plan.add if kind == "add" else plan.plus)(one, two))
    return plan.graph(*draw(st.lists(st.sampled_from(tensors), min_size=1, max_size=2, unique=True)))


@given(graphs(), st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_a_graph_equals_itself_written_down_in_another_order(graph: ModelGraph, seed: int) -> None:
    """Names and the order of layers, calls, tensors and weights do not matter."""
    comparison = compare_graphs(shuffled(graph, seed), graph)
    unused = {d.where for d in comparison.differences}
    assert comparison.equivalent, comparison.differences
    assert set() == unused


@given(graphs(), graphs())
@settings(max_examples=150, deadline=None)
def test_the_verdict_on_random_pairs_is_that_of_networkx(first: ModelGraph, second: ModelGraph) -> None:
    """Two different drawings are the same exactly when networkx finds an isomorphism."""
    ours, theirs = as_networkx(normalize(first)), as_networkx(normalize(second))
    assert isomorphic(ours, theirs) == (correspondence(normalize(first), normalize(second)) is not None)


@given(graphs(), graphs())
@settings(max_examples=150, deadline=None)
def test_unequal_graphs_always_have_a_placed_difference(first: ModelGraph, second: ModelGraph) -> None:
    """Whatever two graphs are, a verdict of "not equivalent" comes with a reason in words."""
    analysis = analyse(first, second)
    assert analysis.same == (analysis.differences == ())
    assert all(d.message and d.where for d in analysis.differences)


def six_calls(cycles: list[list[int]]) -> ModelGraph:
    """Six parallel branches of two shared calls each; ``cycles`` says which layers stand in a branch."""
    plan = Blueprint()
    x = plan.input(4)
    size = sum(len(cycle) for cycle in cycles)
    layers = [plan.layer("Dense", (4, 4), units=4, activation="linear") for _ in range(size)]
    ends = []
    for cycle in cycles:
        for here, there in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
            first = plan.call(layers[here], x, shape=(4,))
            second = plan.call(layers[there], x, shape=(4,))
            ends.append(plan.add(first, plan.relu(second)))
    return plan.graph(plan.add(*[plan.relu(end) for end in ends]))


def test_one_cycle_of_six_shared_layers_is_not_two_cycles_of_three() -> None:
    """Sharing is compared as a partition of the calls, where counting alone sees no difference."""
    one, two = six_calls([[0, 1, 2, 3, 4, 5]]), six_calls([[0, 1, 2], [3, 4, 5]])
    assert not compare_graphs(one, two).equivalent
    assert compare_graphs(shuffled(one, 1), one).equivalent
    assert compare_graphs(shuffled(two, 2), two).equivalent


def test_an_activation_may_stand_in_the_layer_or_after_it() -> None:
    """``Dense(activation="relu")`` and ``Dense`` followed by ``ReLU()`` are the same."""
    inside, after = Blueprint(), Blueprint()
    one = inside.graph(inside.dense(inside.input(3), 5, "relu"))
    two = after.graph(after.relu(after.dense(after.input(3), 5)))
    assert compare_graphs(one, two).equivalent
    assert compare_graphs(one, two).same_wiring


def test_a_sum_of_three_may_be_one_add_or_two_operators() -> None:
    """Nested sums are one sum, in any order."""
    plan, other = Blueprint(), Blueprint()
    a, b, c = plan.input(2), plan.input(2), plan.input(2)
    d, e, f = other.input(2), other.input(2), other.input(2)
    one = plan.graph(plan.add(a, b, c))
    assert compare_graphs(one, other.graph(other.plus(f, other.plus(e, d)))).equivalent


def test_a_sum_that_is_also_used_elsewhere_stays_a_sum_of_its_own() -> None:
    """Only a sum with one reader is drawn into the next: another reader would compute it anew."""

    def model(reuse: bool) -> ModelGraph:
        plan = Blueprint()
        a, b, c = plan.input(2), plan.input(2), plan.input(2)
        inner = plan.add(a, b)
        other = inner if reuse else plan.add(a, b)
        return plan.graph(plan.add(inner, c), plan.relu(other))

    nodes = normalize(model(reuse=True)).nodes
    assert [2, 2] == [len(node.edges) for node in nodes if node.op == "add"]


def test_adding_a_tensor_to_itself_is_not_adding_it_once() -> None:
    """Each use of a tensor is an edge of its own."""
    plan, other = Blueprint(), Blueprint()
    x, y = plan.input(2), other.input(2)
    assert not compare_graphs(plan.graph(plan.add(x, x)), other.graph(other.add(y, other.relu(y)))).equivalent


def test_a_layer_called_twice_is_not_two_layers() -> None:
    """Shared weights are told from equal ones, both ways, by name."""

    def twins(shared: bool) -> ModelGraph:
        plan = Blueprint()
        a, b = plan.input(3), plan.input(3)
        first = plan.layer("Dense", (3, 2), (2,), units=2, activation="linear")
        second = first if shared else plan.layer("Dense", (3, 2), (2,), units=2, activation="linear")
        return plan.graph(plan.add(plan.call(first, a, shape=(2,)), plan.call(second, b, shape=(2,))))

    apart = compare_graphs(twins(shared=False), twins(shared=True))
    together = compare_graphs(twins(shared=True), twins(shared=False))
    assert ["weights-not-shared"] == [d.kind for d in apart.differences]
    assert ["weights-wrongly-shared"] == [d.kind for d in together.differences]
    assert (16, 8) == (apart.student_counts.total, apart.reference_counts.total)


def test_a_layer_that_reaches_no_output_is_reported_when_it_holds_parameters() -> None:
    """A traced model may hold layers that it never calls; their parameters would not match."""
    plan, other = Blueprint(), Blueprint()
    plan.layer("Dense", (7, 7), units=7)
    comparison = compare_graphs(
        plan.graph(plan.dense(plan.input(3), 2)), other.graph(other.dense(other.input(3), 2))
    )
    assert not comparison.equivalent
    assert "49" in comparison.differences[0].message


@pytest.mark.parametrize("option", ["names", "initializers"])
def test_an_option_makes_the_comparison_mind_what_it_ignores(option: str) -> None:
    """What is ignored by default counts when a teacher says so."""
    from grader.tasks import CompareOptions

    def model(initializer: str) -> ModelGraph:
        plan = Blueprint()
        x = plan.input(3)
        layer = plan.layer("Dense", (3, 2), units=2, activation="linear", kernel_initializer=initializer)
        plan.layers[layer] = plan.layers[layer].model_copy(update={"name": f"from_{initializer}"})
        return plan.graph(plan.call(layer, x, shape=(2,)))

    one, two = model("zeros"), model("ones")
    assert compare_graphs(one, two).equivalent
    assert not compare_graphs(one, two, CompareOptions(**{option: True})).equivalent


def test_weights_are_mapped_to_their_counterparts() -> None:
    """An equivalent comparison says which weight of the reference each weight stands for."""
    reference = residual_block(4, 8)
    student = shuffled(reference, 7)
    mapping = compare_graphs(student, reference).weight_map
    assert mapping is not None
    assert sorted(mapping) == list(range(len(reference.weights)))
    assert [student.weights[i].shape for i in range(len(mapping))] == [
        reference.weights[j].shape for j in mapping
    ]


def test_an_activation_left_out_or_put_in_is_called_an_activation() -> None:
    """No activation at all is a linear one: the difference is named after the activation, both ways."""
    plan, other = Blueprint(), Blueprint()
    bare = plan.graph(plan.dense(plan.input(3), 2))
    active = other.graph(other.dense(other.input(3), 2, "relu"))
    left_out, put_in = compare_graphs(bare, active).differences, compare_graphs(active, bare).differences
    assert [("wrong-activation", "relu", "none")] == [(d.kind, d.expected, d.found) for d in left_out]
    assert [("wrong-activation", "none", "relu")] == [(d.kind, d.expected, d.found) for d in put_in]


def test_an_input_too_few_or_too_many_is_named_with_both_counts() -> None:
    """The number of inputs is part of the interface, both ways."""

    def model(inputs: int) -> ModelGraph:
        plan = Blueprint()
        tensors = [plan.input(2) for _ in range(inputs)]
        return plan.graph(plan.add(*tensors))

    too_few, too_many = compare_graphs(model(2), model(3)), compare_graphs(model(3), model(2))
    assert ("missing-input", "3", "2") == (
        too_few.differences[0].kind,
        too_few.differences[0].expected,
        too_few.differences[0].found,
    )
    assert "extra-input" == too_many.differences[0].kind
