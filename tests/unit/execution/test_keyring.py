"""Keys are made once, kept to their owner, and made again only when they must be."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from grader.course import UnitFolder
from grader.errors import CourseError, EvenOutputError
from grader.evidence import CaseEvidence, Evidence
from grader.execution import keyring
from grader.keys import AnswerKey, TaskKey
from grader.tasks import Unit
from tests.integration import small_course as small


class Compiler:
    """Stands in for the compiling of a reference: counts, and fails as often as it is told to."""

    def __init__(self, *failures: CourseError) -> None:
        self.failures = list(failures)
        self.seeds: list[int | None] = []

    def __call__(
        self, path: Path, unit: Unit, seed: int | None, *, solutions: bool = False, **_more: object
    ) -> AnswerKey:
        self.seeds.append(seed)
        if self.failures:
            raise self.failures.pop(0)
        keys = tuple(
            TaskKey(
                task=task.public,
                cases=task.cases,
                visible=len(task.cases),
                evidence=Evidence(
                    task=task.id, backend="none", keras="none", cases=(CaseEvidence(kind="value", value=1),)
                ),
            )
            for task in unit.tasks
        )
        return AnswerKey(unit=unit.id, title=unit.title, seed=seed, tasks=keys)


@pytest.fixture
def folder(tmp_path: Path) -> UnitFolder:
    small.make_course(tmp_path)
    return UnitFolder(course=tmp_path, path=tmp_path / "units" / small.UNIT)


def _use(monkeypatch: pytest.MonkeyPatch, compiler: Compiler) -> Compiler:
    monkeypatch.setattr(keyring, "compile_key", compiler)
    return compiler


def test_keys_are_made_once(folder: UnitFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is younger than its sources is read, not made again."""
    compiler = _use(monkeypatch, Compiler())
    assert keyring.private_key(folder) == keyring.private_key(folder)
    assert keyring.public_key(folder) == keyring.public_key(folder)
    assert len(compiler.seeds) == 2


def test_private_key_is_for_its_owner(folder: UnitFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The private key and its folder are closed to everyone else."""
    _use(monkeypatch, Compiler())
    keyring.private_key(folder)
    assert stat.S_IMODE(folder.private_key.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.private_key.parent.stat().st_mode) == 0o700


def test_seed_outlives_a_change_of_the_unit(folder: UnitFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed unit is compiled again with the same seed, so the same cases are drawn."""
    compiler = _use(monkeypatch, Compiler())
    keyring.private_key(folder)
    later = folder.private_key.stat().st_mtime + 10
    os.utime(folder.tasks, (later, later))
    keyring.private_key(folder)
    first, second = compiler.seeds
    assert first == second


def test_silent_draw_is_drawn_again(folder: UnitFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A seed with which the reference answers every input alike is replaced by another."""
    compiler = _use(monkeypatch, Compiler(EvenOutputError("even"), EvenOutputError("even")))
    key = keyring.private_key(folder)
    assert len(set(compiler.seeds)) == 3
    assert key.seed == compiler.seeds[-1]


@pytest.mark.parametrize("failures", [[EvenOutputError("even")] * 4, [CourseError("a hidden case fails")]])
def test_other_failures_are_the_authors(
    folder: UnitFolder, monkeypatch: pytest.MonkeyPatch, failures: list[CourseError]
) -> None:
    """A reference that always answers alike, or fails on a drawn case, is not hidden by drawing again."""
    _use(monkeypatch, Compiler(*failures))
    with pytest.raises(CourseError, match=str(failures[-1])):
        keyring.private_key(folder)
