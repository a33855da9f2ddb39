"""What Linux says about processes: their children, memory and time, and how to end all of a family.

Needs no privilege and no compiled code. See ``proc(5)``, ``prctl(2)`` and ``pidfd_open(2)``.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Usage", "adopt_orphans", "descendants", "die_with_parent", "end_all", "name_process", "usage"]

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PROC = Path("/proc")


@dataclass(frozen=True)
class Usage:
    """What a family of processes uses: resident bytes (shared pages shared out), CPU seconds, processes."""

    memory: int
    cpu: float
    processes: int


def name_process(name: str) -> None:
    """Have ``ps`` and ``top`` show this process under a name of at most 15 characters."""
    (_PROC / "self/comm").write_text(name)


def adopt_orphans() -> None:
    """Make this process the parent of whatever its descendants leave behind, daemons included."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent: int) -> None:
    """Have the system kill this process when its parent, process ``parent``, ends."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def descendants(root: int) -> list[int]:
    """Return the processes below ``root``, parents before children; threads' children are counted too."""
    found: list[int] = []
    waiting = [root]
    while waiting:
        for pid in _children(waiting.pop()):
            found.append(pid)
            waiting.append(pid)
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    try:
        for task in (_PROC / str(pid) / "task").iterdir():
            children += map(int, (task / "children").read_text().split())
    except OSError:
        pass  # it ended while we looked
    return children


def usage(root: int, *, exact_above: int | None = None) -> Usage:
    """Add up what the processes below ``root`` use.

    Pages that several processes share are counted once for each, which is quick and too much; where that
    comes to more than ``exact_above`` bytes, they are shared out among those processes.
    """
    family = descendants(root)
    memory = sum(map(_resident, family))
    if exact_above is not None and memory > exact_above:
        memory = sum(map(_proportional, family))
    return Usage(memory=memory, cpu=sum(map(_cpu, family)), processes=len(family))


def _resident(pid: int) -> int:
    try:
        return int((_PROC / str(pid) / "statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    except (OSError, IndexError):
        return 0


def _proportional(pid: int) -> int:
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _cpu(pid: int) -> float:
    """Return the CPU seconds of a process and of the children it has waited for."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / _TICKS
    except (OSError, ValueError):
        return 0.0


def end_all(root: int, *, patience: float = 5.0) -> bool:
    """Kill every process below ``root`` and wait for those that are its children; return whether none is left.

    They are stopped first: what cannot run cannot fork a successor. The caller must be ``root`` or its parent.
    """
    deadline = time.monotonic() + patience
    while family := descendants(root):
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in family:
                _kill(pid, number)
        _reap()
        if time.monotonic() > deadline:
            return not descendants(root)
        time.sleep(0.002)
    return True


def _kill(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
