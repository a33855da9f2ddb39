"""Run a notebook that is not trusted: record its evidence, cap its output, end what does not stop.

Evidence is taken from the kernel's messages as they arrive, not from the notebook's outputs,
which ``clear_output`` and ``update_display`` can rewrite afterwards. See nbclient's ``client.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbclient.util import ensure_async, run_sync
from nbformat import NotebookNode
from nbformat.v4 import new_output
from traitlets import Dict, Integer, List, Unicode

from grader.evidence import (
    CASES_VARIABLE,
    EVIDENCE_MIME,
    Challenge,
    Evidence,
)
from grader.execution.challenge import Dialogue
from grader.execution.connection import MAX_MESSAGE_BYTES
from grader.execution.evidence_log import EvidenceLog
from grader.execution.limited import LimitedClient
from grader.execution.limits import Limits
from grader.execution.output import OutputBudget, clip_error, message_size
from grader.execution.run import CellRun, CellStatus, NotebookRun, mark_not_run

__all__ = ["EvidenceCallback", "RecordingClient"]

EvidenceCallback = Callable[[str, Evidence], Challenge | None]

_LOOK_EVERY = 0.2  # seconds between two looks at whether the kernel is alive


class RecordingClient(LimitedClient):
    """A notebook client that records evidence and asks challenges.

    ``execute()`` never raises for what a notebook does; ``recorded`` tells what happened. A check
    cell is a cell with an nbgrader ``grade_id``; evidence counts only when it names that id.
    """

    timeout = Integer(60, min=1, allow_none=True, help="Seconds a cell may take.").tag(config=True)
    challenge_timeout = Integer(30, min=1, help="Seconds the answer to a challenge may take.").tag(
        config=True
    )
    iopub_timeout = Integer(20, min=1, help="Seconds to wait for the last messages of a cell.").tag(
        config=True
    )
    cell_output_bytes = Integer(1_000_000, min=0, help="Bytes of output kept per cell.").tag(config=True)
    notebook_output_bytes = Integer(10_000_000, min=0, help="Bytes of output kept per notebook.").tag(
        config=True
    )
    flood_bytes = Integer(64_000_000, min=1, help="Bytes of output after which a cell is stopped.").tag(
        config=True
    )

    allow_errors = True
    interrupt_on_timeout = True
    raise_on_iopub_timeout = True
    store_widget_state = False
    error_on_timeout = Dict(
        {
            "ename": "CellTimeoutError",
            "evalue": "the cell ran out of time",
            "traceback": ["CellTimeoutError: the cell ran out of time"],
        }
    ).tag(config=True)

    check_cells = List(Unicode(), help="The ids of the cells whose evidence is recorded.")

    on_evidence: EvidenceCallback | None = None

    # Cells that stopped an earlier run of this notebook, by index: they are not run again.
    skipped: Mapping[int, CellRun] = {}

    def reset_execution_trackers(self) -> None:
        """Forget an earlier run."""
        super().reset_execution_trackers()
        self._cells: list[CellRun] = []
        self._log = EvidenceLog()
        self._stopped_by: CellRun | None = None
        self._deadline: float | None = None
        self._kept_bytes = 0

    @property
    def recorded(self) -> NotebookRun:
        """What the last run left behind."""
        return NotebookRun(
            cells=tuple(self._cells),
            evidence=dict(self._log.evidence),
            replies=dict(self._log.replies),
            notes={task: tuple(notes) for task, notes in self._log.notes.items()},
            stopped_by=self._stopped_by,
        )

    @property
    def limits(self) -> Limits:
        """What the kernel is held to from outside.

        For each check, as long as its challenge may take is added for what the grader itself does meanwhile.
        """
        held = super().limits
        beside = self.challenge_timeout * (1 + len(self.check_cells))
        return replace(held, wall=(held.wall or 0) + beside)

    # ---- one cell ---------------------------------------------------------------------------

    async def _async_poll_kernel_alive(self) -> None:
        """Notice soon that the kernel died, or that it sent a message too long to take."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            alive = self.kc is not None and await ensure_async(self.kc.is_alive())
            if alive and await self._has_given_up():
                self._budget.oversized = True
                await self._kill()
                alive = False
            if not alive:
                if self.task_poll_for_reply is not None:
                    self.task_poll_for_reply.cancel()
                return

    async def async_execute_cell(
        self,
        cell: NotebookNode,
        cell_index: int,
        execution_count: int | None = None,
        store_history: bool = True,
    ) -> NotebookNode:
        """Run a cell, whatever it does; then ask its challenge. Does nothing once the kernel is gone."""
        if cell.cell_type != "code" or not cell.source.strip():
            return cell
        task = _task_of(cell) if _task_of(cell) in self.check_cells else None
        if self._deadline is None:
            self._deadline = monotonic() + self.notebook_timeout
        if self._stopped_by is None and monotonic() >= self._deadline:
            late = f"the cells before it took the {self.notebook_timeout} seconds that all may take together"
            self._stop(self._note(cell_index, task, "timeout", late), cell)
            await self._kill()
            return cell
        if (before := self.skipped.get(cell_index)) is not None:
            mark_not_run(cell, before)
            self._note(cell_index, task, before.status, before.error)
            return cell
        if self._stopped_by is not None:
            mark_not_run(cell, self._stopped_by)
            self._note(cell_index, task, "not_run")
            return cell

        self._task = task
        self._idle = asyncio.Event()
        self._out_of_time = False
        self._reply_error: str | None = None
        self._asked_to_exit = False
        self._flood: asyncio.Task[bool] | None = None
        self._budget = OutputBudget(
            min(self.cell_output_bytes, self.notebook_output_bytes - self._kept_bytes), self.flood_bytes
        )
        status, error = await self._attempt(cell, cell_index, execution_count, store_history)
        self._kept_bytes += self._budget.kept
        if note := self._budget.note():
            cell.outputs.append(new_output("stream", name="stdout", text=note))
        for output in cell.outputs:
            clip_error(output)
        ran = self._note(cell_index, task, status, error)
        if self._killed:
            self._stop(ran, cell)
        elif task is not None and task in self._log.evidence:
            await self._challenge(ran, task)
        return cell

    execute_cell = run_sync(async_execute_cell)

    async def _attempt(
        self, cell: NotebookNode, cell_index: int, execution_count: int | None, store_history: bool
    ) -> tuple[CellStatus, str | None]:
        """Run the cell and say how it ended; ``_killed`` tells whether the kernel is gone."""
        self._killed = False
        try:
            await super().async_execute_cell(cell, cell_index, execution_count, store_history)
        except CellTimeoutError:
            # The reply came but the end of the output never did: this kernel cannot be trusted further.
            self._out_of_time = self._killed = True
            self._allowed = f"it ended, and {self.iopub_timeout} seconds later its output had not"
            await self._kill()
        except DeadKernelError:
            await self._drain(cell, cell_index)
            self._killed = True
            if not (self._budget.flooded or self._out_of_time):
                return self._end()
        except Exception as error:  # noqa: BLE001 - a broken message may raise anything inside nbclient
            self.log.warning("cell %s: unreadable message from the kernel: %s", cell_index, error)
            self._killed = True
            await self._kill()
            return "crashed", "it sent a message that cannot be read"
        if self._asked_to_exit:  # it would end some cells later
            self._killed = True
            await self._kill()
            return "crashed", "it was asked to exit, as quit() and exit() do"
        if self._flood is not None:
            self._killed = await self._flood or self._killed
        if self._budget.flooded:
            at_once = self._budget.oversized
            most = f"{MAX_MESSAGE_BYTES if at_once else self.flood_bytes:,}"
            return "flooded", f"more than {most} bytes of output{' at once' if at_once else ''}"
        if self._out_of_time:
            return "timeout", self._allowed
        if self._reply_error is not None:
            return "error", self._reply_error
        return "ok", None

    def _end(self) -> tuple[CellStatus, str]:
        """Say how the kernel ended that nobody here has killed."""
        if (excess := self._excess) is not None:
            return ("timeout" if excess.limit == "wall" else "stopped"), str(excess)
        return "crashed", self._death

    def _note(self, index: int, task: str | None, status: CellStatus, error: str | None = None) -> CellRun:
        """Record how a cell ended."""
        self._cells.append(CellRun(index=index, task=task, status=status, error=error))
        return self._cells[-1]

    def _stop(self, culprit: CellRun, cell: NotebookNode | None = None) -> None:
        """Record after which cell nothing can run; ``cell`` is that cell where it did not come to its end."""
        self._stopped_by = culprit
        if cell is not None:
            mark_not_run(cell, culprit)

    def _get_timeout(self, cell: NotebookNode | None) -> int | None:
        allowed = super()._get_timeout(cell)
        if self._deadline is not None:
            left = max(1, int(self._deadline - monotonic() + 0.999))
            if allowed is None or left < allowed:
                total = self.notebook_timeout
                self._allowed = f"no end when the {total} seconds were over that all cells may take together"
                return left
        self._allowed = f"no end after {allowed} seconds"
        return allowed

    async def _async_handle_timeout(
        self,
        timeout: int,
        cell: NotebookNode | None = None,  # noqa: ARG002 - nbclient's signature
    ) -> dict[str, Any] | None:
        self._out_of_time = True
        self.log.warning("a cell did not end within %s s; interrupting the kernel", timeout)
        if await self._interrupt_or_kill(self._idle.wait()):
            self._killed = True
            raise DeadKernelError("killed: the cell did not obey the interrupt")
        return {"content": {**self.error_on_timeout, "status": "error"}}

    async def _check_raise_for_error(
        self, cell: NotebookNode, cell_index: int, exec_reply: dict[str, Any] | None
    ) -> None:
        content = (exec_reply or {}).get("content", {})
        payload = content.get("payload")
        asked = (
            [part.get("source") for part in payload if isinstance(part, dict)]
            if isinstance(payload, list)
            else []
        )
        self._asked_to_exit = "ask_exit" in asked
        if content.get("status") == "error":
            self._reply_error = f"{content.get('ename')}: {content.get('evalue')}"[:500]
        await super()._check_raise_for_error(cell, cell_index, exec_reply)

    async def _drain(self, cell: NotebookNode, cell_index: int) -> None:
        """Read what a dead kernel had still sent."""
        while self.kc is not None:
            try:
                message = await ensure_async(self.kc.iopub_channel.get_msg(timeout=0.3))
                self.process_message(message, cell, cell_index)
            except Empty:
                return
            except Exception as error:  # noqa: BLE001 - includes nbclient's signal that the cell is complete
                self.log.debug("while draining: %r", error)

    # ---- messages ---------------------------------------------------------------------------

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        """Take evidence out of the stream of messages, and drop output beyond the budget."""
        kind, content = msg["msg_type"], msg["content"]
        if kind == "status":
            if content.get("execution_state") == "idle":
                self._idle.set()
            return super().process_message(msg, cell, cell_index)
        data = content.get("data")
        if (
            kind in ("display_data", "update_display_data")
            and isinstance(data, dict)
            and EVIDENCE_MIME in data
        ):
            if kind == "display_data" and self._task is not None:
                self._log.record(self._task, data[EVIDENCE_MIME])
            return None
        size = message_size(msg)
        if kind == "update_display_data":
            size *= max(1, self._places(content))
        if self.clear_before_next_output or kind == "clear_output":
            self._budget.kept = 0
        if not self._budget.admit(kind, content, size):
            if self._budget.flooded and self._flood is None:
                self._flood = asyncio.ensure_future(self._interrupt_or_kill(self._idle.wait()))
            return None
        try:
            return super().process_message(msg, cell, cell_index)
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            self.log.warning("cell %s: dropped a malformed %s message: %r", cell_index, kind, error)
            return None

    def _places(self, content: dict[str, Any]) -> int:
        """Count the outputs that an update would rewrite."""
        display_id = (content.get("transient") or {}).get("display_id")
        return sum(len(places) for places in self._display_id_map.get(display_id, {}).values())

    # ---- the challenge ----------------------------------------------------------------------

    async def _challenge(self, ran: CellRun, task: str) -> None:
        """Ask the judge what to ask, ask the kernel, and keep its reply."""
        if self.on_evidence is None or self.kc is None:
            return
        began = monotonic()
        challenge = self.on_evidence(task, self._log.evidence[task])
        if self._deadline is not None:
            self._deadline += monotonic() - began  # the grader's own time is none of the notebook's
        if challenge is None or not challenge.questions:
            return
        beside = self.kernel_environment.get(CASES_VARIABLE)
        folder = Path(beside).parent if beside else None
        dialogue = Dialogue(self.kc)
        try:
            self._log.record_reply(task, await dialogue.ask(challenge, folder, self.challenge_timeout))
            return
        except TimeoutError:
            status: CellStatus = "timeout"
            why = f"the answer to its challenge took more than {self.challenge_timeout} seconds"
            if not await self._interrupt_or_kill(dialogue.end()):
                self._log.note(task, f"{why[0].upper()}{why[1:]}.")
                return
        except DeadKernelError:
            status, why = self._end()
        except Exception as error:  # noqa: BLE001 - a broken message may raise anything inside jupyter_client
            self.log.warning("task %s: unreadable answer from the kernel: %s", task, error)
            status, why = "crashed", "it sent a message that cannot be read"
            await self._kill()
        self._log.note(task, f"The kernel ended while it answered the challenge: {why}.")
        self._stop(ran.model_copy(update={"status": status, "error": why}))


def _task_of(cell: NotebookNode) -> str | None:
    grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
    return grade_id if isinstance(grade_id, str) else None
