"""A layer that is called in one mode: told by its name, where Keras heeds the mode, and not where it does not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.backends.worker import Workers

pytestmark = pytest.mark.backends
MODELS = "tests.unit.comparison.fixed_mode_models"
ADVICE = (
    " Expected no fixed mode: pass on the one that `call` is given, as in `layer(x, training=training)`. Keras hands a "
    "fixed mode on to the layers that are called after it, so look at the calls before this one too."
)


@pytest.fixture(scope="module")
def said(workers: Workers) -> Any:
    """What is said of each pair of models."""
    return workers["torch"].run(MODELS, "said")


def test_a_dropout_that_is_switched_off_is_told_by_its_name(said: Any) -> None:
    """The sentence names the layer, its mode, what that does, and what was expected."""
    ids, messages, equivalent = said["dropout off"]
    assert (["wrong-config"], False) == (ids, equivalent)
    assert [
        "The Dropout runs with `training=False` whatever the mode of the model: it never drops a number."
        + ADVICE
    ] == messages


def test_a_dropout_that_is_always_on_is_told_too() -> None:
    """It drops in inference as well."""
    from grader.canonical import Node
    from grader.comparison.fixed_modes import mode_texts

    always, free = (
        Node("Dropout", {} if mode is None else {"argument training": mode}, ("", "", (), ()), (), (), (), ())
        for mode in (True, None)
    )
    message, found, expected = mode_texts("the Dropout", always, free)
    assert message.startswith(
        "the Dropout runs with `training=True` whatever the mode of the model: it drops"
    )
    assert ("training=True in the call", "training=training in the call") == (found, expected)


def test_a_normalisation_that_is_switched_off_is_told_by_what_it_does(said: Any) -> None:
    """It goes on normalising, by statistics that no longer move."""
    ids, messages, _ = said["norm off"]
    assert ["wrong-config"] == ids
    assert "normalises by its moving statistics in training too, and does not move them" in messages[0]
    assert messages[0].startswith("The BatchNormalization runs with `training=False`")


def test_a_backbone_of_a_class_is_told_both_ways(said: Any) -> None:
    """One difference each way, and none where both call it with `training=False`."""
    for name, begins in (
        ("base off", "The BatchNormalization runs with `training=False`"),
        (
            "base on the model's mode",
            "The BatchNormalization is given no fixed mode, expected `training=False`",
        ),
    ):
        ids, messages, _ = said[name]
        assert (["wrong-config"], 1) == (ids, len(messages))
        assert begins in messages[0]
    assert [[], [], True] == said["base off in both"]


@pytest.mark.parametrize("name", ["on in a Functional model", "dropout backbone on"])
def test_a_dropout_that_drops_in_a_plain_call_is_told(said: Any, name: str) -> None:
    """A Functional model has no mode of its own there, so the call's counts."""
    sentence = (
        "The Dropout is called with `training=True`: in a plain call, `model(x)`, it drops numbers. "
        "Expected no fixed mode."
    )
    assert [["wrong-config"], [sentence], False] == said[name]


def test_a_dropout_that_should_drop_in_a_plain_call_is_told(said: Any) -> None:
    """The reference samples; the student's call is given no mode."""
    sentence = (
        "The Dropout is given no fixed mode, expected `training=True` in its call: then it drops numbers in a "
        "plain call, `model(x)`."
    )
    assert [["wrong-config"], [sentence], False] == said["on in a Functional reference"]


@pytest.mark.parametrize(
    "name",
    [
        "a default that trains",
        "on in both Functional models",
        "on in a class and in a Functional model",
        "on in a Functional model and in a class",
        "steady backbone on",
        "no mode given",
        "off in a Functional model",
        "base off in a Functional model",
        "base off in a Functional reference",
    ],
)
def test_a_mode_that_changes_nothing_is_no_difference(said: Any, name: str) -> None:
    """A Functional model hands its own mode to all of its layers."""
    assert [[], [], True] == said[name]


def test_a_dropout_that_never_drops_is_no_dropout(said: Any) -> None:
    """Where none is expected, one that is switched off is right."""
    assert [[], [], True] == said["dropout off where none is expected"]


@pytest.mark.parametrize("backend", ["torch", "tensorflow", "jax"])
def test_the_sentences_say_what_keras_does(workers: Workers, backend: str) -> None:
    """Each fact that they rest on, run."""
    assert {
        "called with training=True in a Functional model it drops in a plain call": True,
        "called with training=True in a Functional model it drops in predict": False,
        "called with training=False in a Functional model it drops in a plain call": False,
        "a dropout with training=False drops": False,
        "a layer after it that is given no mode drops": False,
        "a layer after it that is given the mode drops": True,
        "in a Functional model it drops": True,
        "a normalisation with training=False drifts": False,
        "a backbone called with training=False in a class drifts": False,
        "a backbone called in the mode of the model drifts": True,
        "a backbone called with training=False in a Functional model drifts": True,
    } == workers[backend].run(MODELS, "seen")
