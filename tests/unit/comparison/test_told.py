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
    "a level of a U-Net that nothing uses": (
        (
            "After the second Conv2D, expected a MaxPooling2D, a Conv2D, an UpSampling2D and a Concatenate, found the "
            "UpSampling2D at once. If your code has these steps, nothing uses what they give: see what the UpSampling2D "
            "should take."
        ),
        "After the second Conv2D, write `MaxPooling2D(pool_size=(2, 2))`",
    ),
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
    **{
        f"sampled without noise{how}": (
            (
                f"{within}fter the Dense named 'z_mean' and the Dense named 'z_log_var', expected a Sampling that draws "
                "random numbers; found the step 0.5 * x, an ops.exp and an Add, which do not draw random numbers."
            ),
            "write steps that draw random numbers as well in place of steps that draw none.",
        )
        for how, within in {
            "": "In Sampling (your layer), a",
            " under another name": "In SamplingByAnotherName (your layer), a",
            " and a class": "A",
        }.items()
    },
    "a loss that is not added": (
        "After the input, expected a Net that adds a loss; found a Dense, a relu and a Dense, which do not call `add_loss`.",
        "write steps that add a loss with `self.add_loss(...)` as well in place of steps that add none.",
    ),
    "a loss that is added": (
        "The Net adds a loss of its own with `self.add_loss(...)`, expected none.",
        "Delete the call of `self.add_loss(...)` at the Net",
    ),
    "a layer that does nothing": (
        (
            "After the first Dense, expected a Shaking that draws random numbers, found the second Dense at once: a "
            "Shaking that gives what it is given is no step of a model."
        ),
        "After the first Dense, write `Shaking(shakes=True)`",
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


def test_a_class_of_the_expected_name_that_computes_something_else_is_not_told_by_its_name(
    workers: Workers,
) -> None:
    """To write the class that is there would change nothing: what it computes is another thing."""
    same, (message,), (hint,) = workers["torch"].run(MODULE, "told", pair="a layer that does something else")
    assert not same
    assert message.startswith("The Shaking computes something else than expected")
    assert "In the Shaking, write what is asked for in place of what your code computes there." == hint


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_what_a_class_does_beside_giving_tensors_is_noted(workers: Workers, backend: str) -> None:
    """Random numbers and losses are noted of the class that draws or adds them, and Keras is left as it was."""
    random, loss = ["draws random numbers"], ["adds a loss"]
    expected = [[[random], [[]], [loss], [], []], True]
    assert expected == workers[backend].run(MODULE, "beside")
