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
from time import monotonic
from typing import Any, Literal

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
_PROCESSES, _THREADS = 200, 4000  # as a notebook: code of a student's may run here as well
_CHUNK = 1024 * 1024
_LONGEST_ANSWER = 1024**3
_MOST_ANSWERS = 200  # JAX keeps what it compiles, some megabytes for each model: begin anew now and then


class WorkerError(GraderError):
    """The process gave no answer; the message says why, and ends a sentence.

    ``how`` it ended: of its own accord, for the time it took, or for something else that it took too much of.
    """

    def __init__(self, message: str, how: Literal["crashed", "timed_out", "over_limit"] = "crashed") -> None:
        super().__init__(message)
        self.how = how

    @property
    def exceeded(self) -> bool:
        """Whether it was ended for what it took. Otherwise another process may well answer."""
        return self.how != "crashed"


class _Forked:
    """A process forked from one that has imported the backend."""

    def __init__(self, module: str, environment: Mapping[str, str], memory: int) -> None:
        self._closed = False
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        request = KernelRequest(
            arguments=[],
            environment=dict(environment),
            folder="/",
            limits=Limits(memory=memory, processes=_PROCESSES, threads=_THREADS),
            module=module,
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
        self.sent, self.received = ours_out, ours_in
        os.set_blocking(self.sent, False)

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
        if not self._closed:
            self._closed = True
            os.close(self.sent)
            os.close(self.received)


class _Started:
    """A process of its own, where none can be forked."""

    def __init__(self, module: str, environment: Mapping[str, str], memory: int) -> None:
        command = [sys.executable, "-P", "-m", module]
        allowed = WatchedLimits(seconds=float("inf"), memory=memory)  # who asks looks at the clock
        self._watched = Watched(command, allowed, environment, errors=subprocess.DEVNULL)
        process = self._watched.process
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - both are pipes
        self.sent, self.received = process.stdin.fileno(), process.stdout.fileno()
        os.set_blocking(self.sent, False)

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
    """A process of one backend that answers a line of JSON with another: it runs ``module``."""

    def __init__(
        self, backend: str, *, seconds: float = _SECONDS, memory: int = _MEMORY, module: str = _MODULE
    ) -> None:
        self.backend = backend
        self.answered = 0
        self._seconds = seconds
        environment = {**os.environ, **QUIET, "KERAS_BACKEND": backend}
        self._process: _Forked | _Started
        try:
            self._process = _Forked(module, environment, memory)
        except NoZygoteError:
            self._process = _Started(module, environment, memory)

    def ask(self, request: dict[str, Any], *, runs: int = 0) -> dict[str, Any]:
        """Return the answer to a request, which has models run so often.

        Raises:
            WorkerError: there is none; the process has been ended.
        """
        return dict(json.loads(self.ask_text(json.dumps(request), self._seconds + runs * _SECONDS_FOR_A_RUN)))

    def ask_text(self, request: str, seconds: float) -> str:
        """Return the line that answers a line, as it came, within so many seconds.

        Raises:
            WorkerError: as ``ask``.
        """
        first = self.answered == 0 and isinstance(self._process, _Started)
        seconds = max(seconds, _START_SECONDS) if first else seconds
        try:
            line = _exchanged(self._process.sent, self._process.received, request, seconds)
        except TimeoutError:
            self.end()
            raise WorkerError(f"it took more than {seconds:g} seconds", "timed_out") from None
        except OSError:
            line = None
        if line is not None:
            self.answered += 1
            return line
        fault = self._process.fault()
        self.end()
        raise WorkerError(fault or "the process that builds it ended", "over_limit" if fault else "crashed")

    def end(self) -> None:
        """End the process."""
        self._process.end()


def _exchanged(sent: int, received: int, request: str, seconds: float) -> str | None:
    """Write a line to one pipe and read one from another; nothing where that ends before.

    A process that does not read, or writes without end, is not waited for longer than any other.

    Raises:
        TimeoutError: it took too long.
        OSError: nobody reads.
    """
    deadline = monotonic() + seconds
    unsent, read = memoryview(request.encode() + b"\n"), bytearray()
    while not read.endswith(b"\n"):
        left = deadline - monotonic()
        ready, writable, _ = select.select([received], [sent] if unsent else [], [], max(left, 0))
        if not ready and not writable:
            raise TimeoutError
        if writable:
            unsent = unsent[os.write(sent, unsent[:_CHUNK]) :]
        if ready:
            chunk = os.read(received, _CHUNK)
            if not chunk or len(read) > _LONGEST_ANSWER:
                return None
            read += chunk
    return read.decode("utf-8", "replace") if not unsent else None


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
