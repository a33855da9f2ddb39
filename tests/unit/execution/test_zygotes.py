"""The life of the process that forks kernels: one for all who ask alike, replaced when it fails, gone when idle."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from grader.execution import zygote, zygotes
from grader.execution.supervisor import KernelRequest
from grader.execution.zygotes import (
    NoZygoteError,
    WarmProcess,
    fork_kernel,
    shut_down,
    start_in_background,
    start_zygote,
)
from tests.unit.execution.warm import alive, light_interpreter, soon, zygotes_in

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")

Forker = Callable[..., WarmProcess]


@pytest.fixture
def fork(zygote_folder: Path, tmp_path: Path) -> Iterator[Forker]:
    """Fork kernels from light zygotes; they are dead when the test is over."""
    forked: list[WarmProcess] = []

    def fork(options: str = "", **environment: str) -> WarmProcess:
        request = KernelRequest(
            arguments=["-f", str(tmp_path / f"kernel-{uuid.uuid4()}.json"), "--log-level=50"],
            environment={**os.environ, **environment},
            folder=str(tmp_path),
        )
        process = fork_kernel(request, interpreter=light_interpreter(zygote_folder, options))
        forked.append(process)
        return process

    light_interpreter(zygote_folder)
    yield fork
    for process in forked:
        process.kill()
        process.wait(30)


def origin(process: WarmProcess) -> int:
    """Return the pid of the zygote that a kernel was forked from."""
    return psutil.Process(process.pid).parent().ppid()


def test_one_zygote_serves_all_who_ask_alike(fork: Forker, zygote_folder: Path) -> None:
    """Kernels of the same settings come from one zygote, whatever else their environments hold."""
    first, second = fork(NBGRADER_EXECUTION="autograde"), fork(ANOTHER="1")
    assert origin(first) == origin(second)
    assert [origin(first)] == zygotes_in(zygote_folder)


def test_a_setting_read_at_import_gets_a_zygote_of_its_own(fork: Forker) -> None:
    """What a backend reads when it is imported holds in the kernel as if it had been started afresh."""
    assert origin(fork(KERAS_BACKEND="jax")) != origin(fork(KERAS_BACKEND="torch"))


def test_many_who_start_at_once_start_one(fork: Forker, zygote_folder: Path) -> None:
    """Of several that find no zygote one starts it, and the others wait for that."""
    with ThreadPoolExecutor(4) as pool:
        kernels = list(pool.map(lambda _: fork(), range(4)))
    assert 1 == len({origin(kernel) for kernel in kernels})
    assert 1 == len(zygotes_in(zygote_folder))


def test_two_processes_that_start_at_once_start_one(zygote_folder: Path) -> None:
    """The lock holds between processes, too."""
    code = (
        "import os, sys; from grader.execution.zygotes import start_zygote;"
        "start_zygote(os.environ, interpreter=sys.argv[1])"
    )
    command = [sys.executable, "-c", code, light_interpreter(zygote_folder)]
    both = [subprocess.Popen(command) for _ in range(2)]
    assert [0, 0] == [process.wait(60) for process in both]
    assert 1 == len(zygotes_in(zygote_folder))


def test_one_started_in_the_background_serves_who_asks_meanwhile(fork: Forker, zygote_folder: Path) -> None:
    """A kernel that is asked for while its zygote starts waits for that one."""
    start_in_background(os.environ, interpreter=light_interpreter(zygote_folder))
    kernel = fork()
    assert [origin(kernel)] == zygotes_in(zygote_folder)


def test_a_failure_in_the_background_is_told_to_who_asks(zygote_folder: Path) -> None:
    """Starting raises nothing, in no thread; whoever needs a kernel learns why there is none."""
    start_in_background(os.environ, interpreter="/nowhere/python")
    with pytest.raises(NoZygoteError, match="could not start"):
        start_zygote(os.environ, interpreter="/nowhere/python")


def test_grading_starts_one_before_it_imports_nbgrader() -> None:
    """The command has Keras imported for its kernels while it imports nbgrader itself, which takes seconds as well."""
    code = (
        "import os, sys; from grader import cli; from grader.execution import zygotes\n"
        "def told(environment, owner): print('nbgrader' in sys.modules, owner == os.getpid(), environment['GLOG_minloglevel'])\n"
        "zygotes.start_in_background = told; sys.argv[1:] = ['grade', 'no_such_unit']; cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (2, "False True 2\n") == (done.returncode, done.stdout), done.stderr


def test_kernels_outlive_their_zygote(fork: Forker) -> None:
    """A killed zygote leaves its kernels running, and the next start gets a new zygote."""
    first = fork()
    killed = origin(first)
    os.kill(killed, signal.SIGKILL)
    assert soon(lambda: not alive(killed))
    second = fork()
    assert killed != origin(second)
    assert [None, None] == [first.poll(), second.poll()]


def test_a_zygote_that_does_not_answer_is_replaced(
    fork: Forker, zygote_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped zygote is killed once it has not answered in time, and a new one forks the kernel."""
    stopped = origin(fork())
    os.kill(stopped, signal.SIGSTOP)
    monkeypatch.setattr(zygotes, "_ANSWER_TIMEOUT", 0.5)
    second = fork()
    assert stopped != origin(second)
    assert soon(lambda: [origin(second)] == zygotes_in(zygote_folder))


