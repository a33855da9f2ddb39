"""A notebook client that can end its kernel, and have it ended when it uses too much."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Coroutine
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.util import ensure_async, run_sync
from traitlets import Dict, Integer, Unicode
from zmq.utils.monitor import parse_monitor_message

from grader.evidence import CASES_VARIABLE, MODE_VARIABLE
from grader.execution.connection import CappedClient
from grader.execution.kernelspecs import WarmKernelSpecs
from grader.execution.limits import Excess, Limits
from grader.execution.provisioner import hold
from grader.execution.temporary import own_prefix
from grader.execution.zygotes import FOLDER_VARIABLE, OWNER_VARIABLE

__all__ = ["LimitedClient"]

_LONGEST_FOLDER = 90  # characters: a socket's name has at most 107


class LimitedClient(NotebookClient):
    """Starts a kernel, forked where it can be, and says why it ended.

    What a notebook may use holds for its kernel and all that this starts, together. It is watched from outside
    the kernel where that was forked; ``grader doctor`` tells whether it is. Correct work may be wasteful: a
    residual block called on 4,000 digits at once takes 3 GB with PyTorch, so twice that is allowed and more.
    """

    notebook_timeout = Integer(600, min=1, help="Seconds all cells together may take.").tag(config=True)
    notebook_cpu = Integer(
        3600, min=1, allow_none=True, help="Seconds of processor time a notebook may take."
    ).tag(config=True)
    notebook_memory = Integer(
        8_000_000_000, min=1, allow_none=True, help="Bytes of memory that a notebook may use."
    ).tag(config=True)
    notebook_processes = Integer(
        200, min=1, allow_none=True, help="Processes that a notebook may have at one time."
    ).tag(config=True)
    notebook_threads = Integer(
        4000, min=1, allow_none=True, help="Threads that a notebook may have at one time."
    ).tag(config=True)
    interrupt_grace = Integer(
        3, min=0, help="Seconds a kernel has to obey an interrupt before it is killed."
    ).tag(config=True)
    startup_timeout = Integer(120, min=1, help="Seconds a kernel may take to start.").tag(config=True)

    kernel_environment = Dict(Unicode(), help="Variables added to the kernel's environment.")

    shutdown_kernel = "immediate"

    def reset_execution_trackers(self) -> None:
        """Forget an earlier run."""
        super().reset_execution_trackers()
        self._events: zmq.asyncio.Socket | None = None
        self._lost = False
        self._sockets: str | None = None

    @property
    def limits(self) -> Limits:
        """What the kernel is held to from outside.

        Its time is the longest that this client could take over it: the client ends a notebook in time by
        itself, and this is for one that hangs.
        """
        return Limits(
            processes=self.notebook_processes,
            threads=self.notebook_threads,
            memory=self.notebook_memory,
            cpu=self.notebook_cpu,
            wall=self.startup_timeout + self.notebook_timeout + self.interrupt_grace,
        )

    # ---- its start --------------------------------------------------------------------------

    def create_kernel_manager(self) -> KernelManager:
        """Create the manager, with a client whose memory use a kernel cannot drive up."""
        manager = super().create_kernel_manager()
        manager.kernel_spec_manager = WarmKernelSpecs()
        manager.client_factory = CappedClient
        hold(manager.kernel_spec, self.limits)
        # By files where their names may be so long: a port that was free when it was chosen can be taken by
        # another kernel before this one is there to listen.
        folder = tempfile.mkdtemp(prefix=own_prefix("kernel"))
        if len(folder) <= _LONGEST_FOLDER:
            manager.transport, manager.ip = "ipc", f"{folder}/s"
        self._sockets = folder
        return manager

    async def async_start_new_kernel(self, **kwargs: Any) -> None:
        """Start the kernel with the caller's environment and ours on top, and no stale mode."""
        environment = kwargs.pop("env", None) or os.environ.copy()
        for name in (MODE_VARIABLE, CASES_VARIABLE, FOLDER_VARIABLE, OWNER_VARIABLE):
            environment.pop(name, None)
        environment.pop("OLDPWD", None)
        if folder := self.resources.get("metadata", {}).get("path"):
            environment["PWD"] = str(folder)  # it named the course, where the solutions lie
        environment.update(self.kernel_environment)
        # A student's output belongs in the notebook, not on the terminal of whoever grades.
        for stream in ("stdout", "stderr"):
            kwargs.setdefault(stream, subprocess.DEVNULL)
        await super().async_start_new_kernel(env=environment, **kwargs)

    start_new_kernel = run_sync(async_start_new_kernel)

    async def async_start_new_kernel_client(self) -> AsyncKernelClient:
        """Connect to the kernel, and watch for the connection that an oversized message drops."""
        manager = self.km
        try:
            client = await super().async_start_new_kernel_client()
        except RuntimeError as error:
            excess = _excess_of(manager)
            raise RuntimeError(f"{error} It was stopped: {excess}.") if excess else error from error
        watched = zmq.EVENT_DISCONNECTED | zmq.EVENT_CONNECT_DELAYED | zmq.EVENT_CONNECT_RETRIED
        self._events = client.iopub_channel.socket.get_monitor_socket(watched)
        return client

    start_new_kernel_client = run_sync(async_start_new_kernel_client)

    # ---- its end ----------------------------------------------------------------------------

    async def _async_cleanup_kernel(self) -> None:
        if self.km is None:
            return  # done before: nbclient asks again at exit for a kernel that did not start
        if self._events is not None and self.kc is not None:
            self.kc.iopub_channel.socket.disable_monitor()
            self._events.close(linger=0)
            self._events = None
        process = _process(self.km)
        await super()._async_cleanup_kernel()
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
        if left := getattr(process, "left", 0):
            self.log.warning("%s processes that a notebook started could not be ended", left)

    _cleanup_kernel = run_sync(_async_cleanup_kernel)

    async def _has_given_up(self) -> bool:
        """Whether ZeroMQ gave the connection up, as it does at an oversized message.

        When a kernel dies it goes on trying, so what is lost must be lost the next time one looks as well.
        """
        before = self._lost
        while self._events is not None and await self._events.poll(0):
            event = parse_monitor_message(await self._events.recv_multipart())["event"]
            self._lost = event == zmq.EVENT_DISCONNECTED
        return before and self._lost

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

    @property
    def _excess(self) -> Excess | None:
        """The limit that the kernel was stopped for, if it was."""
        return _excess_of(self.km)

    @property
    def _death(self) -> str:
        """How the kernel ended, as the end of a sentence that named it."""
        code = getattr(_process(self.km), "returncode", None)
        if code is None:
            return "it died"
        if code >= 0:
            return f"it ended itself with exit code {code}"
        number = -code
        name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
        seldom = ", as it is when the machine runs out of memory" if number == signal.SIGKILL else ""
        return f"it was ended by {name}{seldom}"


def _process(manager: KernelManager | None) -> Any:
    return getattr(getattr(manager, "provisioner", None), "process", None)


def _excess_of(manager: KernelManager | None) -> Excess | None:
    return getattr(_process(manager), "excess", None)
