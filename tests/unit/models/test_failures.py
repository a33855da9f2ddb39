"""The call an exception came out of."""

from pathlib import Path

import pytest

from grader.evidence import parse_evidence

pytestmark = pytest.mark.backends

STUDENT_WORK = Path(__file__).with_name("student_work.py")
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


@pytest.mark.parametrize(
    ("work", "function", "text"),
    [
        ("wrong_shapes", "wrong_shapes", "return layers.Add()([x, y])"),
        ("WrongShapesInside", "WrongShapesLayer.call", "return layers.Add()([x, self.conv(x)])"),
        ("fails_in_a_helper", "wrong_shapes", "return layers.Add()([x, y])"),
        (
            "fails_in_a_comprehension",
            "fails_in_a_comprehension",
            "return [layers.Conv2D(size, undefined)(x) for size in [filters]]  # noqa: F821",
        ),
        ("merge_in_sequential", "merge_in_sequential", None),
        ("misses_an_argument", None, None),
    ],
)
def test_the_students_own_line_is_named(worker, work, function, text):
    """The innermost line in the student's file is kept, past Keras's own frames; none where there is none."""
    line = failure(worker, work).line
    assert function == (line and line.function)
    if text is not None:
        source = STUDENT_WORK.read_text(encoding="utf-8").splitlines()
        assert (text, "student_work.py") == (line.text, line.place)
        assert text == source[line.number - 1].strip()


def test_a_line_in_a_cell_is_named_as_the_notebook_does(one_worker):
    """In a notebook the place is the cell's number, and the line counts from the cell's first."""
    line = parse_evidence(one_worker.run("collected_in_a_cell")).cases[0].failure.line
    assert ("Cell In[7]", 3, "block", "return undefined") == (
        line.place,
        line.number,
        line.function,
        line.text,
    )


@pytest.mark.parametrize(
    ("work", "stage"),
    [
        ("wrong_shapes", "call"),
        ("LayerWithoutCall", "call"),
        ("misses_an_argument", "call"),
        ("returns_what_cannot_be_read", "read"),
        ("sequential_without_input", "check"),
        ("forgot_return", "check"),
        ("not_a_result", "check"),
        ("starts_elsewhere", "check"),
    ],
)
def test_a_failure_says_whether_the_students_code_raised_it(worker, work, stage):
    """Called, read, or refused by the check itself: then nothing was raised, and no line is blamed."""
    found = failure(worker, work)
    assert stage == found.stage
    assert stage != "check" or found.line is None


def test_a_function_without_return_is_told_to_return(one_worker):
    """The message names the function and what to end it with."""
    message = failure(one_worker, "forgot_return").message
    assert (
        "forgot_return returned None. End it with `return` and the tensor that its last layer gives."
        == message
    )


def test_work_that_ignores_its_input_is_told_to_use_it(one_worker):
    """Keras's own words for it name a model that the student did not write."""
    message = failure(one_worker, "starts_elsewhere").message
    assert "What starts_elsewhere returned is not computed from what it was given alone." in message


def test_an_error_outside_keras_has_no_call(worker):
    """An error of the student's own Python names no layer call."""
    assert None is failure(worker, "fails_in_plain_python").call
