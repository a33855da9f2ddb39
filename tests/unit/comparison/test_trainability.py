"""What may learn is compared where a task asks, and said in few sentences."""

import pytest

from grader.comparison import Comparison, compare_graphs
from grader.graph import ModelGraph
from grader.tasks import CompareOptions
from tests.blueprints import Blueprint, shuffled

ASKED = CompareOptions(trainable=True)
STATISTICS = (2, 3)  # of a normalization's four weights: they never learn


def network(frozen: tuple[int, ...] = (), *, scope: bool = False, nodes: int = 3) -> ModelGraph:
    """Return a chain of convolutions and normalizations with a Dense head; ``frozen`` are indexes of layers."""
    plan = Blueprint()
    x = plan.input(8, 8, 3)
    for _ in range(nodes):
        x = plan.norm(plan.conv(x, 4))
    inside = len(plan.calls)
    graph = plan.graph(plan.dense(x, 2))
    layers, weights = list(graph.layers), list(graph.weights)
    for index, layer in enumerate(layers):
        learns = index not in frozen
        layers[index] = layer.model_copy(update={"trainable": learns})
        for position, weight in enumerate(layer.weights):
            own = layer.class_name == "BatchNormalization" and position in STATISTICS
            weights[weight] = weights[weight].model_copy(update={"trainable": learns and not own})
    graph = graph.model_copy(update={"layers": tuple(layers), "weights": tuple(weights)})
    if not scope:
        return graph
    layers.append(
        graph.layers[0].model_copy(update={"class_name": "Functional", "name": "base", "weights": ()})
    )
    calls = tuple(
        call.model_copy(update={"scope": (len(layers) - 1,)}) if index < inside else call
        for index, call in enumerate(graph.calls)
    )
    return graph.model_copy(update={"layers": tuple(layers), "calls": calls})


def compared(student: ModelGraph, reference: ModelGraph, options: CompareOptions = ASKED) -> Comparison:
    return compare_graphs(shuffled(student, seed=3), reference, options)


@pytest.mark.parametrize("frozen", [(), (0, 1), (1, 3, 5), tuple(range(7))])
def test_equal_flags_are_equal_in_any_order_of_writing(frozen: tuple[int, ...]) -> None:
    """The same layers frozen, written down otherwise, are no difference."""
    assert compared(network(frozen), network(frozen)).equivalent


def test_flags_count_only_where_a_task_asks() -> None:
    """By itself a comparison is about architecture."""
    assert compared(network(), network(tuple(range(6))), CompareOptions()).equivalent


def test_an_open_backbone_is_one_difference() -> None:
    """Six layers that should be frozen are one difference, with their number, place and parameters."""
    student, reference = network(scope=True), network(tuple(range(6)), scope=True)
    comparison = compare_graphs(student, reference, ASKED)
    (difference,) = comparison.differences
    assert ("not-frozen", "in the model 'base'") == (difference.kind, difference.where)
    assert ("frozen", "trainable") == (difference.expected, difference.found)
    assert difference.message.startswith("6 layers can be trained that should be frozen: the first Conv2D, ")
    more = student.count_weights(trainable=True) - reference.count_weights(trainable=True)
    assert difference.message.endswith(f"and 3 more ({more} parameters).")
    assert 6 == len(difference.student) == len(difference.reference)
    assert not comparison.equivalent


def test_a_frozen_layer_is_named_with_its_place() -> None:
    """One layer that should learn is one sentence about that layer."""
    (difference,) = compared(network((2,)), network()).differences
    size = network().count_weights(trainable=True) - network((2,)).count_weights(trainable=True)
    assert ("still-frozen", "at the Conv2D named 'renamed_2'") == (difference.kind, difference.where)
    assert (
        f"The Conv2D named 'renamed_2' is frozen, expected trainable ({size} parameters)."
        == difference.message
    )


def test_both_directions_are_two_differences() -> None:
    """What should be frozen and what should learn are told apart."""
    found = compared(network((6,)), network((0, 1))).differences
    assert ["not-frozen", "still-frozen"] == [difference.kind for difference in found]
    assert "from the Conv2D named 'renamed_0' to the BatchNormalization named 'renamed_1'" == found[0].where


def test_the_comparison_is_the_same_from_the_other_side() -> None:
    """What is too free for one is too fixed for the other."""
    pairs = ((network((0, 1)), network()), (network(), network((0, 1))))
    assert ["still-frozen", "not-frozen"] == [compared(*pair).differences[0].kind for pair in pairs]


