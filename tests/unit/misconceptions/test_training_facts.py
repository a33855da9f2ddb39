"""The sentences about compiling again and about losses, run on each backend."""

from __future__ import annotations

import pytest

from tests.backends.worker import Workers

pytestmark = pytest.mark.backends
# What happens where `trainable` is changed after the first fit without compiling: opened, shut.
LATE = {"tensorflow": (False, True), "jax": ("ValueError", "ValueError"), "torch": ("ValueError", False)}


@pytest.mark.parametrize("backend", LATE)
def test_training_follows_a_change_until_it_has_begun(workers: Workers, backend: str) -> None:
    """As `not-recompiled` and `loss-missing` say: whether the layer learns, or what fit raises."""
    opened, shut = LATE[backend]
    assert {
        "opened before the first fit": True,
        "shut before the first fit": False,
        "opened after it": opened,
        "shut after it": shut,
        "opened after it, compiled with the old optimizer": "ValueError",
        "opened after it, compiled with a new optimizer": True,
        "a head without a loss": False,
    } == workers[backend].run("tests.unit.misconceptions.training_facts", "seen")
