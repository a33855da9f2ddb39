"""Find the zygote that suits a kernel, start or replace it where needed, and ask it for a kernel."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import select
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from io import FileIO
from pathlib import Path
from typing import Any

from filelock import FileLock

import grader
from grader.errors import GraderError
from grader.execution.supervisor import KernelRequest

__all__ = [
    "FOLDER_VARIABLE",
    "OFF",
    "OWNER_VARIABLE",
    "NoZygoteError",
    "WarmProcess",
    "fork_kernel",
    "is_possible",
    "shut_down",
    "start_zygote",
    "zygote_folder",
]

# Names a folder for the zygotes' sockets, or says that kernels are started afresh.
FOLDER_VARIABLE = "GRADER_ZYGOTES"
OFF = "off"
# Names the process with which a zygote ends, by its number; without it, a zygote ends when it has been idle.
OWNER_VARIABLE = "GRADER_ZYGOTE_OWNER"

# What Python, a backend or matplotlib reads when it is imported; a zygote serves one setting of these.
_READ_AT_IMPORT = re.compile(
    r"(ABSL|CUDA|DNNL|GLOG|GRPC|HIP|JAX|KERAS|KMP|LD_|LIBTPU|MALLOC|MATPLOTLIB|MKL|MPL|NUMEXPR|NVIDIA|OMP|ONEDNN|"
    r"OPENBLAS|PYTHON|PYTORCH|ROCR|TF|TORCH|TPU|VECLIB|XLA)"
)
_PER_KERNEL = {"MPLBACKEND"}  # ipykernel sets it
_START_TIMEOUT = 120.0
_ANSWER_TIMEOUT = 10.0


class NoZygoteError(GraderError):
    """No kernel could be forked; the message says why."""


def is_possible() -> str | None:
    """Say why kernels cannot be forked on this system, or nothing where they can."""
    if os.environ.get(FOLDER_VARIABLE) == OFF:
        return f"{FOLDER_VARIABLE}={OFF} says so"
    if sys.platform != "linux":
        return f"kernels are forked on Linux only, and this is {sys.platform}"
    if not hasattr(os, "pidfd_open") or not Path("/proc/self/statm").exists():
        return "this system does not tell about processes as Linux 5.3 does"
    return None


def zygote_folder() -> Path:
    """Return the folder of the zygotes' sockets, made for this user alone.

    Raises:
        NoZygoteError: it belongs to somebody else, or others may enter it.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    folder = Path(named) if named else Path(tempfile.gettempdir()) / f"keras-zygotes-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise NoZygoteError(f"{folder} is not this user's own folder, closed to others: remove it.")
    return folder


def _address(environment: Mapping[str, str], interpreter: str) -> Path:
    """Return the socket of the zygote that suits an environment: same interpreter, code and settings."""
    settings = sorted(
        (name, value)
        for name, value in environment.items()
        if _READ_AT_IMPORT.match(name) and name not in _PER_KERNEL
    )
    package = Path(grader.__file__).parent
    code = max(file.stat().st_mtime_ns for file in package.rglob("*.py"))
    text = json.dumps([interpreter, str(package), code, settings])
    return zygote_folder() / f"{hashlib.sha256(text.encode()).hexdigest()[:20]}.sock"


class WarmProcess:
    """A kernel in a forked process, seen through its supervisor; has what ``subprocess.Popen`` has."""

    stdin = stdout = stderr = None

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.reason: str | None = None  # why the supervisor ended it, if it did
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
        if self.returncode is None and _readable(self._connection, timeout):
            ending = _read_line(self._connection)
            # Without a word: the supervisor itself was killed, and the kernel with it.
            self.returncode = int(ending.get("exit", -signal.SIGKILL))
            self.reason = ending.get("reason")
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


def _readable(connection: socket.socket | FileIO, timeout: float | None) -> bool:
    return bool(select.select([connection], [], [], timeout)[0])


