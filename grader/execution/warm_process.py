"""A kernel in a forked process, as its owner sees it: through the socket of its supervisor."""

from __future__ import annotations

import contextlib
import json
import select
import signal
import socket
import subprocess
from typing import Any

from grader.execution.limits import Excess

__all__ = ["WarmProcess", "read_line"]


class WarmProcess:
    """A forked kernel; has what ``subprocess.Popen`` has."""

    stdin = stdout = stderr = None

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.excess: Excess | None = None  # why its supervisor ended it, if it did
        self.left = 0  # how many of the processes it started could not be ended
        self._connection = connection

    def poll(self) -> int | None:
        """Return the exit code, or ``None`` while the kernel runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and return the exit code.

        Raises:
            TimeoutExpired: it still runs after ``timeout`` seconds.
        """
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("kernel", timeout or 0)
        return code

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None and (ending := read_line(self._connection, timeout)) is not None:
            # Without a word: the supervisor itself was killed, and the kernel with it.
            self.returncode = int(ending.get("exit", -signal.SIGKILL))
            self.excess = Excess.read(ending.get("excess"))
            self.left = int(ending.get("left", 0))
            self._connection.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel and the processes of its group."""
        if self.poll() is None:
            with contextlib.suppress(OSError):
                self._connection.sendall(bytes([number]))

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the kernel."""
        self.send_signal(signal.SIGKILL)


def read_line(connection: socket.socket, timeout: float | None) -> dict[str, Any] | None:
    """Read one message of a supervisor: nothing yet after ``timeout`` seconds, an empty one where it has gone."""
    poll = select.poll()  # select() would refuse the descriptors of a server with many connections
    poll.register(connection, select.POLLIN)
    if not poll.poll(None if timeout is None else timeout * 1000):
        return None
    text = b""
    with contextlib.suppress(OSError):
        while not text.endswith(b"\n") and (byte := connection.recv(1)):
            text += byte
    try:
        return dict(json.loads(text)) if text else {}
    except ValueError:
        return {}
