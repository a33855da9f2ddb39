"""Answer keys: what the reference solution gave, kept as data.

A *public key* holds the visible cases and travels with a release. A *private key* holds a
campaign's seed, its drawn cases and what the reference computes on them; it stays beside the gradebook.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from grader.errors import KeyFileError
from grader.evidence import Array, Case, CaseSheet, Evidence
from grader.record import Record
from grader.tasks import PublicTask

__all__ = ["AnswerKey", "Probe", "TaskKey", "read_key", "write_key"]


class Probe(Record):
    """What the reference's model computed in one run of one case.

    Weights and inputs are not kept: ``seed``, the case, ``draw`` and ``strength`` draw them again
    (``grader.judge.probes.drawn``). ``changed``, ``state``, ``penalty`` and ``silent`` are those of a
    ``ReplyPart``.
    """

    case: int
    seed: int
    draw: int
    strength: float
    training: bool
    outputs: tuple[Array, ...]
    changed: tuple[int, ...] = ()
    state: tuple[Array, ...] = ()
    penalty: float = 0.0
    silent: tuple[int, ...] = ()


class TaskKey(Record):
    """The key of one task. The first ``visible`` cases are public, the rest drawn."""

    task: PublicTask
    cases: tuple[Case, ...]
    visible: int
    evidence: Evidence
    probes: tuple[Probe, ...] = ()


class AnswerKey(Record):
    """The key of a unit; ``seed`` is ``None`` in a public key, ``solutions`` empty in a private one.

    ``solutions`` maps a task to the source of its reference solution, so that ``unit.solution``
    can show it after a pass or on request; it is empty where the release withholds it.
    """

    format: int = 1
    unit: str
    title: str
    seed: int | None = None
    tasks: tuple[TaskKey, ...]
    solutions: dict[str, str] = {}

    def task(self, task_id: str) -> TaskKey | None:
        """Return the key of that task, or ``None``."""
        return next((key for key in self.tasks if key.task.id == task_id), None)

    def case_sheet(self) -> CaseSheet:
        """Return what a kernel may be given in collect mode: arguments, nothing expected."""
        return CaseSheet(
            unit=self.unit,
            tasks={key.task.id: key.cases for key in self.tasks},
            portable=tuple(key.task.id for key in self.tasks if key.task.parity is not None),
        )


def write_key(key: AnswerKey, path: Path) -> None:
    """Write a key in one step, so that no reader meets half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.write_text(key.to_json(), encoding="utf-8")
    draft.replace(path)


def read_key(path: Path) -> AnswerKey:
    """Read a key.

    Raises:
        KeyFileError: there is no such file, or it is not a key of this version.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise KeyFileError(f"The answer key {path.name} cannot be read: {error.strerror}.") from error
    try:
        return _parsed(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise KeyFileError(
            f"{path.name} is not an answer key of this version: at {place}: {first['msg']}. "
            "Make it again with `grader release`."
        ) from error


@lru_cache(maxsize=4)
def _parsed(text: str) -> AnswerKey:
    """Read a key's text; whoever grades a class reads the same one for each submission."""
    return AnswerKey.model_validate_json(text)
