"""Find the zygote that suits a kernel, start or replace it where needed, and ask it for a kernel."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from filelock import FileLock

from grader.execution.supervisor import KernelRequest
from grader.execution.warm_process import WarmProcess, read_line
from grader.execution.zygote_address import (
    FOLDER_VARIABLE,
    OFF,
    NotReadyError,
    NoZygoteError,
    zygote_address,
    zygote_environment,
    zygote_folder,
)

__all__ = [
    "FOLDER_VARIABLE",
    "OFF",
    "OWNER_VARIABLE",
    "NoZygoteError",
    "NotReadyError",
    "WarmProcess",
    "fork_kernel",
    "refusals",
    "shut_down",
    "start_in_background",
    "start_zygote",
    "why_impossible",
    "zygote_folder",
]

# Names the process with which a zygote ends, by its number; without it, a zygote ends when it has been idle.
OWNER_VARIABLE = "GRADER_ZYGOTE_OWNER"

_START_TIMEOUT = 120.0
_ANSWER_TIMEOUT = 10.0
_REFUSAL_LASTS = 600.0  # seconds in which what could not be started is not tried again


def why_impossible() -> str | None:
    """Say why kernels cannot be forked on this system, or nothing where they can."""
    if os.environ.get(FOLDER_VARIABLE) == OFF:
        return f"{FOLDER_VARIABLE}={OFF} asks for fresh kernels"
    if sys.platform != "linux":
        return f"kernels are forked on Linux only, and this is {sys.platform}"
    try:
        os.close(os.pidfd_open(os.getpid()))
        Path("/proc/thread-self/children").read_bytes()
        Path("/proc/self/statm").read_bytes()
    except (AttributeError, OSError):
        return "this system does not tell about processes as Linux 5.3 does"
    return None


def fork_kernel(
    request: KernelRequest,
    *,
    interpreter: str = sys.executable,
    stdout: int = 1,
    stderr: int = 2,
    stdin: int | None = None,
    wait: bool = True,
) -> WarmProcess:
    """Return a kernel forked from the zygote that suits the request's environment.

    ``stdin`` is for a process that runs a module: a kernel reads none. A zygote that is not there is started; one
    that does not answer is replaced, once. Without ``wait`` it is started for later kernels, and this one has to
    do without.

    Raises:
        NotReadyError: without ``wait``, no zygote was there.
        NoZygoteError: forking is not possible here, or the zygote cannot be started.
    """
    if problem := why_impossible():
        raise NoZygoteError(problem)
    address = zygote_address(request.environment, interpreter)
    if not wait:
        _look(address, request.environment, interpreter)
    for _ in range(2):
        connection = _reach(address, request.environment, interpreter)
        with contextlib.suppress(OSError):  # it may have answered, and gone, before it was asked
            socket.send_fds(connection, [b"\0"], [stdout, stderr, *([] if stdin is None else [stdin])])
            connection.sendall(request.to_line())
        answer = read_line(connection, _ANSWER_TIMEOUT)
        if answer and isinstance(answer.get("pid"), int):
            return WarmProcess(connection, answer["pid"])
        if answer and "error" in answer:
            connection.close()
            raise NoZygoteError(f"the process that forks kernels could not: {answer['error']}")
        _replace(address, connection)
    raise NoZygoteError("the process that forks kernels was started anew and did not answer")


def start_zygote(
    environment: Mapping[str, str], *, interpreter: str = sys.executable, owner: int | None = None
) -> None:
    """Start the zygote that suits an environment and wait until it answers; nothing to do where one does.

    With ``owner``, a zygote that is started ends with that process.

    Raises:
        NoZygoteError: it cannot be started; the message says why.
    """
    if problem := why_impossible():
        raise NoZygoteError(problem)
    _reach(zygote_address(environment, interpreter), environment, interpreter, owner).close()


def start_in_background(
    environment: Mapping[str, str], *, interpreter: str = sys.executable, owner: int | None = None
) -> None:
    """Do as ``start_zygote`` without waiting; where it fails, whoever asks for a kernel is told."""

    def start() -> None:
        with contextlib.suppress(NoZygoteError, OSError):
            start_zygote(environment, interpreter=interpreter, owner=owner)

    threading.Thread(target=start, name="zygote-start", daemon=True).start()


def _look(address: Path, environment: Mapping[str, str], interpreter: str) -> None:
    """Say that no zygote is there, and have one started in the background."""
    if (connection := _connect(address)) is not None:
        connection.close()
        return
    if reason := _refusal(address.with_suffix(".refused")):
        raise NoZygoteError(reason)
    start_in_background(environment, interpreter=interpreter)
    raise NotReadyError("the process that forks kernels is only now being started")


def _reach(
    address: Path, environment: Mapping[str, str], interpreter: str, owner: int | None = None
) -> socket.socket:
    """Connect to the zygote at an address, which is started if it is not there."""
    if (connection := _connect(address)) is not None:
        return connection
    with FileLock(address.with_suffix(".lock"), mode=0o600):
        # Whoever held the lock before may have started it.
        if (connection := _connect(address)) is not None:
            return connection
        refused = address.with_suffix(".refused")
        if reason := _refusal(refused):
            raise NoZygoteError(reason)
        try:
            return _start(address, zygote_environment(environment), interpreter, owner)
        except NoZygoteError as error:
            refused.write_text(str(error), encoding="utf-8")
            raise


def _start(
    address: Path, environment: Mapping[str, str], interpreter: str, owner: int | None
) -> socket.socket:
    command = [interpreter, "-m", "grader.execution.zygote", str(address)]
    owner = owner or int(os.environ.get(OWNER_VARIABLE, "0"))
    if owner:
        command += ["--owner", str(owner)]
    log = address.with_suffix(".log")
    try:
        with log.open("wb") as written:
            # It goes into the background once it can be reached; this one is its start alone.
            subprocess.run(
                command,
                env=environment,
                cwd=address.parent,  # nobody else puts a module there
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
                start_new_session=True,
                timeout=_START_TIMEOUT,
                check=True,
            )
    except subprocess.TimeoutExpired as error:
        raise NoZygoteError(
            f"the process that forks kernels was not ready after {_START_TIMEOUT:g} seconds"
        ) from error
    except (OSError, subprocess.CalledProcessError) as error:
        lines = log.read_text("utf-8", "replace").strip().splitlines()
        reason = lines[-1] if lines else str(error)
        raise NoZygoteError(f"the process that forks kernels could not start: {reason}") from error
    _forget_superseded(address)
    connection = _connect(address)
    if connection is None:
        raise NoZygoteError("the process that forks kernels ended as soon as it had started")
    return connection


def _connect(address: Path) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(_ANSWER_TIMEOUT)
    try:
        connection.connect(str(address))
    except OSError:
        connection.close()
        return None
    return connection


def _pid_behind(connection: socket.socket) -> int:
    size = struct.calcsize("3i")
    pid, _, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return int(pid)


def _replace(address: Path, connection: socket.socket) -> None:
    """Kill the zygote behind a connection and take its socket away, if nobody has replaced it meanwhile."""
    silent = _pid_behind(connection)
    connection.close()
    with FileLock(address.with_suffix(".lock"), mode=0o600):
        if (now := _connect(address)) is not None:
            if _pid_behind(now) == silent:
                os.kill(silent, signal.SIGKILL)
                address.unlink(missing_ok=True)
            now.close()


def _forget_superseded(address: Path) -> None:
    """Take away what older code with the same settings left; a zygote ends when it finds its socket gone."""
    settings = address.name.partition("-")[0]
    for other in address.parent.glob(f"{settings}-*"):
        if other.stem != address.stem:
            other.unlink(missing_ok=True)


def _refusal(refused: Path) -> str | None:
    """Return why a zygote could not be started lately, or nothing."""
    try:
        if time.time() - refused.stat().st_mtime < _REFUSAL_LASTS:
            return refused.read_text(encoding="utf-8")
    except OSError:
        pass
    return None


def refusals() -> list[str]:
    """Return why zygotes could not be started lately, each reason once."""
    found = map(_refusal, zygote_folder().glob("*.refused"))
    return sorted({reason for reason in found if reason is not None})


def shut_down(folder: Path) -> None:
    """End every zygote whose socket lies in a folder; the kernels they forked go on."""
    for address in folder.glob("*.sock"):
        if (connection := _connect(address)) is not None:
            _replace(address, connection)
