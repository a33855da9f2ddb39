"""Keys made on demand, once, and made again when what they were made from has changed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from grader.course import UnitFolder
from grader.errors import EvenOutputError, KeyFileError
from grader.execution.compile import compile_key, run_reference
from grader.execution.compiled import compiled_folder, compiling
from grader.judge import TryParity
from grader.keys import AnswerKey, read_key, write_key
from grader.tasks import Unit

__all__ = ["private_key", "public_key"]

_SEEDS = 2**31
# A narrow layer of ReLUs can be dead for every input: one draw in dozens, not several in a row.
_DRAWS = 4


def public_key(folder: UnitFolder, parity: TryParity | None = None) -> AnswerKey:
    """Return the unit's public key, with its solutions; a release takes those out where it withholds them.

    ``parity`` tries the reference on other backends, when the key has to be made.

    Raises:
        CourseError: the reference solution fails; the message names the task.
    """
    unit = folder.load()
    folder.public_key.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.public_key):
        key = _fresh(folder, folder.public_key, unit)
        if key is None:
            key = compile_key(folder.assignment, unit, None, solutions=True, parity=parity)
            write_key(key, folder.public_key)
        return key


def private_key(folder: UnitFolder) -> AnswerKey:
    """Return the key of the unit's grading campaign, beginning one if there is none.

    The seed outlives a change of the unit, so that grading again draws the same cases. The key lies
    in a folder that only its owner can enter.

    Raises:
        CourseError: the reference solution fails; the message names the task.
    """
    unit = folder.load()
    path = folder.private_key
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    with _locked(path):
        key = _fresh(folder, path, unit)
        if key is None or key.seed is None:
            key = _compile_private(folder, unit, path)
            write_key(key, path)
            path.chmod(0o600)
        elif _is_uncompiled(folder):
            with compiling(folder, os.environ) as environment:
                run_reference(folder.assignment, key.case_sheet(), key.seed, environment)
        return key


def _compile_private(folder: UnitFolder, unit: Unit, path: Path) -> AnswerKey:
    """Compile with the campaign's seed, or with another where its draw silences the reference."""
    seed = _seed(path)
    for left in reversed(range(_DRAWS)):
        try:
            with compiling(folder, os.environ) as environment:
                return compile_key(folder.assignment, unit, seed, environment=environment)
        except EvenOutputError:
            if not left:
                raise
            seed = secrets.randbelow(_SEEDS)
    raise AssertionError("no key was drawn")


def _is_uncompiled(folder: UnitFolder) -> bool:
    """Whether kernels would have to compile what the reference could have compiled for them."""
    compiled = compiled_folder(folder, os.environ)
    return compiled is not None and not compiled.is_dir()


def _seed(path: Path) -> int:
    try:
        seed = read_key(path).seed
    except KeyFileError:
        seed = None
    return secrets.randbelow(_SEEDS) if seed is None else seed


def _fresh(folder: UnitFolder, path: Path, unit: Unit) -> AnswerKey | None:
    """Read a key that is younger than its sources and declares the same tasks; else ``None``."""
    try:
        key = read_key(path)
        made = path.stat().st_mtime_ns
    except (KeyFileError, OSError):
        return None
    sources = (folder.assignment, folder.tasks)
    if any(source.stat().st_mtime_ns > made for source in sources):
        return None
    return key if [held.task for held in key.tasks] == [task.public for task in unit.tasks] else None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process make the key while others wait for it."""
    with FileLock(path.with_name(f".{path.name}.lock"), mode=0o600):
        yield
