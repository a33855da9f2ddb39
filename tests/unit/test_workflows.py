"""The workflows: what they run exists, where the README says it runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.environment import PROJECT
from scripts.notebooks import BACKENDS
from scripts.validate import REPORTS

WORKFLOWS = sorted(PROJECT.glob(".github/workflows/*.yml"))


def steps(job: dict[str, Any]) -> list[str]:
    """Return the commands of a job, in order, one line each."""
    commands = [line.strip() for step in job["steps"] for line in step.get("run", "").splitlines()]
    return [line for line in commands if line]


def load(path: Path) -> dict[str, Any]:
    workflow: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return workflow


@pytest.fixture(scope="module")
def jobs() -> dict[str, Any]:
    """The jobs of the workflow that runs on every push."""
    found: dict[str, Any] = load(PROJECT / ".github/workflows/ci.yml")["jobs"]
    return found


def test_linux_and_macos_run_the_tests_on_the_oldest_and_newest_python(jobs: dict[str, Any]) -> None:
    """The matrix names both systems of the README and both ends of the supported Pythons."""
    matrix = jobs["test"]["strategy"]["matrix"]
    assert {"os": ["ubuntu-latest", "macos-latest"], "python": ["3.11", "3.13"]} == matrix
    assert ".ci/run" in steps(jobs["test"])


def test_a_second_set_up_says_what_the_set_up_says(jobs: dict[str, Any]) -> None:
    """The words the workflow waits for are those of scripts/setup.py."""
    (line,) = (line for line in steps(jobs["test"]) if "make -s setup" in line)
    assert f'say("{shlex.split(line)[-1]}")' in (PROJECT / "scripts" / "setup.py").read_text()


def test_the_conda_environment_is_made_then_used_then_tested(jobs: dict[str, Any], project: Path) -> None:
    """Conda makes the environment of environment.yml, whose folder every later command names."""
    create, *later = steps(jobs["conda"])
    _conda, *arguments, place = shlex.split(create)
    assert ["env", "create", "--yes", "--file", "environment.yml", "--prefix"] == arguments
    assert (project / "environment.yml").is_file()
    assert [] == [line for line in later if place not in line]
    assert ["make", "grader", "dot", "python"] == [
        shlex.split(line)[0].removeprefix(f"{place}/bin/") for line in later
    ]


@pytest.fixture(scope="module")
def gpu() -> dict[str, Any]:
    """The job that runs on a GPU."""
    found: dict[str, Any] = load(PROJECT / ".github/workflows/gpu.yml")["jobs"]["validate"]
    return found


def test_every_backend_validates_on_the_cpu_and_on_a_gpu(jobs: dict[str, Any], gpu: dict[str, Any]) -> None:
    """Both workflows run the notebooks on each backend; what differs is kept where something did."""
    for job, device in ((jobs["validate"], "cpu"), (gpu, "gpu")):
        assert list(BACKENDS) == job["strategy"]["matrix"]["backend"]
        (line,) = (line for line in steps(job) if "make validate" in line)
        assert ["BACKEND=${{ matrix.backend }}", f"DEVICE={device}"] == shlex.split(
            line.replace("{{ matrix.backend }}", "{{\\ matrix.backend\\ }}")
        )[-2:]
        (kept,) = (
            step for step in job["steps"] if step.get("uses", "").startswith("actions/upload-artifact@")
        )
        assert kept is job["steps"][-1]
        assert "failure()" == kept["if"]
        assert REPORTS == PROJECT / kept["with"]["path"]


def test_before_anything_is_run_on_a_gpu_the_backend_has_to_see_it(gpu: dict[str, Any]) -> None:
    """Once the packages are there the first step looks for the GPU, with the code that DEVICE=gpu looks with."""
    setup, look, validate = steps(gpu)
    assert "REQUIREMENTS=requirements-gpu.txt" == shlex.split(setup)[-1]
    assert ["-m", "scripts.gpu"] == shlex.split(look)[1:3]
    assert look.endswith(" ${{ matrix.backend }}")
    assert "make validate" in validate
    assert [] == [step for step in gpu["steps"] if step.get("continue-on-error")]


def test_what_is_installed_for_a_gpu_is_found_again(gpu: dict[str, Any]) -> None:
    """Every step names one environment, which lies where a checkout does not clean."""
    assert 3 == len([line for line in steps(gpu) if '"$RUNNER_TOOL_CACHE/keras-plumbing-gpu' in line])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_run_targets_there_are(path: Path, project: Path) -> None:
    """Every `make` target and every checked-out script that a workflow names exists."""
    targets = set(re.findall(r"^([a-z]+):", (project / "Makefile").read_text(), re.MULTILINE))
    commands = [line for job in load(path)["jobs"].values() for line in steps(job)]
    named = {name for line in commands for name in re.findall(r"\bmake (?:-s )?([a-z]+)", line)}
    assert set() == named - targets
    assert [] == [line for line in commands if line.startswith(".ci/") and not (project / line).is_file()]
