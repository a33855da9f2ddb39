"""A forked kernel is a kernel like any other: through jupyter_client's managers, in Jupyter's own words."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import AsyncKernelManager, KernelManager
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from grader.execution.zygotes import FOLDER_VARIABLE, OFF
from scripts.environment import PROJECT
from tests.unit.execution.warm import alive, soon, use_interpreter

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning"),
]


class Kernel:
    """One warm kernel with its manager and client, and a short way to run a cell."""

    def __init__(self, interpreter: str, *, wait: bool = True, **start: Any) -> None:
        self.manager = use_interpreter(KernelManager(), interpreter, wait=wait)
        self.manager.start_kernel(**start)
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    @property
    def pid(self) -> int:
        return self.manager.provisioner.pid

    def run(self, source: str) -> str:
        """Run a cell and return what it printed, or the name of the error that it raised."""
        printed: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            content = message["content"]
            printed.append(content.get("text", "") or content.get("ename", ""))

        # ipykernel drops what comes right behind an error, whoever started it.
        while (
            "aborted"
            == self.client.execute_interactive(
                textwrap.dedent(source), timeout=60, output_hook=hear, allow_stdin=False
            )["content"]["status"]
        ):
            pass
        return "".join(printed).strip()

    def ask(self, source: str) -> str:
        """Have a cell begin and return the id of its request."""
        return self.client.execute(textwrap.dedent(source))

    def reply(self, request: str) -> dict[str, Any]:
        while True:
            message = self.client.get_shell_msg(timeout=60)
            if message["parent_header"].get("msg_id") == request:
                return message["content"]

    def end(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


Starter = Callable[..., Kernel]


@pytest.fixture
def start(light: str) -> Iterator[Starter]:
    """Start kernels that end with the test."""
    kernels: list[Kernel] = []

    def start(**options: Any) -> Kernel:
        kernels.append(Kernel(light, **options))
        return kernels[-1]

    yield start
    for kernel in kernels:
        kernel.end()


@pytest.fixture
def kernel(start: Starter) -> Kernel:
    return start()


def is_forked(kernel: Kernel) -> bool:
    """Whether a kernel's process was started as a zygote."""
    return "True" == kernel.run("import sys; print('grader.execution.supervisor' in sys.modules)")


def test_a_kernel_is_forked(kernel: Kernel) -> None:
    """The kernel's process comes from the zygote, and its pid is the one that Jupyter is told."""
    assert is_forked(kernel)
    assert str(kernel.pid) == kernel.run("import os; print(os.getpid())")


def test_an_interrupt_raises_keyboard_interrupt(kernel: Kernel) -> None:
    """An interrupt ends the cell with KeyboardInterrupt, and the next cell finds what was there before."""
    kernel.run("kept = 7")
    request = kernel.ask("import time\nprint('on', flush=True)\ntime.sleep(600)")
    hear(kernel, "on")
    kernel.manager.interrupt_kernel()
    assert "KeyboardInterrupt" == kernel.reply(request)["ename"]
    assert "7" == kernel.run("print(kept)")


def hear(kernel: Kernel, text: str) -> str:
    """Wait until a cell has printed something, and return what."""
    while text not in (heard := str(kernel.client.get_iopub_msg(timeout=60)["content"].get("text", ""))):
        pass
    return heard


def test_an_interrupt_reaches_what_a_cell_started(kernel: Kernel) -> None:
    """A program that a cell waits for is interrupted with it."""
    request = kernel.ask(
        """
        import subprocess
        child = subprocess.Popen(["sleep", "600"])
        print("started", child.pid, flush=True)
        child.wait()
        """
    )
    child = int(hear(kernel, "started").split()[1])
    assert alive(child)
    kernel.manager.interrupt_kernel()
    assert "KeyboardInterrupt" == kernel.reply(request)["ename"]
    assert soon(lambda: not alive(child))


