"""What a message tells a reader to write can be written: names, arguments, commands and options."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer

from grader import cli
from scripts.environment import PROJECT
from tests.unit.named_in_messages import commands, snippets


@pytest.mark.backends
def test_every_name_and_argument_in_a_message_exists(workers: Any) -> None:
    """Calls of Keras, of ``grader`` and of a unit that a text recommends take the arguments it gives them."""
    assert [] == workers["torch"].run("tests.unit.named_in_messages", "not_callable")


@pytest.mark.backends
@pytest.mark.parametrize(
    "wrong",
    [
        "grader.describe(model, inputs=x)",
        "keras.layers.Desne(3)",
        "keras.ops.where(a, b, c, d)",
        "unit.hints('a')",
        "y = keras.Input(shapes=3)",
        "model.compiled_loss",
    ],
)
def test_a_name_or_argument_that_does_not_exist_is_noticed(workers: Any, wrong: str) -> None:
    """Each kind of slip is found where it is planted."""
    assert [wrong] == workers["torch"].run("tests.unit.named_in_messages", "not_callable", also=wrong)


def test_the_texts_are_found() -> None:
    """Code in a message, with backticks and without, is among what is looked at."""
    assert {"keras.Model(inputs, outputs)", "grader.describe", 'unit.check("task", your_work)'} <= set(
        snippets()
    )


def test_every_command_in_a_message_exists() -> None:
    """A command that a text recommends has that name and those options."""
    known = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    seen = set()
    for program, name, *rest in commands():
        seen.add((program, name))
        options = {word for word in rest if word.startswith("--")}
        if program == "make":
            assert name in targets
        elif program == "grader":
            offered = {option for parameter in known[name].params for option in parameter.opts}
            assert set() == options - offered
    assert {("make", "lab"), ("grader", "grade"), ("grader", "describe")} <= seen
