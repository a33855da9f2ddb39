"""From asking for a kernel to the end of its first Keras cell: forked against started afresh, in one run.

``speedup`` is the median of fresh starts over the median of warm ones, taken in turns on the same machine with
the same client. The first cell is a lesson's: it imports Keras and makes an input. ``model`` is the same with a
small residual network built in that cell, whose weights the backend draws; that work is the same in both.
``private_mib`` is the memory that no other process shares once that network is built: of a forked kernel and its
supervisor, of a fresh kernel, and of the zygote that all warm kernels of a backend share.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.manager import AsyncKernelManager

from grader.execution.connection import CappedClient
from grader.execution.kernelspecs import WarmKernelSpecs, kernel_for
from grader.execution.zygotes import FOLDER_VARIABLE, OFF, shut_down

__all__ = ["measure"]

BACKENDS = ("tensorflow", "jax", "torch")
FRESH, WARM = 3, 9

FIRST_CELL = "import keras\nfrom keras import layers\ninputs = keras.Input((8,))"
MODEL_CELL = f"""{FIRST_CELL}
branch = layers.Dense(8, activation="relu")(inputs)
model = keras.Model(inputs, layers.Dense(1)(layers.Add()([inputs, branch])))"""


def measure() -> dict[str, float]:
    """Return figures by name: ratios, seconds and mebibytes."""
    figures: dict[str, float] = {}
    before = {name: os.environ.get(name) for name in (FOLDER_VARIABLE, "OMP_NUM_THREADS")}
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="zygotes-") as folder:
        try:
            for backend in BACKENDS:
                if importlib.util.find_spec(backend) is not None:
                    figures |= asyncio.run(_measure(backend, folder))
        finally:
            shut_down(Path(folder))
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
    return {f"kernel_start.{name}": figure for name, figure in figures.items()}


async def _measure(backend: str, folder: str) -> dict[str, float]:
    await _start(backend, folder, FIRST_CELL)  # starts the zygote, which counts for no kernel
    await _start(backend, OFF, FIRST_CELL)  # reads the files once
    figures: dict[str, float] = {}
    for cell, name in ((FIRST_CELL, ""), (MODEL_CELL, "model_")):
        fresh, warm = [], []
        for _ in range(FRESH):
            fresh.append(await _start(backend, OFF, cell))
            warm += [await _start(backend, folder, cell) for _ in range(WARM // FRESH)]
        seconds = [statistics.median(one["seconds"] for one in starts) for starts in (fresh, warm)]
        figures[f"{name}speedup.{backend}"] = seconds[0] / seconds[1]
        figures[f"{name}fresh_seconds.{backend}"], figures[f"{name}warm_seconds.{backend}"] = seconds
    for name, starts in (("fresh", fresh), ("warm", warm)):
        figures[f"private_mib.{name}.{backend}"] = statistics.median(one["private"] for one in starts)
    zygote = psutil.Process(int(warm[-1]["zygote"]))
    while zygote.children():  # a kernel that is still ending shares its pages
        await asyncio.sleep(0.1)
    figures[f"private_mib.zygote.{backend}"] = _private(zygote)
    return figures


async def _start(backend: str, zygotes: str, cell: str) -> dict[str, float]:
    """Start a kernel, run one cell in it, and say how long both took and what memory it holds."""
    os.environ[FOLDER_VARIABLE] = zygotes
    began = time.perf_counter()
    manager: Any = AsyncKernelManager(kernel_name=kernel_for(backend))
    manager.kernel_spec_manager = WarmKernelSpecs()
    manager.client_factory = CappedClient
    await manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=120)
        reply = await client.execute_interactive(cell, timeout=300, output_hook=lambda _: None)
        seconds = time.perf_counter() - began
        assert reply["content"]["status"] == "ok", reply["content"]
        return {"seconds": seconds, **_memory(manager.provisioner.pid, warm=zygotes != OFF)}
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)


def _memory(pid: int, *, warm: bool) -> dict[str, float]:
    kernel = psutil.Process(pid)
    if not warm:
        return {"private": _private(kernel)}
    supervisor = kernel.parent()
    assert supervisor.name() == "keras-watch", f"{supervisor} started a kernel that was to be forked"
    return {"private": _private(kernel) + _private(supervisor), "zygote": supervisor.parent().pid}


def _private(process: psutil.Process) -> float:
    return process.memory_full_info().uss / 2**20


if __name__ == "__main__":
    for name, figure in measure().items():
        print(f"{name:<50} {figure:.4g}", file=sys.stdout)
