"""What a notebook may use, planted in excess in forked kernels and seen to be stopped; each passes without its limit."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from grader.evidence import Array, Challenge, Question
from grader.execution import limited
from grader.execution.connection import CappedClient
from grader.execution.zygotes import why_impossible
from scripts.environment import PROJECT
from tests.unit.execution.notebooks import check, evidence, run, send, texts
from tests.unit.execution.warm import OneSpec, soon

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(why_impossible() is not None, reason="kernels cannot be forked here"),
]


@pytest.fixture(autouse=True)
def light_kernels(light: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every notebook here runs in a kernel of the module's light zygote."""
    monkeypatch.setattr(limited, "WarmKernelSpecs", lambda: OneSpec(light, wait=True))
    return light


MEMORY = "kept = [bytearray(20_000_000) for _ in range(75)]\nimport time\ntime.sleep(1)"
MEMORY_BELOW = (
    "import os, time\n"
    "if not (child := os.fork()):\n"
    "    kept = [bytearray(20_000_000) for _ in range(75)]\n"
    "    time.sleep(1)\n"
    "    os._exit(0)\n"
    "os.waitpid(child, 0)\n"
)
# One call into C: no Python handler runs before its end.
BUSY = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n_ = sum(range(100_000_000))"
BUSY_BELOW = (
    "import os, signal, time\n"
    "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"  # nobody will ask what a child took
    "end = time.monotonic() + 4\n"
    "while time.monotonic() < end:\n"
    "    if not os.fork():\n"
    "        started = time.process_time()\n"
    "        while time.process_time() < started + 0.3:\n"
    "            pass\n"
    "        os._exit(0)\n"
    "    time.sleep(0.4)\n"
)
FORKS = (
    "import os, time\n"
    "for _ in range(6):\n"  # each round doubles them
    "    os.fork()\n"
    "time.sleep(2)\n"
    "if os.getpid() != kernel:\n"
    "    os._exit(0)\n"
)
THREADS = (
    "import threading\n"
    "for _ in range(400):\n"
    "    threading.Thread(target=threading.Event().wait, args=(1.5,)).start()\n"
    "import time\ntime.sleep(1)\n"
)


@pytest.mark.parametrize(
    ("source", "limit", "allowed", "parts"),
    [
        (MEMORY, "notebook_memory", 1_000_000_000, ("it used", "of memory", "more than the 1 GB")),
        (MEMORY_BELOW, "notebook_memory", 1_000_000_000, ("it used", "of memory", "more than the 1 GB")),
        (BUSY, "notebook_cpu", 1, ("it used", "of processor time", "more than the 1 second")),
        (BUSY_BELOW, "notebook_cpu", 1, ("it used", "of processor time", "more than the 1 second")),
        (FORKS, "notebook_processes", 20, ("it had", "processes at once", "more than the 20")),
        (THREADS, "notebook_threads", 200, ("it had", "threads at once", "more than the 200")),
    ],
    ids=["memory", "memory of a child", "processor", "processor of children", "processes", "threads"],
)
def test_notebook_is_stopped_over_its_limit_and_told_why(
    source: str, limit: str, allowed: int, parts: tuple[str, ...]
) -> None:
    """The cell that uses too much is the last that runs, and the check behind it is told both values."""
    cells = ("import os\nkernel = os.getpid()", source, check("first", "1"))
    _, found = run(*cells, **{limit: allowed})
    assert ["ok", "stopped", "not_run"] == [cell.status for cell in found.cells]
    facts = found.facts("first")
    assert facts.crashed
    assert [] == [part for part in parts if part not in str(facts.over_limit)], facts
    assert (f"Cell 2, before this check, was stopped: {facts.over_limit}.",) == facts.notes
    _, free = run(*cells, **{limit: None})
    assert ["ok", "ok", "ok"] == [cell.status for cell in free.cells]


def test_what_a_cell_reads_when_stopped_names_the_cell_and_the_values() -> None:
    """The outputs of cells that did not run say which cell was stopped, and for what."""
    nb, found = run("import os, time\nos.fork()\ntime.sleep(9)", "2", notebook_processes=1)
    assert found.stopped_by is not None
    told = f"the kernel was stopped at cell 1: {found.stopped_by.error}"
    assert [told, told] == [cell.outputs[0].evalue for cell in nb.cells]


