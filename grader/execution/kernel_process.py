"""What a forked process does to be the kernel that was asked for, as if it had been started afresh."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import time
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

from grader.execution.jax_cache import take_cache
from grader.execution.processes import name_process

__all__ = ["become_kernel", "become_module", "look_at_modules"]

_FILES: list[str] = []


def become_kernel(arguments: Sequence[str], environment: Mapping[str, str], folder: str) -> None:
    """Run a kernel with these arguments, in this environment and folder; returns when it has ended."""
    name_process("keras-kernel")
    _begin_afresh(environment, folder)
    sys.argv = ["ipykernel_launcher.py", *arguments]
    _take_plots_backend()
    app = _forked_app()
    app.kernel_class = _forked_kernel()
    app.launch_instance(argv=list(arguments), parent_handle=os.getppid())


def look_at_modules() -> None:
    """Note before the fork which files a kernel consists of, for its debugger.

    A kernel asks each of thousands of modules as it starts. In a forked process that copies every page they lie
    on, which takes as long as all the rest of its start.
    """
    _FILES[:] = [file for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None))]


def _forked_kernel() -> type[Any]:
    """Return ipykernel's kernel class, which takes what was noted in place of asking."""
    from ipykernel import ipkernel

    its_own = cast(Any, ipkernel)

    class ForkedKernel(ipkernel.IPythonKernel):
        def __init__(self, **options: Any) -> None:
            its_own.sys = SimpleNamespace(**{**vars(sys), "modules": {}})
            try:
                super().__init__(**options)
            finally:
                its_own.sys = sys
            self._kernel_modules = _FILES
            if debugger := getattr(self, "debugger", None):
                debugger.kernel_modules = _FILES

    return ForkedKernel


def _forked_app() -> type[Any]:
    """Return ipykernel's application, which keeps what it has not sent yet and drops none of it.

    ZeroMQ drops a kernel's messages when a thousand wait, the one that tells a cell's end among them: a correct
    cell that shows much would never be done. What waits is the kernel's memory, and no more than that.
    """
    import zmq
    from ipykernel.kernelapp import IPKernelApp

    class ForkedKernelApp(IPKernelApp):
        def init_iopub(self, context: Any) -> None:
            context.sockopts[zmq.SNDHWM] = 0  # what the sockets are given that are made next
            super().init_iopub(context)
            del context.sockopts[zmq.SNDHWM]

    return ForkedKernelApp


def become_module(name: str, environment: Mapping[str, str], folder: str) -> None:
    """Run a module's ``main`` in place of a kernel; returns when that does."""
    name_process("keras-worker")
    _begin_afresh(environment, folder)
    sys.argv = [name]
    importlib.import_module(name).main()


def _begin_afresh(environment: Mapping[str, str], folder: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    _draw_anew()
    take_cache()


def _draw_anew() -> None:
    """Seed what was seeded when it was imported, so that two kernels do not draw the same numbers.

    Python seeds ``random`` at a fork by itself; TensorFlow seeds when it first draws, and Keras draws its
    seeds from ``random``.
    """
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()
    if torch := sys.modules.get("torch"):
        torch.default_generator.seed()


def _take_plots_backend() -> None:
    """Let matplotlib draw where the environment says; it was imported with the choice of notebooks."""
    chosen = os.environ.get("MPLBACKEND")
    if chosen and (matplotlib := sys.modules.get("matplotlib")):
        with contextlib.suppress(
            ValueError
        ):  # no such backend; its import would have raised, a kernel must start
            matplotlib.rcParams["backend"] = chosen
