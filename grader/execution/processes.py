"""What Linux says about processes: their children, memory and time, and how to end all of a family.

Needs no privilege and no compiled code. See ``proc(5)``, ``prctl(2)`` and ``wait4(2)``.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "Ended",
    "Meter",
    "Usage",
    "adopt_orphans",
    "children",
    "descendants",
    "die_first",
    "die_with_parent",
    "end_all",
    "name_process",
    "reap",
]

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PROC = Path("/proc")
_ROUND_LASTS = 5.0  # seconds after which what was read of some processes says nothing about all


@dataclass(frozen=True)
class Usage:
    """What a family of processes uses: how many there are, and their threads; resident bytes; CPU and wall seconds."""

    processes: int
    threads: int
    memory: int
    cpu: float
    wall: float


@dataclass(frozen=True)
class Ended:
    """A child that has ended: its exit code, negative for a signal, and its CPU seconds."""

    pid: int
    code: int
    cpu: float


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


def die_first() -> None:
    """Have the system end this process and its children before others when memory runs out."""
    with contextlib.suppress(OSError):
        (_PROC / "self" / "oom_score_adj").write_text("1000")


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
        for pid in children(waiting.pop()):
            found.append(pid)
            waiting.append(pid)
    return found


def children(pid: int) -> list[int]:
    """Return the children of a process and of its threads."""
    found: list[int] = []
    try:
        for task in (_PROC / str(pid) / "task").iterdir():
            found += map(int, (task / "children").read_text().split())
    except OSError:
        pass  # it ended while we looked
    return found


class Meter:
    """Adds up what all processes below this one use."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._reaped = self._before = self._cpu = 0.0
        self._unread: list[int] = []  # what is left of a round through the processes' memory
        self._read = 0
        self._round_began = 0.0

    def count(self, ended: Ended) -> None:
        """Keep the CPU time of a child that was reaped, which nothing else tells from now on."""
        self._reaped += ended.cpu

    def read(self) -> Usage:
        """Look once; memory pages that several processes share are counted for each, which is quick and too much."""
        family = descendants(os.getpid())
        threads, times = zip(*map(_threads_and_cpu, family), strict=True) if family else ((), ())
        # A child whose parent does not ask how it ended takes its time with it; what was seen stays counted.
        now = self._reaped + sum(times)
        self._cpu += max(0.0, now - self._before)
        self._before = now
        return Usage(
            processes=len(family),
            threads=sum(threads),
            memory=sum(map(_resident, family)),
            cpu=self._cpu,
            wall=time.monotonic() - self._began,
        )

    def memory(self, patience: float = 0.2) -> int | None:
        """Return the bytes in use, pages that several processes share being shared out among them.

        Where that takes longer than ``patience`` seconds, as it does while processes fork at full speed, it
        returns nothing, and goes on when it is asked next. Processes that begin meanwhile are not counted:
        their pages were, with those they were forked from.
        """
        now = time.monotonic()
        if not self._unread or now - self._round_began > _ROUND_LASTS:
            self._unread, self._read, self._round_began = descendants(os.getpid()), 0, now
        while self._unread:
            self._read += _proportional(self._unread.pop())
            if self._unread and time.monotonic() - now > patience:
                return None
        return self._read


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


def _threads_and_cpu(pid: int) -> tuple[int, float]:
    """Return a process's number of threads, and the CPU seconds of it and of the children it has waited for."""
    try:
        fields = (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
        return int(fields[17]), sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError):
        return 0, 0.0


def reap() -> list[Ended]:
    """Collect the children of this process that have ended."""
    ended: list[Ended] = []
    with contextlib.suppress(ChildProcessError):  # there is none at all
        while True:
            pid, status, used = os.wait4(-1, os.WNOHANG)
            if not pid:
                break
            ended.append(Ended(pid, os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime))
    return ended


def end_all(*, patience: float = 30.0) -> list[Ended]:
    """Kill every process below this one, which adopts orphans, and return the children that ended.

    They are stopped first: what cannot run cannot fork a successor. What is left after ``patience`` seconds,
    if anything, are ``descendants``.
    """
    ended: list[Ended] = []
    met: set[int] = set()
    pause = 0.0
    deadline = time.monotonic() + patience
    while _has_children() and time.monotonic() < deadline:
        family = descendants(os.getpid())
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in family:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
        ended += reap()
        pause = min(2 * pause, 0.05) if met.issuperset(family) else 0.0005
        met.update(family)
        time.sleep(pause)  # those killed need a moment of the processor to end
    return ended


def _has_children() -> bool:
    """Whether there are any, dead or alive; /proc may pass over some while others end, this never does."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
