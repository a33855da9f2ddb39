"""What a run of the notebooks is told so that one device computes: the CPU, or a GPU as close to it as can be.

Stored outputs were made on a CPU. Here is all that is done about what a GPU does otherwise. No GPU was at hand: that
it suffices has not been seen.

=====================================  =======================================  ===============================
what differs on a GPU                  setting                                  what is left
=====================================  =======================================  ===============================
TF32: products of float32 matrices     NVIDIA_TF32_OVERRIDE=0 (cuBLAS, cuDNN),  float32 rounds by 2**-24, as on
and convolutions read 10 bits of the   JAX_DEFAULT_MATMUL_PRECISION=highest     a CPU
mantissa and round by 2**-11           (what XLA compiles itself)
sums whose order changes from run to   TF_DETERMINISTIC_OPS=1,                  cuDNN under PyTorch has no such
run: atomic adds, and algorithms that  --xla_gpu_deterministic_ops=true,        variable: two runs differ by
cuDNN and cuBLAS choose                CUBLAS_WORKSPACE_CONFIG=:4096:8          rounding
sums in another order than a CPU's     none                                     rounding by 2**-24
PyTorch draws other numbers from a     none                                     as between two backends
seed than on a CPU
TensorFlow and JAX reserve most of     TF_FORCE_GPU_ALLOW_GROWTH=true,          notebooks at one time share it
the memory when they start             XLA_PYTHON_CLIENT_PREALLOCATE=false
=====================================  =======================================  ===============================

*Tolerances.* With these settings a GPU has the unit roundoff of a CPU, and the tolerances of
``grader.portability.tolerance``, which grow with that and with the lengths of sums, stay as they are. Elsewhere TF32 may
be on; 2**-11 is 8192 times 2**-24, and parity needs a tolerance of its own: ``grader parity --tolerance``.

*nbval* compares as strictly as on a CPU, and nothing is rewritten or left out for a GPU. A stored output is the same on
three backends, which round and draw differently already: it is a shape, a count or a truth value. One that is another on
a GPU stands too close to where rounding turns it; let the cell say less.

*Under* ``TF_DETERMINISTIC_OPS`` Keras does not have XLA compile for TensorFlow, and an operation without a deterministic
form on a GPU raises ``UnimplementedError``.

Sources: https://docs.jax.dev/en/latest/gpu_memory_allocation.html,
https://docs.pytorch.org/docs/stable/notes/randomness.html,
https://www.tensorflow.org/api_docs/python/tf/config/experimental/enable_op_determinism.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping

from grader.execution.zygotes import FOLDER_VARIABLE, OFF

__all__ = ["DEVICES", "SETTINGS", "device_environment", "on_device"]

SETTINGS: dict[str, dict[str, str]] = {
    # A GPU that is there is not seen.
    "cpu": {
        "CUDA_VISIBLE_DEVICES": "-1",
        "JAX_PLATFORMS": "cpu",
        "KERAS_TORCH_DEVICE": "cpu",  # Keras would take Apple's GPU as well
    },
    "gpu": {
        # JAX and PyTorch fail where they would otherwise go on without a GPU. "cuda,cpu" is not enough: where no
        # driver is found JAX passes over the first.
        "JAX_PLATFORMS": "cuda",
        "KERAS_TORCH_DEVICE": "cuda",
        "NVIDIA_TF32_OVERRIDE": "0",
        "JAX_DEFAULT_MATMUL_PRECISION": "highest",
        "TF_DETERMINISTIC_OPS": "1",
        "XLA_FLAGS": "--xla_gpu_deterministic_ops=true",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        # A GPU in use does not survive a fork: each kernel imports Keras itself.
        FOLDER_VARIABLE: OFF,
    },
}
DEVICES = tuple(SETTINGS)


def device_environment(base: Mapping[str, str], device: str) -> dict[str, str]:
    """Return an environment in which one device computes; XLA's flags are added to those that are there."""
    settings = SETTINGS[device]
    flags = [found["XLA_FLAGS"] for found in (base, settings) if found.get("XLA_FLAGS")]
    return {**base, **settings, **({"XLA_FLAGS": " ".join(flags)} if flags else {})}


@contextlib.contextmanager
def on_device(device: str) -> Iterator[None]:
    """Have what is started meanwhile compute on one device."""
    before = dict(os.environ)
    os.environ.update(device_environment(before, device))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
