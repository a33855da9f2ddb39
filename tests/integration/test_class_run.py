"""A class graded several at a time: killed and resumed, interrupted, graded again, and what is left of a run."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode
from nbgrader.api import Gradebook

from grader.nbgrader_plugin.store import read_verdicts
from tests.integration import small_course as small

pytestmark = [pytest.mark.keras, pytest.mark.slow]

BACKEND = "jax"
STUDENTS = [f"student-{number:02d}" for number in range(1, 9)]
KILLS = 10

WRONG = "def count(units):\n    return units"
LATE = "import time\ntime.sleep(0.5)\n" + small.without_markers(small.COUNT)


def hand_in(course: Path) -> None:
    """Hand in eight notebooks, no two alike: right, wrong, slow, unfinished, one that ends its kernel."""

    def edit(number: int) -> small.Edit:
        sources = [{}, {"count": WRONG}, {"count": LATE}, {"double": "import os\nos._exit(1)"}][number % 4]

        def change(nb: NotebookNode) -> None:
            small.solve(nb, **sources)
            nb.cells[small.find(nb, "why")].source = f"Reason {number}."

        return change

    for number, student in enumerate(STUDENTS):
        small.submit(course, student, edit(number))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A released course with its submissions and the key of its campaign."""
    from grader.execution.keyring import private_key
    from grader.nbgrader_plugin.release import find_unit

    course = small.released_course(tmp_path_factory, "class")
    hand_in(course)
    private_key(find_unit(small.UNIT, course))
    return course


@pytest.fixture
def course(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "course"))


OWN: set[Path] = set()


@pytest.fixture(scope="module", autouse=True)
def _own_folders_removed() -> Iterator[None]:
    yield
    for place in OWN:
        shutil.rmtree(place, ignore_errors=True)


def own(folder: Path, name: str) -> Path:
    """Return a folder of one run's own, whose name is short enough for sockets in it."""
    place = Path(tempfile.gettempdir()) / f"class-{zlib.crc32(str(folder).encode()):08x}"
    OWN.add(place)
    (place / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    return place / name


def environment(folder: Path) -> dict[str, str]:
    """Kernels' zygotes and temporary files in folders of the test's own, so that what is left can be seen."""
    return os.environ | {
        "KERAS_BACKEND": BACKEND,
        "PYTHONPATH": str(small.PROJECT),
        "GRADER_ZYGOTES": str(own(folder, "zygotes")),
        "TMPDIR": str(own(folder, "temporary")),
        "JUPYTER_RUNTIME_DIR": str(own(folder, "runtime")),
        "CLASS_RUN": str(folder),
    }


def start(course: Path, *options: str) -> subprocess.Popen[str]:
    command = [str(Path(sys.executable).parent / "grader"), "grade", small.UNIT, "--jobs", "2", *options]
    return subprocess.Popen(
        command,
        cwd=course,
        env=environment(course.parent),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def grade(course: Path, *options: str) -> str:
    process = start(course, *options)
    out, err = process.communicate(timeout=300)
    assert process.returncode in (0, 1), err
    return out


def gradebook(course: Path) -> dict[str, Any]:
    """Read everything a gradebook and the kept verdicts say of the class."""
    found: dict[str, Any] = {}
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        for student in STUDENTS:
            submission = book.find_submission(small.UNIT, student)
            grades = {
                grade.name: (grade.auto_score, grade.manual_score, grade.needs_manual_grade)
                for notebook in submission.notebooks
                for grade in notebook.grades
            }
            kept = [stored.to_json() for stored in read_verdicts(course, small.UNIT, student)]
            found[student] = (submission.score, grades, kept)
    return found


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of the processes that a run of this folder has started and left."""
    mark = f"CLASS_RUN={folder}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def gone(folder: Path, seconds: float = 20) -> list[str]:
    """Wait until no process of a run is left; return those that are."""
    deadline = time.monotonic() + seconds
    while (left := processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


@pytest.fixture(scope="module")
def undisturbed(template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A copy of the course graded in one go, and its gradebook."""
    course = Path(shutil.copytree(template, tmp_path_factory.mktemp("undisturbed") / "course"))
    grade(course)
    return course, gradebook(course)


def test_a_run_killed_at_ten_moments_ends_with_the_same_gradebook(
    course: Path, undisturbed: tuple[Path, dict[str, Any]]
) -> None:
    """Killed ten times at random and started again, grading gives what an undisturbed run gives."""
    drawn = random.Random(4)
    for _ in range(KILLS):
        process = start(course)
        time.sleep(drawn.uniform(0.5, 5.0))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert [] == gone(course.parent)
    grade(course)
    assert undisturbed[1] == gradebook(course)


def test_what_was_graded_is_not_run_again(undisturbed: tuple[Path, dict[str, Any]]) -> None:
    """A second run starts no kernel, and gives the same."""
    course, before = undisturbed
    shutil.rmtree(own(course.parent, "zygotes"))
    grade(course)
    assert [] == list(own(course.parent, "zygotes").iterdir())
    assert before == gradebook(course)


def test_a_changed_submission_alone_is_run_again(undisturbed: tuple[Path, dict[str, Any]]) -> None:
    """Of a class graded before, only what was handed in anew adds to what is kept."""
    course, _ = undisturbed
    before = set((course / "private" / "graded").rglob("*.json"))
    shutil.rmtree(course / "submitted" / STUDENTS[0])
    small.submit(course, STUDENTS[0], lambda nb: small.solve(nb, double="def double(number):\n    return 0"))
    grade(course)
    assert 1 == len(set((course / "private" / "graded").rglob("*.json")) - before)
    assert 0 == small.scores(course, STUDENTS[0])["double"]


def test_nbgraders_own_command_gives_the_same_grades(
    course: Path, undisturbed: tuple[Path, dict[str, Any]]
) -> None:
    """``nbgrader autograde`` without anything kept gives what ``grader grade`` gives."""
    shutil.copytree(undisturbed[0] / "private", course / "private", dirs_exist_ok=True)
    shutil.rmtree(course / "private" / "graded")
    done = small.nbgrader(course, "autograde", small.UNIT, "--create", backend=BACKEND)
    assert 0 == done.returncode, done.stderr
    assert {name: found[:2] for name, found in undisturbed[1].items()} == {
        name: found[:2] for name, found in gradebook(course).items()
    }


def test_nothing_is_left_of_a_run(undisturbed: tuple[Path, dict[str, Any]]) -> None:
    """No process, socket or temporary file outlives a run."""
    folder = undisturbed[0].parent
    assert [] == gone(folder)
    left = [path for name in ("temporary", "runtime") for path in own(folder, name).rglob("*")]
    assert [] == left
    deadline = time.monotonic() + 20  # a zygote notices at once that its owner has ended, and then goes
    while (sockets := list(own(folder, "zygotes").glob("*.sock"))) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [] == sockets


def test_an_interrupted_run_says_how_to_go_on(course: Path) -> None:
    """Interrupted, the command exits with 130 and one line, nothing runs on, and what was done is kept."""
    process = start(course)
    kept = course / "private" / "graded"
    deadline = time.monotonic() + 60
    while len(list(kept.rglob("*.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (130, True) == (process.returncode, "the same command goes on from there" in err), err
    assert [] == gone(course.parent)
    assert all(json.loads(file.read_text())["cells"] for file in kept.rglob("*.json"))
