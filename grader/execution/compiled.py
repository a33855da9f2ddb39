"""What JAX compiled of a reference solution, lent to the kernels of the students who solve the same exercise.

JAX compiles a function for every shape that it has not met in a process, each initializer of a weight among them:
a small ResNet takes half a minute to build, and milliseconds once what was compiled lies in a file. Only the
reference's run writes what is lent. Each kernel gets a copy of its own, so that no student's code has a hand in what
another's kernel runs.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from grader.course import UnitFolder
from grader.execution.jax_cache import CACHE_VARIABLES, kept_in
from grader.execution.keras_config import keras_config
from grader.execution.temporary import own_prefix

__all__ = ["compiled_folder", "compiling", "lent_copy"]


def compiled_folder(unit: UnitFolder, environment: Mapping[str, str]) -> Path | None:
    """Return where a unit's compiled code lies for what JAX is installed; ``None`` for a backend that needs none."""
    if keras_config(environment)["backend"] != "jax":
        return None
    try:
        version = f"{metadata.version('jax')}-{metadata.version('keras')}"
    except metadata.PackageNotFoundError:
        return None
    # What bears on how JAX compiles: code that was compiled otherwise would be of no use, and none is kept beside it.
    settings = sorted(item for item in environment.items() if item[0].startswith(("JAX", "XLA")))
    told = json.dumps([platform.machine(), [item for item in settings if item[0] not in CACHE_VARIABLES]])
    return unit.private_key.with_name(
        f"{unit.path.name}-jax-{version}-{hashlib.sha256(told.encode()).hexdigest()[:8]}"
    )


@contextmanager
def compiling(unit: UnitFolder, environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Say what to add to the environment of the reference's kernel, and keep what it compiled, all of it or nothing."""
    folder = compiled_folder(unit, environment)
    if folder is None:
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix=own_prefix("grader"), ignore_cleanup_errors=True) as place:
        compiled = Path(place) / "jax"
        compiled.mkdir()
        yield kept_in(compiled)
        draft = folder.with_name(f"{folder.name}.new")
        for old in (draft, folder):
            shutil.rmtree(old, ignore_errors=True)
        shutil.copytree(compiled, draft)
        draft.replace(folder)


@contextmanager
def lent_copy(unit: UnitFolder, environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Lend a kernel a copy of a unit's compiled code while the ``with`` block lasts: what to add to its environment.

    Nothing where there is none.
    """
    folder = compiled_folder(unit, environment)
    if folder is None or not folder.is_dir():
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix=own_prefix("grader"), ignore_cleanup_errors=True) as place:
        copy = Path(place) / "jax"
        shutil.copytree(folder, copy)
        yield kept_in(copy)
