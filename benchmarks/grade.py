"""What grading a class takes: ``grader grade`` against stock ``nbgrader autograde``, on the same submissions.

The class is made of a unit's samples, correct and wrong, each submission made unlike every other by a comment, so
that nothing kept of one serves another. Both commands are timed as a whole, from start to end of the process, with
one thread a kernel; the answer key of the campaign, which is made once, is there before.

``grade.speedup.BACKEND`` is stock's time over ours. ``grade.floor_ratio.BACKEND`` is our time over the floor: what
the students' own code takes in processes that have imported Keras already and find what JAX compiled of the reference, the cells of the notebook and the
student's function once for each case it is graded on, divided by the cores. ``grade.seconds_per_submission.N`` is
for classes of N on PyTorch. All of these grade what models are on one backend alone, as stock does: parity is taken
out of the unit's tasks. ``grade.parity_seconds_per_submission`` is what it adds, with PyTorch, for a class of the
same size. ``GRADE_BACKENDS=torch`` and ``GRADE_SIZES=6`` measure less.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat

from grader.course import load_unit
from grader.evidence import CaseSheet
from grader.execution.compiled import lent_copy
from grader.execution.keyring import private_key
from grader.nbgrader_plugin.release import find_unit, release_unit
from grader.samples import submission_from_sample, unit_samples
from scripts.environment import COURSE

__all__ = ["make_class", "measure", "run"]

UNIT = "04_residual_connections"
SIZE = 24
BACKENDS = ("tensorflow", "jax", "torch")
SIZES = (6, 24, 96)
CORES = os.cpu_count() or 1
BIN = Path(sys.executable).parent
STOCK = "c = get_config()\nc.CourseDirectory.source_directory = 'units'\n"
ONE_THREAD = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    **dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1"),
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


def environment(backend: str, root: Path) -> dict[str, str]:
    """Return the environment of a run: one thread a process, and zygotes of its own that end with it."""
    zygotes = root / "zygotes"
    zygotes.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", "")])
    return os.environ | ONE_THREAD | {"KERAS_BACKEND": backend, "GRADER_ZYGOTES": str(zygotes), "PATH": path}


def make_class(
    root: Path, size: int, backend: str = "torch", *, stock: bool = False, parity: bool = False
) -> Path:
    """Make a course with one unit, released, and ``size`` submissions of it, to be graded on a backend."""
    course = root / ("stock" if stock else "parity" if parity else "class")
    source = course / "units" / UNIT
    shutil.copytree(COURSE / "units" / UNIT, source, ignore=shutil.ignore_patterns("__pycache__"))
    if not parity:
        _ask_for_no_parity(source)
    shutil.copytree(COURSE / "data", course / "data")
    shutil.copy(COURSE / "nbgrader_config.py", course)
    released = Path(release_unit(UNIT, course).folder)
    if stock:
        # Released by us all the same: the notebooks handed in must be the same ones.
        (course / "nbgrader_config.py").write_text(STOCK, encoding="utf-8")
    else:
        with _in_environment(environment(backend, root)):
            private_key(find_unit(UNIT, course))
    samples = list(unit_samples(source))
    for number in range(size):
        nb = submission_from_sample(source / "assignment.ipynb", samples[number % len(samples)])
        cell = next(cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("solution"))
        cell.source += f"\n# handed in as number {number}"
        folder = course / "submitted" / f"student-{number:03d}" / UNIT
        folder.mkdir(parents=True)
        nbformat.write(nb, folder / "assignment.ipynb")
        shutil.copy(released / "public_key.json", folder)
    return course


@contextmanager
def _in_environment(variables: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _ask_for_no_parity(unit: Path) -> None:
    """Take parity, and the points it earns, out of a copy of the unit."""
    names = [task.id for task in load_unit(unit).tasks if task.public.parity is not None]
    text, count = re.subn(r", Parity\(points=1\)", "", (unit / "tasks.py").read_text(encoding="utf-8"))
    assert count == len(names) > 0
    (unit / "tasks.py").write_text(text, encoding="utf-8")
    notebook = nbformat.read(unit / "assignment.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") in names:
            cell.metadata.nbgrader.points -= 1
    nbformat.write(notebook, unit / "assignment.ipynb")


def run(command: list[str], course: Path, backend: str) -> float:
    """Run a command in a course and return the seconds it took; it has to grade."""
    began = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=course,
        env=environment(backend, course.parent),
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    assert done.returncode in (0, 1), done.stderr[-2000:]
    return seconds


def ours(course: Path, backend: str) -> float:
    return run([str(BIN / "grader"), "grade", UNIT, "--jobs", str(CORES)], course, backend)


def stock(course: Path, backend: str) -> float:
    return run([sys.executable, "-m", "nbgrader", "autograde", UNIT, "--create"], course, backend)


FLOOR = """
import json, os, sys, time
import matplotlib.pyplot, numpy, keras
import grader
from grader.evidence import CaseSheet
from grader.execution.compiled import lent_copy
from grader.models.cases import make_inputs

