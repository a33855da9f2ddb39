"""Build models from checked configs, describe them and answer challenges, in a process that runs no student's code.

Forked from a process that has imported Keras, or started as ``python -m grader.models.rebuilding``. Reads a line of
JSON at a time and answers each with one: ``{"configs": […], "challenge": null}``, with configs that
``grader.saved_config`` has checked, with what was built of each; where there is a ``Challenge``, with the ``Reply`` of
those models, a case being a config's place.
"""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from typing import Any

import keras
from keras.src.backend.common import global_state
from keras.src.backend.common.variables import initialize_all_variables
from pydantic import JsonValue

from grader.errors import UnreadableModelError
from grader.evidence import Challenge
from grader.graph import ModelGraph
from grader.models.answering import answer_lines
from grader.models.collect import replied
from grader.models.describe import Described, describe
from grader.models.lazy_tensorflow import tensorflow_not_imported
from grader.models.saved import build, explain
from grader.models.undrawn import undrawn
from grader.saved_file import SavedFile

__all__ = ["main", "rebuilt"]

_MOST_PARAMETERS = 100_000_000  # ResNet152 has 60 million
_MOST_ACTIVATIONS = 200_000_000  # numbers in all tensors for one sample; ResNet152 makes 60 million
_OPEN_LENGTH = 10
_MOST_KEPT = 16
_MOST_PARAMETERS_KEPT = 2_000_000


def rebuilt(config: JsonValue) -> Described:
    """Build a model from its config, first without values: nothing is allocated before its size is known.

    Its weights are not those of its initializers: a challenge brings its own, and drawing random numbers for each
    shape takes JAX longer than all the rest.

    Raises:
        UnreadableModelError: it is too large.
        Exception: whatever Keras raises.
    """
    keras.utils.clear_session(free_memory=False)  # names are counted from the start
    with tensorflow_not_imported():
        described = describe(build(SavedFile(path="", config=config), values=False))
    _require_bearable(described.graph)
    for variable in global_state.get_global_attribute("uninitialized_variables") or ():
        variable._initializer = undrawn(variable._initializer)
    initialize_all_variables()
    return described


def _require_bearable(graph: ModelGraph) -> None:
    parameters = graph.count_weights()
    if parameters > _MOST_PARAMETERS:
        raise UnreadableModelError(
            f"has {parameters:,} parameters; at most {_MOST_PARAMETERS:,} are built again."
        )
    activations = sum(
        math.prod(_OPEN_LENGTH if length is None else length for length in tensor.shape[1:])
        for tensor in graph.tensors
    )
    if activations > _MOST_ACTIVATIONS:
        raise UnreadableModelError(
            f"makes {activations:,} numbers of one sample; models that make at most {_MOST_ACTIVATIONS:,} are built again."
        )


class _Models:
    """The models that were built last, by the text of their config: most are asked right after."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Described] = OrderedDict()

    def built(self, config: JsonValue) -> Described:
        """Return the model of a config; raises what ``rebuilt`` does."""
        key = json.dumps(config)
        described = self._kept.pop(key, None) or rebuilt(config)
        if described.graph.count_weights() <= _MOST_PARAMETERS_KEPT:
            self._kept[key] = described
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return described


def _answer(request: dict[str, Any], models: _Models) -> str:
    """Answer one request."""
    found: list[dict[str, object]] = []
    built: dict[int, Described] = {}
    for place, config in enumerate(request["configs"]):
        try:
            built[place] = models.built(config)
            found.append({"graph": built[place].graph.to_json()})
        except Exception as error:  # whatever a config makes Keras raise is reported
            found.append({"failure": explain(error)})
    if request["challenge"] is None:
        return json.dumps({"built": found})
    if len(built) < len(found):
        return json.dumps({"built": found})
    reply = replied(Challenge.model_validate_json(request["challenge"]), built)
    return json.dumps({"reply": reply.to_json()})


def main() -> None:
    """Answer until the input ends."""
    models = _Models()
    answer_lines(lambda request: _answer(request, models))


if __name__ == "__main__":
    main()