def test_limit_below_what_a_kernel_needs_is_told_with_both_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a submission has run then: it is an error of the setting, and no zero."""
    at_once = CappedClient.wait_for_ready

    async def after_a_look(client: CappedClient, timeout: float | None = None) -> None:
        await asyncio.sleep(1)  # a kernel can be ready before it is looked at for the first time
        await at_once(client, timeout)

    monkeypatch.setattr(CappedClient, "wait_for_ready", after_a_look)
    with pytest.raises(
        RuntimeError, match=r"before it was ready.*it had \d+ threads at once, more than the 1 allowed"
    ):
        run("1", notebook_threads=1)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("import os\nos._exit(3)", "it ended itself with exit code 3"),
        ("import ctypes\nctypes.string_at(0)", "it was ended by SIGSEGV"),
        (
            "import os\nos.kill(os.getpid(), 9)",
            "it was ended by SIGKILL, as it is when the machine runs out of memory",
        ),
    ],
)
def test_kernel_that_dies_by_itself_is_told_apart(source: str, error: str) -> None:
    """A kernel that nobody stopped has crashed, with its exit code or signal."""
    _, found = run(source)
    assert [("crashed", error)] == [(cell.status, cell.error) for cell in found.cells]


ANSWERS = {
    "dies": ("os._exit(4)", "crashed", "it ended itself with exit code 4"),
    "uses too much": (
        "kept = [bytearray(20_000_000) for _ in range(75)]\n    time.sleep(9)",
        "stopped",
        "it used ",
    ),
    "does not stop": (
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n    time.sleep(60)",
        "timeout",
        "the answer to its challenge took more than 1 seconds",
    ),
}


@pytest.mark.parametrize(("answer", "status", "error"), ANSWERS.values(), ids=ANSWERS)
def test_kernel_that_ends_in_its_challenge_is_no_fault_of_the_next_cell(
    answer: str, status: str, error: str
) -> None:
    """The check's cell is told as the one that ended the kernel, what follows as not run."""
    plant = (
        "import os, signal, sys, time, types\n"
        f"def answer(text):\n    {answer}\n"
        "for name in ('grader', 'grader.models', 'grader.models.collect'):\n"
        "    sys.modules[name] = types.ModuleType(name)\n"
        "sys.modules['grader.models.collect'].answer = answer\n"
    )
    question = Question(case=0, weights=(), inputs=(Array(dtype="int8", shape=(0,), data=""),))
    _, found = run(
        plant,
        check("first", send(evidence("first").to_json())),
        "1",
        check("second", "2"),
        on_evidence=lambda task, _: Challenge(task=task, questions=(question,)),
        challenge_timeout=1 if status == "timeout" else 60,
        interrupt_grace=1,
        notebook_memory=1_000_000_000,
    )
    assert ["ok", "ok", "not_run", "not_run"] == [cell.status for cell in found.cells]
    assert found.stopped_by is not None
    assert (1, status) == (found.stopped_by.index, found.stopped_by.status)
    assert str(found.stopped_by.error).startswith(error)
    assert (f"The kernel ended while it answered the challenge: {found.stopped_by.error}.",) == found.notes[
        "first"
    ]
    (note,) = found.facts("second").notes
    assert note.startswith("Cell 2, before this check, ")


PRELUDE = (
    "import os, time\n"
    "PATH = {!r}\n"
    "def beat():\n    end = time.monotonic() + 20\n    while time.monotonic() < end:\n"
    "        open(PATH, 'a').write('x')\n        time.sleep(0.01)\n    os._exit(0)\n"
)
WAIT = "while not os.path.exists({!r}):\n    time.sleep(0.01)"
LEFT_BEHIND = {
    "daemon": "if not os.fork():\n    os.setsid()\n    if not os.fork():\n        beat()\n    os._exit(0)\n",
    "child of a thread": (
        "import threading\n"
        "def start():\n    if not os.fork():\n        beat()\n"
        "thread = threading.Thread(target=start)\nthread.start()\nthread.join()\n"
    ),
    "program": (
        "import subprocess, sys\n"
        "code = 'import sys, time, pathlib, threading\\n"
        'def beat():\\n    for _ in range(2000):\\n        pathlib.Path(sys.argv[1]).open("a").write("x"); time.sleep(0.01)\\n'
        "threading.Thread(target=beat).start()'\n"
        "subprocess.Popen([sys.executable, '-c', code, PATH], start_new_session=True, close_fds=True)\n"
    ),
    "one that is stopped": (
        "if not (child := os.fork()):\n    beat()\n"
        "time.sleep(0.1)\nimport signal\nos.kill(child, signal.SIGSTOP)\n"
        "if not os.fork():\n    os.setsid()\n    time.sleep(0.5)\n    os.kill(child, signal.SIGCONT)\n    os._exit(0)\n"
    ),
    # Never the same process for longer than a millisecond.
    "one that forks away": (
        "if not os.fork():\n"
        "    os.setsid()\n"
        "    end = time.monotonic() + 20\n"
        "    while time.monotonic() < end:\n"
        "        if os.fork():\n            os._exit(0)\n"
        "        open(PATH, 'a').write('x')\n"
        "    os._exit(0)\n"
    ),
}


@pytest.mark.parametrize("source", LEFT_BEHIND.values(), ids=LEFT_BEHIND)
@pytest.mark.parametrize("last", ["1", "os._exit(1)"], ids=["ends", "crashes"])
def test_nothing_that_a_notebook_started_outlives_it(source: str, last: str, tmp_path: Path) -> None:
    """Daemons, children of threads, stopped processes and chains of forks are dead when the run is over."""
    pulse = tmp_path / "pulse"
    _, found = run(PRELUDE.format(str(pulse)) + source, WAIT.format(str(pulse)), last)
    assert "ok" == found.cells[1].status
    before = pulse.stat().st_size
    time.sleep(0.3)
    assert before == pulse.stat().st_size


