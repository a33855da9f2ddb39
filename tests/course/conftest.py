"""Each unit in turn, and the evidence and verdicts on submissions' work."""

from collections.abc import Callable

import pytest

from grader.evidence import Evidence, parse_evidence
from grader.judge import judge
from grader.keys import TaskKey
from grader.portability.grading import try_parity
from grader.tasks import Task
from grader.verdict import Verdict
from tests.backends.worker import Workers
from tests.course.course_units import UNITS, CourseUnit

Collecting = Callable[[CourseUnit, Task, str | None, str], Evidence]
Judging = Callable[[CourseUnit, Task, str | None, str], Verdict]


@pytest.fixture(scope="session", params=UNITS)
def unit(request: pytest.FixtureRequest) -> CourseUnit:
    """Each unit of the course in turn."""
    return CourseUnit(request.param)


@pytest.fixture(scope="session")
def evidence_of(workers: Workers) -> Collecting:
    """Collect each piece of evidence once a session."""
    kept: dict[tuple[str, str, str | None, str], Evidence] = {}

    def evidence(unit: CourseUnit, task: Task, sample: str | None, backend: str) -> Evidence:
        place = (unit.name, task.id, sample, backend)
        if place not in kept:
            text = workers[backend].run(
                "tests.course.submissions",
                "evidence",
                source=unit.source(sample),
                task=task.id,
                function=unit.checked_name(task),
                cases=[case.model_dump(mode="json") for case in unit.cases(task)],
                travels=task.public.parity is not None,
            )
            kept[place] = parse_evidence(text)
        return kept[place]

    return evidence


@pytest.fixture(scope="session")
def judged(evidence_of: Collecting) -> Judging:
    """Judge a submission's work on a task against the reference's, hidden cases included."""

    def verdict(unit: CourseUnit, task: Task, sample: str | None, backend: str) -> Verdict:
        key = TaskKey(
            task=task.public,
            cases=unit.cases(task),
            visible=len(task.cases),
            # The key is made on one backend and serves all, as in a grading campaign.
            evidence=evidence_of(unit, task, None, "torch"),
        )
        return judge(key, evidence_of(unit, task, sample, backend), parity=try_parity)

    return verdict