def test_a_restart_gives_a_new_kernel(kernel: Kernel) -> None:
    """After a restart another process answers on the same ports, and knows nothing of before."""
    kernel.run("kept = 7")
    before = kernel.pid
    kernel.manager.restart_kernel(now=True)
    kernel.client.wait_for_ready(timeout=60)
    assert before != kernel.pid
    assert "NameError" == kernel.run("kept")
    assert not alive(before)
    assert is_forked(kernel)


def test_a_polite_restart_lets_the_kernel_end_by_itself(kernel: Kernel) -> None:
    """A restart that is not forced runs what was registered for the end, as with any kernel."""
    kernel.run("import atexit, pathlib\natexit.register(pathlib.Path('left').touch)")
    before = kernel.pid
    folder = Path(kernel.manager.provisioner.cwd)
    try:
        kernel.manager.restart_kernel(now=False)
        kernel.client.wait_for_ready(timeout=60)
        assert before != kernel.pid
        assert (folder / "left").exists()
    finally:
        (folder / "left").unlink(missing_ok=True)


@pytest.mark.parametrize("now", [True, False])
def test_a_shutdown_ends_the_process(kernel: Kernel, now: bool) -> None:
    """After a shutdown, forced or not, the manager has no kernel and the process is gone."""
    kernel.client.stop_channels()
    kernel.manager.shutdown_kernel(now=now)
    assert not kernel.manager.has_kernel
    assert not alive(kernel.pid)


@pytest.mark.parametrize(
    ("death", "code"),
    [
        ("import os; os._exit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", -signal.SIGSEGV),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
    ],
)
def test_a_death_is_told_with_its_exit_code(kernel: Kernel, death: str, code: int) -> None:
    """A kernel that dies is dead for Jupyter, and its exit code is the process's own, negative for a signal."""
    kernel.ask(death)
    assert soon(lambda: not kernel.manager.is_alive())
    assert code == kernel.manager.provisioner.process.returncode


def test_a_cell_may_ask_for_input(kernel: Kernel) -> None:
    """``input()`` goes to the client, and what comes back goes to the cell."""
    printed: list[str] = []

    def answer(message: dict[str, Any]) -> None:
        assert "Name? " == message["content"]["prompt"]
        kernel.client.input("Ada")

    kernel.client.execute_interactive(
        "print('Hello', input('Name? '))",
        timeout=60,
        allow_stdin=True,
        stdin_hook=answer,
        output_hook=lambda message: printed.append(message["content"].get("text", "")),
    )
    assert "Hello Ada" == "".join(printed).strip()


DAEMON = """
import os, time
reading, writing = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.write(writing, str(os.getpid()).encode())
    time.sleep(600)
os.wait()
print(os.read(reading, 20).decode())
"""


@pytest.mark.parametrize("end", ["shutdown", "restart", "exit"])
def test_a_daemon_ends_with_its_kernel(kernel: Kernel, end: str) -> None:
    """A process that forked twice into a session of its own is dead once its kernel has ended."""
    daemon = int(kernel.run(DAEMON))
    assert alive(daemon)
    if end == "shutdown":
        kernel.manager.shutdown_kernel(now=True)
    elif end == "restart":
        kernel.manager.restart_kernel(now=True)
    else:
        kernel.ask("import os; os._exit(0)")
        assert soon(lambda: not kernel.manager.is_alive())
    assert not alive(daemon)


