"""The kernels of the course: one for each backend, started at once where kernels can be forked.

Choosing a backend in JupyterLab is choosing one of these. See ``jupyter_client/kernelspec.py``.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import EntryPoint
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory

__all__ = [
    "KERNELS",
    "NATIVE_KERNEL",
    "PROVISIONER",
    "WarmKernelSpecs",
    "kernel_for",
    "warm_spec",
]

PROVISIONER = "keras-warm"
_PROVISIONER_CLASS = "grader.execution.provisioner:WarmProvisioner"
NATIVE_KERNEL = "python3"
_NAMES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
KERNELS = {f"keras-{backend}": backend for backend in _NAMES}


def kernel_for(backend: str) -> str:
    """Return the name of a backend's kernel."""
    return f"keras-{backend}"


def warm_spec(backend: str | None, interpreter: str = sys.executable) -> dict[str, Any]:
    """Return a kernelspec as ``kernel.json`` has it; without ``backend`` the environment's is used."""
    return {
        "argv": [interpreter, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": f"Keras ({_NAMES[backend]})" if backend else "Keras",
        "language": "python",
        "interrupt_mode": "signal",
        "env": {"KERAS_BACKEND": backend} if backend else {},
        "metadata": {"kernel_provisioner": {"provisioner_name": PROVISIONER, "config": {}}, "debugger": True},
    }


class WarmKernelSpecs(KernelSpecManager):
    """Finds the course's kernels without their being installed, and takes a plain Python kernel for a warm one."""

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
            return KernelSpec(**warm_spec(KERNELS[kernel_name]))
        if kernel_name == NATIVE_KERNEL:
            return KernelSpec(**warm_spec(os.environ.get("KERAS_BACKEND")))
        return super().get_kernel_spec(kernel_name)
