"""One process beside each warm kernel: starts it, passes signals on, holds it to its limits, ends all it started.

The kernel's owner talks to it over a socket, a line of JSON at a time. When the owner goes away, so does the
kernel. What a kernel leaves behind, daemons included, becomes a child of its supervisor, which kills it.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import resource
import select
import signal
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from grader.execution.kernel_process import become_kernel, become_module
from grader.execution.limits import Excess, Limits
from grader.execution.processes import (
    Meter,
    adopt_orphans,
    descendants,
    die_first,
    die_with_parent,
    end_all,
    name_process,
    reap,
)

__all__ = ["KernelRequest", "supervise"]

_LOOK_EVERY = 0.1  # seconds between two looks at what a kernel uses
_REQUEST_TIMEOUT = 10.0


@dataclass(frozen=True)
class KernelRequest:
    """What the owner of a kernel asks for: the kernel's arguments, environment, folder and limits.

    Where it names a ``module``, the process is no kernel: it runs that module's ``main``.
    """

    arguments: list[str]
    environment: dict[str, str]
    folder: str
    limits: Limits = field(default_factory=Limits)
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
    kernel = _make_kernel_process()
    if kernel == 0:
        owner.close()
        if request.module:
            return lambda: become_module(request.module, request.environment, request.folder)
        return lambda: become_kernel(request.arguments, request.environment, request.folder)
    _watch(owner, kernel, request.limits)
    return None


def _make_kernel_process() -> int:
    """Fork the kernel's process; return its id, and zero in the new process.

    The only place where one is made: what keeps a kernel apart (a session of its own, namespaces, mounts,
    another user) is set up here, in the child, before any code of the kernel's. What is asked of a kernel
    elsewhere holds whatever is added: it is a child of this process, by whose id it is signalled, and whatever
    it starts is a descendant of this process, which adopts orphans.
    """
    supervisor = os.getpid()
    kernel = os.fork()
    if kernel == 0:
        os.setsid()
        die_with_parent(supervisor)
        die_first()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash would write hundreds of megabytes
    return kernel


def _watch(owner: socket.socket, kernel: int, limits: Limits) -> None:
    """Pass signals on and hold to limits until the kernel ends or its owner goes away; then end everything."""
    _tell(owner, {"pid": kernel})
    ending: dict[str, Any] = {}
    try:
        ending = _until_over(owner, kernel, limits)
    finally:
        codes = {ended.pid: ended.code for ended in end_all()}
        _tell(
            owner,
            {"exit": codes.get(kernel, -signal.SIGKILL), **ending, "left": len(descendants(os.getpid()))},
        )


def _until_over(owner: socket.socket, kernel: int, limits: Limits) -> dict[str, Any]:
    """Wait for the kernel's end and return its exit code, for an excess and return it, or for the owner's word."""
    meter = Meter()
    poll = select.poll()
    poll.register(owner, select.POLLIN)
    asking = _process_behind(owner)
    if asking is not None:
        poll.register(asking, select.POLLIN)
    woken = _wake_when_a_child_ends()
    poll.register(woken, select.POLLIN)
    look_at = time.monotonic() if limits.set_names else math.inf
    while True:
        for ended in reap():
            if ended.pid == kernel:
                return {"exit": ended.code}
            meter.count(ended)
        if time.monotonic() >= look_at:
            began = time.process_time()
            if excess := _excess(limits, meter):
                return {"excess": asdict(excess)}
            # Looking takes a tenth of a core at most.
            look_at = time.monotonic() + max(_LOOK_EVERY, 10 * (time.process_time() - began))
        pause = look_at - time.monotonic()
        ready = dict(poll.poll(None if pause == math.inf else max(0, math.ceil(pause * 1000))))
        if woken in ready:
            os.read(woken, 4096)
        if asking in ready or (owner.fileno() in ready and not _obey(owner, kernel)):
            return {}


def _excess(limits: Limits, meter: Meter) -> Excess | None:
    used = meter.read()
    excess = limits.broken_by(used)
    if excess is not None and excess.limit == "memory":  # as quickly counted
        excess = limits.broken_by(replace(used, memory=meter.memory() or 0))
    return excess


def _wake_when_a_child_ends() -> int:
    """Return a descriptor that can be read from when a child of this process has ended."""
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return reading


def _obey(owner: socket.socket, kernel: int) -> bool:
    """Pass the signals on that the owner sent; return whether the kernel is to go on."""
    try:
        sent = owner.recv(4096)
    except OSError:
        return False
    if not sent or signal.SIGKILL in sent:
        return False
    for number in sent:  # one byte a signal
        for send in (os.killpg, os.kill):  # it has no group of its own before it has run for a moment
            try:
                send(kernel, number)
                break
            except OSError:
                continue
    return True


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
