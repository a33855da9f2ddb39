"""Calls for a pool of processes."""

import os
import signal
import time
from pathlib import Path


def double(number: int) -> int:
    return 2 * number


def refuse(number: int) -> int:
    raise ValueError(f"no {number}")


def end_process(number: int, culprit: int) -> int:
    """End the process that runs this, after its neighbours have begun."""
    if number == culprit:
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.4)
    return number


def end_once(number: int, mark: str) -> int:
    """End the process that runs this the first time only."""
    if not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def tell_variable(name: str) -> str | None:
    return os.environ.get(name)


def stay_or_go(mark: str) -> None:
    """Say which process this is and stay, where a place to say it is given."""
    if mark:
        Path(mark).write_text(str(os.getpid()))
        time.sleep(600)


def sleep_and_tell(folder: str, name: str) -> None:
    """Say which process this is, and which it was forked from; then stay."""
    Path(folder, f"{name}.new").write_text(f"{os.getpid()} {os.getppid()}")
    Path(folder, f"{name}.new").replace(Path(folder, name))
    time.sleep(600)


def told(folder: Path, names: str) -> list[int]:
    """Wait until calls of these names have told of their processes; return those."""
    deadline = time.monotonic() + 60
    while not all((folder / name).exists() for name in names) and time.monotonic() < deadline:
        time.sleep(0.05)
    return sorted({int(pid) for name in names for pid in (folder / name).read_text().split()})
