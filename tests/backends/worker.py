"""A process per backend that tests ask questions of: a process can have one Keras backend only."""

import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["Worker", "Workers"]

_HERE = Path(__file__).parent
_PROJECT = _HERE.parents[1]
_SECONDS_FOR_AN_ANSWER = 180


class Worker:
    """A process that has imported Keras on one backend and runs functions of the tests' modules."""

    def __init__(self, backend: str, cache: Path) -> None:
        self.backend = backend
        settings = {
            "KERAS_BACKEND": backend,
            "PYTHONPATH": str(_PROJECT),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "JAX_PLATFORMS": "cpu",
            # JAX compiles an initializer per weight shape, some for seconds: compile quickly, and keep
            # what was compiled for next time.
            "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
            "JAX_COMPILATION_CACHE_DIR": str(cache),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(_HERE / "process.py")],
            env=os.environ | settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, module: str, function: str, /, **arguments: object) -> object:
        """Run one function of a module there and return its JSON result."""
        self._process.stdin.write(json.dumps([module, function, arguments]) + "\n")
        self._process.stdin.flush()
        watchdog = threading.Timer(_SECONDS_FOR_AN_ANSWER, self._process.kill)
        watchdog.start()
        try:
            line = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        assert line, f"the {self.backend} process died or hung in {module}.{function}"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def stop(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()


class Workers:
    """The workers of a session, each started when it is first asked for."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._started: dict[str, Worker] = {}

    def __getitem__(self, backend: str) -> Worker:
        if importlib.util.find_spec(backend) is None:
            pytest.skip(f"{backend} is not installed")
        if backend not in self._started:
            self._started[backend] = Worker(backend, self._cache)
        return self._started[backend]

    @contextmanager
    def alone(self, backend: str) -> Iterator[Worker]:
        """Lend a process that no other test has used, for what a process has imported or counted."""
        if importlib.util.find_spec(backend) is None:
            pytest.skip(f"{backend} is not installed")
        worker = Worker(backend, self._cache)
        try:
            yield worker
        finally:
            worker.stop()

    def stop(self) -> None:
        """End every process."""
        for worker in self._started.values():
            worker.stop()
