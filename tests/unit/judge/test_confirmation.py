"""The graph that a kernel described, held against that of the model which was built again."""

from __future__ import annotations

import pytest

from grader.graph import Compiled, Layer, ModelGraph
from grader.judge import confirm
from tests.blueprints import Blueprint, residual_block, shuffled


def pair(second: int = 4) -> ModelGraph:
    plan = Blueprint()
    return plan.graph(plan.dense(plan.dense(plan.input(4), 4), second))


def test_what_agrees_is_judged_as_it_was_described() -> None:
    """A graph that the rebuilt model has as well is confirmed, with what no config keeps."""
    claimed = pair().model_copy(update={"name": "mine", "compiled": Compiled(optimizer="Adam")})
    found = confirm(claimed, pair())
    assert (claimed, "", "") == (found.graph, found.doubt, found.note)


def test_a_graph_that_agrees_in_all_that_counts_is_judged_as_it_was_described() -> None:
    """Where the two are one architecture written otherwise, the kernel's stands, with its compile state."""
    plan = Blueprint()
    start = plan.input(4)
    plan.tensor(9)  # that nothing makes
    rebuilt = plan.graph(plan.dense(plan.dense(start, 4), 4))
    claimed = pair().model_copy(update={"compiled": Compiled(optimizer="Adam")})
    found = confirm(claimed, rebuilt)
    assert (claimed, "", "") == (found.graph, found.doubt, found.note)


def _exchanged(graph: ModelGraph) -> tuple[Layer, ...]:
    """The layers, each with the other's weights: of equal sizes, so that only the order tells."""
    one, other = graph.layers
    return (
        one.model_copy(update={"weights": other.weights}),
        other.model_copy(update={"weights": one.weights}),
    )


@pytest.mark.parametrize("change", ["api", "name", "order", "trainable", "from_run"])
def test_what_no_comparison_looks_at_has_to_agree(change: str) -> None:
    """A forged API, layer name or flag is not confirmed by a config that says otherwise."""
    rebuilt = pair()
    weight, layer = rebuilt.weights[0], rebuilt.layers[0]
    forged = {
        "api": {"api": "sequential"},
        "name": {"layers": (layer.model_copy(update={"name": "asked"}), *rebuilt.layers[1:])},
        "order": {"layers": _exchanged(rebuilt)},
        "trainable": {"weights": (weight.model_copy(update={"trainable": False}), *rebuilt.weights[1:])},
        "from_run": {"from_run": True},
    }
    found = confirm(rebuilt.model_copy(update=forged[change]), rebuilt)
    assert (None, "") == (found.graph, found.doubt)
    assert found.note


@pytest.mark.parametrize(
    ("claimed", "rebuilt"),
    [
        (residual_block(), residual_block(kind="missing-skip")),
        (residual_block(kind="missing-skip"), residual_block()),
        (pair(4), pair(3)),
    ],
    ids=["right claimed", "wrong claimed", "size"],
)
def test_another_model_is_doubted_and_judged_in_its_place(claimed: ModelGraph, rebuilt: ModelGraph) -> None:
    """A graph that its own config contradicts is not judged; a person is told."""
    found = confirm(claimed, rebuilt)
    assert (rebuilt, "") == (found.graph, found.note)
    assert "is not the one that its config builds" in found.doubt


def test_a_claim_of_more_weights_is_doubted() -> None:
    """Weights that no layer has would change the count of parameters."""
    claimed = pair()
    more = claimed.model_copy(update={"weights": (*claimed.weights, claimed.weights[0])})
    assert confirm(more, claimed).doubt


def test_what_a_config_does_not_keep_is_neither_confirmed_nor_doubted() -> None:
    """A model that differs from the described one in a trainable flag alone has to answer for itself."""
    graph = shuffled(residual_block(), 2)
    weights = tuple(weight.model_copy(update={"trainable": False}) for weight in graph.weights)
    found = confirm(graph.model_copy(update={"weights": weights}), residual_block())
    assert (None, "") == (found.graph, found.doubt)
    assert found.note
