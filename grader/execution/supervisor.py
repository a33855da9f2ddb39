"""One process beside each warm kernel: starts it, passes signals on, holds it to its limits, ends all it started.

The kernel's owner talks to it over a socket, a line of JSON at a time. When the owner goes away, so does the
kernel. What a kernel leaves behind, daemons included, becomes a child of its supervisor, which kills it.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any

from grader.execution.kernel_process import become_kernel, become_module
from grader.execution.processes import Usage, adopt_orphans, die_with_parent, end_all, name_process, usage

__all__ = ["KernelRequest", "Limits", "supervise"]

_LOOK_EVERY = 0.1  # seconds between two looks at what a kernel uses
_REQUEST_TIMEOUT = 10.0


@dataclass(frozen=True)
class Limits:
    """What a kernel and everything it starts may use together; ``None`` is no limit.

    ``memory`` in bytes of resident memory, ``cpu`` in seconds of CPU time, ``wall`` in seconds from its start.
    """

    memory: int | None = None
    cpu: float | None = None
    wall: float | None = None
    processes: int | None = None

    @property
    def any(self) -> bool:
        """Whether there is anything to watch."""
        return any(getattr(self, field.name) is not None for field in fields(self))

    def broken_by(self, used: Usage, seconds: float) -> str | None:
        """Say in one sentence which limit was passed, with both values, or nothing."""
        if self.wall is not None and seconds > self.wall:
            return f"it ran for more than {self.wall:g} seconds"
        if self.memory is not None and used.memory > self.memory:
            return (
                f"it used {_gigabytes(used.memory)} of memory, at most {_gigabytes(self.memory)} are allowed"
            )
        if self.cpu is not None and used.cpu > self.cpu:
            return f"it used {used.cpu:.0f} seconds of processor time, at most {self.cpu:g} are allowed"
        if self.processes is not None and used.processes > self.processes:
            return f"it started {used.processes} processes, at most {self.processes} are allowed"
        return None


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.2g} GB" if count >= 1e8 else f"{count / 1e6:.3g} MB"


@dataclass(frozen=True)
class KernelRequest:
    """What the owner of a kernel asks for: the kernel's arguments, environment, folder and limits.

    Where it names a ``module``, the process is no kernel: it runs that module's ``main``.
    """

    arguments: list[str]
    environment: dict[str, str]
    folder: str
    limits: Limits = Limits()
    module: str = ""

    def to_line(self) -> bytes:
        """Write the request as one line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> KernelRequest:
        """Read a request.

        Raises:
            ValueError, TypeError, KeyError: the line is no request.
        """
        read: dict[str, Any] = json.loads(line)
        return cls(**{**read, "limits": Limits(**read["limits"])})


def supervise(owner: socket.socket) -> Callable[[], None] | None:
    """Serve one owner until its kernel has ended.

    Returns in two processes: with nothing in the supervisor, once all is over, and in the kernel's own
    process with what that has to run.
    """
    os.setsid()
    name_process("keras-watch")
    adopt_orphans()
    owner.settimeout(_REQUEST_TIMEOUT)
    try:
        _, descriptors, _, _ = socket.recv_fds(owner, 1, 3)
        with owner.makefile("rb") as lines:
            request = KernelRequest.from_line(lines.readline())
    except (OSError, ValueError, TypeError, KeyError):
        return None  # whoever asked went away, or asked nothing
    for standard, descriptor in zip((1, 2, 0), descriptors, strict=False):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    supervisor = os.getpid()
    kernel = os.fork()
    if kernel == 0:
        owner.close()
        os.setsid()
        die_with_parent(supervisor)
        if request.module:
            return lambda: become_module(request.module, request.environment, request.folder)
        return lambda: become_kernel(request.arguments, request.environment, request.folder)
    _watch(owner, kernel, request.limits)
    return None


def _watch(owner: socket.socket, kernel: int, limits: Limits) -> None:
    """Pass signals on and look at limits until the kernel ends or its owner goes away; then end everything."""
    began = time.monotonic()
    _tell(owner, {"pid": kernel})
    ended = os.pidfd_open(kernel)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    poll.register(owner, select.POLLIN)
    asking = _process_behind(owner)
    if asking is not None:
        poll.register(asking, select.POLLIN)
    reason: str | None = None
    while True:
        ready = dict(poll.poll(_LOOK_EVERY * 1000 if limits.any else None))
        if ended in ready or asking in ready:
            break
        if owner.fileno() in ready and not _obey(owner, kernel):
            break
        if limits.any:
            used = usage(os.getpid(), exact_above=limits.memory)
            reason = limits.broken_by(used, time.monotonic() - began)
            if reason is not None:
                break
    code = _end(kernel, ended)
    end_all(os.getpid())
    _tell(owner, {"exit": code, "reason": reason})


def _end(kernel: int, ended: int) -> int:
    """Kill the kernel if it still runs, and return its exit code, negative for a signal."""
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(ended, signal.SIGKILL)
    os.close(ended)
    return os.waitstatus_to_exitcode(os.waitpid(kernel, 0)[1])


def _obey(owner: socket.socket, kernel: int) -> bool:
    """Pass the signals on that the owner sent; return whether the owner is still there."""
    try:
        sent = owner.recv(4096)
    except OSError:
        return False
    for number in sent:  # one byte a signal
        for send in (os.killpg, os.kill):  # it has no group of its own before it has run for a moment
            try:
                send(kernel, number)
                break
            except OSError:
                continue
    return bool(sent)


def _process_behind(owner: socket.socket) -> int | None:
    """Return a descriptor of the process that asked: children of its own may keep its socket open.

    There is none where the system does not tell, as with a process in a container.
    """
    size = struct.calcsize("3i")
    pid, _, _ = struct.unpack("3i", owner.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    try:
        return os.pidfd_open(pid)
    except (OSError, ValueError):
        return None


def _tell(owner: socket.socket, message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        owner.sendall(json.dumps(message).encode() + b"\n")
