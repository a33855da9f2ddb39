"""How the notebooks are run on one backend and one device, and when they are not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import validate
from scripts.environment import PROJECT
from scripts.gpu import Seen, sentence


def make(*words: str) -> subprocess.CompletedProcess[str]:
    """Have make say what it would run, outside of the make that may run this test."""
    outer = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "BACKEND", "DEVICE", "VENV")
    environment = {name: value for name, value in os.environ.items() if name not in outer}
    return subprocess.run(
        ["make", "--dry-run", *words], cwd=PROJECT, env=environment, capture_output=True, text=True
    )


def commands(*words: str) -> list[str]:
    """Return the last thing that make would run, in words."""
    return make(*words).stdout.strip().splitlines()[-1].split()


def test_without_a_backend_the_unit_rules_are_checked() -> None:
    """`make validate` alone means what it always did."""
    assert "tests/course" in commands("validate")


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_make_passes_backend_device_and_jobs_on(device: str) -> None:
    """The words after `make validate` reach the command; the device is the CPU unless named."""
    words = commands("validate", "BACKEND=jax", f"DEVICE={device}", "JOBS=3", "VENV=v")
    assert ["v/bin/python", "-m", "scripts.validate", "--jobs", "3", '"jax"', f'"{device}"'] == words
    assert '"cpu"' == commands("validate", "BACKEND=jax")[-1]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("BACKEND=theano",), "BACKEND=theano: choose one of tensorflow, jax, torch"),
        (("DEVICE=gpu",), "BACKEND=: choose one of tensorflow, jax, torch"),
        (("BACKEND=jax", "DEVICE=tpu"), "DEVICE=tpu: choose one of cpu, gpu"),
    ],
)
def test_make_refuses_other_words_before_the_set_up(words: tuple[str, ...], expected: str) -> None:
    """A word that does not exist ends with those that do, in one line and with exit code 2, before anything else."""
    done = make("validate", *words)
    assert (2, "") == (done.returncode, done.stdout)
    (line,) = done.stderr.strip().splitlines()
    assert expected in line


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["theano", "cpu"], "BACKEND=theano: choose one of tensorflow, jax, torch."),
        (["jax torch", "cpu"], "BACKEND=jax torch: choose one of tensorflow, jax, torch."),
        (["jax", "tpu"], "DEVICE=tpu: choose one of cpu, gpu."),
    ],
)
def test_the_command_refuses_them_as_well(
    words: list[str], expected: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without make, the same line and the same code; nothing was run."""
    monkeypatch.setattr(validate.subprocess, "run", None)
    monkeypatch.setattr(validate, "make_keys", None)
    assert 2 == validate.main(words)
    assert ("", f"{expected}\n") == capsys.readouterr()


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[object]:
    """What was run, in order, instead of running it."""
    done: list[object] = []
    monkeypatch.setattr(validate, "PROJECT", tmp_path)
    monkeypatch.setattr(validate, "REPORTS", tmp_path / "validate")
    monkeypatch.setattr(validate, "find_notebooks", lambda: [tmp_path / "a.ipynb"])
    monkeypatch.setattr(validate, "make_keys", lambda: done.append("keys"))
    return done


def looking(ran: list[object], code: int) -> object:
    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        ran.append(command[1:])
        return subprocess.CompletedProcess(command, code)

    return run


def test_without_a_gpu_nothing_is_run(ran: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    """The first thing is to look for the GPU, and where there is none it is the last."""
    monkeypatch.setattr(validate.subprocess, "run", looking(ran, 2))
    assert 2 == validate.main(["torch", "gpu"])
    assert [["-m", "scripts.gpu", "torch"]] == ran


def test_a_cpu_is_not_looked_for(ran: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    """On the CPU the notebooks are run at once."""
    monkeypatch.setattr(validate.subprocess, "run", None)
    monkeypatch.setattr(validate, "reproduced", lambda *words, **_: ran.append(words[1:]) or True)
    assert 0 == validate.main(["torch", "cpu"])
    assert ["keys", ("torch", "cpu")] == ran


@pytest.mark.parametrize(("passed", "expected"), [(True, 0), (False, 1)])
def test_what_differs_is_kept_and_its_place_told(
    passed: bool,
    expected: int,
    ran: list[object],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The report of this run is in a folder of the backend and the device, an older one is gone, and it is named."""
    monkeypatch.setattr(validate.subprocess, "run", looking(ran, 0))
    old = validate.REPORTS / "jax-gpu" / "old.xml"
    old.parent.mkdir(parents=True)
    old.touch()
    reports: list[Path] = []

    def reproduced(*_: object, report: Path, **__: object) -> bool:
        reports.append(report)
        return passed

    monkeypatch.setattr(validate, "reproduced", reproduced)
    assert expected == validate.main(["jax", "gpu"])
    assert [old.with_name("nbval.xml")] == reports
    assert (True, False) == (old.parent.is_dir(), old.exists())
    told = capsys.readouterr().err
    assert ("" if passed else "What differs is in validate/jax-gpu/nbval.xml.\n") == told


def test_a_course_without_notebooks_is_not_valid(
    ran: list[object], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing was run, and that is not taken for success."""
    monkeypatch.setattr(validate, "find_notebooks", list)
    monkeypatch.setattr(validate, "reproduced", None)
    assert 2 == validate.main(["jax", "cpu"])
    assert [] == ran
    assert "no notebooks" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seen", "parts"),
    [
        (Seen("JAX 1.0", False, ()), ("JAX 1.0 sees no GPU", "built for CPUs", "requirements-gpu.txt")),
        (Seen("JAX 1.0", True, ()), ("JAX 1.0 sees no GPU", "nvidia-smi", "CUDA_VISIBLE_DEVICES")),
        (Seen("JAX 1.0", True, ("A", "B")), ("JAX 1.0 sees A, B.",)),
    ],
)
def test_one_sentence_says_what_was_seen_and_what_to_do(seen: Seen, parts: tuple[str, ...]) -> None:
    """A build for CPUs is told how to be replaced, a build for GPUs what to check."""
    assert [] == [part for part in parts if part not in sentence(seen)]
    assert 1 == sentence(seen).count(". ") + sentence(seen).endswith(".")


@pytest.mark.backends
@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "name"), [("tensorflow", "TensorFlow"), ("jax", "JAX"), ("torch", "PyTorch")]
)
def test_each_backend_is_told_to_see_no_gpu(backend: str, name: str) -> None:
    """With every GPU hidden, one sentence and exit code 2 are all that comes of DEVICE=gpu."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.validate", backend, "gpu"],
        cwd=PROJECT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        text=True,
    )
    assert (2, "") == (done.returncode, done.stdout)
    told = done.stderr.strip().splitlines()[-1]
    assert told.startswith(name)
    assert "sees no GPU" in told


def test_a_look_without_a_backend_says_how(project: Path) -> None:
    """The workflow's step names its backend; without one it would not have looked at anything."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.gpu", "theano"], cwd=project, capture_output=True, text=True
    )
    assert 2 == done.returncode
    assert "tensorflow, jax, torch" in done.stderr
