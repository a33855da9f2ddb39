"""Random models: written otherwise they are the same, and one change is told in few words at its place."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from grader.comparison import analyse
from grader.graph import ModelGraph
from tests.backends.worker import Workers
from tests.blueprints import Blueprint, shuffled
from tests.random_models.drawing import plans
from tests.random_models.mutations import MUTATIONS
from tests.random_models.oracle import networkx_says
from tests.random_models.plans import Plan
from tests.random_models.tally import table, tally
from tests.random_models.writing import write

# The same draws every time; shrinking a whole model takes minutes and makes it no clearer. How long drawing takes
# says how busy the machine is.
fixed = settings(
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
SEEDS = range(600)
DRAWS = 12  # of each mutation


@given(plans(), st.integers(0, 2**32), st.integers(0, 2**32))
@settings(fixed, max_examples=100)
def test_a_copy_in_another_style_is_the_same_model(plan: Plan, one: int, other: int) -> None:
    """Renamed, reordered, nested anew and written in another style, a model is what it was."""
    plain, styled = write(plan).graph, write(plan, random.Random(one)).graph
    third = shuffled(write(plan, random.Random(other)).graph, one)
    assert () == analyse(styled, plain).differences
    assert () == analyse(third, styled).differences


@given(plans(), plans())
@settings(fixed, max_examples=50)
def test_two_drawings_are_the_same_when_networkx_says_so(first: Plan, second: Plan) -> None:
    """Two random models are found equal exactly when networkx finds an isomorphism."""
    ours, theirs = write(first).graph, write(second).graph
    assert networkx_says(ours, theirs, ordered=False) == analyse(ours, theirs).same


def test_one_change_gives_few_differences_and_one_of_them_at_its_place() -> None:
    """One mutation is never equal; in 95% of draws it gives at most three differences, one at the place.

    At the place is a difference whose calls include a call that was changed, or a direct neighbour of one: what
    feeds it, and what it feeds, before or after the change. A layer that is called several times is changed at
    all its calls. Where the model's inputs or outputs were changed, a difference of the inputs or outputs is at
    the place as well, since these are no calls.
    """
    rows = tally(SEEDS, DRAWS)
    *each, total = rows
    assert set(MUTATIONS) == {row.name for row in each if row.draws == DRAWS}, table(rows)
    assert 0 == total.equal, table(rows)
    assert total.good >= 0.95 * total.draws, table(rows)


@st.composite
def sharing_patterns(draw: st.DrawFn) -> ModelGraph:
    """Draw branches that are alike but for which layers they call: cycles of sharing, chains, and fans."""
    layers = draw(st.integers(2, 6))
    if draw(st.booleans()):
        there = draw(st.permutations(range(layers)))
        branches = [[here, there[here]] for here in range(layers)]  # each layer twice: cycles of some lengths
    else:
        branches = draw(
            st.lists(st.lists(st.integers(0, layers - 1), min_size=2, max_size=3), min_size=2, max_size=6)
        )
    plan = Blueprint()
    x = plan.input(4)
    shared = {
        layer: plan.layer("Dense", (4, 4), units=4, activation="linear")
        for layer in {layer for branch in branches for layer in branch}
    }
    ends = []
    for branch in branches:
        called = [plan.call(shared[layer], x, shape=(4,)) for layer in branch]
        ends.append(plan.relu(plan.add(called[0], *[plan.relu(call) for call in called[1:]])))
    return plan.graph(plan.add(*ends))


@given(sharing_patterns(), sharing_patterns(), st.integers(0, 99))
@settings(fixed, max_examples=150)
def test_sharing_is_compared_as_a_partition_of_calls(
    first: ModelGraph, second: ModelGraph, seed: int
) -> None:
    """Which calls share a layer is what networkx finds, however regular the pattern, and in any order."""
    assert networkx_says(first, second) == analyse(shuffled(first, seed), second).same
    assert analyse(shuffled(first, seed), first).same


@pytest.mark.backends
def test_one_plan_written_as_two_keras_models_is_one_architecture(workers: Workers) -> None:
    """Functional, nested and subclassed, with operators and with layers: what Keras builds is read as the same."""
    found = workers["torch"].run("tests.random_models.keras_models", "failures", first=0, last=25)
    assert {"functional", "nested", "subclassed"} == set(found["ways"])
    assert [] == found["apart"]
