"""What is said of a difference agrees with what the student wrote and with what the models compute."""

from __future__ import annotations

import pytest

from tests.backends.worker import Workers

pytestmark = pytest.mark.backends

MODULE = "tests.unit.comparison.told_models"


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_a_name_that_keras_chose_is_no_name(workers: Workers, backend: str) -> None:
    """The number in it counts the layers of a process: a builder called twice makes one architecture."""
    assert [True, [], []] == workers[backend].run(MODULE, "told", pair="named by Keras twice", names=True)


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("named by Keras and by hand", "The first Dense has name=None, expected name='encoder'."),
        (
            "named by hand and by Keras",
            "After the second Dense, expected the activation relu, found relu(name='bend').",
        ),
    ],
)
def test_a_name_that_its_author_chose_is_compared(workers: Workers, pair: str, message: str) -> None:
    """A task that asks for names is met by those names alone."""
    assert [False, [message]] == workers["torch"].run(MODULE, "told", pair=pair, names=True)[:2]


@pytest.mark.parametrize(
    ("pair", "messages"),
    [
        (
            "all in a dict for lists",
            [
                "The model takes a dict with the keys 'body' and 'title', expected a list.",
                "The model gives a dict with the keys 'department' and 'priority', expected a list.",
            ],
        ),
        (
            "outputs in a list for a dict",
            ["The model gives a list, expected a dict with the keys 'department' and 'priority'."],
        ),
    ],
)
def test_outputs_under_keys_are_in_no_order(workers: Workers, pair: str, messages: list[str]) -> None:
    """Where one side is a dict, only that is told, and not that the outputs are swapped."""
    same, found, hints = workers["torch"].run(MODULE, "told", pair=pair)
    assert (False, messages) == (same, found)
    assert ["order" in hint or "sigmoid" in hint for hint in hints] == [False]


SAID = {
    "a ReLU without its bound": (
        "After the first Dense, expected the activation relu(max_value=20), found relu.",
        "After the first Dense, call `keras.layers.ReLU(max_value=20)`, not relu.",
    ),
    "a ReLU with a bound": (
        "After the first Dense, expected the activation relu, found relu(max_value=20).",
        (
            "After the first Dense, call `keras.layers.Activation('relu')`, or set `activation='relu'`, not "
            "relu(max_value=20)."
        ),
    ),
    "a ReLU with another threshold": (
        "After the first Dense, expected the activation relu(threshold=1), found relu(threshold=0.5).",
        "After the first Dense, call `keras.layers.ReLU(threshold=1)`, not relu(threshold=0.5).",
    ),
    "other numbers in a small table": (
        (
            "At the Add, expected x + an array of shape (6, 4) with 22.0 at [5, 2], found x + an array of shape (6, 4) "
            "with 22.5 at [5, 2]."
        ),
        (
            "Write x + an array of shape (6, 4) with 22.0 at [5, 2] at the Add, in place of x + an array of shape (6, 4) "
            "with 22.5 at [5, 2]."
        ),
    ),
    "other numbers in a large table": (
        "At the Add, expected x + an array of shape (24, 24) with other numbers, found x + an array of shape (24, 24).",
        "Write x + an array of shape (24, 24) with other numbers at the Add, in place of x + an array of shape (24, 24).",
    ),
    "a tiny number added": (
        "At the step x + 1e-12, expected x + 0.001, found x + 1e-12.",
        "Write x + 0.001 at the step x + 1e-12, in place of x + 1e-12.",
    ),
    "scaled by one number, not shifted": (
        "At the step x / 255.0, expected x * 0.00784314 - 1, found x * 0.00392157.",
        "what is asked for is `x / 127.5`, then `x - 1`.",
    ),
    "not taken from one": (
        "After the first Dense, expected the step 1 - x, found the second Dense at once.",
        "After the first Dense, write `1 - x`",
    ),
    "the largest for the mean": (
        "After the first Dense, expected an ops.mean, found an ops.max.",
        "After the first Dense, write `ops.mean(x, axis=1, keepdims=True)` in place of ops.max.",
    ),
    "the mean not taken off": (
        "After the first Dense, expected an ops.mean and a Subtract, found the second Dense at once.",
        "After the first Dense, write `ops.mean(x, axis=1, keepdims=True)`, then `x - y`",
    ),
    "two means, one bent": (
        "After the ops.mean, expected the activation tanh, found relu.",
        "After the ops.mean, call `keras.layers.Activation('tanh')`",
    ),
    "a Rescaling layer set otherwise": (
        "The Rescaling(0.5) has scale=0.5, expected scale=0.25.",
        "Set scale=0.25 at the Rescaling(0.5).",
    ),
    "a lambda as activation": (
        "After the first Dense, expected the activation a lambda function, found gelu.",
        "After the first Dense, give the layer the function itself: `keras.layers.Activation(lambda x: ...)`, not gelu.",
    ),
    "a function as activation": (
        "After the first Dense, expected the activation _swishing, found gelu.",
        "After the first Dense, give the layer the function itself: `keras.layers.Activation(_swishing)`, not gelu.",
    ),
    "sampled the wrong way round": (
        (
            "The Sampling takes its inputs in another order: the Dense named 'z_log_var' and the Dense named 'z_mean', "
            "expected the Dense named 'z_mean' and the Dense named 'z_log_var'."
        ),
        "Pass the Dense named 'z_mean' and the Dense named 'z_log_var', in this order, at the Sampling.",
    ),
    "given the wrong way round": (
        (
            "The outputs are the Dense named 'z_log_var', the Dense named 'z_mean' and the Sampling in that order, "
            "expected the Dense named 'z_mean', the Dense named 'z_log_var' and the Sampling."
        ),
        "of outputs: the Dense named 'z_mean', the Dense named 'z_log_var' and the Sampling.",
    ),
    "a shortcut from before the block": (
        "The Add takes the first relu, expected the second relu.",
        "Write `shortcut = x` where `x` is what the second relu gives, and add `shortcut` at the end of the block.",
    ),
    "a shortcut from inside the block": (
        "The Add takes the second relu, expected the first relu.",
        "Write `shortcut = x` before the first layer of the block, and add `shortcut` at the end.",
    ),
}


@pytest.mark.parametrize("pair", list(SAID))
def test_the_sentence_and_the_hint_name_what_differs(workers: Workers, pair: str) -> None:
    """Both say the setting, number, function or tensor that is another one, and neither contradicts the other."""
    message, hint = SAID[pair]
    same, messages, (last,) = workers["torch"].run(MODULE, "told", pair=pair)
    assert (False, [message]) == (same, messages)
    assert hint in last
