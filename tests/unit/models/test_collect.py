"""Evidence on whatever a student hands to a check."""

import json

import pytest

from grader.evidence import EVIDENCE_MIME, Case, parse_evidence

pytestmark = pytest.mark.backends


def case(worker, work):
    """The evidence of the one case of a check."""
    (only,) = parse_evidence(worker.run("collected", work=work)).cases
    return only


def names(graph):
    return [graph.layers[call.layer].class_name for call in graph.calls]


@pytest.mark.parametrize(
    "work", ["block", "block_by_operator", "BlockLayer", "BlockModel", "block_returning_model"]
)
def test_functions_and_classes_give_a_model(worker, work):
    """A function of tensors, a layer class, a model class and a model-returning function all give a graph."""
    evidence = case(worker, work)
    assert "model" == evidence.kind
    assert ["Conv2D", "BatchNormalization", "Add", "Activation"] == names(evidence.graph)


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        ("missing", None),
        ("number", 3.5),
        ("array", [[1.0, 1.0], [1.0, 1.0]]),
        ("mixed", {"counts": [1, 2.0], "name": "net", "nan": "nan"}),
    ],
)
def test_plain_answers_are_values(worker, work, expected):
    """Numbers, arrays and dicts are kept as JSON values."""
    evidence = case(worker, work)
    assert ("value", expected) == (evidence.kind, evidence.value)


@pytest.mark.parametrize(
    ("work", "kind", "name"),
    [
        ("block", "function", "block"),
        ("BlockLayer", "class", "BlockLayer"),
        ("built_block", "model", "Functional"),
        ("norm_layer", "layer", "BatchNormalization"),
        ("tensor", "tensor", "KerasTensor"),
        ("array", "tensor", None),
        ("missing", "value", "NoneType"),
        ("number", "value", "float"),
    ],
)
def test_what_was_passed_is_named(worker, work, kind, name):
    """The evidence says whether a function, a class, an object or a value was passed to the check."""
    found = parse_evidence(worker.run("collected", work=work)).work
    assert kind == found.kind
    assert name in (found.name, None)


@pytest.mark.parametrize(
    ("work", "kind", "not_implemented"),
    [
        ("stub_raises", "NotImplementedError", True),
        ("stub_body", "NothingReturnedError", True),
        ("forgot_return", "NothingReturnedError", False),
        ("ends_the_process", "SystemExit", False),
        ("not_a_result", "UnusableAnswerError", False),
        ("fails_in_plain_python", "NameError", False),
        ("LayerWithoutCall", "NotImplementedError", False),
        ("awkward_error", "AwkwardError", False),
        ("sequential_without_input", "UnreadableModelError", False),
    ],
)
def test_errors_are_evidence(worker, work, kind, not_implemented):
    """Whatever the student's code raises is recorded; only a stub counts as not attempted."""
    evidence = case(worker, work)
    assert "failure" == evidence.kind
    assert (kind, not_implemented) == (evidence.failure.type, evidence.failure.not_implemented)


def test_each_case_is_built_with_its_own_arguments(one_worker):
    """Evidence has one entry per case, in order."""
    cases = [Case(inputs=({"shape": (6, 6, n)},), arguments={"filters": n}).to_json() for n in (2, 3)]
    evidence = parse_evidence(one_worker.run("collected", work="block", cases=cases))
    filters = [case.graph.layers[0].config["filters"] for case in evidence.cases]
    assert [2, 3] == filters


def test_evidence_is_published_as_one_json_string(one_worker):
    """Publishing shows one message of the evidence type whose data is the evidence's text."""
    ((mime, text),) = one_worker.run("published", work="block")
    assert EVIDENCE_MIME == mime
    assert "block" == json.loads(text)["task"]


def test_a_config_is_left_out_before_a_graph_is(one_worker):
    """Evidence that is too long with its configs goes without; its models then answer for themselves."""

    def sent(characters):
        (case,) = parse_evidence(
            one_worker.run("published_within", work="block", characters=characters)
        ).cases
        return case

    whole = sent(10**6)
    assert whole.config is not None
    bare = sent(len(whole.model_dump_json()) - 10)
    assert ("model", None) == (bare.kind, bare.config)  # names are counted on from one building to the next
    assert "failure" == sent(1000).kind
