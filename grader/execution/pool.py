"""Run many calls on a few processes; a call that ends its process is found out and does not take the others down."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import select
import signal
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import forkserver
from multiprocessing.context import BaseContext
from typing import Any

from grader.errors import GraderError
from grader.execution.processes import die_with_parent

__all__ = ["WorkerEndedError", "run_all"]

_LONGEST_FOLDER = 70  # characters; multiprocessing adds some thirty, and a socket's name has at most 107


class WorkerEndedError(GraderError):
    """The process that ran a call has ended, with the call alone on it: killed, or out of memory."""


def run_all(
    function: Callable[..., Any], calls: Mapping[str, tuple[Any, ...]], jobs: int
) -> Generator[tuple[str, Any]]:
    """Call ``function`` with each of ``calls`` on ``jobs`` processes; yield name and result as they come.

    A call that raises yields its exception in place of a result. When a process ends in the middle, what was
    running is called again, each alone; one that ends its process again yields a ``WorkerEndedError``. All
    processes are gone when the iterator is closed. ``function`` must be importable, as for ``multiprocessing``.
    """
    context = _context(function.__module__)
    together, alone = deque(calls), deque[str]()
    while together or alone:
        lot, width = (alone, 1) if alone else (together, jobs)
        executor = ProcessPoolExecutor(
            width,
            mp_context=context,
            initializer=_prepare_worker,
            initargs=(dict(os.environ), os.getpid()),
        )
        running: dict[Future[Any], str] = {}
        try:
            while lot or running:
                while lot and len(running) < width:
                    name = lot.popleft()
                    running[executor.submit(function, *calls[name])] = name
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                broken = [
                    running.pop(future)
                    for future in done
                    if isinstance(future.exception(), BrokenProcessPool)
                ]
                for future in done:
                    if future in running:
                        yield running.pop(future), future.exception() or future.result()
                if broken:
                    # The pool is of no more use, and any of what was running may have ended it.
                    broken += running.values()
                    running.clear()
                    if width == 1:
                        yield broken[0], WorkerEndedError("the process that ran it was ended, twice")
                    else:
                        alone.extend(broken)
                    break
        finally:
            _end(executor)


def _context(module: str) -> BaseContext:
    """Fork from a process that has imported a module, where its socket's name may be as long as it would be."""
    if sys.platform == "win32" or len(tempfile.gettempdir()) > _LONGEST_FOLDER:
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([module])
    with _interrupts_ignored():  # Ctrl-C reaches every process of a terminal, and this one answers for all
        forkserver.ensure_running()
    return context


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _prepare_worker(environment: dict[str, str], owner: int) -> None:
    """Take over the caller's environment; leave interrupts to it, and end with it."""
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(
        OSError, AttributeError
    ):  # not on Linux: the pool ends its processes when it can
        die_with_parent(os.getppid())
        _end_with(owner)
    gc.freeze()  # a collection would look at all that was imported, again and again


def _end_with(owner: int) -> None:
    """End this process when the one that asks is gone, however it went.

    The fork server does not: each worker holds open the pipe by which it would learn of that.
    """
    try:
        watched = os.pidfd_open(owner)
    except ProcessLookupError:
        os._exit(1)

    def wait() -> None:
        select.select([watched], [], [])
        os._exit(1)

    threading.Thread(target=wait, name="owner", daemon=True).start()


def _end(executor: ProcessPoolExecutor) -> None:
    """End a pool's processes at once, whatever they run."""
    # Python 3.14 has ``kill_workers`` for this; before, the pool keeps its processes to itself.
    processes = list((getattr(executor, "_processes", None) or {}).values())
    executor.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()
    for process in processes:
        process.join()
