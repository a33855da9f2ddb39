"""Runs of notebooks that are not trusted, in plain kernels without Keras."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from grader.evidence import EVIDENCE_MIME, REPLY_MIME, Array, Challenge, Evidence, Question, Reply, RunFacts
from tests.unit.execution.notebooks import check, evidence, run, send, texts

pytestmark = pytest.mark.slow


def test_evidence_is_recorded_and_not_stored_as_output() -> None:
    """Evidence of a check cell is kept under its task and does not appear among the outputs."""
    nb, found = run(check("first", send(evidence("first").to_json()) + "print('beside it')"))
    assert found.evidence == {"first": evidence("first")}
    assert [output.output_type for output in nb.cells[0].outputs] == ["stream"]


def test_last_valid_message_counts() -> None:
    """Of several messages the last valid one counts; refused ones become notes."""
    sources = [
        evidence("first", 1).to_json(),
        evidence("first", 2).to_json(),
        "{not json",
        evidence("second").to_json(),
    ]
    elsewhere = send(evidence("first", 3).to_json())
    _, found = run(elsewhere, check("first", "".join(map(send, sources))), check("second", "clear = 1"))
    assert found.evidence == {"first": evidence("first", 2)}
    notes = " ".join(found.notes["first"])
    for part in ("several messages", "was refused", "another task ('second')"):
        assert part in notes


def test_clearing_outputs_leaves_evidence() -> None:
    """``clear_output`` and an update of the display cannot take evidence back."""
    source = (
        "from IPython.display import clear_output, display\n"
        f"shown = display({{{EVIDENCE_MIME!r}: {evidence('first').to_json()!r}}}, raw=True, display_id='e')\n"
        "shown.update({'text/plain': 'gone'}, raw=True)\n"
        "clear_output()\n"
    )
    _, found = run(check("first", source))
    assert found.evidence == {"first": evidence("first")}


def test_challenge_is_asked_right_after_its_check(tmp_path: Path) -> None:
    """The reply comes from the kernel as it is right after the check, and leaves no output."""
    reply = Reply(task="first", parts=())
    package = tmp_path / "grader" / "models"
    package.mkdir(parents=True)
    (tmp_path / "grader" / "__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    (package / "collect.py").write_text(
        f"def answer(text):\n    exec({send(reply.to_json(), REPLY_MIME)!r})\n"
    )
    question = Question(case=0, weights=(), inputs=(Array(dtype="int8", shape=(0,), data=""),))
    asked: list[str] = []

    def on_evidence(task: str, _: Evidence) -> Challenge:
        asked.append(task)
        return Challenge(task=task, questions=(question,))

    nb, found = run(
        f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nfor name in [*sys.modules]:\n    if name.startswith('grader'):\n        del sys.modules[name]",
        check("first", send(evidence("first").to_json())),
        "import os\nos._exit(1)",
        on_evidence=on_evidence,
    )
    assert asked == ["first"]
    assert found.replies == {"first": reply}
    assert nb.cells[1].outputs == []
    assert found.crashed


def test_crash_stops_the_run_and_says_where() -> None:
    """After the kernel died nothing is run, and the cells after it are no passes."""
    nb, found = run("import os\nos._exit(1)", check("first", "1"))
    assert [cell.status for cell in found.cells] == ["crashed", "not_run"]
    assert found.stopped_by is not None
    assert found.stopped_by.index == 0
    assert nb.cells[1].outputs[0].ename == "NotRun"
    assert found.facts("first").crashed


def test_cell_that_obeys_the_interrupt_is_timed_out_alone() -> None:
    """A cell out of time is interrupted and the next cell runs; its check counts as out of time."""
    nb, found = run("while True:\n    pass", "print('still here')", check("first", "missing"), timeout=1)
    assert [cell.status for cell in found.cells] == ["timeout", "ok", "error"]
    assert texts(nb.cells[1]) == "still here\n"
    assert found.facts("first").timed_out


def test_kernel_that_ignores_the_interrupt_is_killed_at_once() -> None:
    """A kernel that does not obey is killed, and the rest counts as not run."""
    stubborn = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    pass"
    _, found = run(stubborn, check("first", "1"), timeout=1, interrupt_grace=1)
    assert [cell.status for cell in found.cells] == ["timeout", "not_run"]
    assert found.facts("first") == RunFacts(
        timed_out=True,
        time_out="no end after 1 seconds",
        notes=("Cell 1, before this check, ran out of time: no end after 1 seconds.",),
    )


def test_whole_notebook_has_a_deadline() -> None:
    """Cells that are each in time cannot take longer together than the notebook may."""
    _, found = run("import time\ntime.sleep(1.5)", "time.sleep(30)", check("first", "1"), notebook_timeout=2)
    assert [cell.status for cell in found.cells] == ["ok", "timeout", "timeout"]
    assert found.timed_out


def test_time_the_grader_takes_is_none_of_the_notebooks() -> None:
    """What is done with the evidence while the kernel waits does not count as time of the notebook."""

    def slow(task: str, _: Evidence) -> None:
        time.sleep(3)

    _, found = run(
        check("first", send(evidence("first").to_json())), "1 + 1", on_evidence=slow, notebook_timeout=3
    )
    assert ["ok", "ok"] == [cell.status for cell in found.cells]


def test_output_beyond_the_budget_is_dropped_with_one_note() -> None:
    """A cell keeps its first bytes of output, the number that scores it, and one note on the rest."""
    nb, found = run("for _ in range(30):\n    print('x' * 1000)\n3.5", cell_output_bytes=5000)
    kinds = [output.output_type for output in nb.cells[0].outputs]
    assert found.cells[0].status == "ok"
    assert kinds.count("execute_result") == 1
    assert texts(nb.cells[0]).count("Output cut") == 1
    assert len(texts(nb.cells[0])) < 6000


def test_failing_test_cannot_hide_behind_its_output() -> None:
    """A flood before a failing assert does not push the error out of the outputs."""
    nb, _ = run("print('x' * 100000)\nassert False", cell_output_bytes=2000)
    assert nb.cells[0].outputs[1].output_type == "error"


@pytest.mark.parametrize(
    "source",
    [
        "from IPython.display import display\nwhile True:\n    display({'text/plain': 'x' * 1_000_000}, raw=True)",
        "import sys\nwhile True:\n    sys.stdout.write('x' * 10_000_000)",
    ],
)
def test_flood_is_stopped(source: str) -> None:
    """A cell that floods its output is stopped, and little of it is held."""
    nb, found = run(source, check("first", "1"), flood_bytes=20_000_000, timeout=60)
    assert found.cells[0].status == "flooded"
    assert sum(len(str(output)) for output in nb.cells[0].outputs) < 1_200_000


def test_updates_cannot_multiply_output() -> None:
    """An update that rewrites many outputs counts once for each of them."""
    source = (
        "from IPython.display import display\n"
        "for _ in range(50):\n"
        "    shown = display({'text/plain': 'x'}, raw=True, display_id='same')\n"
        "    display({'text/plain': 'x'}, raw=True, display_id='same')\n"
        "display({'text/plain': 'x' * 50_000}, raw=True, display_id='same', update=True)\n"
    )
    nb, _ = run(source, cell_output_bytes=100_000)
    assert sum(len(str(output)) for output in nb.cells[0].outputs) < 100_000


def test_kernel_gets_the_environment_without_a_stale_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller's variables reach the kernel, except a mode and case file that are not this run's."""
    monkeypatch.setenv("GRADER_MODE", "compile")
    monkeypatch.setenv("GRADER_CASES", "/nowhere")
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    nb, _ = run(
        "import os\nfor name in ('GRADER_MODE', 'GRADER_CASES', 'NBGRADER_EXECUTION', 'KERAS_BACKEND'):\n"
        "    print(os.environ.get(name))"
    )
    assert texts(nb.cells[0]).split() == ["None", "None", "autograde", "jax"]


def test_no_kernel_is_left_behind() -> None:
    """Every kernel that a run started is gone when it ends, also one that would not stop."""
    nb, _ = run("import os\nprint(os.getpid())")
    pid = int(texts(nb.cells[0]))
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