def test_kernel_that_kills_who_watches_it_leaves_nothing_behind(tmp_path: Path) -> None:
    """With its supervisor killed a kernel is dead, and soon so is what it had started."""
    pulse = tmp_path / "pulse"
    _, found = run(
        f"{PRELUDE.format(str(pulse))}{LEFT_BEHIND['daemon']}",
        WAIT.format(str(pulse)),
        "import signal\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(60)",
    )
    assert "crashed" == found.cells[2].status
    assert "SIGKILL" in str(found.cells[2].error)

    def still() -> bool:
        before = pulse.stat().st_size
        time.sleep(0.3)
        return before == pulse.stat().st_size

    assert soon(still, patience=10)


def test_kernel_that_stops_who_watches_it_is_held_to_its_limits() -> None:
    """A stopped supervisor is woken, and looks again."""
    _, found = run(
        f"import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)\n{BUSY.replace('100_', '1_500_')}",
        notebook_cpu=1,
    )
    assert ["stopped"] == [cell.status for cell in found.cells]


@pytest.mark.parametrize(
    ("line", "ending"),
    [
        ("sys.stdout.write('x' * 1_000_000)", ("flooded", "more than 67,108,864 bytes of output at once")),
        ("print('x' * 1_000_000, flush=True)", ("flooded", "more than 64,000,000 bytes of output")),
    ],
    ids=["at once", "one after the other"],
)
def test_flood_takes_no_memory_of_whoever_grades(line: str, ending: tuple[str, str]) -> None:
    """Two hundred megabytes on stdout are stopped on the way, and leave the grader about as large as it was."""
    _peak()
    before = _peak()
    nb, found = run(f"import sys\nfor _ in range(200):\n    {line}")
    assert [ending] == [(cell.status, cell.error) for cell in found.cells]
    assert len(texts(nb.cells[0])) < 1_100_000
    assert _peak() - before < 100_000_000


def test_cell_that_shows_much_is_done_and_loses_nothing() -> None:
    """Thousands of messages that come faster than they are read are all read, and the end of the cell with them."""
    shows = "display({'text/plain': str(number), 'more/plain': 'x' * 20_000}, raw=True)"
    nb, found = run(
        f"from IPython.display import display\nfor number in range(2500):\n    {shows}",
        iopub_timeout=60,
        cell_output_bytes=10**9,
        notebook_output_bytes=10**9,
    )
    assert ["ok"] == [cell.status for cell in found.cells]
    assert [str(number) for number in range(2500)] == [
        output.data["text/plain"] for output in nb.cells[0].outputs
    ]


def _peak() -> int:
    """Return the most memory that this process has had since the last call."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
    Path("/proc/self/clear_refs").write_text("5")
    return int(line.split()[1]) * 1024


CLIENT = """
import asyncio
import json
import sys
from importlib.metadata import EntryPoint
from jupyter_client.provisioning import KernelProvisionerFactory
from grader.execution import limited
from grader.execution.connection import CappedClient
from tests.unit.execution.notebooks import run
from tests.unit.execution.warm import OneSpec

pid_file, interpreter = sys.argv[1:]
limited.WarmKernelSpecs = lambda: OneSpec(interpreter, wait=True)
KernelProvisionerFactory.instance().provisioners["keras-warm"] = EntryPoint(
    "keras-warm", "grader.execution.provisioner:WarmProvisioner", "jupyter_client.kernel_provisioners"
)
_, found = run(
    f"import os, time\\nwith open({pid_file!r}, 'w') as file:\\n    print(os.getpid(), file=file)\\ntime.sleep(600)",
    startup_timeout=2, notebook_timeout=8, challenge_timeout=1, interrupt_grace=1,
)
print(json.dumps([(cell.status, cell.error) for cell in found.cells]))
"""


def test_notebook_ends_in_time_where_its_client_hangs(light_kernels: str, tmp_path: Path) -> None:
    """With the client stopped, the kernel is ended from outside; the client learns why when it goes on."""
    pid_file = tmp_path / "pid"
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(pid_file), light_kernels],
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
    )
    try:
        assert soon(lambda: pid_file.exists() and pid_file.read_text().strip() != "")
        client.send_signal(signal.SIGSTOP)
        kernel = int(pid_file.read_text())
        supervisor = psutil.Process(kernel).parent()
        assert supervisor is not None
        # When it has gone too, how the kernel ended is there to read before the client looks at its own clock.
        assert soon(lambda: not Path(f"/proc/{kernel}").exists() and not supervisor.is_running())
    finally:
        client.send_signal(signal.SIGCONT)
        told, _ = client.communicate(timeout=60)
    assert [["timeout", "it ran for more than the 14 seconds allowed"]] == json.loads(told)