def _read_line(connection: socket.socket) -> dict[str, Any]:
    """Read one message of a supervisor; nothing where it has gone."""
    text = b""
    with contextlib.suppress(OSError):
        while not text.endswith(b"\n") and (byte := connection.recv(1)):
            text += byte
    try:
        return dict(json.loads(text)) if text else {}
    except ValueError:
        return {}


def fork_kernel(
    request: KernelRequest, *, interpreter: str = sys.executable, stdout: int = 1, stderr: int = 2
) -> WarmProcess:
    """Return a kernel forked from the zygote that suits the request's environment.

    A zygote that is not there is started; one that does not answer is replaced, once.

    Raises:
        NoZygoteError: forking is not possible here, or the zygote cannot be started.
    """
    if problem := is_possible():
        raise NoZygoteError(problem)
    address = _address(request.environment, interpreter)
    for _ in range(2):
        connection = _connect(address)
        if connection is None:
            start_zygote(request.environment, interpreter=interpreter)
            connection = _connect(address)
        if connection is None:
            continue
        try:
            socket.send_fds(connection, [b"\0"], [stdout, stderr])
            connection.sendall(request.to_line())
            if _readable(connection, _ANSWER_TIMEOUT):
                pid = _read_line(connection).get("pid")
                if isinstance(pid, int):
                    return WarmProcess(connection, pid)
        except OSError:
            pass
        _end_zygote(connection, address)
    raise NoZygoteError("the process that forks kernels was started twice and did not answer")


def start_zygote(
    environment: Mapping[str, str], *, interpreter: str = sys.executable, owner: int | None = None
) -> None:
    """Start the zygote that suits an environment and wait until it answers; nothing to do where one does.

    Raises:
        NoZygoteError: it cannot be started; the message says why.
    """
    address = _address(environment, interpreter)
    if (connection := _connect(address)) is not None:
        connection.close()
        return
    with FileLock(address.with_suffix(".lock"), mode=0o600):
        if (connection := _connect(address)) is not None:
            connection.close()
            return
        _start(environment, interpreter, address, owner)


def _start(environment: Mapping[str, str], interpreter: str, address: Path, owner: int | None) -> None:
    refused = address.with_suffix(".refused")
    if refused.exists():
        raise NoZygoteError(refused.read_text(encoding="utf-8"))
    owner = owner or int(os.environ.get(OWNER_VARIABLE, "0"))
    ready, tell = os.pipe()
    command = [interpreter, "-P", "-m", "grader.execution.zygote", str(address), "--tell", str(tell)]
    if owner:
        command += ["--owner", str(owner)]
    with address.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(
            command,
            env={name: value for name, value in environment.items() if name not in _PER_KERNEL},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(tell,),
            start_new_session=True,
        )
    os.close(tell)
    with os.fdopen(ready, "rb", buffering=0) as told:
        process.wait()  # it only leaves the zygote behind
        pid = told.readline()
        if pid and not _readable(told, _START_TIMEOUT):
            os.kill(int(pid), signal.SIGKILL)
            raise NoZygoteError(
                f"the process that forks kernels was not ready after {_START_TIMEOUT:.0f} seconds"
            )
        if told.readline():
            return
    if refused.exists():
        raise NoZygoteError(refused.read_text(encoding="utf-8"))
    lines = address.with_suffix(".log").read_text("utf-8", "replace").strip().splitlines()
    raise NoZygoteError(f"the process that forks kernels ended: {lines[-1] if lines else 'no message'}")


def _connect(address: Path) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(_ANSWER_TIMEOUT)
    try:
        connection.connect(str(address))
    except OSError:
        connection.close()
        return None
    return connection


def _end_zygote(connection: socket.socket, address: Path) -> None:
    """Kill the zygote behind a connection, and take its socket away."""
    with contextlib.suppress(OSError):
        size = struct.calcsize("3i")
        pid, _, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
        os.kill(pid, signal.SIGKILL)
    connection.close()
    address.unlink(missing_ok=True)


def shut_down(folder: Path) -> None:
    """End every zygote whose socket lies in a folder; the kernels they forked go on."""
    for address in folder.glob("*.sock"):
        if (connection := _connect(address)) is not None:
            _end_zygote(connection, address)
