"""Code that cannot be read as a graph is run: one name and equal settings are no proof."""

from __future__ import annotations

from typing import Any

import pytest

from tests.backends.worker import Workers

pytestmark = pytest.mark.backends

BACKENDS = ["tensorflow", "jax", "torch"]


def asked(workers: Workers, backend: str, function: str, **arguments: str) -> Any:
    return workers[backend].run("tests.unit.behaviour.code_unread", function, **arguments)


@pytest.mark.parametrize("backend", BACKENDS)
def test_code_of_one_name_that_computes_something_else_is_refused(workers: Workers, backend: str) -> None:
    """Both models are run, and the step whose code cannot be read is named with how far the outputs lie apart."""
    for name, (equivalent, messages, _) in asked(workers, backend, "compared", which="apart").items():
        assert not equivalent, name
        assert messages, name
        if "beside" not in name:
            assert "than expected: with the same weights and inputs" in messages[0], name


@pytest.mark.parametrize("backend", BACKENDS)
def test_code_that_computes_the_same_is_accepted(workers: Workers, backend: str) -> None:
    """Nobody is refused for code of their own, nor for random numbers that no run can repeat."""
    for name, (equivalent, messages, said) in asked(workers, backend, "compared", which="same").items():
        assert (True, []) == (equivalent, messages), (name, said)
        assert said.startswith("Equivalent"), name


def test_what_could_not_be_looked_at_is_said(workers: Workers) -> None:
    """Two graphs alone cannot be run: equal names and settings are told as what they are."""
    said = asked(workers, "torch", "from_graphs")
    assert "Equivalent, as far as can be seen" in said
    assert "inside Repeated" in said
