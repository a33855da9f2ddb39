"""What a run of 200 submissions leaves behind: processes, memory, open files, temporary files.

Grades unit 04 on PyTorch in this process, a few submissions first, so that what is loaded once is there, then 200.
Every figure is the difference between after and before, and should be 0; memory, in megabytes, close to it.
``GRADE_MANY=20`` grades fewer.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import tempfile
import time
from pathlib import Path

from benchmarks.grade import UNIT, environment, make_class
from grader.console import quiet_nbgrader
from grader.nbgrader_plugin.grade import grade_unit

__all__ = ["measure"]

FIRST = 4
SECONDS_TO_SETTLE = 10


def measure() -> dict[str, float]:
    """Grade, and count what is there before and after."""
    size = int(os.environ.get("GRADE_MANY", "200"))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        course = make_class(root, FIRST + size)
        changed = environment("torch", root) | {
            "TMPDIR": str(_made(root / "temporary")),
            "JUPYTER_RUNTIME_DIR": str(_made(root / "runtime")),
        }
        before = {name: os.environ.get(name) for name in changed}
        os.environ.update(changed)
        tempfile.tempdir = None
        try:
            everyone = sorted(path.name for path in (course / "submitted").iterdir())
            _grade(course, everyone[:FIRST])
            start = _found(root)
            began = time.perf_counter()
            _grade(course, everyone[FIRST:])
            seconds = time.perf_counter() - began
            end = _found(root)
        finally:
            tempfile.tempdir = None
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
    figures = {f"grade_many.{name}_left": end[name] - start[name] for name in start}
    return {**figures, "grade_many.seconds_per_submission": seconds / size}


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    return folder


def _grade(course: Path, students: list[str]) -> None:
    with quiet_nbgrader():
        results = grade_unit(UNIT, course, students=students)
    assert len(students) == len(results)
    assert all(result.verdicts for result in results)


def _found(root: Path) -> dict[str, float]:
    """Count what there is once everything has had time to end."""
    deadline = time.monotonic() + SECONDS_TO_SETTLE
    while (
        len(_processes(root)) > 1 and time.monotonic() < deadline
    ):  # the zygote stays as long as this process
        time.sleep(0.1)
    gc.collect()
    # What was freed and only kept by the C library for later is nobody's any more.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    return {
        "processes": len(_processes(root)),
        "megabytes": _resident() / 1e6,
        "open_files": len(list(Path("/proc/self/fd").iterdir())),
        "temporary_files": sum(1 for name in ("temporary", "runtime") for _ in (root / name).rglob("*")),
    }


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]) * os.sysconf("SC_PAGESIZE")


def _processes(root: Path) -> list[str]:
    """Return the processes whose environment names this run, but for pools' own helpers and this one."""
    mark = f"GRADER_ZYGOTES={root / 'zygotes'}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(entry.name)
        except OSError:
            continue
    return found
