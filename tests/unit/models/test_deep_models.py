"""Large models are read whatever Python's recursion limit is when they are."""

import pytest

pytestmark = [pytest.mark.backends, pytest.mark.slow]

# Python's own limit, which the worker's process keeps.
LIMIT = 1000


@pytest.mark.parametrize("name", ["chain", "residual", "sequential"])
def test_two_thousand_calls_are_read_compared_and_written(workers, name):
    """A model of 2,000 calls is described, normalised, compared, drawn or refused, and written as JSON."""
    seen = workers["torch"].run("tests.unit.models.deep_models", "read", name=name, size=2000)
    assert {
        "calls": 2000,
        "levels": 0,
        "json": True,
        "equivalent": True,
        "live": True,
        "other": False,
        "drawn": True,
        "limit": LIMIT,
    } == seen


@pytest.mark.parametrize(
    ("name", "levels"), [("nested", 500), ("nested_sequential", 500), ("nested_layers", 200)]
)
def test_hundreds_of_levels_are_read_compared_and_written(workers, name, levels):
    """Models nested 500 deep, and layers of one's own 200 deep, are described, compared and run."""
    seen = workers["torch"].run("tests.unit.models.deep_models", "read", name=name, size=levels)
    assert {
        "calls": 1,
        "levels": levels,
        "json": True,
        "equivalent": True,
        "live": True,
        "other": False,
        "drawn": True,
        "limit": LIMIT,
    } == seen


def test_a_model_deeper_than_the_machines_stack_is_refused(workers):
    """A model of more than a thousand levels is refused with the number, before Python runs out of stack."""
    message = workers["torch"].run("tests.unit.models.deep_models", "refusal", name="nested", size=1001)
    assert "1,003 levels deep. Models of up to 1,000 levels can be read." in message
