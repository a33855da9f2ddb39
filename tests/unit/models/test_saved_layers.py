"""Every layer and setting of Keras comes back out of a saved file."""

from __future__ import annotations

import pytest

from tests.backends.worker import Workers

pytestmark = [pytest.mark.keras, pytest.mark.backends, pytest.mark.slow]

MODULE = "tests.unit.models.saved_layers"


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_no_correct_model_is_refused(backend: str, workers: Workers) -> None:
    """A model of each layer that Keras exports, and of each setting, is read from its file as it was saved."""
    assert {} == workers[backend].run(MODULE, "refused")
