"""Limits as records: which is passed first, and how that is said."""

from __future__ import annotations

import json
import socket

import pytest

from grader.execution.limits import Excess, Limits
from grader.execution.processes import Usage
from grader.execution.warm_process import WarmProcess

USED = Usage(processes=3, threads=40, memory=2_310_000_000, cpu=61.2, wall=100.5)


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (Limits(), "None"),
        (Limits(processes=3, threads=40, memory=3_000_000_000, cpu=62, wall=101), "None"),
        (Limits(processes=2), "it had 3 processes at once, more than the 2 allowed"),
        (Limits(threads=39), "it had 40 threads at once, more than the 39 allowed"),
        (Limits(memory=2_000_000_000), "it used 2.31 GB of memory, more than the 2 GB allowed"),
        (Limits(memory=50_000_000), "it used 2.31 GB of memory, more than the 50 MB allowed"),
        (Limits(memory=2_309_999_999), "it used more than the 2.31 GB of memory allowed"),
        (Limits(cpu=60), "it used 61 seconds of processor time, more than the 60 seconds allowed"),
        (Limits(wall=1), "it ran for more than the 1 second allowed"),
        (Limits(cpu=1, processes=1, wall=1), "it had 3 processes at once, more than the 1 allowed"),
    ],
)
def test_the_limit_that_was_passed_is_told_with_both_values(limits: Limits, sentence: str) -> None:
    """What is over its limit is told with what was used beside what is allowed; what is at it is not over."""
    assert sentence == str(limits.broken_by(USED))


@pytest.mark.parametrize("value", [0, -1, "2 GB", True, float("nan")])
def test_what_is_no_limit_is_refused(value: object) -> None:
    """A limit is a number above zero; anything else would hold nothing, or everything."""
    with pytest.raises(ValueError, match="the limit on memory"):
        Limits(memory=value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "told",
    [None, {}, {"limit": "luck", "used": 1, "allowed": 1}, {"limit": "cpu", "used": "1", "allowed": 1}],
)
def test_another_process_is_believed_only_when_it_tells_of_an_excess(told: object) -> None:
    """What a supervisor tells is taken over when it names a limit and two numbers."""
    assert None is Excess.read(told)
    assert Excess("cpu", 2.5, 2) == Excess.read({"limit": "cpu", "used": 2.5, "allowed": 2})


def test_what_could_not_be_ended_is_told_with_the_kernels_end() -> None:
    """The owner of a kernel learns its exit code, the excess and how many processes are left."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = WarmProcess(ours, 1)
        assert None is process.poll()
        told = {"exit": -9, "excess": {"limit": "wall", "used": 3, "allowed": 2}, "left": 2}
        theirs.sendall(json.dumps(told).encode() + b"\n")
        assert -9 == process.wait(5)
    assert (Excess("wall", 3, 2), 2) == (process.excess, process.left)
