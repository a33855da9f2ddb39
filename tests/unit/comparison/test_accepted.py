"""A way of writing that is accepted by itself is not told beside what is really wrong."""

from __future__ import annotations

import pytest

from tests.backends.worker import Workers

MODULE = "tests.unit.comparison.accepted_models"
ACTIVATION = "After the first Dense, expected the activation relu, found tanh."
UNITS = "The first Dense has units=7, expected units=6."
UNREAD = (
    "After the first Dense, expected the activation relu, found own_relu. What a class or function of your own "
    "computes was not read: this counts only if it is something else."
)
BESIDE = {
    "a float input and other units": [UNITS],
    "a float input and another activation": [ACTIVATION],
    "another class and another activation": [ACTIVATION],
    "a function of one's own and other units": [
        UNITS,
        UNREAD,
    ],
}


@pytest.mark.backends
@pytest.mark.parametrize("pair", ["a float input", "another class", "a function of one's own"])
def test_it_is_accepted_by_itself(workers: Workers, pair: str) -> None:
    """Outputs decide, and they agree."""
    assert [True, []] == workers["torch"].run(MODULE, "told", pair=pair)


@pytest.mark.backends
@pytest.mark.parametrize("pair", list(BESIDE))
def test_beside_a_slip_it_is_not_told_or_comes_last_and_says_so(workers: Workers, pair: str) -> None:
    """Whoever mended it first would see no change."""
    assert [False, BESIDE[pair]] == workers["torch"].run(MODULE, "told", pair=pair)


@pytest.mark.backends
@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("a float input", "The input has the dtype float32, expected int32."),
        ("another class", "After the GlobalAveragePooling1D, expected a Gate, found a Door."),
        (
            "a function of one's own",
            "After the first Dense, expected the activation relu, found own_relu.",
        ),
    ],
)
def test_it_is_told_where_it_is_all_there_is(workers: Workers, pair: str, message: str) -> None:
    """Graphs alone cannot be run, and a verdict has a reason."""
    assert [False, [message]] == workers["torch"].run(MODULE, "told_of_graphs", pair=pair)


@pytest.mark.backends
def test_it_is_told_where_outputs_do_not_decide(workers: Workers) -> None:
    """With an option that minds how a model is written, another dtype is a difference like any other."""
    equivalent, messages = workers["torch"].run(
        MODULE, "told", pair="a float input and other units", initializers=True
    )
    assert not equivalent
    assert "The input has the dtype float32, expected int32." == messages[0]
