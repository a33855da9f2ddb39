"""A process that builds models from checked configs, away from the code of those who sent them.

One for each backend and each thread that asks; it is forked where kernels are, and else started. When it hangs or
takes too much it is ended, and the next question gets another.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from threading import Lock
from typing import Any

from grader.errors import GraderError
from grader.execution.limits import Limits
from grader.execution.native_logs import QUIET
from grader.execution.supervisor import KernelRequest
from grader.execution.zygotes import NoZygoteError, fork_kernel
from grader.watched import Limits as WatchedLimits
from grader.watched import Watched

__all__ = ["BACKENDS", "CleanWorker", "CleanWorkers", "WorkerError"]

BACKENDS = ("tensorflow", "jax", "torch")
_MODULE = "grader.models.rebuilding"
_SECONDS = 30.0  # for an answer; a cell has as long for its challenge
_SECONDS_FOR_A_RUN = 5.0  # more; JAX compiles a large model for each that it is asked for
_START_SECONDS = 120.0  # where the backend has to be imported first
_MEMORY = 4 * 1024**3
_MOST_ANSWERS = 200  # JAX keeps what it compiles, some megabytes for each model: begin anew now and then


class WorkerError(GraderError):
    """The process gave no answer; the message says why, and ends a sentence.

    ``exceeded``: it was ended for what it took. Otherwise another process may well answer.
    """

    def __init__(self, message: str, *, exceeded: bool = False) -> None:
        super().__init__(message)
        self.exceeded = exceeded


class _Forked:
    """A process forked from one that has imported the backend."""

    def __init__(self, environment: Mapping[str, str], memory: int) -> None:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        request = KernelRequest(
            arguments=[],
            environment=dict(environment),
            folder="/",
            limits=Limits(memory=memory),
            module=_MODULE,
        )
        try:
            with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
                self._process = fork_kernel(
                    request, stdin=theirs_in, stdout=theirs_out, stderr=nowhere.fileno()
                )
        except BaseException:
            os.close(ours_out)
            os.close(ours_in)
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self.sent = os.fdopen(ours_out, "w", encoding="utf-8")
        self.received = os.fdopen(ours_in, encoding="utf-8")

    def fault(self) -> str | None:
        """Say why its supervisor ended it, if it did."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        return str(self._process.excess) if self._process.excess else None

    def end(self) -> None:
        """End it."""
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        for stream in (self.sent, self.received):
            with contextlib.suppress(OSError):
                stream.close()


class _Started:
    """A process of its own, where none can be forked."""

    def __init__(self, environment: Mapping[str, str], memory: int) -> None:
        command = [sys.executable, "-P", "-m", _MODULE]
        allowed = WatchedLimits(seconds=float("inf"), memory=memory)  # who asks looks at the clock
        self._watched = Watched(command, allowed, environment, errors=subprocess.DEVNULL)
        process = self._watched.process
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - both are pipes
        self.sent, self.received = process.stdin, process.stdout

    def fault(self) -> str | None:
        """Say why it was ended, if it was."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._watched.process.wait(2)
        return self._watched.fault

    def end(self) -> None:
        """End it."""
        self._watched.end()
        with contextlib.suppress(OSError):
            self._watched.process.communicate()


class CleanWorker:
    """A process of one backend that answers a line of JSON with another."""

    def __init__(self, backend: str, *, seconds: float = _SECONDS, memory: int = _MEMORY) -> None:
        self.backend = backend
        self.answered = 0
        self._seconds = seconds
        environment = {**os.environ, **QUIET, "KERAS_BACKEND": backend}
        self._process: _Forked | _Started
        try:
            self._process = _Forked(environment, memory)
        except NoZygoteError:
            self._process = _Started(environment, memory)

    def ask(self, request: dict[str, Any], *, runs: int = 0) -> dict[str, Any]:
        """Return the answer to a request, which has models run so often.

        Raises:
            WorkerError: there is none; the process has been ended.
        """
        first = self.answered == 0 and isinstance(self._process, _Started)
        seconds = self._seconds + runs * _SECONDS_FOR_A_RUN
        seconds = max(seconds, _START_SECONDS) if first else seconds
        try:
            self._process.sent.write(json.dumps(request) + "\n")
            self._process.sent.flush()
            ready = select.select([self._process.received], [], [], seconds)[0]
            line = self._process.received.readline() if ready else None
        except (OSError, ValueError):
            line = ""
        if line and line.endswith("\n"):
            self.answered += 1
            return dict(json.loads(line))
        reason = f"it took more than {seconds:g} seconds" if line is None else self._process.fault()
        self.end()
        raise WorkerError(reason or "the process that builds it ended", exceeded=reason is not None)

    def end(self) -> None:
        """End the process."""
        self._process.end()


class CleanWorkers:
    """Lends workers, each to one at a time, and keeps those that are idle."""

    def __init__(self, *, seconds: float = _SECONDS, memory: int = _MEMORY) -> None:
        self._seconds, self._memory = seconds, memory
        self._idle: dict[str, list[CleanWorker]] = defaultdict(list)
        self._lock = Lock()
        self._owner = os.getpid()
        atexit.register(self.end)

    @contextlib.contextmanager
    def lent(self, backend: str) -> Iterator[CleanWorker]:
        """Lend a worker of a backend; it is kept for the next unless it failed."""
        with self._lock:
            if self._owner != os.getpid():  # forked: those of the other process are not for two to talk to
                self._owner, self._idle = os.getpid(), defaultdict(list)
            worker = self._idle[backend].pop() if self._idle[backend] else None
        worker = worker or CleanWorker(backend, seconds=self._seconds, memory=self._memory)
        try:
            yield worker
        except BaseException:
            worker.end()
            raise
        if worker.answered >= _MOST_ANSWERS:
            worker.end()
            return
        with self._lock:
            self._idle[backend].append(worker)

    def end(self) -> None:
        """End those that are idle."""
        if self._owner != os.getpid():
            return
        with self._lock:
            workers = [worker for idle in self._idle.values() for worker in idle]
            self._idle.clear()
        for worker in workers:
            worker.end()
