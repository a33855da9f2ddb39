"""A part of a model that is missing, or too many, with branches of its own: one difference."""

from __future__ import annotations

from grader.comparison import analyse
from grader.graph import ModelGraph
from tests.blueprints import Blueprint


def with_part(present: bool, *, called: bool = True) -> ModelGraph:
    """Join a row of three with a part of three branches; not ``called``, its layers are held idle."""
    plan = Blueprint()
    x = plan.input(4)
    ends = [plan.dense(plan.relu(x), 2)]
    if present:
        branches = [plan.dense(x, 3, "tanh"), plan.dense(plan.dense(x, 5), 3), plan.dense(x, 3, "elu")]
        joined = plan.dense(plan.add(*branches), 2)
        ends += [joined] if called else []
    return plan.graph(plan.dense(plan.concatenate(*ends, x), 1))


def test_a_part_that_is_missing_is_one_difference_with_all_its_steps() -> None:
    """Its branches, their join and what follows are counted by kind, and placed after what feeds the part."""
    (found,) = analyse(with_part(False), with_part(True)).differences
    assert "missing-layer" == found.kind
    assert (
        "After the input, expected a part of 8 steps, found none of them: 5 × Dense, a tanh, an elu and an Add."
        == found.message
    )
    assert 6 == len(found.reference)


def test_a_part_that_is_too_many_is_one_difference_with_all_its_steps() -> None:
    """The other way round the part is told as one that the expected model does not have."""
    (found,) = analyse(with_part(True), with_part(False)).differences
    assert "extra-layer" == found.kind
    assert found.message.startswith(
        "After the input, found a part of 8 steps that the expected model does not"
    )


def test_a_part_whose_layers_lead_nowhere_is_a_dead_branch() -> None:
    """A model that holds the layers of the part and uses none of them is told so, once."""
    (found,) = analyse(with_part(True, called=False), with_part(True)).differences
    assert "dead-branch" == found.kind
    assert found.message.endswith("The model holds such layers, and no output depends on them.")
