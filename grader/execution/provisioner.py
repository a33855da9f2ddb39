"""Kernels that start at once: forked from a process that has imported Keras already.

Jupyter finds the provisioner by the name in a kernelspec's metadata, so nbclient, nbgrader, nbval and JupyterLab
use it unchanged. Where no kernel can be forked, a fresh one is started.
"""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
from collections.abc import Mapping
from typing import IO, Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Bool, Dict

from grader.execution.kernelspecs import PROVISIONER
from grader.execution.limits import Limits
from grader.execution.supervisor import KernelRequest
from grader.execution.zygotes import NotReadyError, NoZygoteError, WarmProcess, fork_kernel, why_impossible

__all__ = ["WarmProvisioner", "hold"]


def hold(spec: KernelSpec, limits: Limits) -> None:
    """Have kernels of a specification held to limits; where they are not forked, this does nothing."""
    chosen = spec.metadata.get("kernel_provisioner", {})
    if chosen.get("provisioner_name") == PROVISIONER:
        chosen["config"] = {
            **chosen.get("config", {}),
            "limits": {name: getattr(limits, name) for name in limits.set_names},
        }


class WarmProvisioner(LocalProvisioner):
    """Starts, signals and ends a forked kernel."""

    process: Any
    limits = Dict(help="What a forked kernel may use: see ``Limits``, whose fields these are.").tag(
        config=True
    )
    wait_for_zygote = Bool(
        True,
        help="Wait for the process that forks kernels; otherwise start a fresh kernel while that starts.",
    ).tag(config=True)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork the kernel that ``cmd`` would start, or start it where that is not possible."""
        try:
            await self._fork(cmd, **kwargs)
        except NoZygoteError as error:
            expected = isinstance(error, NotReadyError) or why_impossible() is not None
            level = logging.INFO if expected else logging.WARNING
            self.log.log(level, "A fresh kernel is started: %s.", error)
            if self.limits:
                self.log.log(level, "A fresh kernel is held to no limit on its %s.", ", ".join(self.limits))
            return await super().launch_kernel(cmd, **kwargs)
        return self.connection_info

    async def _fork(
        self,
        cmd: list[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        stdout: Any = None,
        stderr: Any = None,
        independent: bool = False,
        **_: Any,
    ) -> None:
        if independent:
            raise NoZygoteError("it is to outlive this process")
        folder = os.path.abspath(cwd or os.curdir)  # noqa: PTH100 - Path.cwd() says no more
        os.stat(folder)  # noqa: PTH116 - raises what starting a process there would
        environment = dict(os.environ if env is None else env)
        # A forked kernel's parent is its supervisor, which ends with this process.
        environment.pop("JPY_PARENT_PID", None)
        request = KernelRequest(_arguments(cmd), environment, folder, Limits(**self.limits))
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
            output = _descriptor(stdout, 1, nowhere)
            self.process = await asyncio.to_thread(
                fork_kernel,
                request,
                interpreter=cmd[0],
                wait=self.wait_for_zygote,
                stdout=output,
                stderr=output if stderr == subprocess.STDOUT else _descriptor(stderr, 2, nowhere),
            )
        self.pid, self.pgid = self.process.pid, None
        self.cwd = folder

    async def kill(self, restart: bool = False) -> None:
        """End the kernel, and give it the moment that takes: the manager looks ten times a second only."""
        await super().kill(restart)
        if isinstance(self.process, WarmProcess):
            for _ in range(250):
                if self.process.poll() is not None:
                    return
                await asyncio.sleep(0.002)


def _arguments(command: list[str]) -> list[str]:
    """Return what stands behind ``python -m ipykernel_launcher``."""
    words = [word for word in command[1:] if word != "-Xfrozen_modules=off"]
    if words[:2] != ["-m", "ipykernel_launcher"]:
        raise NoZygoteError(f"only ipykernel can be forked, and {' '.join(command[:3])} is asked for")
    return words[2:]


def _descriptor(given: Any, standard: int, nowhere: IO[bytes]) -> int:
    """Return the descriptor that ``subprocess.Popen`` would give a child."""
    if given is None:
        return standard
    if given == subprocess.DEVNULL:
        return nowhere.fileno()
    if given == subprocess.PIPE:
        raise NoZygoteError("its output is to be piped")
    return given if isinstance(given, int) else given.fileno()