def test_one_replacement_is_enough(fork: Forker, zygote_folder: Path) -> None:
    """Whoever finds that another has replaced the silent zygote leaves the new one alone."""
    first = fork()
    (address,) = zygote_folder.glob("*.sock")
    waiting = zygotes._connect(address)
    assert waiting is not None
    os.kill(origin(first), signal.SIGKILL)
    second = fork()
    zygotes._replace(address, waiting)
    assert alive(origin(second))
    assert origin(second) == origin(fork())


def test_an_idle_zygote_goes_away(fork: Forker, zygote_folder: Path) -> None:
    """Without kernels and requests it ends after its time, and its socket goes with it; until then it stays."""
    kernel = fork("--idle 0.2")
    zygote = origin(kernel)
    time.sleep(1)
    assert alive(zygote)
    kernel.kill()
    kernel.wait(30)
    assert soon(lambda: not alive(zygote))
    assert [] == list(zygote_folder.glob("*.sock"))


def test_a_zygote_ends_with_its_owner(zygote_folder: Path) -> None:
    """A zygote that was started for a process ends when that has ended."""
    owner = subprocess.Popen(["sleep", "600"])
    start_zygote(os.environ, interpreter=light_interpreter(zygote_folder), owner=owner.pid)
    (zygote,) = zygotes_in(zygote_folder)
    owner.kill()
    owner.wait()
    assert soon(lambda: not alive(zygote))
    assert [] == list(zygote_folder.glob("*.sock"))


def test_a_zygote_nobody_can_reach_ends(fork: Forker, zygote_folder: Path) -> None:
    """Where its socket has been taken away it ends, and leaves one that another has put there."""
    kernel = fork()
    unreachable = origin(kernel)
    (address,) = zygote_folder.glob("*.sock")
    address.unlink()
    second = fork()
    assert soon(lambda: not alive(unreachable))
    assert address.exists()
    assert [None, None] == [kernel.poll(), second.poll()]


