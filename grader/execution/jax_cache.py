"""Where JAX keeps what it compiles, in a kernel that was forked after JAX was imported."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["CACHE_VARIABLES", "kept_in", "take_cache"]

CACHE_VARIABLES = (
    "JAX_COMPILATION_CACHE_DIR",
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES",
    "JAX_PERSISTENT_CACHE_ENABLE_XLA_CACHES",
)
_VALUES = (
    "0",
    "0",
    "none",
)  # XLA's own caches, of a GPU, would put the folder's path into every entry's name


def kept_in(folder: Path) -> dict[str, str]:
    """Return the environment of a process that keeps all that JAX compiles in a folder, and looks there first."""
    return dict(zip(CACHE_VARIABLES, (str(folder), *_VALUES), strict=True))


def take_cache() -> None:
    """Let JAX take these variables from the environment as if it were imported now; it has run nothing yet."""
    jax = sys.modules.get("jax")
    if jax is None or not os.environ.get(CACHE_VARIABLES[0]):
        return
    for name, kind in zip(CACHE_VARIABLES, (str, float, int, str), strict=True):
        try:
            jax.config.update(name.lower(), kind(os.environ[name]))
        except (KeyError, ValueError, AttributeError):  # a value that JAX would refuse, or another JAX
            continue
