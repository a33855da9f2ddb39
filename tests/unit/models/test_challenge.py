"""Answers to a challenge."""

import numpy as np
import pytest

from grader.evidence import parse_reply

pytestmark = pytest.mark.backends

VERSIONS = ["block", "block_by_operator", "BlockLayer", "BlockModel"]


def test_every_version_of_a_block_computes_the_same(worker):
    """Functional, operator and subclassed versions give equal outputs for the same weights, mapped by call."""
    replies = [parse_reply(text) for text in worker.run("outputs_by_position", works=VERSIONS)]
    first, *others = [reply.parts[0].outputs[0].numpy() for reply in replies]
    assert (2, 8, 8, 4) == first.shape
    assert np.ptp(first) > 0.1
    assert [0.0] * len(others) == [float(np.abs(first - other).max()) for other in others]


def test_backends_give_the_same_outputs(backends):
    """The reply is the same on every backend up to rounding."""
    outputs = [
        parse_reply(worker.run("answered", work="block")).parts[0].outputs[0].numpy()
        for worker in backends.values()
    ]
    for output in outputs[1:]:
        np.testing.assert_allclose(output, outputs[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("spoil", "case", "part"),
    [
        ("shape", 0, "weight 0 (kernel) has the shape (3, 3, 4, 4)"),
        ("missing", 0, "the model has 6 weights, the challenge has 5"),
        ("inputs", 0, "the model has 1 inputs, the challenge has 0"),
        ("task", 0, "this kernel has checked no such task"),
        (None, 3, "this kernel has checked no such case"),
    ],
)
def test_a_challenge_that_does_not_fit_is_answered_with_the_reason(one_worker, spoil, case, part):
    """The reply says in words why there are no outputs."""
    reply = parse_reply(one_worker.run("answered", work="block", spoil=spoil, case=case))
    assert () == reply.parts[0].outputs
    assert part in reply.parts[0].failure


@pytest.mark.parametrize("work", ["kept_block", "residual_model"])
def test_a_model_object_gets_its_own_weights_back(worker, work):
    """After the challenge the student's model has the weights it had before."""
    assert worker.run("own_weights_after_answer", work=work)
