"""Processes that take too much are ended, with what they started."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader.errors import UsageError
from grader.watched import GIB, Limits, Watched, limits


def python(code: str, allowed: Limits) -> tuple[Watched, str]:
    """Run code until it ends or is ended; return what watched it, and what it wrote."""
    watched = Watched([sys.executable, "-c", code], allowed, os.environ, errors=subprocess.DEVNULL)
    return watched, watched.process.communicate()[0]


def test_a_process_within_its_limits_is_left_alone() -> None:
    """What it writes comes back, and there is no fault."""
    watched, written = python("print('done')", Limits())
    assert ("done\n", None) == (written, watched.fault)


def test_a_process_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    """A child of the child does not live on; the fault says the limit and the variable that raises it."""
    mark = tmp_path / "mark"
    child = f"import time; time.sleep(3); open({str(mark)!r}, 'w')"
    code = (
        f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(60)"
    )
    watched, _ = python(code, Limits(seconds=1))
    assert "it took more than 1 seconds. Set GRADER_MODEL_SECONDS to allow more" == watched.fault
    time.sleep(3)
    assert not mark.exists()


def test_a_process_that_takes_too_much_memory_is_ended() -> None:
    """What counts is memory in use; memory that is only set aside does not."""
    aside = "import mmap; m = mmap.mmap(-1, 2**33); print('done')"
    assert "done\n" == python(aside, Limits(memory=GIB / 4))[1]
    watched, _ = python("x = b'x' * 2**29; import time; time.sleep(60)", Limits(memory=GIB / 4))
    assert "it took more than 0.25 GiB of memory. Set GRADER_MODEL_GIB to allow more" == watched.fault


def test_limits_are_set_by_two_variables() -> None:
    """A number above zero is taken, anything else is refused with what was expected."""
    assert Limits(7.5, 2 * GIB) == limits({"GRADER_MODEL_SECONDS": "7.5", "GRADER_MODEL_GIB": "2"})
    for wrong in ("x", "0", "-1", "nan", "inf"):
        with pytest.raises(UsageError, match=r"GRADER_MODEL_GIB is .*, expected a number above zero"):
            limits({"GRADER_MODEL_GIB": wrong})
