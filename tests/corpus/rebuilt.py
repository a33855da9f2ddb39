"""Build the models of the corpus again from their configs, as grading does with those of a class."""

from __future__ import annotations

import importlib
from typing import Any

import keras

from grader.judge import confirm
from grader.models.describe import describe
from grader.models.rebuilding import rebuilt
from grader.models.saved import explain
from grader.models.serialized import config_text
from grader.saved_config import checked_text

__all__ = ["confirmations_of"]


def confirmations_of(name: str, module: str) -> list[list[str]]:
    """Return, for each model of a module that is sent with its config, its pair and what is said against it."""
    found = []
    for pair in importlib.import_module(f"tests.corpus.{name}.{module}").PAIRS:
        for build in pair.builders():
            said = _said_of(build)
            if said is not None:
                found.append([pair.name, said])
    return found


def _said_of(build: Any) -> str | None:
    keras.utils.clear_session(free_memory=False)
    try:
        described = describe(build())
    except Exception:  # a student's mistake
        return None
    text = config_text(described)
    if text is None:
        return None
    try:
        twin = rebuilt(checked_text(text))
    except Exception as error:
        return explain(error)
    found = confirm(described.graph, twin.graph)
    return found.doubt or found.note
