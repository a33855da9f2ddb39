"""The call an exception came out of."""

import pytest

from grader.evidence import parse_evidence

pytestmark = pytest.mark.backends

PAIR = ((None, 8, 8, 4), (None, 6, 6, 4))


def failure(worker, work):
    (only,) = parse_evidence(worker.run("collected", work=work)).cases
    return only.failure


@pytest.mark.parametrize(
    ("work", "shapes", "built"),
    [
        ("wrong_shapes", PAIR, ["Conv2D"]),
        ("wrong_shapes_by_operator", PAIR[::-1], ["Conv2D"]),
        ("WrongShapesLayer", PAIR, ["Conv2D"]),
        ("WrongShapesInside", PAIR, ["Conv2D", "Conv2D"]),
        ("merge_in_sequential", ((None, 6, 6, 4),), ["Conv2D"]),
    ],
)
def test_a_failing_merge_is_found_with_what_was_built_before(worker, work, shapes, built):
    """The innermost failing call is named with its shapes and the graph that leads to it, at any depth."""
    call = failure(worker, work).call
    assert ("Add", shapes) == (call.class_name, call.shapes)
    assert built == [call.graph.layers[c.layer].class_name for c in call.graph.calls]
    assert list(shapes) == [call.graph.tensors[port.tensor].shape for port in call.graph.outputs]


def test_the_partial_graph_starts_at_the_models_input(worker):
    """Inside nested blocks, the partial graph still begins at the outermost input."""
    graph = failure(worker, "WrongShapesInside").call.graph
    assert [(None, 8, 8, 4)] == [graph.tensors[port.tensor].shape for port in graph.inputs]


def test_messages_are_plain_text(worker):
    """A Keras message is recorded without terminal colours."""
    message = failure(worker, "wrong_shapes").message
    assert "Received shapes (8, 8, 4) and (6, 6, 4)" in message
    assert "\x1b" not in message


def test_an_error_outside_keras_has_no_call(worker):
    """An error of the student's own Python names no layer call."""
    assert None is failure(worker, "fails_in_plain_python").call