def test_new_code_supersedes_the_old(
    fork: Forker, zygote_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a module has changed the next kernel has the new code, and the old zygote ends."""
    from grader.execution import zygote_address

    old = origin(fork())
    monkeypatch.setattr(zygote_address, "_changed", lambda folder: [1])
    new = fork()
    assert old != origin(new)
    assert soon(lambda: [origin(new)] == zygotes_in(zygote_folder))


def test_what_cannot_start_is_told_and_not_tried_again(
    zygote_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is what the zygote said last; the next who asks is told at once, until some time has passed."""
    tries = tmp_path / "tries"
    interpreter = tmp_path / "python"
    interpreter.write_text(f"#!/bin/sh\necho x >> {tries}\necho No module named keras >&2\nexit 1\n")
    interpreter.chmod(0o755)
    for _ in range(2):
        with pytest.raises(NoZygoteError, match="could not start: No module named keras"):
            start_zygote(os.environ, interpreter=str(interpreter))
    assert ["x"] == tries.read_text().split()
    assert ["the process that forks kernels could not start: No module named keras"] == zygotes.refusals()
    monkeypatch.setattr(zygotes, "_REFUSAL_LASTS", 0.0)
    with pytest.raises(NoZygoteError):
        start_zygote(os.environ, interpreter=str(interpreter))
    assert ["x", "x"] == tries.read_text().split()


def test_an_interpreter_that_is_not_there_is_told(zygote_folder: Path) -> None:
    """A program that cannot be started gives the reason."""
    with pytest.raises(NoZygoteError, match="No such file"):
        start_zygote(os.environ, interpreter=str(zygote_folder / "none"))


def test_a_zygote_that_takes_too_long_is_given_up(
    zygote_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start has a time limit, after which nothing of it is left."""
    interpreter = zygote_folder / "python"
    interpreter.write_text("#!/bin/sh\nexec sleep 600\n")
    interpreter.chmod(0o755)
    monkeypatch.setattr(zygotes, "_START_TIMEOUT", 0.5)
    with pytest.raises(NoZygoteError, match=r"was not ready after 0\.5 seconds"):
        start_zygote(os.environ, interpreter=str(interpreter))


def test_a_zygote_that_cannot_fork_says_so(zygote_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system refuses another process the reason reaches whoever asked, and the zygote serves on."""

    def refused() -> int:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(zygote, "_fork", refused)
    address = zygote_folder / "a.sock"
    monkeypatch.setattr(zygotes, "zygote_address", lambda *_: address)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen()
        server = threading.Thread(target=zygote.serve, args=(listener, address, 0.5, None))
        server.start()
        for _ in range(2):
            with pytest.raises(NoZygoteError, match=r"could not: .*Resource temporarily unavailable"):
                fork_kernel(KernelRequest(arguments=[], environment={}, folder="/"))
        server.join()


def test_an_open_accelerator_forbids_forking() -> None:
    """A backend that has opened a device at import is told with the device; other files are no reason."""
    assert "/dev/nvidia0" in str(zygote.why_unsafe(["/dev/null", "/dev/nvidia0"]))
    assert zygote.why_unsafe(["/dev/null", "socket:[1]", "/dev/driver"]) is None


def test_a_zygote_with_an_open_accelerator_is_refused(
    zygote_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The zygote that finds one ends before it forks anything, with that as its reason."""
    monkeypatch.setattr(zygote, "_IMPORTS", ())
    monkeypatch.setattr(zygote, "_open_files", lambda: ["/dev/nvidiactl"])
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit, match="/dev/nvidiactl"):
        zygote.main([str(zygote_folder / "a.sock")])


def test_fresh_kernels_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """GRADER_ZYGOTES=off forks nothing."""
    monkeypatch.setenv(zygotes.FOLDER_VARIABLE, zygotes.OFF)
    with pytest.raises(NoZygoteError, match="GRADER_ZYGOTES=off"):
        start_zygote(os.environ)


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_start_fresh_kernels(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    """Kernels are forked on Linux only."""
    monkeypatch.setattr(sys, "platform", platform)
    assert platform in str(zygotes.why_impossible())


def test_a_linux_without_process_descriptors_starts_fresh_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system call is missing or forbidden nothing is forked."""

    def forbidden(*_: Any) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "pidfd_open", forbidden)
    assert "Linux 5.3" in str(zygotes.why_impossible())


def test_shutting_down_ends_every_zygote(fork: Forker, zygote_folder: Path) -> None:
    """All zygotes of a folder end; what they forked goes on."""
    kernels = [fork(KERAS_BACKEND="jax"), fork(KERAS_BACKEND="torch")]
    shut_down(zygote_folder)
    assert soon(lambda: [] == zygotes_in(zygote_folder))
    assert [None, None] == [kernel.poll() for kernel in kernels]


def test_nothing_is_left_of_kernels_that_have_ended(fork: Forker, zygote_folder: Path) -> None:
    """After kernels have ended the zygote has no children and as many open files as before."""
    zygote = psutil.Process(origin(fork()))
    before = zygote.num_fds()
    for _ in range(5):
        kernel = fork()
        kernel.kill()
        kernel.wait(30)
    assert soon(lambda: 1 == len(zygote.children()))
    assert before == zygote.num_fds()


def test_whoever_connects_and_says_nothing_leaves_nothing(fork: Forker, zygote_folder: Path) -> None:
    """A connection that is closed, or sends what is no request, ends its supervisor, and kernels start as before."""
    zygote = psutil.Process(origin(fork()))
    (address,) = zygote_folder.glob("*.sock")
    for text in (b"", b"{}\n", b"not json\n", b"\0"):
        connection = zygotes._connect(address)
        assert connection is not None
        if text:
            connection.sendall(text)
        connection.close()
    assert soon(lambda: 1 == len(zygote.children()))
    assert zygote.pid == origin(fork())
