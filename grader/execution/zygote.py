"""A process that has imported Keras and forks a kernel for whoever asks.

Started as ``python -P -m grader.execution.zygote SOCKET``; whoever connects to the socket gets a supervisor of
their own, which reads what is wanted. No operation may run before the fork: a backend's threads do not survive
it. Runs what a student's kernel runs, and nothing of the grading side.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

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
_ACCELERATORS = ("/dev/nvidia", "/dev/kfd", "/dev/dri", "/dev/accel")


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


def serve(listener: socket.socket, idle: float, owner: int | None) -> Callable[[], None] | None:
    """Fork a supervisor for each connection until there is nothing to do for ``idle`` seconds.

    Ends as well when process ``owner`` has ended. Returns in several processes: with what to run in a kernel's.
    """
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    watched = -1
    if owner is not None:
        watched = os.pidfd_open(owner)
        poll.register(watched, select.POLLIN)
    children = 0
    last = time.monotonic()
    while children or time.monotonic() - last < idle:
        ready = dict(poll.poll(1000))
        children -= _reaped()
        if watched in ready:
            return None
        if listener.fileno() not in ready:
            continue
        try:
            connection, _ = listener.accept()
        except OSError:
            continue
        last = time.monotonic()
        if os.fork() == 0:
            listener.close()
            if watched >= 0:
                os.close(watched)
            return supervise(connection)
        children += 1
        connection.close()
    return None


def _reaped() -> int:
    count = 0
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            count += 1
    return count


def main(arguments: list[str]) -> None:
    """Import, listen, serve; in a kernel's process, run the kernel."""
    parser = argparse.ArgumentParser(prog="python -m grader.execution.zygote", description=__doc__)
    parser.add_argument("socket", type=Path)
    parser.add_argument("--idle", type=float, default=900, help="seconds without work after which it ends")
    parser.add_argument("--owner", type=int, help="the process with which it ends")
    parser.add_argument(
        "--tell", type=int, help="the descriptor to which its number goes, and a line once it is ready"
    )
    options = parser.parse_args(arguments)
    if os.fork():
        os._exit(0)  # a zygote is nobody's child, so that nobody has to wait for it
    tell = os.fdopen(options.tell if options.tell is not None else os.dup(1), "wb", buffering=0)
    tell.write(b"%d\n" % os.getpid())
    warnings.filterwarnings("ignore", ".*multi-threaded, use of fork.*", DeprecationWarning)
    os.environ.setdefault("MPLBACKEND", _INLINE)
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # a warning about frozen modules
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in _IMPORTS:
        importlib.import_module(name)
    unsafe = why_unsafe(_open_files())
    if unsafe is not None:
        options.socket.with_suffix(".refused").write_text(unsafe, encoding="utf-8")
        return
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page it looks at
    draft = options.socket.with_suffix(f".{os.getpid()}")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(draft))
        listener.listen(64)
        draft.chmod(0o600)
        draft.replace(options.socket)  # there for others only once it answers
        tell.write(b"ready\n")
        tell.close()
        pid = os.getpid()
        run_kernel = serve(listener, options.idle, options.owner)
        if os.getpid() == pid:
            options.socket.unlink(missing_ok=True)
            return
    if run_kernel is None:
        os._exit(0)  # a supervisor: nothing of the zygote's is its own to tidy up
    run_kernel()


if __name__ == "__main__":
    main(sys.argv[1:])
