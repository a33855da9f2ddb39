"""Warm kernels for tests: a folder of sockets of their own, and a zygote that starts quickly."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from jupyter_client.provisioning import KernelProvisionerFactory

from grader.execution.kernelspecs import PROVISIONER
from grader.execution.zygotes import FOLDER_VARIABLE
from tests.unit.execution.warm import alive, light_interpreter, soon, zygotes_in


@pytest.fixture
def zygote_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A new folder for zygotes; those that are left at the end are killed."""
    with folder_for_zygotes() as folder:
        monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
        yield folder


@contextlib.contextmanager
def folder_for_zygotes() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="zygotes-") as name:
        folder = Path(name)
        try:
            yield folder
        finally:
            pids = zygotes_in(folder)
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            assert soon(lambda: not any(map(alive, pids)))


@pytest.fixture(scope="module")
def light_folder() -> Iterator[Path]:
    """The folder of the zygote that a module's tests share."""
    with folder_for_zygotes() as folder:
        yield folder


@pytest.fixture
def light(light_folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An interpreter whose zygote is light and already there for the module's next test."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(light_folder))
    return light_interpreter(light_folder)


@pytest.fixture(autouse=True)
def known_provisioner() -> None:
    """Jupyter finds the provisioner whatever the installed package's metadata say."""
    KernelProvisionerFactory.instance().provisioners[PROVISIONER] = EntryPoint(
        PROVISIONER, "grader.execution.provisioner:WarmProvisioner", "jupyter_client.kernel_provisioners"
    )
