"""The process that builds models from configs: its answers, its limits, and what comes after it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from grader.execution import clean_worker
from grader.execution.clean_worker import CleanWorker, CleanWorkers, WorkerError
from grader.execution.rebuilder import Rebuilder
from grader.execution.zygotes import FOLDER_VARIABLE, OFF, shut_down, why_impossible
from grader.graph import ModelGraph
from tests.attacks.test_hostile_files import layer, model

pytestmark = pytest.mark.backends

WorkersOf = Callable[..., CleanWorkers]


def step(class_name: str, name: str, **settings: Any) -> dict[str, Any]:
    """The entry of a layer without units."""
    entry = layer(class_name, name=name, **settings)
    del entry["config"]["units"]
    return entry


SMALL = model(layer(units=3), step("ReLU", "two"))
DEEP = model(*(step("Identity", f"step_{number}") for number in range(400)))


@pytest.fixture(scope="module")
def zygotes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for the processes that fork workers, which end with this module."""
    folder = tmp_path_factory.mktemp("zy")
    folder.chmod(0o700)
    yield folder
    shut_down(folder)


@pytest.fixture
def workers_of(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkersOf]:
    """Make workers, which end with the test: forked ones, unless it asks for others."""
    if getattr(request, "param", "forked") == "forked":
        if (reason := why_impossible()) is not None and os.environ.get(FOLDER_VARIABLE) != OFF:
            pytest.skip(reason)
        monkeypatch.setenv(FOLDER_VARIABLE, str(request.getfixturevalue("zygotes")))
    else:
        monkeypatch.setenv(FOLDER_VARIABLE, OFF)
    made: list[CleanWorkers] = []

    def workers(**limits: Any) -> CleanWorkers:
        made.append(CleanWorkers(**limits))
        return made[-1]

    yield workers
    for each in made:
        each.end()


def names(graph: ModelGraph | str) -> list[str]:
    assert isinstance(graph, ModelGraph), graph
    return [layer.class_name for layer in graph.layers]


EITHER = pytest.mark.parametrize("workers_of", ["forked", "started"], indirect=True)


@EITHER
def test_models_are_built_and_what_cannot_be_is_said(workers_of: WorkersOf) -> None:
    """Each config gives a graph with its own names, or a sentence; the next question finds the same process."""
    rebuilder = Rebuilder(workers_of())
    wrong = model(layer(units=2), step("Reshape", "two", target_shape=[5]))
    good, bad = rebuilder.of("torch", [SMALL, wrong]).graphs()
    assert ["Dense", "ReLU"] == names(good)
    assert isinstance(good, ModelGraph)
    assert ["one", "two"] == [layer.name for layer in good.layers]
    assert "cannot be loaded by Keras" in str(bad)
    with rebuilder.workers.lent("torch") as worker:
        assert 1 == worker.answered


def _pid(worker: CleanWorker) -> int:
    process: Any = worker._process
    return int(process._process.pid if hasattr(process, "_process") else process._watched.process.pid)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_one_that_takes_too_long_is_ended_and_replaced(workers_of: WorkersOf) -> None:
    """A rebuild that does not end costs its time and its process, and nothing after it."""
    workers = workers_of(seconds=20)
    rebuilder = Rebuilder(workers)
    rebuilder.of("torch", [SMALL]).graphs()
    with workers.lent("torch") as worker:
        pid, worker._seconds = _pid(worker), 0.05
    with pytest.raises(WorkerError, match=r"it took more than 0\.05 seconds"):
        rebuilder.of("torch", [DEEP]).graphs()
    deadline = time.monotonic() + 10
    while _is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _is_alive(pid)
    (graph,) = rebuilder.of("torch", [model(layer(units=4))]).graphs()
    assert ["Dense"] == names(graph)


@EITHER
def test_one_that_takes_too_much_memory_is_ended(workers_of: WorkersOf) -> None:
    """The sentence names the limit."""
    workers = workers_of(memory=20_000_000)

    def build_often() -> None:
        for _ in range(200):  # it is looked at ten times a second
            Rebuilder(workers).of("torch", [DEEP]).graphs()

    with pytest.raises(WorkerError, match="of memory"):
        build_often()


def test_one_that_was_killed_is_replaced(workers_of: WorkersOf) -> None:
    """A process that somebody else has ended costs nobody an answer."""
    rebuilder = Rebuilder(workers_of())
    with rebuilder.workers.lent("torch") as worker:
        worker.ask({"configs": [], "challenge": None})
        os.kill(_pid(worker), signal.SIGKILL)
    assert ["Dense", "ReLU"] == names(rebuilder.of("torch", [SMALL]).graphs()[0])


def test_one_that_ends_at_each_try_is_told(workers_of: WorkersOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model is given to two processes at most."""
    rebuilder = Rebuilder(workers_of())
    asked: list[int] = []

    def ask(worker: CleanWorker, request: Any, *, runs: int) -> Any:
        asked.append(_pid(worker))
        raise WorkerError("the process that builds it ended")

    monkeypatch.setattr(CleanWorker, "ask", ask)
    with pytest.raises(WorkerError, match="ended"):
        rebuilder.of("torch", [SMALL]).graphs()
    assert 2 == len(set(asked))


def test_one_that_has_answered_often_makes_room_for_another(
    workers_of: WorkersOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a backend keeps of all it has compiled goes with its process."""
    monkeypatch.setattr(clean_worker, "_MOST_ANSWERS", 2)
    workers = workers_of()
    pids = []
    for _ in range(4):
        with workers.lent("torch") as worker:
            worker.ask({"configs": [], "challenge": None})
            pids.append(_pid(worker))
    assert [True, False, True] == [one == other for one, other in pairwise(pids)]


def _open_files() -> set[str]:
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not list open files")
def test_nothing_is_left_of_those_that_came_and_went(workers_of: WorkersOf) -> None:
    """A process that has ended leaves neither an open file here nor itself."""
    before, pids = _open_files(), []
    for _ in range(3):
        workers = workers_of()
        with workers.lent("torch") as worker:
            worker.ask({"configs": [SMALL], "challenge": None})
            pids.append(_pid(worker))
        workers.end()
    assert before == _open_files()
    assert [False] * 3 == list(map(_is_alive, pids))


def test_what_was_built_once_is_not_built_again(workers_of: WorkersOf) -> None:
    """The same model under other names needs no process."""
    rebuilder = Rebuilder(workers_of())
    rebuilder.of("torch", [SMALL]).graphs()
    rebuilder.workers.end()

    def refuse(backend: str) -> Any:
        raise AssertionError(backend)

    rebuilder.workers.lent = refuse  # type: ignore[method-assign]
    other = model(layer(name="dense_7", units=3), step("ReLU", "two"))
    (graph,) = rebuilder.of("torch", [other]).graphs()
    assert isinstance(graph, ModelGraph)
    assert ["dense_7", "two"] == [layer.name for layer in graph.layers]
    with pytest.raises(AssertionError, match="jax"):
        rebuilder.of("jax", [other]).graphs()
