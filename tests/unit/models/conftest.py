"""One worker process per backend and session: a process can have one Keras backend only."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.graph import ModelGraph

BACKENDS = ("tensorflow", "jax", "torch")
HERE = Path(__file__).parent
ROOT = HERE.parents[2]


class Worker:
    """A process that has imported Keras on one backend and runs the functions of ``facts.py``."""

    def __init__(self, backend: str, cache: Path) -> None:
        self.backend = backend
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu"}
        threads = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
        # Most of JAX's time goes into compiling one initializer per weight shape: keep them for next time.
        quick = {
            "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
            "JAX_COMPILATION_CACHE_DIR": str(cache),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
        }
        paths = {"PYTHONPATH": str(ROOT), "KERAS_BACKEND": backend}
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(HERE / "worker.py")],
            env=os.environ | quiet | threads | quick | paths,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, fact: str, **arguments: object) -> object:
        """Run one function of ``facts.py`` there and return its JSON result."""
        self.process.stdin.write(json.dumps([fact, arguments]) + "\n")
        self.process.stdin.flush()
        watchdog = threading.Timer(180, self.process.kill)
        watchdog.start()
        try:
            line = self.process.stdout.readline()
        finally:
            watchdog.cancel()
        assert line, f"the {self.backend} worker died or hung in {fact}({arguments})"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def graph(self, model: str) -> ModelGraph:
        """Describe one of the models of ``student_work.py`` there."""
        return ModelGraph.from_json(self.run("graph", model=model))

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()


@pytest.fixture(scope="session")
def workers(pytestconfig: pytest.Config) -> Iterator[dict[str, Worker]]:
    cache = pytestconfig.cache.mkdir("jax")
    started = {backend: Worker(backend, cache) for backend in BACKENDS}
    yield started
    for worker in started.values():
        worker.stop()


@pytest.fixture(params=BACKENDS)
def worker(request: pytest.FixtureRequest, workers: dict[str, Worker]) -> Worker:
    """Run the test once on each backend."""
    return workers[request.param]


@pytest.fixture
def one_worker(workers: dict[str, Worker]) -> Worker:
    """Run the test on one backend, where another test already holds the backends equal."""
    return workers["torch"]
