"""What is seen inside custom layers and subclassed models, and what stays opaque."""

import pytest

pytestmark = pytest.mark.backends


def names(graph):
    return [graph.layers[call.layer].class_name for call in graph.calls]


@pytest.mark.parametrize("model", ["opaque_layer", "baked_weight"])
def test_a_layer_that_computes_with_its_weights_first_stays_opaque(one_worker, model):
    """Where tracing would turn a weight into a constant, the layer is one custom call with its weights."""
    graph = one_worker.graph(model)
    gate = graph.layers[graph.calls[0].layer]
    assert ("custom", 1) == (gate.origin, len(gate.weights))
    assert None is graph.dynamic


def test_an_opaque_layer_keeps_its_settings(one_worker):
    """A custom layer without get_config still says what it was constructed with."""
    graph = one_worker.graph("opaque_layer")
    assert {"scale": 2.0} == graph.layers[graph.calls[0].layer].config


def test_a_weight_in_an_operation_is_an_argument(one_worker):
    """``x * self.scale`` names the weight as the second argument."""
    graph = one_worker.graph("weight_as_argument")
    multiply, add = graph.calls
    assert [("0", 0, None), ("1", None, 0)] == [(a.place, a.tensor, a.weight) for a in multiply.arguments]
    assert [("0", 1, None), ("1", None, 1.0)] == [(a.place, a.tensor, a.value) for a in add.arguments]


@pytest.mark.parametrize("model", ["hidden_dropout", "hidden_dropout_model"])
def test_dropout_behind_if_training_is_seen(one_worker, model):
    """A layer that is only called in training is in the graph."""
    assert ["Dropout"] == names(one_worker.graph(model))


def test_a_subclassed_model_keeps_to_no_mode(one_worker):
    """What is traced in training is recorded as running in whatever mode the model runs in."""
    graph = one_worker.graph("hidden_dropout_model")
    assert [] == [
        argument for call in graph.calls for argument in call.arguments if argument.place == "training"
    ]


def test_a_model_that_branches_on_its_input_is_dynamic(one_worker):
    """A model with ops.cond shows the way that a run took, what may choose another, and the reason why."""
    graph = one_worker.graph("dynamic_model")
    assert ("Dense", "Unseen") == (names(graph)[0], names(graph)[-1])
    assert "by values" == graph.layers[graph.calls[-1].layer].config["chooses"]
    assert "Cond decides at run time what is computed" in graph.dynamic


def test_a_subclass_that_only_presets_arguments_is_its_parent(one_worker):
    """A Conv2D subclass with its own constructor and nothing else is a Conv2D."""
    (layer,) = one_worker.graph("preset_subclass").layers
    assert ("Conv2D", "keras.layers") == (layer.class_name, layer.origin)


def test_a_lambda_layer_shows_its_operations(one_worker):
    """``Lambda(lambda z: z * 2)`` is a Multiply within the Lambda's scope."""
    graph = one_worker.graph("functions_and_lambdas")
    assert ["Dense", "Dense", "Multiply"] == names(graph)
    assert "Lambda" == graph.layers[graph.calls[-1].scope[0]].class_name
