"""A process that reads what nobody vouches for: ended, with all it started, when it takes too long or too much memory.

The memory looked at is what is resident: a limit on address space is of no use with frameworks that map far more
than they touch.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from grader.errors import UsageError

__all__ = ["GIB", "MEMORY_VARIABLE", "SECONDS_VARIABLE", "Limits", "Watched", "limits"]

GIB = 1024**3
SECONDS_VARIABLE = "GRADER_MODEL_SECONDS"
MEMORY_VARIABLE = "GRADER_MODEL_GIB"
_SECONDS = 300.0  # the largest model of keras.applications takes 20, the backend's import included
_GIBIBYTES = 8.0  # it takes 2, with weights
_PAUSE = 0.1


@dataclass(frozen=True)
class Limits:
    """What a process may take: seconds for an answer, bytes of resident memory."""

    seconds: float = _SECONDS
    memory: float = _GIBIBYTES * GIB


def limits(environment: Mapping[str, str] = os.environ) -> Limits:
    """Return the limits, raised or lowered by two environment variables.

    Raises:
        UsageError: one of the variables is no positive number.
    """
    seconds = _positive(environment, SECONDS_VARIABLE, _SECONDS)
    return Limits(seconds, _positive(environment, MEMORY_VARIABLE, _GIBIBYTES) * GIB)


def _positive(environment: Mapping[str, str], name: str, default: float) -> float:
    given = environment.get(name, "")
    try:
        value = float(given) if given else default
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise UsageError(f"{name} is {given!r}, expected a number above zero, such as {default:g}.")
    return value


class Watched:
    """A running command with pipes for text; ``fault`` says why it was ended, if it was."""

    def __init__(
        self,
        command: Sequence[str],
        allowed: Limits,
        environment: Mapping[str, str],
        *,
        errors: int = subprocess.PIPE,
    ) -> None:
        self.fault: str | None = None
        self._allowed = allowed
        self._started = monotonic()
        self.process = subprocess.Popen(  # noqa: S603  # our own modules; nothing of a file is on the command line
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            encoding="utf-8",
            env=environment,
            start_new_session=True,  # a group of its own, so that it can be ended as a whole
        )
        threading.Thread(target=self._watch, daemon=True).start()

    def rest(self) -> None:
        """Begin to count the seconds anew, for the next answer."""
        self._started = monotonic()

    def end(self) -> None:
        """End the process and whatever it has started."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def _watch(self) -> None:
        while self.process.poll() is None:
            if monotonic() - self._started > self._allowed.seconds:
                self._stop(f"{self._allowed.seconds:g} seconds", SECONDS_VARIABLE)
            elif _resident(self.process.pid) > self._allowed.memory:
                self._stop(f"{self._allowed.memory / GIB:g} GiB of memory", MEMORY_VARIABLE)
            sleep(_PAUSE)

    def _stop(self, limit: str, variable: str) -> None:
        self.fault = self.fault or f"it took more than {limit}. Set {variable} to allow more"
        self.end()


def _resident(group: int) -> float:
    """Return the bytes of memory that the processes of a group have in use."""
    if Path("/proc/self/stat").exists():
        return sum(_resident_of(folder, group) for folder in Path("/proc").iterdir() if folder.name.isdigit())
    listed = subprocess.run(  # where there is no /proc, as on macOS
        ["/bin/ps", "-axo", "pgid=,rss="], capture_output=True, text=True, check=False
    ).stdout
    rows = [line.split() for line in listed.splitlines()]
    return sum(1024.0 * int(row[1]) for row in rows if len(row) == 2 and row[0] == str(group))


def _resident_of(folder: Path, group: int) -> float:
    try:
        fields = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return float(int(fields[21]) * os.sysconf("SC_PAGE_SIZE")) if int(fields[2]) == group else 0.0
    except (OSError, IndexError, ValueError):  # it has just ended
        return 0.0
