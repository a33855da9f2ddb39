"""What was chosen for a layer, told apart from what Keras takes by itself."""

from __future__ import annotations

from typing import Any

import pytest

from grader.graph import Layer
from grader.layer_settings import chosen_settings, settings_of_class

pytestmark = pytest.mark.backends


def ask(workers: Any, function: str) -> Any:
    return workers["torch"].run("tests.unit.layer_defaults", function)


def test_what_is_written_down_is_what_the_installed_keras_does(workers: Any) -> None:
    """The file is what ``python -m scripts.layer_defaults`` writes."""
    written, installed = ask(workers, "written_and_installed")
    assert installed == written


def test_who_chooses_nothing_is_shown_nothing(workers: Any) -> None:
    """A layer made of what its constructor needs has no other settings, whatever Keras puts into its config."""
    assert {} == ask(workers, "chosen_without_choosing")
    assert [] == ask(workers, "chosen_once_built")


def test_what_is_chosen_is_shown(workers: Any) -> None:
    """A setting away from its default is there, and no other with it."""
    changed = ask(workers, "chosen_when_changed")
    assert {name: chosen for name, (_, chosen) in changed.items()} == {
        name: shown for name, (shown, _) in changed.items()
    }


def test_a_class_of_ones_own_shows_all_its_settings() -> None:
    """Nothing is known of its defaults, even where it has the name of a layer of Keras's."""
    own = Layer(
        class_name="Dense", origin="custom", name="x", config={"units": 3, "use_bias": True, "z": None}
    )
    assert ((), {"units": 3, "use_bias": True}) == chosen_settings(own)


def test_a_setting_that_the_constructor_needs_and_lacks_leaves_all_by_name() -> None:
    """Half of what stands first in a call would be taken for something else."""
    half = Layer(class_name="Conv2D", origin="keras.layers", name="x", config={"kernel_size": [3, 3]})
    assert ((), {"kernel_size": [3, 3]}) == chosen_settings(half)


def test_settings_come_in_the_order_of_the_constructor() -> None:
    """The order in which Keras documents them."""
    assert ("units", "activation", "use_bias") == settings_of_class("Dense")[:3]
    assert () == settings_of_class("Desne")
