"""The right tensors in another order: one sentence that names both orders."""

from __future__ import annotations

from grader.comparison import Difference, analyse, compare_graphs
from grader.graph import ModelGraph
from grader.misconceptions import diagnose
from tests.blueprints import Blueprint


def joined(*order: int, branches: int = 3) -> ModelGraph:
    """Dense layers of one input, concatenated in that order."""
    plan = Blueprint()
    x = plan.input(6)
    made = [plan.dense(x, 2 + number) for number in range(branches)]
    return plan.graph(plan.concatenate(*(made[number] for number in order)))


def fed(*order: int, widths: tuple[int, ...], names: tuple[str, ...] = ("", "")) -> ModelGraph:
    """Two inputs, each with a layer of its own, listed in that order."""
    plan = Blueprint()
    inputs = [plan.input(width) for width in widths]
    graph = plan.graph(plan.dense(plan.concatenate(plan.dense(inputs[0], 3), plan.dense(inputs[1], 4)), 1))
    ports = [graph.inputs[number].model_copy(update={"name": names[number]}) for number in order]
    listed = tuple(port.model_copy(update={"key": str(place)}) for place, port in enumerate(ports))
    return graph.model_copy(update={"inputs": listed})


def only(student: ModelGraph, reference: ModelGraph) -> Difference:
    (difference,) = compare_graphs(student, reference).differences
    return difference


def test_a_concatenation_in_another_order_names_both_orders() -> None:
    """All of its inputs are listed as they are, then as they should be."""
    assert (
        "The Concatenate takes its inputs in another order: the third Dense, the second Dense and the first Dense, "
        "expected the first Dense, the second Dense and the third Dense."
    ) == only(joined(2, 1, 0), joined(0, 1, 2)).message


def test_of_many_inputs_those_are_named_that_stand_elsewhere() -> None:
    """Ten inputs of which two changed places make a sentence of two."""
    swapped = joined(0, 1, 3, 2, 4, 5, 6, 7, 8, 9, branches=10)
    assert (
        "The Concatenate takes its inputs in another order: the fourth Dense and the third Dense, expected the third "
        "Dense and the fourth Dense."
    ) == only(swapped, joined(*range(10), branches=10)).message


def test_the_last_hint_gives_the_order() -> None:
    """It says what to pass, and speaks of no variable that was assigned again."""
    (found,) = diagnose(analyse(joined(1, 0, branches=2), joined(0, 1, branches=2)))
    assert "Pass the first Dense and the second Dense, in this order, at the Concatenate." == found.hints[2]


def test_inputs_of_one_shape_are_told_apart_by_what_they_feed() -> None:
    """Where they have no names, the layer behind each says which one it is."""
    assert (
        "The inputs are listed in another order: the first input (into the second Dense) and the second input (into "
        "the first Dense), expected the second input (into the first Dense) and the first input (into the second Dense)."
    ) == only(fed(1, 0, widths=(5, 5)), fed(0, 1, widths=(5, 5))).message


def test_inputs_that_the_student_named_go_by_their_names() -> None:
    """A name that Keras made up is none."""
    names = ("left", "right")
    student = fed(1, 0, widths=(5, 5), names=names)
    expected = "The inputs are listed in another order: 'right' and 'left', expected 'left' and 'right'."
    assert expected == only(student, fed(0, 1, widths=(5, 5))).message
    unnamed = fed(1, 0, widths=(5, 5), names=("input_layer_1", "right"))
    assert "(into the first Dense)" in only(unnamed, fed(0, 1, widths=(5, 5))).message


def test_inputs_of_other_shapes_go_by_their_shapes() -> None:
    """The order found comes first, then the one expected."""
    assert (
        "The inputs are listed in another order: (None, 5) and (None, 7), expected (None, 7) and (None, 5)."
    ) == only(fed(1, 0, widths=(7, 5)), fed(0, 1, widths=(7, 5))).message
