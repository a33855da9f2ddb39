"""Runs on JAX, compiled as a whole: the same as call by call, or made call by call."""

from __future__ import annotations

from typing import Any

import pytest

from tests.backends.worker import Workers

pytestmark = pytest.mark.backends


def ran(workers: Workers, name: str) -> Any:
    return workers["jax"].run("tests.unit.models.runs", "both_ways", name=name)


@pytest.mark.parametrize("name", ["recurrent", "normalised", "regularised", "in_numpy"])
def test_a_compiled_run_gives_what_a_plain_one_gives(workers: Workers, name: str) -> None:
    """Outputs, changed weights and penalties agree in both modes, and the model keeps its own weights."""
    found = ran(workers, name)
    assert found["apart"] < 1e-5
    assert all(ours == theirs for ours, theirs in [*found["changed"], *found["penalties"]])
    assert found["kept"]


def test_what_a_run_changes_and_costs_is_seen(workers: Workers) -> None:
    """The runs of the test above could have differed: statistics move in training, penalties are not zero."""
    (quiet, _), (moved, _) = ran(workers, "normalised")["changed"]
    assert ([], 2) == (quiet, len(moved))
    assert all(ours > 0 for ours, _ in ran(workers, "regularised")["penalties"])


def test_a_model_that_cannot_be_compiled_is_run_as_it_stands(workers: Workers) -> None:
    """Code that asks for values is run call by call; other models are compiled."""
    assert [True, False] == [ran(workers, name)["compiled"] for name in ("recurrent", "in_numpy")]


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_weights_of_which_a_layer_keeps_a_copy_count(workers: Workers, backend: str) -> None:
    """``Normalization`` computes with copies of its mean and variance; it does so with those it is given, and goes back."""
    found = workers[backend].run("tests.unit.models.runs", "statistics")
    assert found == pytest.approx({"borrowed": 2.0, "own": 5.0}, abs=1e-4)
