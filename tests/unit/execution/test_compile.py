"""What is said of a unit before its key is made."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from grader.errors import CourseError
from grader.evidence import Case, CaseEvidence, Evidence
from grader.execution.compile import _evidence
from grader.tasks import Architecture, CompareOptions, Task, Unit
from tests.blueprints import residual_block


def compiled(free: str) -> Evidence:
    """Read the evidence of a reference whose task leaves a setting to the student."""
    options = CompareOptions(free_settings=(free,))
    task = Task("block", "A block", (Architecture(points=1, options=options),), hints=("a",))
    given = CaseEvidence(kind="model", graph=residual_block())
    evidence = Evidence(task="block", backend="none", keras="3", cases=(given,))
    run = SimpleNamespace(evidence={"block": evidence})
    return _evidence(Unit("01_x", "X", (task,)), task, (Case(),), run)


def test_a_task_may_leave_a_setting_of_its_reference_open() -> None:
    """A setting that a layer has is taken."""
    assert "block" == compiled("Conv2D.filters").task


def test_a_task_that_leaves_open_what_no_layer_has_is_refused() -> None:
    """The author is told the task and the likely name; students would be marked wrong for what was to be free."""
    with pytest.raises(CourseError) as refused:
        compiled("Conv2D.filter")
    assert str(refused.value).startswith(
        "Task 'block' of 01_x, free_settings: 'Conv2D.filter' cannot be left"
    )
    assert "Did you mean 'filters'?" in str(refused.value)
