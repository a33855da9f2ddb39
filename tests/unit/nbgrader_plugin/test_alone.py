"""One grading run at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from grader.errors import UsageError
from grader.nbgrader_plugin.alone import alone

HOLD = """
import sys
from pathlib import Path
from grader.nbgrader_plugin.alone import alone

with alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
def test_a_second_run_is_told_of_the_first_and_the_lock_falls_with_its_process(tmp_path: Path) -> None:
    """However the first ends, the next one may grade."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert "held\n" == other.stdout.readline()
        with pytest.raises(UsageError, match=rf"process {other.pid}\)"), alone(tmp_path):
            pass
        other.kill()
    with alone(tmp_path):
        assert 0o700 == (tmp_path / "private").stat().st_mode & 0o777


def test_one_run_after_the_other(tmp_path: Path) -> None:
    """The lock is given back."""
    for _ in range(2):
        with alone(tmp_path):
            pass