sheet = CaseSheet.model_validate_json(open(sys.argv[1]).read())
read, write = os.pipe()


class Unit:
    raised, called = [], 0

    def check(self, task, work):
        # Once for each of the task's cases, on inputs made beforehand outside the clock.
        for case in sheet.tasks[task]:
            began = time.perf_counter()
            inputs = make_inputs(case.inputs)
            self.aside += time.perf_counter() - began
            try:
                work(*inputs, **case.arguments)
            except Exception as error:
                self.raised.append(f"{task}: {error!r}")
            self.called += 1


for cells in json.load(open(sys.argv[2])):
    if os.fork() == 0:
        sys.stdout = open(os.devnull, "w")
        unit = Unit()
        grader.unit = lambda name: unit
        unit.aside, space = 0.0, {"__name__": "__main__"}
        began = time.perf_counter()
        for source in cells:
            try:
                exec(compile(source, "cell", "exec"), space)
            except Exception as error:
                unit.raised.append(f"{source[:40]}: {error!r}")
        seconds = time.perf_counter() - began - unit.aside
        told = json.dumps({"seconds": seconds, "called": unit.called, "raised": unit.raised})
        os.write(write, told.encode()[:60_000] + b"\\n")
        os._exit(0)
    os.wait()
    print(os.read(read, 65_536).decode(), end="")
"""


def floor(course: Path, backend: str) -> float:
    """Return the seconds that the class's own code takes in a warm process, over the cores.

    Every case must have been tried, and correct code must have raised nothing: a floor too low by mistake would
    only make us look slow, one too high would hide what we waste.
    """
    sheet: CaseSheet = private_key(find_unit(UNIT, course)).case_sheet()
    notebooks = [
        [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        for path in sorted(course.glob("submitted/*/*/assignment.ipynb"))
    ]
    samples = list(unit_samples(course / "units" / UNIT))
    unit = find_unit(UNIT, course)
    variables = environment(backend, course.parent)
    with lent_copy(unit, variables) as lent, tempfile.TemporaryDirectory() as folder:
        cases, cells = Path(folder) / "cases.json", Path(folder) / "cells.json"
        cases.write_text(sheet.to_json(), encoding="utf-8")
        cells.write_text(json.dumps(notebooks), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", FLOOR, str(cases), str(cells)],
            cwd=course / "units" / UNIT,
            env=variables | lent,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-2000:]
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(notebooks) == len(told)
    for number, one in enumerate(told):
        assert one["called"] == sum(map(len, sheet.tasks.values())), one
        assert not (one["raised"] and samples[number % len(samples)].name.startswith("correct")), one
    return float(sum(one["seconds"] for one in told)) / CORES


def measure() -> dict[str, float]:
    """Measure the three backends, then the sizes."""
    figures: dict[str, float] = {}
    for backend in os.environ.get("GRADE_BACKENDS", " ".join(BACKENDS)).split():
        with tempfile.TemporaryDirectory() as folder:
            course = make_class(Path(folder), SIZE, backend)
            least = floor(course, backend)
            taken = ours(course, backend)
            figures[f"grade.seconds.{backend}"] = taken
            figures[f"grade.floor_seconds.{backend}"] = least
            figures[f"grade.floor_ratio.{backend}"] = taken / least
            stocks = stock(make_class(Path(folder), SIZE, backend, stock=True), backend)
            figures[f"grade.stock_seconds.{backend}"] = stocks
            figures[f"grade.speedup.{backend}"] = stocks / taken
        for name, figure in figures.items():
            if name.endswith(backend):
                print(f"  {name} {figure:.3g}", flush=True)
        if backend == "torch":
            with tempfile.TemporaryDirectory() as folder:
                whole = ours(make_class(Path(folder), SIZE, backend, parity=True), backend)
            figures["grade.parity_seconds_per_submission"] = (whole - figures["grade.seconds.torch"]) / SIZE
    for size in map(int, os.environ.get("GRADE_SIZES", " ".join(map(str, SIZES))).split()):
        with tempfile.TemporaryDirectory() as folder:
            taken = ours(make_class(Path(folder), size), "torch")
            figures[f"grade.seconds_per_submission.{size}"] = taken / size
    return figures
