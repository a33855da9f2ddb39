"""``%load_ext grader`` in a real kernel: an explanation below the traceback, and silence where Keras has no part."""

from __future__ import annotations

import os
import re
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from scripts.environment import PROJECT

pytestmark = [pytest.mark.backends, pytest.mark.slow]

FAILS = "layers.Add()([photo, facts])"
CELLS = {
    "load": "%load_ext grader\nimport sys\nprint('keras' in sys.modules)",
    "before keras": "1 / 0",
    "set up": "import keras\nfrom keras import layers\n"
    "photo, facts = keras.Input((8,), name='photo'), keras.Input((4,))",
    "left out": "y = layers.Concatenate()([photo, facts])\nkeras.Model(photo, layers.Dense(1)(y))",
    "name": "undefined",
    "assertion": "assert photo is facts, 'no'",
    "interrupt": "raise KeyboardInterrupt",
    "exit": "raise SystemExit",
    "not recognised": "layers.Dense(-3)",
    "in call": "class Net(keras.Model):\n    def call(self, x):\n        return layers.Flatten(x)\nNet()(photo)",
    "twice": "%load_ext grader",
    "add": FAILS,
    "works": "layers.Add()([photo, photo]).shape",
    "unload": "%unload_ext grader",
    "after unloading": FAILS,
}


@pytest.fixture(scope="module")
def outputs() -> dict[str, list[Any]]:
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in CELLS.values()]
    )
    client = NotebookClient(notebook, timeout=120, allow_errors=True, kernel_name="python3")
    client.execute(env=os.environ | {"KERAS_BACKEND": "torch", "PYTHONPATH": str(PROJECT)})
    return {name: cell.outputs for name, cell in zip(CELLS, notebook.cells, strict=True)}


def shown(outputs: list[Any]) -> list[str]:
    return [output.output_type for output in outputs]


def test_loading_does_not_import_keras(outputs: dict[str, list[Any]]) -> None:
    """The extension costs nothing before Keras is there."""
    assert "False\n" == outputs["load"][0].text


@pytest.mark.parametrize("cell", ["left out", "add", "not recognised", "in call"])
def test_the_explanation_comes_below_the_traceback(outputs: dict[str, list[Any]], cell: str) -> None:
    """First the traceback, then one explanation, as HTML and as text; loading the extension twice adds none."""
    assert ["error", "display_data"] == shown(outputs[cell])
    assert {"text/html", "text/plain"} == set(outputs[cell][1].data)


def test_the_learners_own_names_are_used(outputs: dict[str, list[Any]]) -> None:
    """A tensor is called by its variable, and the line by its cell."""
    text = " ".join(outputs["left out"][1].data["text/plain"].split())
    assert "comes from the Input `facts` of shape (None, 4)" in text
    assert "inputs=[photo, facts]" in text
    assert re.search(r"Cell In\[4\], line 2: keras.Model\(photo", text)


def test_a_layer_made_with_a_tensor_in_call_is_named(outputs: dict[str, list[Any]]) -> None:
    """The line inside the class is shown, though Keras cuts its own frames off."""
    text = " ".join(outputs["in call"][1].data["text/plain"].split())
    assert "Flatten was made with a tensor" in text
    assert "return layers.Flatten(x)" in text


def test_what_is_not_recognised_is_said_to_be_so(outputs: dict[str, list[Any]]) -> None:
    """An error of Keras's without a known cause gets the line and no guess."""
    text = outputs["not recognised"][1].data["text/plain"]
    assert "was not recognised" in text
    assert CELLS["not recognised"] in text


@pytest.mark.parametrize("cell", ["before keras", "name", "assertion", "interrupt", "exit"])
def test_other_errors_are_left_alone(outputs: dict[str, list[Any]], cell: str) -> None:
    """Python's own errors need no word of Keras."""
    assert "display_data" not in shown(outputs[cell])
    assert "error" in shown(outputs[cell])


def test_a_cell_that_works_says_nothing_more(outputs: dict[str, list[Any]]) -> None:
    """Without an error there is nothing to explain."""
    assert ["execute_result"] == shown(outputs["works"])


def test_the_traceback_stays_as_it_is(outputs: dict[str, list[Any]]) -> None:
    """The traceback is the same, line by line, with the extension and without it."""
    with_it, without = outputs["add"][0], outputs["after unloading"][0]
    plain = [re.sub(r"In\[\d+\]", "In[]", "\n".join(one.traceback)) for one in (with_it, without)]
    assert plain[0] == plain[1]
    assert ["error"] == shown(outputs["after unloading"])
