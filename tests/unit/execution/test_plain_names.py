"""Names that Keras counted, replaced so that one model's config is the same whoever built it."""

from __future__ import annotations

from typing import Any

from grader.execution.plain_names import plainly_named
from grader.graph import ModelGraph
from tests.blueprints import Blueprint


def tensor(layer: str) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [layer, 0, 0]}}


def entry(kind: str, name: str, *calls: str, **config: Any) -> dict[str, Any]:
    nodes = [{"args": [tensor(call) for call in calls], "kwargs": {}}] if calls else []
    return {"class_name": kind, "name": name, "config": {"name": name, **config}, "inbound_nodes": nodes}


def model(*names: str, given: str = "input_layer") -> dict[str, Any]:
    """Two Dense layers joined by an Add, with a Bidirectional around a layer of its own."""
    first, second, join, around, held = names
    inner = {"class_name": "LSTM", "config": {"name": held}}
    layers = [
        entry("InputLayer", given),
        entry("Dense", first, given),
        entry("Dense", second, first),
        entry("Add", join, first, second),
        entry("Bidirectional", around, join, layer=inner),
    ]
    ends = {"input_layers": [given, 0, 0], "output_layers": {"out": [around, 0, 0]}}
    return {"class_name": "Functional", "config": {"name": f"{around}_model", "layers": layers, **ends}}


ONE = ("dense", "dense_1", "add", "bidirectional", "lstm")
LATER = ("dense_7", "dense_8", "add_3", "bidirectional_2", "lstm_4")


def test_configs_that_differ_in_counted_names_become_one() -> None:
    """What a process had built before leaves no trace."""
    assert plainly_named(model(*ONE)).config == plainly_named(model(*LATER, given="input_layer_9")).config


def test_other_wiring_stays_another_config() -> None:
    """Where a tensor comes from is kept: two layers that change places are told apart."""
    crossed = ("dense_1", "dense", "add", "bidirectional", "lstm")
    other = model(*crossed)
    nodes = other["config"]["layers"]
    nodes[1]["inbound_nodes"], nodes[2]["inbound_nodes"] = (
        nodes[2]["inbound_nodes"],
        nodes[1]["inbound_nodes"],
    )
    assert plainly_named(model(*ONE)).config != plainly_named(other).config


def test_a_chosen_name_of_an_input_stays() -> None:
    """A dict of inputs is matched by name."""
    named = plainly_named(model(*ONE, given="image")).config
    assert isinstance(named, dict)
    inner: Any = named["config"]
    assert ("image", ["image", 0, 0]) == (inner["layers"][0]["name"], inner["input_layers"])


def test_names_are_put_back() -> None:
    """A graph and a message come out with the names that the config had."""
    plain = plainly_named(model(*ONE))
    first = next(key for key, name in plain.names.items() if name == "dense")
    plan = Blueprint()
    graph: ModelGraph = plan.graph(plan.dense(plan.input(4), 4))
    graph = graph.model_copy(update={"layers": (graph.layers[0].model_copy(update={"name": first}),)})
    assert "dense" == plain.put_back(graph).layers[0].name
    assert "the layer 'dense' fails" == plain.put_back_text(f"the layer '{first}' fails")


def test_a_config_that_uses_such_names_itself_stays_as_it_is() -> None:
    """Two layers cannot come to share a name."""
    own = model("plain_2", *ONE[1:])
    assert (own, {}) == (plainly_named(own).config, plainly_named(own).names)
