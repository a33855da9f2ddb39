"""What one run of a notebook gave, as the grader saw it from outside the kernel."""

from __future__ import annotations

from typing import Literal

from grader.evidence import Evidence, Reply, RunFacts
from grader.record import Record

__all__ = ["CellRun", "CellStatus", "NotebookRun"]

CellStatus = Literal["ok", "error", "timeout", "flooded", "crashed", "not_run"]


class CellRun(Record):
    """How one code cell ended. ``index`` is its place in the notebook, ``task`` its nbgrader id."""

    index: int
    task: str | None
    status: CellStatus
    error: str | None = None


class NotebookRun(Record):
    """Everything one run left behind.

    ``evidence`` and ``replies`` hold, per task, the last valid message of the check cell with that
    id. ``notes`` are sentences about a task's messages (refused, several, too many).
    ``stopped_by`` is the cell after which nothing ran: the kernel died, or had to be killed.
    """

    cells: tuple[CellRun, ...] = ()
    evidence: dict[str, Evidence] = {}
    replies: dict[str, Reply] = {}
    notes: dict[str, tuple[str, ...]] = {}
    stopped_by: CellRun | None = None

    @property
    def crashed(self) -> bool:
        """Whether the kernel died of its own accord."""
        return self.stopped_by is not None and self.stopped_by.status == "crashed"

    @property
    def timed_out(self) -> bool:
        """Whether some cell, or the whole notebook, ran out of time."""
        return any(cell.status == "timeout" for cell in self.cells)

    def cell(self, task: str) -> CellRun | None:
        """Return the run of the check cell with that id, or ``None`` where it never came to run."""
        return next((cell for cell in self.cells if cell.task == task), None)

    def facts(self, task: str, *, attempted: bool = True) -> RunFacts:
        """Gather what the judge is told about one check beside its evidence.

        A check that sent evidence counts as run, even when the kernel died right after.
        """
        cell = self.cell(task)
        stopper = self.stopped_by
        sent = task in self.evidence
        halted = not sent and stopper is not None and (cell is None or cell.index >= stopper.index)
        notes = list(self.notes.get(task, ()))
        if not sent and (culprit := self._culprit(cell)):
            notes.append(culprit)
        return RunFacts(
            attempted=attempted,
            error=self._error(cell, halted),
            crashed=halted and self.crashed,
            timed_out=not sent
            and (
                (cell is not None and cell.status == "timeout")
                or (halted and stopper is not None and stopper.status == "timeout")
            ),
            notes=tuple(notes),
        )

    def _error(self, cell: CellRun | None, halted: bool) -> str | None:
        if halted and self.stopped_by is not None and self.stopped_by.status == "flooded":
            return self.stopped_by.error
        return cell.error if cell is not None and cell.status in ("error", "flooded") else None

    def _culprit(self, check: CellRun | None) -> str | None:
        """Say which earlier cell went wrong first: it is where to look when a check saw nothing."""
        for cell in self.cells:
            if check is not None and cell.index >= check.index:
                return None
            if cell.status not in ("ok", "not_run"):
                return f"Cell {cell.index + 1}, before this check, {_ENDINGS[cell.status]}{_tail(cell.error)}."
        return None


_ENDINGS: dict[CellStatus, str] = {
    "error": "stopped with an error",
    "timeout": "ran out of time",
    "flooded": "wrote too much output and was stopped",
    "crashed": "ended the kernel",
}


def _tail(error: str | None) -> str:
    return f": {error.rstrip('.')}" if error else ""
