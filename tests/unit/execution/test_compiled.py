"""What JAX compiled of a reference: kept once, lent as copies, and never written by a student's kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course import UnitFolder
from grader.execution import compiled, keyring
from grader.execution.jax_cache import CACHE_VARIABLES
from tests.integration import small_course as small
from tests.unit.execution.test_keyring import Compiler

JAX = {"KERAS_BACKEND": "jax"}


@pytest.fixture
def folder(tmp_path: Path) -> UnitFolder:
    small.make_course(tmp_path)
    (tmp_path / "private").mkdir()
    return UnitFolder(course=tmp_path, path=tmp_path / "units" / small.UNIT)


def kept(folder: UnitFolder) -> Path:
    found = compiled.compiled_folder(folder, JAX)
    assert found is not None
    return found


def compile_one(folder: UnitFolder, name: str = "jit_one-cache") -> None:
    with compiled.compiling(folder, JAX) as environment:
        (Path(environment[CACHE_VARIABLES[0]]) / name).write_text("compiled")


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_other_backends_need_none(folder: UnitFolder, backend: str) -> None:
    """Nothing is kept, and nothing lent."""
    environment = {"KERAS_BACKEND": backend}
    assert compiled.compiled_folder(folder, environment) is None
    with compiled.compiling(folder, environment) as more, compiled.lent_copy(folder, environment) as lent:
        assert ({}, {}) == (more, lent)


def test_code_compiled_under_other_settings_is_kept_elsewhere(folder: UnitFolder) -> None:
    """It would not be found; where it is kept makes no difference to JAX."""
    other = compiled.compiled_folder(folder, {**JAX, "XLA_FLAGS": "--xla_cpu_enable_fast_math=true"})
    assert other != kept(folder)
    assert kept(folder) == compiled.compiled_folder(folder, {**JAX, CACHE_VARIABLES[0]: "elsewhere"})


def test_a_copy_is_lent(folder: UnitFolder) -> None:
    """What a kernel does to it is gone with it."""
    with compiled.lent_copy(folder, JAX) as nothing:
        assert {} == nothing
    compile_one(folder)
    with compiled.lent_copy(folder, JAX) as lent:
        copy = Path(lent[CACHE_VARIABLES[0]])
        assert ["compiled"] == [path.read_text() for path in copy.iterdir()]
        (copy / "jit_one-cache").write_text("changed")
        (copy / "jit_two-cache").write_text("new")
    assert not copy.exists()
    assert [("jit_one-cache", "compiled")] == [
        (path.name, path.read_text()) for path in kept(folder).iterdir()
    ]


def test_what_fails_leaves_nothing(folder: UnitFolder) -> None:
    """A run that ends halfway has not compiled all there is."""
    compile_one(folder)
    with pytest.raises(ValueError, match="halfway"), compiled.compiling(folder, JAX):
        raise ValueError("halfway")
    assert ["jit_one-cache"] == [path.name for path in kept(folder).iterdir()]
    compile_one(folder, "jit_two-cache")
    assert ["jit_two-cache"] == [path.name for path in kept(folder).iterdir()]


def test_a_key_comes_with_what_was_compiled(folder: UnitFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the key where that is made, and by a run of its own where the key is there already."""
    runs: list[str] = []
    compiler = Compiler()
    monkeypatch.setattr(keyring, "compile_key", compiler)
    monkeypatch.setattr(keyring, "run_reference", lambda *_: runs.append("run"))
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keyring.private_key(folder)
    assert ([], False) == (runs, kept(folder).exists())
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    for _ in range(2):
        keyring.private_key(folder)
    assert (["run"], 1) == (runs, len(compiler.seeds))
    folder.private_key.unlink()
    keyring.private_key(folder)
    assert (["run"], 2) == (runs, len(compiler.seeds))
