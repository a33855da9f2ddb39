"""The kernels of the course: one for each backend, started at once where kernels can be forked.

Choosing a backend in JupyterLab is choosing one of these. See ``jupyter_client/kernelspec.py``.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from traitlets import Bool

from grader.errors import UsageError

__all__ = [
    "KERNELS",
    "NATIVE_KERNEL",
    "PROVISIONER",
    "WarmKernelSpecs",
    "install_kernels",
    "kernel_for",
    "kernels_folder",
    "outdated_kernels",
    "remove_kernels",
    "warm_spec",
]

PROVISIONER = "keras-warm"
_PROVISIONER_CLASS = "grader.execution.provisioner:WarmProvisioner"
NATIVE_KERNEL = "python3"
_NAMES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
KERNELS = {f"keras-{backend}": backend for backend in _NAMES}

# What JupyterLab shows in its launcher: a junction of pipes, in a colour and with letters of the backend's own.
_MARKS = {"tensorflow": ("TF", "#c2570c"), "jax": ("JAX", "#6d3fc0"), "torch": ("PT", "#b3261e")}
_LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" role="img" aria-label="Keras ({name})">
<rect width="64" height="64" rx="10" fill="{colour}"/>
<path d="M6 20h52M32 20v14" stroke="#fff" stroke-width="8" fill="none"/>
<path d="M14 12v16M50 12v16M23 34h18" stroke="#fff" stroke-width="4" fill="none"/>
<text x="32" y="57" font-family="sans-serif" font-size="18" font-weight="bold" text-anchor="middle"
 fill="#fff">{letters}</text>
</svg>
"""


def kernel_for(backend: str) -> str:
    """Return the name of a backend's kernel."""
    return f"keras-{backend}"


def warm_spec(backend: str | None, interpreter: str = sys.executable, *, wait: bool = True) -> dict[str, Any]:
    """Return a kernelspec as ``kernel.json`` has it; without ``backend`` the environment's is used.

    Without ``wait``, a kernel for which Keras would have to be imported first is started fresh meanwhile.
    """
    return {
        "argv": [interpreter, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": f"Keras ({_NAMES[backend]})" if backend else "Keras",
        "language": "python",
        "interrupt_mode": "signal",
        "env": {"KERAS_BACKEND": backend} if backend else {},
        "metadata": {
            "debugger": True,
            "supported_encryption": ["curve"],  # as ipykernel's own says
            "kernel_provisioner": {
                "provisioner_name": PROVISIONER,
                "config": {"wait_for_zygote": wait},
            },
        },
    }


class WarmKernelSpecs(KernelSpecManager):
    """Finds the course's kernels without their being installed, and takes a plain Python kernel for a warm one."""

    wait = Bool(True, help="Whether kernels wait until they can be forked.").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # As the installed package's entry point does; an older installation may lack it.
        known = KernelProvisionerFactory.instance().provisioners
        known.setdefault(
            PROVISIONER, EntryPoint(PROVISIONER, _PROVISIONER_CLASS, KernelProvisionerFactory.GROUP_NAME)
        )

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the named kernelspec."""
        if kernel_name in KERNELS:
            spec = KernelSpec(**warm_spec(KERNELS[kernel_name], wait=self.wait))
            with contextlib.suppress(NoSuchKernel):  # its logo lies where it is installed
                spec.resource_dir = super().get_kernel_spec(kernel_name).resource_dir
            return spec
        spec = super().get_kernel_spec(kernel_name)
        if kernel_name == NATIVE_KERNEL:
            chosen = warm_spec(None, wait=self.wait)["metadata"]["kernel_provisioner"]
            spec.metadata = {"kernel_provisioner": chosen, **spec.metadata}
        return spec


def kernels_folder(*, user: bool = False) -> Path:
    """Return where Jupyter looks for kernels: in this Python's environment, or for this user everywhere."""
    if user:
        from jupyter_core.paths import jupyter_data_dir

        return Path(jupyter_data_dir()) / "kernels"
    return Path(sys.prefix) / "share" / "jupyter" / "kernels"


def _files(backend: str, interpreter: str = sys.executable) -> dict[str, str]:
    letters, colour = _MARKS[backend]
    return {
        "kernel.json": json.dumps(warm_spec(backend, interpreter, wait=False), indent=1) + "\n",
        "logo-svg.svg": _LOGO.format(name=_NAMES[backend], letters=letters, colour=colour),
    }


def outdated_kernels(folder: Path) -> list[str]:
    """Return the course's kernels that are missing in a folder or differ from what would be installed."""
    return [name for name, backend in KERNELS.items() if not _is_current(folder / name, backend)]


def _is_current(folder: Path, backend: str) -> bool:
    wanted = _files(backend)
    try:
        found = {name: (folder / name).read_text("utf-8") for name in wanted}
        interpreter = Path(json.loads(found["kernel.json"])["argv"][0])
    except (OSError, ValueError, LookupError, TypeError):
        return False
    if interpreter.parent == Path(sys.executable).parent and interpreter.exists():
        # An environment calls its Python by several names.
        wanted = _files(backend, str(interpreter))
    return found == wanted


def install_kernels(folder: Path) -> list[Path]:
    """Write the course's kernels into a folder, over older ones of theirs; return where each lies.

    Raises:
        UsageError: the folder cannot be written to.
    """
    written = []
    for name, backend in KERNELS.items():
        place = folder / name
        try:
            place.mkdir(parents=True, exist_ok=True)
            for file, text in _files(backend).items():
                (place / file).write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"The kernel {name} cannot be written to {place}: {error.strerror}. Give yourself write access, or "
                "install the kernels for yourself alone with `grader kernels --user`."
            ) from error
        written.append(place)
    return written


def remove_kernels(folder: Path) -> list[Path]:
    """Remove the course's kernels from a folder; return which were there.

    Raises:
        UsageError: one cannot be removed.
    """
    there = [folder / name for name in KERNELS if (folder / name).is_dir()]
    for place in there:
        try:
            shutil.rmtree(place)
        except OSError as error:
            raise UsageError(f"The kernel in {place} cannot be removed: {error.strerror}.") from error
    return there
