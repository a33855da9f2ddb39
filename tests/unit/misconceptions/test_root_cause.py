"""Several mistakes at once: the root cause comes first, and what it drags along is told after it or not at all."""

from __future__ import annotations

import pytest

from grader.comparison import analyse
from grader.graph import ModelGraph
from grader.misconceptions import diagnose
from grader.tasks import CompareOptions
from tests.backends.worker import Workers

pytestmark = pytest.mark.backends

ASKED = CompareOptions(trainable=True, compile=True)
AT_LEAST = 12


def test_the_root_cause_comes_first(workers: Workers) -> None:
    """Every compound mistake gives its names in the order in which they are best mended."""
    pairs = workers["torch"].run("tests.unit.misconceptions.compound_models", "graphs")
    assert isinstance(pairs, dict)
    expected = {what: ids for what, (_, _, ids) in pairs.items()}
    found = {
        what: [
            diagnosis.id
            for diagnosis in diagnose(
                analyse(ModelGraph.from_json(student), ModelGraph.from_json(reference), ASKED)
            )
        ]
        for what, (student, reference, _) in pairs.items()
    }
    assert len(expected) >= AT_LEAST
    assert expected == found
