"""A process that has imported Keras and forks a kernel for whoever asks.

Started as ``python -m grader.execution.zygote SOCKET``; whoever connects to the socket gets a supervisor of
their own, which reads what is wanted. No operation may run before the fork: a backend's threads do not survive
it. Runs what a student's kernel runs, and nothing of the grading side.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

from grader.execution.kernel_process import look_at_modules
from grader.execution.processes import adopt_orphans, children, descendants, name_process
from grader.execution.supervisor import supervise

__all__ = ["main", "serve", "why_unsafe"]

# What nearly every notebook imports, and the kernel itself.
_IMPORTS = (
    *("ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.debugger"),
    *("IPython.core.debugger", "IPython.core.oinspect", "IPython.core.completerlib", "IPython.core.logger"),
    *("IPython.extensions.storemagic", "sqlite3", "tornado.platform.asyncio", "matplotlib_inline"),
    *("numpy", "matplotlib.pyplot", "keras", "grader.models"),
)
_INLINE = "module://matplotlib_inline.backend_inline"
_ACCELERATORS = (
    "/dev/nvidia",
    "/dev/kfd",
    "/dev/dri/",
    "/dev/dxg",
    "/dev/accel",
    "/dev/vfio/",
    "/dev/neuron",
)


def why_unsafe(open_files: Iterable[str]) -> str | None:
    """Say why a process with these open files must not fork kernels, or nothing."""
    for name in open_files:
        if name.startswith(_ACCELERATORS):
            return f"importing the backend has opened {name}: an accelerator in use does not survive a fork"
    return None


def _open_files() -> list[str]:
    names = []
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            names.append(str(entry.readlink()))
    return names


def serve(
    listener: socket.socket, address: Path, idle: float, owner: int | None
) -> Callable[[], None] | None:
    """Fork a supervisor for each connection until there is nothing to do for ``idle`` seconds.

    Ends as well when process ``owner`` has ended, or when the socket is not found at ``address`` any more, so
    that nobody can ask. Returns in several processes: with what to run in a kernel's.
    """
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    watched = -1
    if owner is not None:
        try:
            watched = os.pidfd_open(owner)
        except ProcessLookupError:
            return None
        poll.register(watched, select.POLLIN)
    own = _identity(address)
    adopt_orphans()  # of a supervisor that its kernel has killed
    before = frozenset(children(os.getpid()))
    supervisors: set[int] = set()
    last = time.monotonic()
    while (supervisors or time.monotonic() - last < idle) and _identity(address) == own:
        ready = dict(poll.poll(min(1.0, idle) * 1000))
        _look_after(supervisors)
        _kill(set(children(os.getpid())) - before - supervisors)
        if watched in ready:
            return None
        if listener.fileno() not in ready:
            continue
        try:
            connection, _ = listener.accept()
        except OSError:
            continue
        last = time.monotonic()
        try:
            child = _fork()
        except OSError as error:  # no memory, or no more processes
            with contextlib.suppress(OSError):
                connection.sendall(json.dumps({"error": str(error)}).encode() + b"\n")
            connection.close()
            continue
        if child == 0:
            listener.close()
            if watched >= 0:
                os.close(watched)
            return supervise(connection)
        supervisors.add(child)
        connection.close()
    return None


def _identity(address: Path) -> int | None:
    try:
        return address.stat().st_ino
    except OSError:
        return None


def _fork() -> int:
    with warnings.catch_warnings():
        # What it warns of, threads that are gone in the child, is what this module is about.
        warnings.filterwarnings("ignore", ".*multi-threaded, use of fork.*", DeprecationWarning)
        return os.fork()


def _look_after(supervisors: set[int]) -> None:
    """Let those go that have ended, and wake those that were stopped: a kernel is the same user."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG | os.WUNTRACED))[0]:
            pid, status = ended
            if os.WIFSTOPPED(status) and pid in supervisors:
                os.kill(pid, signal.SIGCONT)
            elif not os.WIFSTOPPED(status):
                supervisors.discard(pid)


def _kill(orphans: set[int]) -> None:
    for pid in orphans:
        for member in (pid, *descendants(pid)):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(member, signal.SIGKILL)


def _to_background() -> Callable[[], None]:
    """Go on in a forked process; this one ends, with success once what is returned is called there."""
    reading, writing = os.pipe()
    if _fork():
        os.close(writing)
        os._exit(0 if os.read(reading, 1) else 1)
    os.close(reading)

    def ready() -> None:
        os.write(writing, b"\0")
        os.close(writing)

    return ready


def main(arguments: list[str]) -> None:
    """Import, go to the background, listen, serve; in a kernel's process, run the kernel."""
    parser = argparse.ArgumentParser(prog="python -m grader.execution.zygote", description=__doc__)
    parser.add_argument("socket", type=Path)
    parser.add_argument("--idle", type=float, default=900, help="seconds without work after which it ends")
    parser.add_argument("--owner", type=int, help="the process with which it ends")
    options = parser.parse_args(arguments)
    if not sys.flags.safe_path:
        del sys.path[0]  # the folder it was started in; the kernel adds its own
    os.environ.setdefault("MPLBACKEND", _INLINE)
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # a warning about frozen modules
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in _IMPORTS:
        importlib.import_module(name)
    # Imported anew at the first plot, it ties itself to the kernel's shell, which is not there yet.
    sys.modules.pop(_INLINE.partition("//")[2], None)
    unsafe = why_unsafe(_open_files())
    if unsafe is not None:
        sys.exit(unsafe)
    look_at_modules()
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page it looks at
    sys.stdout.flush()
    sys.stderr.flush()
    ready = _to_background()
    name_process("keras-zygote")
    address = options.socket
    draft = address.with_suffix(f".{os.getpid()}")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(draft))
        draft.chmod(0o600)
        listener.listen(1024)
        draft.replace(address)
        ready()
        pid, own = os.getpid(), _identity(address)
        run_kernel = serve(listener, address, options.idle, options.owner)
        if os.getpid() == pid and _identity(address) == own:
            address.unlink(missing_ok=True)
    if run_kernel is None:
        os._exit(
            0
        )  # zygote or supervisor; what libraries do at exit would wait for threads that a fork left behind
    run_kernel()


if __name__ == "__main__":
    main(sys.argv[1:])
