"""The settings a graph keeps of each layer."""

import pytest

pytestmark = pytest.mark.backends


def configs(graph):
    return [graph.layers[call.layer].config for call in graph.calls]


def test_a_config_holds_settings_and_no_names(one_worker):
    """Units, activation and initializers stay; names, trainable flags and dtypes go."""
    config = configs(one_worker.graph("dense_relu"))[0]
    assert (3, "relu") == (config["units"], config["activation"])
    assert "GlorotUniform" == config["kernel_initializer"]["class_name"]
    assert set() == {"name", "trainable", "dtype"} & set(config)


def test_functions_of_the_students_own_are_marked(one_worker):
    """A custom activation is ``custom:<its name>``, a lambda ``custom:<lambda>``."""
    first, second, _ = configs(one_worker.graph("functions_and_lambdas"))
    assert "custom:square_plus_one" == first["activation"]
    assert "custom:<lambda>" == second["activation"]


def test_regularizers_are_class_and_config(one_worker):
    """A regularizer is written as its class name and config, without a module path."""
    regularizer = configs(one_worker.graph("functions_and_lambdas"))[0]["kernel_regularizer"]
    assert {"class_name", "config"} == set(regularizer)
    assert "L2" == regularizer["class_name"]


def test_wrapped_layers_lose_their_automatic_names(one_worker):
    """The layer inside TimeDistributed and Bidirectional is written with its settings and without its name."""
    graph = one_worker.graph("recurrent")
    wrapped = {
        layer.class_name: layer.config["layer"]
        for layer in graph.layers
        if layer.class_name in ("Bidirectional", "TimeDistributed")
    }
    assert 3 == wrapped["Bidirectional"]["config"]["units"]
    assert ("Dense", 2) == (
        wrapped["TimeDistributed"]["class_name"],
        wrapped["TimeDistributed"]["config"]["units"],
    )
    assert "name" not in wrapped["TimeDistributed"]["config"]


def test_built_in_layers_stay_one_call(one_worker):
    """Recurrent and attention layers are never looked into; masks come along as arguments nobody wrote."""
    graph = one_worker.graph("recurrent")
    expected = ["Embedding", "NotEqual", "Bidirectional", "MultiHeadAttention", "TimeDistributed", "GRU"]
    assert expected == [graph.layers[call.layer].class_name for call in graph.calls]
    written = [[a.place for a in call.arguments if not a.implied] for call in graph.calls]
    assert [["0"], ["0", "1"], ["0"], ["0", "1"], ["0"], ["0"]] == written
    implied = [[a.place for a in call.arguments if a.implied] for call in graph.calls]
    assert [[], [], ["mask"], ["query_mask", "value_mask"], ["mask"], ["mask"]] == implied


def test_operations_keep_constants_and_constructor_arguments(one_worker):
    """Slices and numbers are argument values, axis and keepdims config."""
    graph = one_worker.graph("operations")
    item, multiply, reshape, _relu, mean = graph.calls
    assert ["GetItem", "Multiply", "Reshape", "ReLU", "Mean"] == [
        graph.layers[c.layer].class_name for c in graph.calls
    ]
    assert {"start": None, "stop": 2, "step": None} == item.arguments[1].value[1]["config"]
    assert 2.0 == multiply.arguments[1].value
    assert [-1, 6] == graph.layers[reshape.layer].config["newshape"]
    assert {"axis": -1, "keepdims": True} == graph.layers[mean.layer].config


def test_dtype_is_the_policy(one_worker):
    """A layer's dtype is the name of its dtype policy."""
    assert ["mixed_float16", "float32"] == [
        layer.dtype for layer in one_worker.graph("mixed_precision").layers
    ]


def test_frozen_layers_and_weights_say_so(one_worker):
    """Layers and weights of a frozen inner model are not trainable, the others are."""
    graph = one_worker.graph("partly_frozen")
    assert [(False, "Sequential"), (False, "Dense"), (True, "Dense")] == [
        (layer.trainable, layer.class_name) for layer in graph.layers
    ]
    assert [False, False, True, True] == [weight.trainable for weight in graph.weights]
