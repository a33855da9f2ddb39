"""Each unit in turn, and for each backend one process that collects evidence on submissions."""

import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.evidence import Evidence, parse_evidence
from grader.judge import judge
from grader.keys import TaskKey
from grader.tasks import Task
from grader.verdict import Verdict
from tests.course.course_units import PROJECT, UNITS, CourseUnit

Collecting = Callable[[CourseUnit, Task, str | None, str], Evidence]
Judging = Callable[[CourseUnit, Task, str | None, str], Verdict]


@pytest.fixture(scope="session", params=UNITS)
def unit(request: pytest.FixtureRequest) -> CourseUnit:
    """Each unit of the course in turn."""
    return CourseUnit(request.param)


class Worker:
    """A process that has imported Keras on one backend."""

    def __init__(self, backend: str, cache: Path) -> None:
        self.backend = backend
        settings = {
            "KERAS_BACKEND": backend,
            "PYTHONPATH": str(PROJECT),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "JAX_PLATFORMS": "cpu",
            # JAX compiles an initializer per weight shape, some for seconds; these settings make that a tenth.
            "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
            "JAX_THREEFRY_PARTITIONABLE": "0",
            "JAX_COMPILATION_CACHE_DIR": str(cache),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(Path(__file__).with_name("worker.py"))],
            env=os.environ | settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def collect(self, unit: CourseUnit, task: Task, sample: str | None) -> Evidence:
        """Collect evidence on a submission's work on one task, visible and drawn cases."""
        cases = [case.model_dump(mode="json") for case in unit.cases(task)]
        request = {
            "source": unit.source(sample),
            "task": task.id,
            "function": unit.checked_name(task),
            "cases": cases,
        }
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        watchdog = threading.Timer(180, self.process.kill)
        watchdog.start()
        try:
            line = self.process.stdout.readline()
        finally:
            watchdog.cancel()
        assert line, f"the {self.backend} worker died or hung on {task.id} of {sample}"
        assert not line.startswith('{"error"'), json.loads(line)["error"]
        return parse_evidence(line)

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


@pytest.fixture(scope="session")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Worker]]:
    """Start a backend's process when it is first asked for; skip where the backend is not installed."""
    started: dict[str, Worker] = {}

    def worker(backend: str) -> Worker:
        if importlib.util.find_spec(backend) is None:
            pytest.skip(f"{backend} is not installed")
        if backend not in started:
            started[backend] = Worker(backend, tmp_path_factory.mktemp("compiled"))
        return started[backend]

    yield worker
    for process in started.values():
        process.stop()


@pytest.fixture(scope="session")
def evidence_of(workers: Callable[[str], Worker]) -> Collecting:
    """Collect each piece of evidence once a session."""
    kept: dict[tuple[str, str, str | None, str], Evidence] = {}

    def evidence(unit: CourseUnit, task: Task, sample: str | None, backend: str) -> Evidence:
        place = (unit.name, task.id, sample, backend)
        if place not in kept:
            kept[place] = workers(backend).collect(unit, task, sample)
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
        return judge(key, evidence_of(unit, task, sample, backend))

    return verdict
