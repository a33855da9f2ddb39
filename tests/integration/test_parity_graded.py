"""Parity in a class that is graded: what own classes have to do, and what is said where they do not."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tests.integration import small_course as small

pytestmark = [pytest.mark.slow, pytest.mark.backends]

BLOCK = """import keras


{decorator}
class Rectified(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.dense = keras.layers.Dense(units)

    def call(self, x):
        return {computed}

    def get_config(self):
        return {{**super().get_config(), "units": self.units}}


def two_layers(x, units):
    return keras.layers.Dense(units)(Rectified(units)(x))"""
REGISTERED = '@keras.saving.register_keras_serializable("mine")'
OPS = "keras.ops.relu(self.dense(x))"
OF_ONE_BACKEND = "torch.relu(self.dense(x))"


def block(decorator: str, computed: str) -> str:
    source = BLOCK.format(decorator=decorator, computed=computed)
    return f"import torch\n{source}" if "torch" in computed else source


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course whose second task asks for parity, graded on PyTorch."""
    course = small.make_course(tmp_path_factory.mktemp("parity"))
    folder = course / "units" / small.UNIT
    tasks = small.TASKS.replace("Parameters(points=1)),", "Parameters(points=1), Parity(points=1)),")
    (folder / "tasks.py").write_text(tasks.replace("Parameters, Task", "Parameters, Parity, Task"))
    notebook = small.assignment()
    notebook.cells[small.find(notebook, "two_layers")].metadata.nbgrader.points = 5
    nbformat.write(notebook, folder / "assignment.ipynb")
    done = small.grader(course, "release", small.UNIT, backend="torch")
    assert done.returncode == 0, done.stderr
    work = {
        "plain": small.TWO_LAYERS,
        "own": block(REGISTERED, OPS),
        "one-backend": block(REGISTERED, OF_ONE_BACKEND),
        "unregistered": block("", OPS),
        "wrong": small.TWO_LAYERS.replace("relu", "tanh"),
    }
    for student, source in work.items():
        small.submit(course, student, lambda nb, source=source: small.solve(nb, two_layers=source))
    done = small.grader(course, "grade", small.UNIT, backend="torch")
    assert done.returncode in (0, 1), done.stderr
    return course


@pytest.mark.parametrize(
    ("student", "points", "mistakes"),
    [
        ("plain", 5.0, []),
        ("own", 5.0, []),
        ("one-backend", 4.0, ["backend-only-function"]),
        ("unregistered", 4.0, ["not-registered"]),
    ],
)
def test_a_model_has_to_run_and_load_everywhere(
    course: Path, student: str, points: float, mistakes: list[str]
) -> None:
    """Right on the backend it is graded on, it loses the point for parity alone, and is told why."""
    verdict = small.verdict(course, student, "two_layers")
    assert points == small.scores(course, student)["two_layers"]
    assert mistakes == [diagnosis.id for diagnosis in verdict.diagnoses]
    assert verdict.needs_look is None


def test_another_model_is_not_tried(course: Path) -> None:
    """What it loses, it loses for what it is."""
    verdict = small.verdict(course, "wrong", "two_layers")
    assert ["not tried yet"] == [row.found for row in verdict.rows if row.name == "Parity"]


def test_the_release_holds_no_code_of_the_solution(course: Path) -> None:
    """What the reference travelled as stays behind."""
    key = (course / "release" / small.UNIT / "public_key.json").read_text()
    assert '"parity"' in key
    assert "portable" not in key.replace('"portable":null', "").replace('"unportable":""', "")
