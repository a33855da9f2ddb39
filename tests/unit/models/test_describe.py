"""What a graph says; ``test_backends_agree`` holds it equal on the backends, so one is asked here."""

import pytest

pytestmark = pytest.mark.backends


def calls(graph):
    """Each call as (class name, tensors it takes)."""
    return [
        (graph.layers[call.layer].class_name, [a.tensor for a in call.arguments if a.tensor is not None])
        for call in graph.calls
    ]


def layer(graph, class_name):
    (found,) = [layer for layer in graph.layers if layer.class_name == class_name]
    return found


RESIDUAL = [
    ("Conv2D", [0]),
    ("BatchNormalization", [1]),
    ("Activation", [2]),
    ("Conv2D", [3]),
    ("Add", [4, 0]),
    ("Activation", [5]),
]


@pytest.mark.parametrize("model", ["residual_add", "residual_operator", "residual_layer", "residual_model"])
def test_a_residual_block_reads_the_same_in_every_style(one_worker, model):
    """Add layer, operator, subclassed layer and subclassed model give the same calls and wiring."""
    assert RESIDUAL == calls(one_worker.graph(model))


@pytest.mark.parametrize(
    ("model", "expected"),
    [("dense_relu", "sequential"), ("residual_add", "functional"), ("residual_model", "subclassed")],
)
def test_the_api_is_named(one_worker, model, expected):
    """A graph names the API its model was built with."""
    assert expected == one_worker.graph(model).api


def test_an_operator_is_an_operation(one_worker):
    """``a + b`` is an Add of origin keras.ops, ``layers.Add`` one of keras.layers."""
    assert "keras.ops" == layer(one_worker.graph("residual_operator"), "Add").origin
    assert "keras.layers" == layer(one_worker.graph("residual_add"), "Add").origin


def test_scope_names_the_layers_a_call_happened_inside(one_worker):
    """The calls of a block inside a model have the block in their scope."""
    graph = one_worker.graph("residual_model")
    assert {("Block",)} == {tuple(graph.layers[i].class_name for i in call.scope) for call in graph.calls}


def test_a_nested_model_called_twice_is_two_calls_of_each_layer(one_worker):
    """Two calls of an inner model give two calls per layer and one set of weights."""
    graph = one_worker.graph("nested_twice")
    assert [("Dense", [0]), ("Dense", [2]), ("Dense", [1]), ("Dense", [4]), ("Concatenate", [3, 5])] == calls(
        graph
    )
    assert (3 * 2, 4) == (len({call.layer for call in graph.calls}) * 2, len(graph.weights))


def test_shapes_inside_a_nested_model_follow_the_call(one_worker):
    """An inner model made for any size, called on 9 × 9, holds the sizes of that call."""
    graph = one_worker.graph("nested_on_other_shapes")
    assert [(None, 9, 9, 3), (None, 7, 7, 2)] == [tensor.shape for tensor in graph.tensors]


def test_a_submodel_starts_at_its_own_input(one_worker):
    """A model taken from the middle of another holds the layers between its own ends only."""
    graph = one_worker.graph("submodel_from_the_middle")
    assert [("Dense", [0])] == calls(graph)
    assert (None, 4) == graph.tensors[graph.inputs[0].tensor].shape


def test_dict_ports_keep_their_keys(one_worker):
    """Dict inputs and outputs are named by their keys, sorted."""
    graph = one_worker.graph("dict_ports")
    assert ["left", "right"] == [port.key for port in graph.inputs]
    assert {"box": (None, 4), "mark": (None, 2)} == {
        p.key: graph.tensors[p.tensor].shape for p in graph.outputs
    }


def test_nested_outputs_are_named_by_path(one_worker):
    """Outputs of a dict with a list inside are named by key and position."""
    graph = one_worker.graph("subclassed_dict_ports")
    assert ["a", "b"] == [port.key for port in graph.inputs]
    shapes = {port.key: graph.tensors[port.tensor].shape for port in graph.outputs}
    assert {"alpha.0": (None, 3), "alpha.1": (None, 5), "zeta": (None, 2)} == shapes


def test_a_dict_given_to_a_list_of_inputs_is_paired_by_name(one_worker):
    """Keras pairs a dict with listed inputs by their names, and so does the graph."""
    assert [("Concatenate", [0, 1])] == calls(one_worker.graph("nested_called_with_dict"))


def test_a_tensor_used_twice_is_two_arguments(one_worker):
    """``Add([x, x])`` has two arguments that name the same tensor."""
    (call,) = one_worker.graph("same_tensor_twice").calls
    assert [("0.0", 0), ("0.1", 0)] == [(argument.place, argument.tensor) for argument in call.arguments]


def test_an_unused_input_is_still_an_input(one_worker):
    """An Input that reaches no output stays among the graph's inputs."""
    graph = one_worker.graph("unused_input")
    assert 2 == len(graph.inputs)
    assert [("Dense", [0])] == calls(graph)


def test_an_argument_each_is_an_input_each(one_worker):
    """A call with two required arguments gives two inputs, and a layer called twice one layer."""
    graph = one_worker.graph("two_arguments")
    assert [("Dense", [0]), ("Dense", [1]), ("Subtract", [2, 3])] == calls(graph)
    assert 2 == len(graph.weights)


@pytest.mark.parametrize(
    ("work", "parts"),
    [
        ("unbuilt_sequential", ["has no shapes yet", "keras.Input(shape) first"]),
        ("empty_sequential", ["has no layers", "Add layers"]),
        ("uncalled_model", ["has not been called yet", "Call it once"]),
        ("uncalled_two", ["several arguments", "Call it once on keras.Input tensors."]),
        ("no_model", ["Expected a Keras model, got a Dense"]),
        (
            "a_file",
            ["Expected a Keras model, got a str. Load a saved model with keras.saving.load_model(...) first"],
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_way_out(one_worker, work, parts):
    """The error says what is missing and how to mend it."""
    message = one_worker.run("unreadable", work=work)
    assert [] == [part for part in parts if part not in (message or "")]


@pytest.mark.parametrize(("work", "shapes"), [("uncalled_model", [[8, 8, 4]]), ("uncalled_two", [[5], [5]])])
def test_a_model_is_read_once_it_was_called_as_the_refusal_says(one_worker, work, shapes):
    """What the error advises, calling the model on an Input, is enough for it to be read."""
    assert [False, True] == one_worker.run("readable_when_called_on_inputs", work=work, shapes=shapes)


def test_a_model_called_on_data_knows_its_input(one_worker):
    """A subclassed model that has seen data is read without naming its inputs; the batch size is left open."""
    assert None is one_worker.run("unreadable", work="called_on_data")


def test_inputs_can_be_named_for_an_uncalled_model(one_worker):
    """An uncalled subclassed model is read on the inputs it is given."""
    assert '"subclassed"' in one_worker.run(
        "described_with_inputs", work="uncalled_model", shapes=[[8, 8, 4]]
    )


@pytest.mark.parametrize(
    "model",
    ["residual_model", "nested_twice", "weight_as_argument", "unused_layer", "partly_frozen", "recurrent"],
)
def test_variables_come_in_the_order_of_the_graphs_weights(one_worker, model):
    """Described.variables are the model's, each once, in the graph's order, and count as Keras counts."""
    assert [True, True, True, True] == one_worker.run("weights_match", model=model)