OWNER = """
import sys, os, time
from importlib.metadata import EntryPoint
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning import KernelProvisionerFactory
from tests.unit.execution.warm import use_interpreter
KernelProvisionerFactory.instance().provisioners["keras-warm"] = EntryPoint(
    "keras-warm", "grader.execution.provisioner:WarmProvisioner", "jupyter_client.kernel_provisioners")
manager = use_interpreter(KernelManager(), {interpreter!r})
manager.start_kernel()
client = manager.client()
client.start_channels()
client.wait_for_ready(timeout=60)
heard = []
client.execute_interactive({daemon!r}, timeout=60, output_hook=lambda m: heard.append(m["content"].get("text", "")))
child = os.fork() if {forks} else 0
if {forks} and child == 0:
    time.sleep(600)
print(manager.provisioner.pid, "".join(heard).strip(), child, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("forks", [False, True])
def test_a_kernel_ends_with_its_owner(light: str, forks: bool) -> None:
    """Where the process that started a kernel is killed, the kernel and its daemons die, whoever kept the socket."""
    code = OWNER.format(interpreter=light, daemon=DAEMON, forks=forks)
    owner = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    kernel, daemon, child = map(int, owner.stdout.readline().split())
    assert [True, True] == [alive(kernel), alive(daemon)]
    owner.kill()
    owner.wait()
    assert soon(lambda: not alive(kernel) and not alive(daemon))
    if forks:
        os.kill(child, signal.SIGKILL)
    owner.stdout.close()


def test_a_kernel_has_the_environment_of_its_caller(start: Starter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables set and removed after the zygote started are set and removed in the kernel and its commands."""
    ask = (
        "import os\n"
        "print(os.environ.get('NBGRADER_FIRST'), os.environ.get('NBGRADER_EXECUTION'), flush=True)\n"
        "!echo ${NBGRADER_FIRST-none} ${NBGRADER_EXECUTION-none}"
    )
    monkeypatch.setenv("NBGRADER_FIRST", "1")
    assert ["1", "None", "1", "none"] == start().run(ask).split()
    monkeypatch.delenv("NBGRADER_FIRST")
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert ["None", "autograde", "none", "autograde"] == start().run(ask).split()


def test_a_kernel_does_not_find_what_it_is_not_given(zygote_folder: Path, start: Starter) -> None:
    """Variables of the process that started the zygote, tokens among them, are not in the kernel's process."""
    first = start(env={**os.environ, "A_TOKEN": "hidden"})
    assert "hidden" == first.run("import os; print(os.environ['A_TOKEN'])")
    second = start()
    assert "False" == second.run("print('hidden' in open('/proc/self/environ').read())")
    assert psutil.Process(first.pid).parent().parent() == psutil.Process(second.pid).parent().parent()


def test_a_kernel_runs_in_the_folder_it_is_given(start: Starter, tmp_path: Path) -> None:
    """The working folder is the caller's, and modules in it can be imported."""
    (tmp_path / "beside.py").write_text("answer = 42")
    kernel = start(cwd=str(tmp_path))
    assert f"{tmp_path} 42" == kernel.run("import os, beside; print(os.getcwd(), beside.answer)")


def test_a_folder_that_is_not_there_is_told(light: str, tmp_path: Path) -> None:
    """A kernel in a folder that does not exist raises what any process would."""
    manager = use_interpreter(KernelManager(), light)
    with pytest.raises(FileNotFoundError):
        manager.start_kernel(cwd=str(tmp_path / "none"))
    manager.cleanup_resources()


def test_what_notebooks_do_with_processes_works(kernel: Kernel) -> None:
    """Threads, forks, pools of forked and of spawned processes and shell commands do what they do elsewhere."""
    assert "thread" == kernel.run(
        "import threading; t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()"
    )
    assert "7" == kernel.run(
        "import os\nif (pid := os.fork()) == 0: os._exit(7)\nprint(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))"
    )
    for method in ("fork", "spawn"):
        source = f"import multiprocessing as m\nwith m.get_context('{method}').Pool(2) as pool: print(pool.map(abs, [-1, -2]))"
        assert "[1, 2]" == kernel.run(source), method
    assert "shell" == kernel.run("!echo shell")


def test_magics_and_extensions_work(kernel: Kernel) -> None:
    """Extensions load, and cell magics of every kind run."""
    assert "" == kernel.run("%load_ext autoreload\n%autoreload 2")
    assert "from bash" == kernel.run("%%bash\necho from bash")
    assert "1 loop" in kernel.run("%timeit -n1 -r1 pass")
    assert "main" == kernel.run("%%script python3 -\nprint('main')")


def test_a_forked_kernel_completes_and_inspects(kernel: Kernel) -> None:
    """Completion and documentation answer as JupyterLab asks for them."""
    kernel.run("a_long_name = 1")
    completed = kernel.client.complete("a_long", reply=True, timeout=60)
    assert ["a_long_name"] == completed["content"]["matches"]
    assert kernel.client.inspect("len", reply=True, timeout=60)["content"]["found"]


