"""Describing leaves the student's process as it was."""

import pytest

from tests.unit.models.conftest import Facts

pytestmark = pytest.mark.backends


@pytest.mark.parametrize(
    "model", ["residual_layer", "residual_model", "nested_on_other_shapes", "opaque_layer"]
)
def test_node_lists_are_left_as_found(worker, model):
    """No layer has more inbound or outbound nodes after describing than before."""
    before, after = worker.run("node_counts", model=model)
    assert before == after


def test_a_failing_describe_restores_keras(worker):
    """After a describe that fails, layers have no new nodes and Keras's methods are its own again."""
    expected = [0, 0, "Layer.symbolic_call", "Node.__init__"]
    assert expected == worker.run("node_counts_after_failure")


def test_automatic_names_go_on_counting_where_they_were(worker):
    """The next automatic layer name is the same with and without a describe in between."""
    assert ["dense", "dense_1"] == worker.run("next_name", model="residual_layer")


def test_nothing_is_printed(worker):
    """Describing and collecting write neither to stdout nor to stderr, whatever the model holds."""
    assert ["", ""] == worker.run("seen_streams", model="functions_and_lambdas")


def test_the_students_variables_keep_their_values(worker):
    """A variable that the student's call assigns is not assigned by describing."""
    before, after, _ = worker.run("counter_after_describe")
    assert before == after


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_tensorflow_is_not_imported(workers, backend):
    """Neither describing nor a config imports TensorFlow on the other backends; Keras's lazy module stays undecided."""
    with workers.alone(backend) as worker:
        facts = Facts(worker)
        facts.run("graph", model="residual_layer")
        assert facts.run("rebuilt_from_config", work="residual_add")
        assert not facts.run("tensorflow_imported")
        assert None is facts.run("lazy_module_state")
