"""Temporary folders of processes that are no more."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from grader.execution.temporary import own_prefix, sweep

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="nothing tells there whether a process is alive"
)


def test_folders_of_a_process_that_was_killed_are_removed_and_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What belongs to a process that is alive, and what is named otherwise, is left alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", ""]) as other:
        pid = other.pid
    dead = tmp_path / f"kernel-{pid}-abc_d1"
    dead.mkdir()
    (dead / "s-1").write_text("a socket")
    own = Path(tempfile.mkdtemp(prefix=own_prefix("grader")))
    foreign = tmp_path / "grader-notes"
    foreign.mkdir()
    link = tmp_path / f"grader-{pid}-link"
    link.symlink_to(foreign)
    assert [dead] == sweep()
    assert {own, foreign, link} == set(tmp_path.iterdir())
