"""How notebooks are re-run on each backend."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from grader.nbgrader_plugin import release
from scripts import notebooks
from scripts.devices import SETTINGS


def test_index_lessons_and_assignments_are_found(tmp_path: Path) -> None:
    """The index and every unit's notebooks are re-run; learners' copies are not."""
    unit = tmp_path / "units" / "04"
    work = tmp_path / "work" / "04"
    for path in (
        tmp_path / "index.ipynb",
        unit / "assignment.ipynb",
        unit / "lesson.ipynb",
        work / "lesson.ipynb",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    expected = [tmp_path / "index.ipynb", unit / "assignment.ipynb", unit / "lesson.ipynb"]
    assert expected == notebooks.find_notebooks(tmp_path)


def test_each_run_has_one_backend_one_thread_and_no_mode(tmp_path: Path) -> None:
    """A run names its backend, takes one thread a process, and forgets modes of a grading run."""
    environment = notebooks.nbval_environment(
        {"KERAS_BACKEND": "torch", "GRADER_MODE": "collect"}, "jax", tmp_path
    )
    assert "jax" == environment["KERAS_BACKEND"]
    assert {"1"} == {environment[name] for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")}
    assert "GRADER_MODE" not in environment


def test_a_run_is_on_the_cpu_unless_a_gpu_is_named(tmp_path: Path) -> None:
    """The settings of the device are in the run's environment, beside XLA's threads."""
    for device in ("cpu", "gpu"):
        environment = notebooks.nbval_environment({}, "jax", tmp_path, device)
        assert SETTINGS[device]["JAX_PLATFORMS"] == environment["JAX_PLATFORMS"]
    assert "-1" == notebooks.nbval_environment({}, "jax", tmp_path)["CUDA_VISIBLE_DEVICES"]
    assert ["--xla_cpu_multi_thread_eigen=false", "--xla_gpu_deterministic_ops=true"] == [
        flag for flag in environment["XLA_FLAGS"].split() if flag.startswith("--")
    ]


def test_kernels_that_use_a_gpu_are_not_forked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernels are there, and no process imports Keras to fork them."""
    monkeypatch.setattr(notebooks, "start_zygote", None)
    notebooks.warm_up(notebooks.nbval_environment({}, "jax", tmp_path, "gpu"))
    assert (tmp_path / "data" / "kernels" / "keras-jax" / "kernel.json").is_file()


def test_what_differs_can_be_kept(tmp_path: Path) -> None:
    """Pytest writes the report it is asked for, and none otherwise."""
    asked = notebooks.nbval_command([tmp_path / "a.ipynb"], 1, "jax", tmp_path / "nbval.xml")
    assert f"--junitxml={tmp_path / 'nbval.xml'}" in asked
    assert [] == [word for word in notebooks.nbval_command([], 1, "jax") if word.startswith("--junit")]


def test_keys_are_made_on_the_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What answers are compared with comes from one device, whichever the notebooks run on."""
    from grader.execution import keyring

    (tmp_path / "units" / "04").mkdir(parents=True)
    (tmp_path / "units" / "04" / "tasks.py").touch()
    seen: list[str | None] = []
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)
    monkeypatch.setattr(keyring, "public_key", lambda folder: seen.append(os.environ.get("JAX_PLATFORMS")))
    monkeypatch.setattr(release, "find_unit", lambda name, course: None)
    notebooks.make_keys(tmp_path)
    assert ["cpu"] == seen


def test_each_run_has_the_kernel_of_its_backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernels lie where the run's Jupyter looks, its own Keras is imported once, and nbval is given its name."""
    started: list[str] = []
    monkeypatch.setattr(
        notebooks, "start_zygote", lambda environment, owner: started.append(environment["KERAS_BACKEND"])
    )
    notebooks.warm_up(notebooks.nbval_environment({}, "jax", tmp_path))
    assert ["jax"] == started
    assert (tmp_path / "data" / "kernels" / "keras-jax" / "kernel.json").is_file()
    assert "--nbval-kernel-name=keras-jax" in notebooks.nbval_command([tmp_path / "a.ipynb"], 1, "jax")


@pytest.mark.parametrize(("codes", "expected"), [([0, 0], 0), ([0, 1], 1), ([5, 0], 0)])
def test_one_failing_backend_fails_the_run(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    codes: list[int],
    expected: int,
) -> None:
    """All backends are tried, each is told, and one that does not reproduce fails the whole."""
    left = list(codes)
    monkeypatch.setattr(notebooks, "find_notebooks", lambda: [tmp_path / "a.ipynb"])
    monkeypatch.setattr(notebooks, "make_keys", lambda: None)
    monkeypatch.setattr(notebooks, "warm_up", lambda environment: None)
    monkeypatch.setattr(
        notebooks.subprocess,
        "run",
        lambda command, **kwargs: subprocess.CompletedProcess(command, left.pop(0)),
    )
    assert expected == notebooks.main(["jax", "torch"])
    assert [] == left
    assert 2 == capsys.readouterr().out.count("1 notebooks on ")


def test_an_unknown_backend_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A backend Keras does not have ends with the names of those it has."""
    with pytest.raises(SystemExit):
        notebooks.main(["theano"])
    assert "tensorflow, jax, torch" in capsys.readouterr().err
