"""One process for each backend, asked at the same time."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError

from grader.execution.clean_worker import CleanWorker, WorkerError
from grader.parity_answers import Opened, Portable, Run, RunAnswer, Saving, TrainAnswer
from grader.portability.records import RowVerdict
from grader.record import Record

__all__ = ["LIVE", "Panel", "Process", "Subject", "TroubleError", "installed"]

R = TypeVar("R", bound=Record)
T = TypeVar("T")

LIVE = "live"
"""What stands for a backend where the model itself is asked, in its own process."""

_MODULE = "grader.models.parity"
_SECONDS = 60.0
_SECONDS_TO_TRAIN = 180.0
_MEMORY = 6 * 1024**3


class TroubleError(Exception):
    """A backend's process gave no answer: how it ended, and why in words."""

    def __init__(self, verdict: RowVerdict, why: str) -> None:
        super().__init__(why)
        self.verdict, self.why = verdict, why


class Subject(Protocol):
    """A model on one backend; each method raises ``TroubleError`` where there is no answer."""

    def opened(self) -> Opened:
        """Tell of the model."""

    def run(self, asked: Run) -> RunAnswer:
        """Run it."""

    def save(self, path: str) -> Saving:
        """Save it with the weights of its last run."""

    def load(self, path: str, asked: Run) -> RunAnswer:
        """Load what another saved, and run that with the weights it came with."""

    def train(self, steps: int, asked: Run) -> TrainAnswer:
        """Train it."""


class Process:
    """A model in a process of a backend."""

    def __init__(
        self, backend: str, portable: Portable, *, seconds: float = _SECONDS, memory: int = _MEMORY
    ) -> None:
        self.backend = backend
        self._seconds = seconds
        try:
            self._worker = CleanWorker(backend, seconds=seconds, memory=memory, module=_MODULE)
        except OSError as error:
            raise TroubleError("crashed", f"no process could be started: {error}") from error
        self._opened = self._ask(Opened, {"open": json.loads(portable.to_json())}, seconds)

    def opened(self) -> Opened:
        """Tell of the model."""
        return self._opened

    def run(self, asked: Run) -> RunAnswer:
        """Run it."""
        return self._ask(RunAnswer, {"run": _plain(asked)}, self._seconds)

    def save(self, path: str) -> Saving:
        """Save it with the weights of its last run."""
        return self._ask(Saving, {"save": path}, self._seconds)

    def load(self, path: str, asked: Run) -> RunAnswer:
        """Load what another saved, and run that with the weights it came with."""
        return self._ask(RunAnswer, {"load": path, "run": _plain(asked)}, self._seconds)

    def train(self, steps: int, asked: Run) -> TrainAnswer:
        """Train it."""
        seconds = max(self._seconds, _SECONDS_TO_TRAIN)
        return self._ask(TrainAnswer, {"train": steps, "run": _plain(asked)}, seconds)

    def end(self) -> None:
        """End the process."""
        self._worker.end()

    def _ask(self, kind: type[R], request: dict[str, Any], seconds: float) -> R:
        try:
            return kind.model_validate_json(self._worker.ask_text(json.dumps(request), seconds))
        except WorkerError as error:
            raise TroubleError(error.how, str(error)) from error
        except ValidationError as error:
            self._worker.end()
            raise TroubleError("crashed", "it wrote something that is no answer") from error


def _plain(run: Run) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(run.to_json())
    return plain


def installed(backend: str) -> bool:
    """Say whether a backend can be imported here."""
    return importlib.util.find_spec(backend) is not None


class Panel:
    """Subjects by backend; those in trouble leave, and are told of."""

    def __init__(self) -> None:
        self.subjects: dict[str, Subject] = {}
        self.troubles: dict[str, TroubleError] = {}

    def open(self, makers: dict[str, Callable[[], Subject]]) -> None:
        """Make the subjects, all at the same time."""
        self.subjects |= self._each(list(makers), lambda backend: makers[backend]())

    def each(self, backends: Sequence[str], ask: Callable[[str, Subject], T]) -> dict[str, T]:
        """Ask subjects at the same time; return the answers of those that gave one."""
        there = [backend for backend in backends if backend in self.subjects]
        return self._each(there, lambda backend: ask(backend, self.subjects[backend]))

    def _each(self, backends: list[str], do: Callable[[str], T]) -> dict[str, T]:
        answers: dict[str, T] = {}
        elsewhere = [backend for backend in backends if backend != LIVE]
        with ThreadPoolExecutor(max(1, len(elsewhere))) as pool:
            asked = {backend: pool.submit(do, backend) for backend in elsewhere}
            # A notebook's model runs in the notebook's own thread: Keras keeps its state by thread.
            for backend in backends:
                try:
                    answers[backend] = asked[backend].result() if backend in asked else do(backend)
                except TroubleError as trouble:
                    self.troubles[backend] = trouble
                    self.subjects.pop(backend, None)
        return answers

    def end(self) -> None:
        """End the processes."""
        for subject in self.subjects.values():
            if isinstance(subject, Process):
                subject.end()
        self.subjects.clear()
