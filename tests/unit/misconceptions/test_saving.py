"""What comes back from a file: read from the graph, and held against what really comes back."""

from __future__ import annotations

import pytest

from tests.backends.worker import Workers

pytestmark = pytest.mark.backends

MODULE = "tests.unit.misconceptions.saved_models"
RIGHT = {
    "config and registration",
    "Keras's own layers",
    "automatic config",
    "a registered function",
    "a config with from_config",
    "a model with a config",
    "a model that makes its layers",
    "in a nested model",
    "in a wrapper",
}
NOT_IN_THE_CONFIG = {
    "an optional argument forgotten",
    "a required argument forgotten",
    "no kwargs",
    "a layer as an argument",
    "a model without a config",
    "forgotten in a nested model",
    "forgotten in a wrapper",
}
NOT_REGISTERED = {
    "an unregistered class",
    "an unregistered preset",
    "an unregistered function",
    "a lambda",
    "an unregistered class in a nested model",
}


@pytest.fixture(scope="module", params=("tensorflow", "jax", "torch"))
def backend(request: pytest.FixtureRequest) -> str:
    """Run the test once on each backend."""
    return request.param


@pytest.fixture(scope="module")
def judged(workers: Workers, backend: str) -> dict[str, list]:
    """What became of each model, and what was read of it."""
    found = workers[backend].run(MODULE, "judged")
    assert isinstance(found, dict)
    return found


def test_a_model_without_a_fault_comes_back_as_it_was(judged: dict[str, list]) -> None:
    """What is read from the graph is what happens: no fault, and only then, the same outputs after loading."""
    same = {name for name, (became, _, _) in judged.items() if became == "as it was"}
    clean = {name for name, (_, kinds, _) in judged.items() if not kinds}
    assert RIGHT == same == clean


def test_an_argument_that_is_lost_is_named_config_not_saved(judged: dict[str, list]) -> None:
    """Forgotten, refused, or no number and no text: the first fault is the config's, and no name is missing."""
    assert [["config-not-saved"]] * len(NOT_IN_THE_CONFIG) == [judged[name][1] for name in NOT_IN_THE_CONFIG]


def test_a_name_that_loading_does_not_find_is_named_not_registered(judged: dict[str, list]) -> None:
    """Classes, presets of Keras's classes, functions and lambdas, in nested models too."""
    assert [["not-registered"]] * len(NOT_REGISTERED) == [judged[name][1] for name in NOT_REGISTERED]


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (
            "an optional argument forgotten",
            ("A loaded Forgetful does not get `function` back: get_config does not say what was given, and "
            "function='tanh' takes its place."),
        ),
        ("a required argument forgotten", "Unable cannot be made again: get_config does not say what `units` was."),
        (
            "no kwargs",
            ("Strict cannot be made again: its constructor does not take `trainable` and `dtype`, which get_config "
            "returns."),
        ),
        (
            "a layer as an argument",
            ("Around cannot be saved: its get_config raises NotImplementedError. Keras keeps no objects by itself, "
            "and there is one in `inner`."),
        ),
        (
            "a model without a config",
            ("A loaded Net does not get `function` back: get_config does not say what was given, and "
            "function='tanh' takes its place."),
        ),
        ("an unregistered function", "Loading does not find unknown_squash, which is not registered with Keras."),
        ("a lambda", "A lambda has no name to be registered by, and loading refuses to run its code."),
    ],
)  # fmt: skip
def test_the_sentence_names_the_argument(judged: dict[str, list], model: str, said: str) -> None:
    """The class, the argument, and what takes its place."""
    assert [said] == judged[model][2]
