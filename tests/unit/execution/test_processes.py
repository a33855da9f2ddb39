"""What is read of processes, in the process of these tests and what it starts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from grader.execution.processes import Meter

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

HOLDS = "x = b'x' * 100_000_000; print(flush=True); input()"


@contextmanager
def two_that_hold_memory() -> Iterator[None]:
    """Two processes that have 100 MB each."""
    with ExitStack() as stack:
        for _ in range(2):
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                )
            )
            assert process.stdout is not None
            process.stdout.readline()
        yield


def test_memory_that_takes_long_to_read_is_read_in_rounds() -> None:
    """Out of patience there is no answer yet; asked again it goes on, and ends with what both hold."""
    meter = Meter()
    others = meter.memory(patience=60) or 0
    with two_that_hold_memory():
        answers = [meter.memory(patience=0)]
        while answers[-1] is None:
            answers.append(meter.memory(patience=0))
        at_once = meter.memory(patience=60) or 0
    assert answers[0] is None
    for found in (answers[-1], at_once):
        assert 200_000_000 < found - others < 400_000_000