def without_scale(graph: ModelGraph, moving: bool) -> ModelGraph:
    """Take gamma and beta from every normalization, so that only its layer's flag says whether it moves."""
    layers = tuple(
        layer.model_copy(update={"weights": layer.weights[2:], "trainable": moving})
        if layer.class_name == "BatchNormalization"
        else layer
        for layer in graph.layers
    )
    kept = [weight for layer in layers for weight in layer.weights]
    at = {weight: place for place, weight in enumerate(kept)}
    layers = tuple(
        layer.model_copy(update={"weights": tuple(at[weight] for weight in layer.weights)})
        for layer in layers
    )
    return graph.model_copy(
        update={"layers": layers, "weights": tuple(graph.weights[weight] for weight in kept)}
    )


def test_a_normalization_without_weights_to_learn_still_moves_its_statistics() -> None:
    """The layer's own flag counts where it has neither gamma nor beta."""
    shut = without_scale(network(), moving=False)
    (difference,) = compared(without_scale(network(), moving=True), shut).differences
    assert "not-frozen" == difference.kind
    assert difference.message.startswith(
        "3 layers can be trained that should be frozen: the BatchNormalization"
    )
    assert "parameters" not in difference.message
    assert compared(shut, shut).equivalent


def towers(frozen: int, *, normalized: bool = False) -> ModelGraph:
    """Return two equal branches that are added, one of them frozen."""
    plan = Blueprint()
    x = plan.input(4)
    if normalized:
        graph = without_scale(plan.graph(plan.add(plan.norm(x), plan.norm(x))), moving=True)
    else:
        graph = plan.graph(plan.add(plan.dense(x, 3), plan.dense(x, 3)))
    layers, weights = list(graph.layers), list(graph.weights)
    layers[frozen] = layers[frozen].model_copy(update={"trainable": False})
    for weight in range(len(weights)) if normalized else layers[frozen].weights:  # statistics never learn
        weights[weight] = weights[weight].model_copy(update={"trainable": False})
    return graph.model_copy(update={"layers": tuple(layers), "weights": tuple(weights)})


@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize("student", [0, 1])
def test_of_two_equal_branches_either_may_be_the_frozen_one(student: int, normalized: bool) -> None:
    """A sum has no order, so the frozen branch is paired with the frozen one."""
    pair = towers(student, normalized=normalized), towers(1, normalized=normalized)
    assert compare_graphs(*pair, ASKED).equivalent


def twice(frozen: bool) -> ModelGraph:
    """Return one layer called on two inputs."""
    plan = Blueprint()
    left, right = plan.input(4), plan.input(4)
    shared = plan.layer("Dense", (4, 3), (3,), units=3, activation="linear")
    ends = [plan.call(shared, x, shape=(3,)) for x in (left, right)]
    graph = plan.graph(plan.concatenate(*ends))
    weights = tuple(weight.model_copy(update={"trainable": not frozen}) for weight in graph.weights)
    return graph.model_copy(update={"weights": weights})


def test_a_layer_called_twice_is_one_layer() -> None:
    """Its parameters are counted once, and it is named once."""
    (difference,) = compared(twice(frozen=False), twice(frozen=True)).differences
    size = twice(frozen=False).count_weights()
    assert f"The first Dense can be trained, expected frozen ({size} parameters)." == difference.message


def test_what_cannot_be_paired_is_compared_by_number() -> None:
    """An opaque layer in the place of two others holds as many parameters, and none of them learns."""
    plan = Blueprint()
    opaque = plan.layer("Head", (4, 3), (3,), (3, 2), (2,), origin="custom")
    student = plan.graph(plan.call(opaque, plan.input(4), shape=(2,)))
    weights = tuple(weight.model_copy(update={"trainable": False}) for weight in student.weights)
    plan = Blueprint()
    reference = plan.graph(plan.dense(plan.dense(plan.input(4), 3), 2))
    found = compared(student.model_copy(update={"weights": weights}), reference).differences[-1]
    size = reference.count_weights()
    assert ("still-frozen", f"0 parameters can be trained, expected {size}.") == (found.kind, found.message)


def test_another_layer_in_the_place_is_no_matter_of_flags() -> None:
    """What stands in for a layer has weights of its own; that it is another layer says it all."""

    def chain(kind: str, *weights: tuple[int, ...]) -> ModelGraph:
        plan = Blueprint()
        x = plan.dense(plan.input(4), 3)
        return plan.graph(plan.dense(plan.call(plan.layer(kind, *weights), x, shape=(3,)), 2))

    student = chain("EinsumDense", (3, 3), (3,), (3,))
    frozen = tuple(weight.model_copy(update={"trainable": False}) for weight in student.weights[2:5])
    student = student.model_copy(update={"weights": (*student.weights[:2], *frozen, *student.weights[5:])})
    found = compared(student, chain("PReLU", (3,))).differences
    assert ["wrong-layer"] == [difference.kind for difference in found]


def test_flags_are_compared_beside_another_difference() -> None:
    """A layer too many does not hide that the backbone is open; it is said first."""
    found = compared(network(nodes=4), network(tuple(range(6)))).differences
    assert "extra-layer" == found[0].kind
    assert "not-frozen" == found[-1].kind
