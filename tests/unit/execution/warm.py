"""Zygotes for tests: real ones, or light ones that import the kernel and nothing else and start in half a second."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import KernelManager

from grader.execution.kernelspecs import warm_spec

LIGHT = """#!/bin/sh
if [ "$2" = grader.execution.zygote ]; then
    shift 2
    exec {python} -c '
import sys
from grader.execution import zygote
zygote._IMPORTS = ("ipykernel.kernelapp", "ipykernel.ipkernel")
zygote.main(sys.argv[1:])
' "$@" {options}
fi
exec {python} "$@"
"""


def light_interpreter(folder: Path, options: str = "") -> str:
    """Write a program that is Python, and whose zygote is light; ``options`` go to the zygote."""
    path = folder / f"python{options.replace(' ', '')}"
    if not path.exists():
        draft = path.with_suffix(".draft")
        draft.write_text(LIGHT.format(python=sys.executable, options=options), encoding="utf-8")
        draft.chmod(0o755)
        draft.replace(path)
    return str(path)


class OneSpec(KernelSpecManager):
    """Knows one kernel: a warm one of the interpreter given."""

    def __init__(self, interpreter: str, wait: bool) -> None:
        super().__init__()
        self.interpreter, self.wait = interpreter, wait

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(**warm_spec(None, self.interpreter, wait=self.wait))


def use_interpreter(manager: KernelManager, interpreter: str, *, wait: bool = True) -> Any:
    """Have a manager start warm kernels of this interpreter."""
    manager.kernel_spec_manager = OneSpec(interpreter, wait)
    return manager


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def soon(true: Callable[[], Any], patience: float = 30) -> bool:
    """Whether something comes true within a time that only a failure takes."""
    end = time.monotonic() + patience
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def zygotes_in(folder: Path) -> list[int]:
    """Return the zygotes that serve a folder."""
    return sorted(
        process.info["pid"]
        for process in psutil.process_iter(["cmdline", "name", "pid"])
        if process.info["name"] == "keras-zygote"
        and any(word.startswith(f"{folder}{os.sep}") for word in process.info["cmdline"] or [])
        and alive(process.info["pid"])
    )