def test_a_kernel_that_does_not_wait_is_fresh_until_others_can_be_forked(
    start: Starter, zygote_folder: Path
) -> None:
    """The first starts at once in a process of its own, the zygote starts beside it, and a restart is forked."""
    kernel = start(wait=False)
    assert not is_forked(kernel)
    assert soon(lambda: list(zygote_folder.glob("*.sock")))
    kernel.manager.restart_kernel(now=True)
    kernel.client.wait_for_ready(timeout=60)
    assert is_forked(kernel)


@pytest.mark.parametrize(
    "options",
    [{"stdout": subprocess.PIPE}, {"independent": True}, {"env": {**os.environ, "GRADER_ZYGOTES": "x"}}],
)
def test_what_a_forked_kernel_cannot_do_a_fresh_one_does(start: Starter, options: dict[str, Any]) -> None:
    """A kernel whose output is piped, or that is to outlive its owner, is started afresh; any other is forked."""
    assert ("env" in options) == is_forked(start(**options))


def test_fresh_kernels_have_their_reason_in_the_log(
    light: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where nothing is forked the log says why: quietly where that is how it has to be, else as a warning."""
    with caplog.at_level(logging.INFO, "jupyter"):
        for folder in (OFF, "/dev/null"):
            monkeypatch.setenv(FOLDER_VARIABLE, folder)
            manager = use_interpreter(KernelManager(log=logging.getLogger("jupyter")), light)
            manager.start_kernel()
            manager.shutdown_kernel(now=True)
    reasons = [(line.levelname, line.getMessage()) for line in caplog.records if "fresh" in line.getMessage()]
    assert ["INFO", "WARNING"] == [level for level, _ in reasons]
    assert "GRADER_ZYGOTES=off" in reasons[0][1]
    assert "/dev/null" in reasons[1][1]


def test_the_debugger_knows_what_is_the_kernels_own(kernel: Kernel) -> None:
    """A debugger that stops in user code alone has the kernel's files, those of ipykernel among them."""
    source = """
    kernel = get_ipython().kernel
    import ipykernel.ipkernel, sys
    print(ipykernel.ipkernel.__file__ in kernel._kernel_modules, kernel.debugger.kernel_modules is kernel._kernel_modules)
    print(ipykernel.ipkernel.sys is sys)
    """
    assert ["True", "True", "True"] == kernel.run(source).split()


def test_nbclient_runs_a_notebook(light: str) -> None:
    """The client of nbclient executes a notebook unchanged, and its kernel is gone afterwards."""

    class Manager(AsyncKernelManager):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            use_interpreter(self, light)

    notebook = new_notebook(cells=[new_code_cell("import os\nos.getpid()"), new_code_cell("print('second')")])
    NotebookClient(notebook, kernel_manager_class=Manager).execute()
    assert "second\n" == notebook.cells[1].outputs[0].text
    assert not alive(int(notebook.cells[0].outputs[0].data["text/plain"]))


def test_kernels_start_side_by_side(light: str) -> None:
    """Managers of one process start kernels at the same time, each of its own."""

    async def start() -> Any:
        manager = use_interpreter(AsyncKernelManager(), light)
        await manager.start_kernel()
        return manager

    async def all_of_them() -> list[int]:
        managers = await asyncio.gather(*(start() for _ in range(4)))
        pids = [manager.provisioner.pid for manager in managers]
        for manager in managers:
            await manager.shutdown_kernel(now=True)
        return pids

    assert 4 == len(set(asyncio.run(all_of_them())))


def test_a_killed_supervisor_takes_its_kernel_along(kernel: Kernel) -> None:
    """Nothing runs unwatched: without its supervisor a kernel is killed, and Jupyter sees it dead."""
    supervisor = psutil.Process(kernel.pid).parent()
    assert "keras-watch" == supervisor.name()
    supervisor.kill()
    assert soon(lambda: not kernel.manager.is_alive())
    assert soon(lambda: not alive(kernel.pid))
    assert -signal.SIGKILL == kernel.manager.provisioner.process.returncode
