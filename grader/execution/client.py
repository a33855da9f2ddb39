"""Run a notebook that is not trusted: record its evidence, cap its output, end what does not stop.

Evidence is taken from the kernel's messages as they arrive, not from the notebook's outputs,
which ``clear_output`` and ``update_display`` can rewrite afterwards. See nbclient's ``client.py``.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Coroutine
from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbclient.util import ensure_async, run_sync
from nbformat import NotebookNode
from nbformat.v4 import new_output
from traitlets import Dict, Integer, List, Unicode

from grader.evidence import (
    CASES_VARIABLE,
    EVIDENCE_MIME,
    MODE_VARIABLE,
    Challenge,
    Evidence,
)
from grader.execution.challenge import Dialogue
from grader.execution.connection import CappedClient
from grader.execution.evidence_log import EvidenceLog
from grader.execution.kernelspecs import WarmKernelSpecs
from grader.execution.output import OutputBudget, clip_error, message_size
from grader.execution.run import CellRun, CellStatus, NotebookRun, mark_not_run
from grader.execution.zygotes import FOLDER_VARIABLE, OWNER_VARIABLE

__all__ = ["EvidenceCallback", "RecordingClient"]

EvidenceCallback = Callable[[str, Evidence], Challenge | None]


class RecordingClient(NotebookClient):
    """A notebook client that records evidence and asks challenges.

    ``execute()`` never raises for what a notebook does; ``recorded`` tells what happened. A check
    cell is a cell with an nbgrader ``grade_id``; evidence counts only when it names that id.
    """

    timeout = Integer(60, allow_none=True, help="Seconds a cell may take.").tag(config=True)
    notebook_timeout = Integer(600, help="Seconds all cells together may take.").tag(config=True)
    challenge_timeout = Integer(30, help="Seconds the answer to a challenge may take.").tag(config=True)
    interrupt_grace = Integer(3, help="Seconds a kernel has to obey an interrupt before it is killed.").tag(
        config=True
    )
    startup_timeout = Integer(120, help="Seconds a kernel may take to start.").tag(config=True)
    iopub_timeout = Integer(20, help="Seconds to wait for the last messages of a cell.").tag(config=True)
    cell_output_bytes = Integer(1_000_000, help="Bytes of output kept per cell.").tag(config=True)
    notebook_output_bytes = Integer(10_000_000, help="Bytes of output kept per notebook.").tag(config=True)
    flood_bytes = Integer(64_000_000, help="Bytes of output after which a cell is stopped.").tag(config=True)

    allow_errors = True
    interrupt_on_timeout = True
    raise_on_iopub_timeout = True
    store_widget_state = False
    shutdown_kernel = "immediate"
    error_on_timeout = Dict(
        {
            "ename": "CellTimeoutError",
            "evalue": "the cell ran out of time",
            "traceback": ["CellTimeoutError: the cell ran out of time"],
        }
    ).tag(config=True)

    kernel_environment = Dict(Unicode(), help="Variables added to the kernel's environment.")
    check_cells = List(Unicode(), help="The ids of the cells whose evidence is recorded.")

    on_evidence: EvidenceCallback | None = None

    def reset_execution_trackers(self) -> None:
        """Forget an earlier run."""
        super().reset_execution_trackers()
        self._cells: list[CellRun] = []
        self._log = EvidenceLog()
        self._stopped_by: CellRun | None = None
        self._deadline: float | None = None
        self._kept_bytes = 0
        self._drops: zmq.asyncio.Socket | None = None

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

    # ---- the kernel -------------------------------------------------------------------------

    def create_kernel_manager(self) -> KernelManager:
        """Create the manager, with a client whose memory use a kernel cannot drive up."""
        manager = super().create_kernel_manager()
        manager.kernel_spec_manager = WarmKernelSpecs()
        manager.client_factory = CappedClient
        return manager

    async def async_start_new_kernel(self, **kwargs: Any) -> None:
        """Start the kernel with the caller's environment and ours on top, and no stale mode."""
        environment = kwargs.pop("env", None) or os.environ.copy()
        for name in (MODE_VARIABLE, CASES_VARIABLE, FOLDER_VARIABLE, OWNER_VARIABLE):
            environment.pop(name, None)
        environment.update(self.kernel_environment)
        # A student's output belongs in the notebook, not on the terminal of whoever grades.
        for stream in ("stdout", "stderr"):
            kwargs.setdefault(stream, subprocess.DEVNULL)
        await super().async_start_new_kernel(env=environment, **kwargs)

    start_new_kernel = run_sync(async_start_new_kernel)

    async def async_start_new_kernel_client(self) -> AsyncKernelClient:
        """Connect to the kernel, and watch for the connection that an oversized message drops."""
        client = await super().async_start_new_kernel_client()
        self._drops = client.iopub_channel.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        return client

    start_new_kernel_client = run_sync(async_start_new_kernel_client)

    async def _async_cleanup_kernel(self) -> None:
        if self._drops is not None and self.kc is not None:
            self.kc.iopub_channel.socket.disable_monitor()
            self._drops.close(linger=0)
            self._drops = None
        await super()._async_cleanup_kernel()

    _cleanup_kernel = run_sync(_async_cleanup_kernel)

    async def _async_poll_kernel_alive(self) -> None:
        """Notice once a second that the kernel died, or that it sent a message too long to take."""
        while True:
            await asyncio.sleep(1)
            alive = self.kc is not None and await ensure_async(self.kc.is_alive())
            if alive and self._drops is not None and await self._drops.poll(0):
                self._budget.oversized = True
                await self._kill()
                alive = False
            if not alive:
                if self.task_poll_for_reply is not None:
                    self.task_poll_for_reply.cancel()
                return

    async def _interrupt_or_kill(self, idle: Coroutine[Any, Any, object]) -> bool:
        """Interrupt what runs; kill the kernel if it is not ``idle`` soon after. Return whether killed."""
        assert self.km is not None  # noqa: S101 - for the type checker; nbclient made the manager
        await ensure_async(self.km.interrupt_kernel())
        try:
            await asyncio.wait_for(idle, self.interrupt_grace)
        except TimeoutError:
            await self._kill()
            return True
        return False

    async def _kill(self) -> None:
        if self.km is not None and await ensure_async(self.km.is_alive()):
            await ensure_async(self.km.signal_kernel(signal.SIGKILL))

    # ---- one cell ---------------------------------------------------------------------------

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
            self._stop(cell, cell_index, task, "timeout", "the whole notebook ran out of time")
            await self._kill()
            return cell
        if self._stopped_by is not None:
            mark_not_run(cell, self._stopped_by)
            self._cells.append(CellRun(index=cell_index, task=task, status="not_run"))
            return cell

        self._task = task
        self._idle = asyncio.Event()
        self._out_of_time = False
        self._reply_error: str | None = None
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
        if status == "crashed" or (status in ("timeout", "flooded") and self._killed):
            self._stop(cell, cell_index, task, status, error)
            return cell
        self._cells.append(CellRun(index=cell_index, task=task, status=status, error=error))
        if task is not None and task in self._log.evidence:
            await self._challenge(task)
        return cell

    execute_cell = run_sync(async_execute_cell)

    async def _attempt(
        self, cell: NotebookNode, cell_index: int, execution_count: int | None, store_history: bool
    ) -> tuple[CellStatus, str | None]:
        """Run the cell and say how it ended."""
        self._killed = False
        try:
            await super().async_execute_cell(cell, cell_index, execution_count, store_history)
        except CellTimeoutError:
            # The reply came but the end of the output never did: this kernel cannot be trusted further.
            self._out_of_time = self._killed = True
            await self._kill()
        except DeadKernelError:
            await self._drain(cell, cell_index)
            self._killed = self._killed or self._budget.flooded or self._out_of_time
            if not self._killed:
                return "crashed", "the kernel died"
        except Exception as error:  # noqa: BLE001 - a broken message may raise anything inside nbclient
            self.log.warning("cell %s: unreadable message from the kernel: %s", cell_index, error)
            await self._kill()
            return "crashed", "the kernel sent a message that cannot be read"
        if self._flood is not None:
            self._killed = await self._flood or self._killed
        if self._budget.flooded:
            return "flooded", f"more than {self.flood_bytes:,} bytes of output"
        if self._out_of_time:
            return "timeout", f"no end after {self._allowed:.0f} seconds"
        if self._reply_error is not None:
            return "error", self._reply_error
        return "ok", None

    def _stop(
        self, cell: NotebookNode, index: int, task: str | None, status: CellStatus, error: str | None
    ) -> None:
        """Record the cell after which nothing can run."""
        self._stopped_by = CellRun(index=index, task=task, status=status, error=error)
        self._cells.append(self._stopped_by)
        mark_not_run(cell, self._stopped_by)

    def _get_timeout(self, cell: NotebookNode | None) -> int | None:
        allowed = super()._get_timeout(cell)
        if self._deadline is not None:
            left = max(1, int(self._deadline - monotonic() + 0.999))
            allowed = left if allowed is None else min(allowed, left)
        self._allowed = float(allowed or 0)
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

    async def _challenge(self, task: str) -> None:
        """Ask the judge what to ask, ask the kernel, and keep its reply."""
        if self.on_evidence is None or self.kc is None:
            return
        challenge = self.on_evidence(task, self._log.evidence[task])
        if challenge is None or not challenge.questions:
            return
        beside = self.kernel_environment.get(CASES_VARIABLE)
        folder = Path(beside).parent if beside else None
        dialogue = Dialogue(self.kc)
        try:
            self._log.record_reply(task, await dialogue.ask(challenge, folder, self.challenge_timeout))
        except TimeoutError:
            seconds = self.challenge_timeout
            self._log.note(task, f"The answer to the challenge took more than {seconds} seconds.")
            await self._interrupt_or_kill(dialogue.end())
        except DeadKernelError:
            self._log.note(task, "The kernel died while it answered the challenge.")


def _task_of(cell: NotebookNode) -> str | None:
    grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
    return grade_id if isinstance(grade_id, str) else None
