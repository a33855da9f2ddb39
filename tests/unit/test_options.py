"""Options as people give them: what exists is taken, and a slip is met with the name that was meant."""

from __future__ import annotations

from typing import Any

import pytest

from grader.api import compare
from grader.errors import UsageError
from grader.graph import ModelGraph
from grader.options import checked_options, refuse_unknown_settings
from tests.blueprints import Blueprint, residual_block


def own() -> ModelGraph:
    """A model with a class of the author's own, and a regularizer."""
    plan = Blueprint()
    x = plan.input(4)
    gate = plan.layer("Gate", (4,), origin="custom", temperature=2.0)
    decay = {"class_name": "L2", "config": {"l2": 0.1}}
    y = plan.call(plan.layer("Dense", (4, 2), units=2, kernel_regularizer=decay), x, shape=(2,))
    return plan.graph(plan.call(gate, y, shape=(2,)))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"free_setting": ("units",)}, "Did you mean 'free_settings'? It has names, initializers, "),
        ({"free_settings": "units"}, "found the text 'units'. Write free_settings=('units',) with a comma"),
        ({"free_settings": 3}, "found '3'"),
        ({"free_settings": ("units", 3)}, "The option free_settings takes names"),
        ({"names": "yes"}, "The option names is True or False, found 'yes'."),
    ],
)
def test_what_an_option_does_not_take_is_told_as_such(options: dict[str, Any], said: str) -> None:
    """The message names the option, what was found, and how to write it."""
    with pytest.raises(TypeError) as refused:
        compare(residual_block(), residual_block(), **options)
    assert said in str(refused.value)


def test_a_list_of_settings_will_do() -> None:
    """Brackets of either kind are taken."""
    assert checked_options({"free_settings": ["units"]}) == checked_options({"free_settings": ("units",)})


@pytest.mark.parametrize(
    "entry",
    [
        "rate",
        "Dropout.rate",
        "units",
        "*_regularizer",
        "Dense.*",
        "Conv*D.filters",
        "activation",
        "LSTM.activation",
        "dtype",
        "Gate.temperature",
        "temperature",
        "L2.l2",
    ],
)
def test_what_keras_or_the_models_have_can_be_left_free(entry: str) -> None:
    """A setting need not be in these two models: Keras's layers are known, and the author's own are there."""
    refuse_unknown_settings((entry,), (own(),))


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("temprature", "Did you mean 'temperature'? Of settings, the models have activation, dtype, kernel_"),
        ("Dense.unit", "Did you mean 'units'? Of settings, Dense has activation, activity_regularizer, "),
        (
            "Gates.temperature",
            "no layer is called 'Gates'. Did you mean 'Gate'? The models have Dense, Gate, L2.",
        ),
        ("order", "Write free_order=True."),
        ("Dense.activation", "Leave 'activation' free, which is for all layers."),
        ("\x1b[2J", r"no setting is called '\x1b[2J'"),
    ],
)
def test_what_no_layer_has_is_refused_with_the_names(entry: str, said: str) -> None:
    """What would be passed over in silence is said, with the likely name and those there are."""
    with pytest.raises(UsageError) as refused:
        compare(own(), own(), free_settings=(entry,))
    assert said in str(refused.value)
