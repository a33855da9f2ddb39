"""Calls that run on several processes."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader.execution.pool import WorkerEndedError, run_all
from scripts.environment import PROJECT
from tests.unit.execution import pool_calls

pytestmark = pytest.mark.slow


def test_every_call_gives_its_result_under_its_name() -> None:
    """Each of several calls comes back once, with its own result."""
    calls = {str(number): (number,) for number in range(7)}
    assert {name: 2 * int(name) for name in calls} == dict(run_all(pool_calls.double, calls, 2))


def test_an_exception_comes_back_in_place_of_a_result() -> None:
    """A call that raises yields its exception."""
    ((name, found),) = run_all(pool_calls.refuse, {"a": (3,)}, 2)
    assert ("a", "no 3", ValueError) == (name, str(found), type(found))


def test_a_call_that_ends_its_process_takes_no_other_down() -> None:
    """The call that kills its process is named, and every other call has its result."""
    calls = {str(number): (number, 1) for number in range(5)}
    found = dict(run_all(pool_calls.end_process, calls, 2))
    assert isinstance(found.pop("1"), WorkerEndedError)
    assert {"0": 0, "2": 2, "3": 3, "4": 4} == found


def test_a_process_that_was_ended_once_is_forgiven(tmp_path: Path) -> None:
    """A call whose process is killed from elsewhere runs again and gives its result."""
    assert {"a": 5} == dict(run_all(pool_calls.end_once, {"a": (5, str(tmp_path / "mark"))}, 2))


def test_calls_see_the_callers_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable set after the first pool was made reaches the processes of the next."""
    for value in ("first", "second"):
        monkeypatch.setenv("POOL_CALL", value)
        assert {"a": value} == dict(run_all(pool_calls.tell_variable, {"a": ("POOL_CALL",)}, 1))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems tell of no process's end")
def test_workers_end_with_a_caller_that_is_killed(tmp_path: Path) -> None:
    """Neither they nor the process they are forked from stay behind."""
    code = (
        "import sys; from grader.execution.pool import run_all; from tests.unit.execution import pool_calls;"
        "list(run_all(pool_calls.sleep_and_tell, {name: (sys.argv[1], name) for name in 'ab'}, 2))"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=PROJECT) as caller:
        pids = pool_calls.told(tmp_path, "ab")
        caller.kill()
    deadline = time.monotonic() + 30
    while (left := [pid for pid in pids if _is_alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [] == left


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_closing_ends_what_runs(tmp_path: Path) -> None:
    """No process is left when a caller stops in the middle."""
    marks = [tmp_path / "a", tmp_path / "b"]
    calls: dict[str, tuple[str, ...]] = {mark.name: (str(mark),) for mark in marks}
    # A first call that returns, so that there is a middle to stop in.
    found = run_all(pool_calls.stay_or_go, {"go": ("",), **calls}, 3)
    assert ("go", None) == next(found)
    deadline = time.monotonic() + 30
    while not all(mark.exists() and mark.read_text() for mark in marks) and time.monotonic() < deadline:
        time.sleep(0.01)
    found.close()
    assert [False, False] == [Path(f"/proc/{mark.read_text()}").exists() for mark in marks]
