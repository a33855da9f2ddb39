"""The workflows: what they run exists, where the README says it runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.environment import PROJECT

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


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_run_targets_there_are(path: Path, project: Path) -> None:
    """Every `make` target and every checked-out script that a workflow names exists."""
    targets = set(re.findall(r"^([a-z]+):", (project / "Makefile").read_text(), re.MULTILINE))
    commands = [line for job in load(path)["jobs"].values() for line in steps(job)]
    named = {name for line in commands for name in re.findall(r"\bmake (?:-s )?([a-z]+)", line)}
    assert set() == named - targets
    assert [] == [line for line in commands if line.startswith(".ci/") and not (project / line).is_file()]
