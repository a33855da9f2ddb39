"""Whether the outputs of a model react to each of its layers."""

import pytest

pytestmark = pytest.mark.backends

BACKENDS = ("tensorflow", "jax", "torch")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("model", "felt", "expected"),
    [
        ("dead", [], ["dead/kernel", "dead/bias"]),
        ("dead", [2, 3], []),  # said to be felt, and so not tried
        ("mixed", [], []),
        ("behind", [], []),
        ("second sample", [], []),
    ],
)
def test_weights_without_a_reaction_are_found(workers, backend, model, felt, expected):
    """A branch times nought is silent; what shows in one sample of several, or between them, is not."""
    found = workers[backend].run("tests.unit.models.reactions", "silent", model=model, felt=felt)
    assert {"silent": expected, "kept": True} == found
