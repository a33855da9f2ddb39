"""Say which GPU a backend sees, or that it sees none and what to do about it: ``python -m scripts.gpu jax``.

Exit code 0 where it sees one, 2 where it does not.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import NamedTuple

from grader.execution.native_logs import QUIET
from scripts.devices import device_environment

__all__ = ["Seen", "main", "sentence"]


class Seen(NamedTuple):
    """What a backend tells about GPUs."""

    package: str  # with its version
    for_gpus: bool  # whether it was built for them
    names: tuple[str, ...]


def _tensorflow() -> Seen:
    import tensorflow as tf

    names = tuple(
        tf.config.experimental.get_device_details(device).get("device_name", device.name)
        for device in tf.config.list_physical_devices("GPU")
    )
    return Seen(f"TensorFlow {tf.__version__}", tf.test.is_built_with_cuda(), names)


def _jax() -> Seen:
    import jax

    try:
        names = tuple(device.device_kind for device in jax.devices("gpu"))
    except (RuntimeError, AssertionError):  # so it says that there is none
        names = ()
    return Seen(f"JAX {jax.__version__}", find_spec("jax_plugins") is not None, names)


def _torch() -> Seen:
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    names = tuple(torch.cuda.get_device_name(number) for number in range(count))
    return Seen(f"PyTorch {torch.__version__}", torch.version.cuda is not None, names)


_LOOK: dict[str, Callable[[], Seen]] = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}


def sentence(seen: Seen) -> str:
    """Say what was seen and, where that is nothing, what to install or to check."""
    if seen.names:
        return f"{seen.package} sees {', '.join(seen.names)}."
    if seen.for_gpus:
        return (
            f"{seen.package} sees no GPU although it is built for them: check that `nvidia-smi` lists one, with "
            "driver 580 or newer, and that CUDA_VISIBLE_DEVICES does not hide it."
        )
    return (
        f"{seen.package} sees no GPU because it is built for CPUs: install the builds for GPUs with `make setup "
        "VENV=.venv-gpu REQUIREMENTS=requirements-gpu.txt`, and name them with VENV=.venv-gpu."
    )


def main(arguments: list[str]) -> int:
    """Look, with the settings that the notebooks are run with."""
    if len(arguments) != 1 or arguments[0] not in _LOOK:
        print(f"Name one backend of {', '.join(_LOOK)}: python -m scripts.gpu jax", file=sys.stderr)
        return 2
    os.environ.update(QUIET | device_environment(os.environ, "gpu"))
    try:
        seen = _LOOK[arguments[0]]()
    except ImportError as error:
        print(f"{arguments[0]} cannot be imported ({error}): run `make setup`.", file=sys.stderr)
        return 2
    print(sentence(seen), file=sys.stdout if seen.names else sys.stderr)
    return 0 if seen.names else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
