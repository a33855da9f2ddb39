"""Models that are built again from their config, where no student's code has run."""

import pytest

from grader.evidence import parse_reply
from grader.graph import ModelGraph
from grader.judge import confirm

pytestmark = pytest.mark.backends

FROM_CONFIG = [
    "dense_relu",
    "residual_add",
    "residual_operator",
    "nested_twice",
    "nested_sequential",
    "dict_ports",
    "operations",
    "recurrent",
    "mixed_precision",
    "same_tensor_twice",
]


@pytest.mark.parametrize("work", FROM_CONFIG)
def test_a_model_of_keras_layers_is_confirmed(worker, work):
    """What is built of the config has the graph that the kernel described, if need be with masks written out twice."""
    claimed, built = map(ModelGraph.from_json, worker.run("rebuilt_from_config", work=work))
    found = confirm(claimed, built)
    assert (claimed, "", "") == (found.graph, found.doubt, found.note)


@pytest.mark.parametrize(
    "work",
    [
        *("residual_layer", "residual_model", "opaque_layer", "functions_and_lambdas"),
        *("same_layer_twice_in_a_stack", "layer_in_two_nested_models", "too_long_for_a_config"),
    ],
)
def test_what_no_config_keeps_is_sent_without(one_worker, work):
    """Code of one's own, a lambda, a layer held twice, a list without end: the model answers for itself."""
    assert one_worker.run("rebuilt_from_config", work=work) is None


@pytest.mark.parametrize("work", ["residual_add", "recurrent"])
def test_the_rebuilt_model_answers_like_the_students_own(worker, work):
    """Given the same weights and inputs, both compute the same; until then its kernels are zero."""
    own, twin, before = worker.run("answers_of_both", work=work)
    own, twin = parse_reply(own), parse_reply(twin)
    assert own.parts[0].failure is None
    assert own.parts == twin.parts
    assert 0.0 in before
