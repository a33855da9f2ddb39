"""The records of a model graph: what they refuse, and that text brings them back."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import UnreadableModelError
from grader.graph import ModelGraph, json_schema
from tests.blueprints import residual_block


def changed(**changes: Any) -> str:
    """The JSON of a residual block with some of its parts replaced."""
    return json.dumps(json.loads(residual_block().to_json()) | changes)


def test_text_brings_a_graph_back() -> None:
    """Nothing is lost on the way."""
    assert residual_block(4, 8) == ModelGraph.from_json(residual_block(4, 8).to_json())


def test_the_schema_accepts_what_is_written_and_refuses_what_is_not() -> None:
    """Scripts in any language can validate a graph."""
    schema = json_schema()
    jsonschema.validate(json.loads(residual_block().to_json()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(changed(surprise=1)), schema)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"inputs": [{"key": "0", "tensor": 99}]}, "names tensor 99"),
        ({"outputs": [{"key": "0", "tensor": 98}]}, "names tensor 98, which nothing makes"),
        ({"inputs": []}, "before it is made"),
        ({"layers": []}, "names a layer outside the 0"),
        ({"weights": []}, "names a weight outside the 0"),
        ({"format": 2}, "at format"),
        ({"surprise": 1}, "at surprise"),
        ({"name": 3}, "at name"),
    ],
)
def test_a_broken_graph_is_refused_with_the_place(changes: dict[str, Any], part: str) -> None:
    """Evidence comes from code that is not trusted: no index may point nowhere."""
    with pytest.raises(UnreadableModelError, match=part):
        ModelGraph.from_json(changed(**changes))


@given(st.text(max_size=50))
def test_any_other_text_is_refused_in_words(text: str) -> None:
    """Whatever the text, the answer is the same clear error."""
    with pytest.raises(UnreadableModelError, match="This is not a model graph"):
        ModelGraph.from_json(text)


def test_weights_are_counted_once_however_many_layers_hold_them() -> None:
    """Counting goes by variable, not by call."""
    graph = residual_block()
    total = graph.count_weights()
    assert total == graph.count_weights(trainable=True) + graph.count_weights(trainable=False)
    twice = graph.model_copy(update={"layers": (*graph.layers, graph.layers[0])})
    assert total == twice.count_weights()


def test_a_graph_shows_itself_in_one_line() -> None:
    """At a prompt it says its name, how large it is, and what goes in and comes out; printed, it is a table."""
    assert "<ModelGraph 'model', calls: 7, parameters: 328, (None, 8, 8, 4) → (None, 8, 8, 4)>" == repr(
        residual_block()
    )
    assert "Conv2D(4, 3, padding=" in str(residual_block())


def test_an_input_with_a_key_is_shown_under_it() -> None:
    """Keys are what a dict of inputs is given by; a name of somebody else's is quoted and cut."""
    graph = residual_block()
    keyed = graph.model_copy(
        update={"name": "m\n" * 100, "inputs": (graph.inputs[0].model_copy(update={"key": "photo"}),)}
    )
    assert "'photo': (None, 8, 8, 4) → " in repr(keyed)
    assert len(repr(keyed)) < 240
    assert "\n" not in repr(keyed)
