"""What is judged of a model on other backends; it is tried elsewhere, and only here is it said when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from grader.errors import CourseError
from grader.evidence import CaseEvidence
from grader.judge.result import CaseParity, CaseResult
from grader.judge.rows import holds
from grader.keys import TaskKey
from grader.tasks import Parity

__all__ = ["TryParity", "with_parity"]

TryParity = Callable[[TaskKey, CaseEvidence], CaseParity]
"""Tries the model of a case on each backend: given the task's key, and what the case gave."""


def with_parity(
    key: TaskKey, results: Sequence[CaseResult], try_parity: TryParity | None
) -> list[CaseResult]:
    """Return the results with what other backends make of each model, where a task asks for that and the rest is right.

    The first model that fails ends it.

    Raises:
        CourseError: the task asks for it, and there is nobody to try.
    """
    if key.task.parity is None:
        return list(results)
    others = [expectation for expectation in key.task.expects if not isinstance(expectation, Parity)]
    if not all(holds(expectation, result) for expectation in others for result in results):
        return list(results)
    if try_parity is None:
        raise CourseError(f"Task {key.task.id!r} asks for parity, and no backends were given to try it on.")
    found: list[CaseResult] = []
    failed = False
    for result in results:
        parity = None if failed or result.given.graph is None else try_parity(key, result.given)
        failed = failed or (parity is not None and not parity.passed)
        found.append(replace(result, parity=parity))
    return found
