"""Kernels that start at once: forked from a process that has imported Keras already.

Jupyter finds the provisioner by the name in a kernelspec's metadata, so nbclient, nbgrader, nbval and JupyterLab
use it unchanged. Where no kernel can be forked, a fresh one is started.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from grader.execution.supervisor import KernelRequest, Limits
from grader.execution.zygotes import NoZygoteError, WarmProcess, fork_kernel

__all__ = ["WarmProvisioner"]


class WarmProvisioner(LocalProvisioner):
    """Starts, signals and ends a forked kernel; ``limits`` may be set before it is started."""

    process: Any
    limits = Limits()

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork the kernel that ``cmd`` would start, or start it where that is not possible."""
        arguments = _kernel_arguments(cmd)
        if arguments is None:
            return await super().launch_kernel(cmd, **kwargs)
        environment = dict(kwargs.get("env") or os.environ)
        environment.pop(
            "JPY_PARENT_PID", None
        )  # a kernel's parent is its supervisor, which ends with the owner
        request = KernelRequest(
            arguments=arguments,
            environment=environment,
            folder=str(kwargs.get("cwd") or os.getcwd()),  # noqa: PTH109 - may be gone; Path.cwd() says no more
            limits=self.limits,
        )
        try:
            with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
                self.process = await asyncio.to_thread(
                    fork_kernel,
                    request,
                    interpreter=cmd[0],
                    stdout=_descriptor(kwargs.get("stdout"), 1, nowhere.fileno()),
                    stderr=_descriptor(kwargs.get("stderr"), 2, nowhere.fileno()),
                )
        except NoZygoteError as error:
            self.log.info("A fresh kernel is started: %s", error)
            return await super().launch_kernel(cmd, **kwargs)
        self.pid, self.pgid = self.process.pid, None
        self.cwd = request.folder
        return self.connection_info

    async def wait(self) -> int | None:
        """Wait for the kernel's end."""
        if not isinstance(self.process, WarmProcess):
            return await super().wait()
        while (code := self.process.poll()) is None:
            await asyncio.sleep(0.01)
        self.process = None
        return code


def _kernel_arguments(command: list[str]) -> list[str] | None:
    """Return what stands behind ``python -m ipykernel_launcher``, or ``None`` for another command."""
    words = [word for word in command[1:] if not word.startswith("-X")]
    return words[2:] if words[:2] == ["-m", "ipykernel_launcher"] else None


def _descriptor(given: Any, standard: int, nowhere: int) -> int:
    if given is None:
        return standard
    if given == subprocess.DEVNULL:
        return nowhere
    return (
        given
        if isinstance(given, int) and given >= 0
        else given.fileno()
        if hasattr(given, "fileno")
        else nowhere
    )
