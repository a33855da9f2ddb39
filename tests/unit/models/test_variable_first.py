"""A variable on the left of an operator is read like one on the right."""

import pytest

pytestmark = pytest.mark.backends

MODULE = "tests.unit.models.variable_first"


@pytest.fixture(params=["tensorflow", "jax", "torch"])
def ask(request, workers):
    """Ask the functions of ``variable_first.py`` on each backend."""
    return lambda fact, **given: workers[request.param].run(MODULE, fact, **given)


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("w + x", "x + w", True),
        ("w * x", "x * w", True),
        ("w - x", "ops w - x", True),
        ("w / x", "ops w / x", True),
        ("w - x", "x - w", False),
        ("w / x", "x / w", False),
        ("w + x", "w * x", False),
    ],
)
def test_a_variable_on_the_left_is_followed(ask, one, two, same):
    """Sums and products are the same either way round, differences and quotients are not; nothing stays opaque."""
    assert [same, 0] == ask("compared", one=one, two=two)


def test_a_variables_operators_are_its_own_again(ask):
    """After describing, the operators of Keras's variables are those there were."""
    assert [] == ask("operators_after")
