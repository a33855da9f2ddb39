"""Work that is right for the visible case only: named so where an argument is not used, and nowhere else."""

from __future__ import annotations

import pytest

from grader.evidence import Case, parse_evidence
from grader.judge import Answers, judge
from grader.keys import TaskKey
from grader.tasks import Architecture, PublicTask
from grader.verdict import Verdict
from tests.backends.worker import Workers

pytestmark = pytest.mark.backends

TASK = PublicTask(id="sized", title="Sized", expects=(Architecture(points=1),), hints=("Look.",))
MISTAKE = "hard-coded-size"
AT_LEAST = 3


def judged(workers: Workers, table: str) -> list[tuple[Verdict, str | None]]:
    """Return the verdict on each pair, its first case shown and the others not, and what is to be told first."""
    rows = workers["torch"].run("tests.unit.misconceptions.sized_models", "evidence", table=table)
    assert isinstance(rows, list)
    found = []
    for student, reference, cases, *wanted in rows:
        given = tuple(Case.model_validate_json(case) for case in cases)
        key = TaskKey(task=TASK, cases=given, visible=1, evidence=parse_evidence(reference))
        found.append(
            (judge(key, parse_evidence(student), answers=Answers()), wanted[0] if wanted else MISTAKE)
        )
    return found


def first(verdict: Verdict) -> str | None:
    return next((diagnosis.id for diagnosis in verdict.diagnoses), None)


def test_a_value_written_out_is_named_first(workers: Workers) -> None:
    """The case that was not shown fails alone, in a plain difference or an error."""
    found = judged(workers, "TRIGGERS")
    assert len(found) >= AT_LEAST
    assert [MISTAKE] * len(found) == [first(verdict) for verdict, _ in found]
    assert all(verdict.hidden_case for verdict, _ in found)


def test_other_work_keeps_its_own_name_or_none(workers: Workers) -> None:
    """What fails in the visible case too, or has a name of its own, is not called so; equal work is right."""
    found = judged(workers, "NEAR_MISSES")
    assert len(found) >= AT_LEAST
    assert [wanted for _, wanted in found] == [first(verdict) for verdict, _ in found]
    assert not [
        verdict for verdict, _ in found if MISTAKE in {diagnosis.id for diagnosis in verdict.diagnoses}
    ]
