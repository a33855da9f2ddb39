"""What one run of a notebook gave, as the grader saw it from outside the kernel."""

from __future__ import annotations

import re
from typing import Literal

from nbformat import NotebookNode
from nbformat.v4 import new_output

from grader.evidence import Evidence, Reply, RunFacts
from grader.record import Record

__all__ = ["CellRun", "CellStatus", "NotebookRun", "Runs", "mark_not_run"]

# "stopped": the kernel used more than it may; "crashed": it died of its own accord.
CellStatus = Literal["ok", "error", "timeout", "flooded", "stopped", "crashed", "not_run"]


class CellRun(Record):
    """How one code cell ended.

    ``index`` is its place in the notebook, ``task`` its nbgrader id. ``error`` says more of what went wrong; where
    that ended the kernel, "it" is the kernel.
    """

    index: int
    task: str | None
    status: CellStatus
    error: str | None = None


class NotebookRun(Record):
    """Everything one run left behind.

    ``evidence`` and ``replies`` hold, per task, the last valid message of the check cell with that
    id. ``notes`` are sentences about a task's messages (refused, several, too many).
    ``stopped_by`` is the cell after which nothing ran, and why: the kernel died, or had to be killed.
    """

    cells: tuple[CellRun, ...] = ()
    evidence: dict[str, Evidence] = {}
    replies: dict[str, Reply] = {}
    notes: dict[str, tuple[str, ...]] = {}
    stopped_by: CellRun | None = None

    @property
    def crashed(self) -> bool:
        """Whether the kernel died, of its own accord or because it used more than it may."""
        return self.stopped_by is not None and self.stopped_by.status in ("crashed", "stopped")

    @property
    def timed_out(self) -> bool:
        """Whether some cell, or the whole notebook, ran out of time."""
        return any(cell.status == "timeout" for cell in self.cells)

    def cell(self, task: str) -> CellRun | None:
        """Return the run of the check cell with that id, or ``None`` where it never came to run."""
        return next((cell for cell in self.cells if cell.task == task), None)

    def facts(self, task: str, *, attempted: bool = True) -> RunFacts:
        """Gather what the judge is told about one check beside its evidence.

        A check that sent evidence counts as run, even when the kernel died right after. One that did
        not, because a cell since the check before it ran out of time, counts as out of time.
        """
        cell = self.cell(task)
        sent = task in self.evidence
        notes = self.notes.get(task, ())
        if sent:
            return RunFacts(attempted=attempted, error=_error(cell), notes=notes)
        stopper = self.stopped_by
        halted = stopper is not None and (cell is None or cell.index >= stopper.index)
        culprit, own = self._culprit(cell)
        error = _error(cell)
        if error is not None and error.startswith("NameError") and own is not None and own.status == "error":
            # What the check misses was to be defined there: that is what has to be mended.
            error = f"{error}; cell {own.index + 1}, before it, had stopped with {_told(own.error)}"
        elif culprit is not None:
            ending = f"{_ENDINGS[culprit.status]}{_tail(culprit.error)}"
            notes = (*notes, f"Cell {culprit.index + 1}, before this check, {ending}.")
        ends = [found for found in (cell, own, stopper if halted else None) if found is not None]
        late = next((found for found in ends if found.status == "timeout"), None)
        over = next((found for found in ends if found.status in ("stopped", "flooded")), None)
        timed_out = late is not None and not (halted and self.crashed)
        return RunFacts(
            attempted=attempted,
            error=error,
            crashed=halted and self.crashed,
            over_limit=_excess(over) if over is not None and not timed_out else None,
            timed_out=timed_out,
            time_out=_told(late.error) if late is not None and timed_out else "",
            notes=notes,
        )

    def _culprit(self, check: CellRun | None) -> tuple[CellRun | None, CellRun | None]:
        """Find the earlier cell to look at when a check saw nothing.

        Returns the first that went wrong, preferring those after the check before, and the latter alone.
        """
        stopper = self.stopped_by
        cells = self.cells if stopper is None or stopper in self.cells else (*self.cells, stopper)
        before = [cell for cell in cells if check is None or cell.index < check.index]
        bad = [cell for cell in before if cell.status in _ENDINGS]
        last_check = max((cell.index for cell in before if cell.task is not None), default=-1)
        own = next((cell for cell in bad if cell.index > last_check), None)
        return own or next(iter(bad), None), own

    def without_answer(self) -> list[str]:
        """Return the checks at or behind the cell that stopped the run, in order; the first of them is that cell's."""
        if self.stopped_by is None:
            return []
        behind = [
            cell for cell in self.cells if cell.task is not None and cell.index >= self.stopped_by.index
        ]
        return [cell.task for cell in behind if cell.task is not None and cell.task not in self.replies]


class Runs(Record):
    """The runs of one notebook, each without the cells that had stopped those before it."""

    runs: tuple[NotebookRun, ...]

    def of(self, task: str) -> NotebookRun:
        """Return the run that tells of a check.

        That is the first in which it sent evidence; else the first that came to it, or that ended on the way to it:
        the cell that ended it may have been the work itself.
        """
        for run in self.runs:
            if task in run.evidence:
                return run
        for run in self.runs[:-1]:
            unanswered = run.without_answer()
            if task not in unanswered or task == unanswered[0]:
                return run
        return self.runs[-1]


def _error(cell: CellRun | None) -> str | None:
    return _told(cell.error) if cell is not None and cell.status == "error" else None


def _excess(cell: CellRun) -> str:
    """Say what was too much, as the end of a sentence that began with the kernel."""
    told = _told(cell.error)
    return f"it wrote {told}" if cell.status == "flooded" else told


def _told(error: str | None) -> str:
    """Return an error's text without the name of a file that only its kernel knows."""
    return _CELL_FILE.sub(r"(\1)", error or "")


_CELL_FILE = re.compile(r"\(\d+\.py, (line \d+)\)")  # as IPython names a cell in a SyntaxError

_ENDINGS: dict[CellStatus, str] = {
    "error": "stopped with an error",
    "timeout": "ran out of time",
    "flooded": "wrote too much output and was stopped",
    "stopped": "was stopped",
    "crashed": "ended the kernel",
}


_STOPS: dict[CellStatus, str] = {
    "timeout": "time ran out",
    "flooded": "output overflowed",
    "stopped": "the kernel was stopped",
    "crashed": "the kernel died",
}


def _tail(error: str | None) -> str:
    return f": {_told(error).rstrip('.')}" if error else ""


def mark_not_run(cell: NotebookNode, stopper: CellRun) -> None:
    """Mark a cell that has not run, or not to its end, so that nothing takes it for a pass."""
    what = _STOPS.get(stopper.status, "the run stopped")
    text = f"{what} at cell {stopper.index + 1}{_tail(stopper.error)}"
    cell.outputs = [output for output in cell.get("outputs", []) if output.output_type != "execute_result"]
    if not any(output.output_type == "error" for output in cell.outputs):
        cell.outputs.append(new_output("error", ename="NotRun", evalue=text, traceback=[f"NotRun: {text}"]))
