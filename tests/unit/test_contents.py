"""What JupyterLab's file browser lists, and what it opens."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jupytext.async_contentsmanager import build_async_jupytext_contents_manager_class

from scripts.contents import NOT_FOR_LEARNERS, CourseContents

NOTEBOOK = {
    "cells": [],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}
# JupyterLab's server puts jupytext's manager on top of the course's.
Manager = build_async_jupytext_contents_manager_class(CourseContents)


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course folder with what authors, instructors and learners have there."""
    for name in ("units/04", "exchange", "data", "work/04/keys"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("index.ipynb", "work/04/assignment.ipynb", "units/04/assignment.ipynb"):
        (tmp_path / name).write_text(json.dumps(NOTEBOOK), encoding="utf-8")
    (tmp_path / "work/04/public_key.json").write_text("{}")
    (tmp_path / "nbgrader_config.py").touch()
    (tmp_path / "mine.txt").touch()
    return tmp_path


def get(course: Path, path: str, *, learner_view: bool = True) -> dict[str, Any]:
    """Ask for a path as JupyterLab does."""
    manager = Manager(root_dir=str(course), learner_view=learner_view)
    model: dict[str, Any] = asyncio.run(manager.get(path))
    return model


def names(model: dict[str, Any]) -> set[str]:
    """Return what a folder's listing names."""
    return {entry["name"] for entry in model["content"]}


def test_a_learner_sees_their_own_files(course: Path) -> None:
    """The listing holds index, data, work and whatever the learner made, and nothing of the workings."""
    assert {"index.ipynb", "data", "work", "mine.txt"} == names(get(course, ""))


def test_the_key_beside_an_assignment_is_not_listed(course: Path) -> None:
    """The key, which holds solutions, is left out; a learner's own folder may have any name."""
    assert {"assignment.ipynb", "keys"} == names(get(course, "work/04"))


def test_an_instructor_sees_everything(course: Path) -> None:
    """Without the learner's view the listing is complete."""
    everything = {"index.ipynb", "data", "work", "mine.txt", "units", "exchange", "nbgrader_config.py"}
    assert everything == names(get(course, "", learner_view=False))
    assert "public_key.json" in names(get(course, "work/04", learner_view=False))


def test_what_is_not_listed_still_opens(course: Path) -> None:
    """Formgrader's links lead to a unit in either view."""
    assert "notebook" == get(course, "units/04/assignment.ipynb")["type"]
    assert {"assignment.ipynb"} == names(get(course, "units/04"))


def test_opening_and_saving_leave_the_file_as_it_was(course: Path) -> None:
    """A notebook that is opened and saved unedited has the metadata it had."""
    manager = Manager(root_dir=str(course))
    model = asyncio.run(manager.get("work/04/assignment.ipynb"))
    assert "version" in model["content"]["metadata"]["language_info"]
    asyncio.run(manager.save({"type": "notebook", "content": model["content"]}, "work/04/assignment.ipynb"))
    saved = json.loads((course / "work/04/assignment.ipynb").read_text())
    assert NOTEBOOK["metadata"] == saved["metadata"]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_everything_in_the_course_is_for_learners_or_is_not(project: Path) -> None:
    """Of what git tracks or ignores by name in the course folder, a learner sees index, data and work alone."""
    run = subprocess.run(["git", "ls-files", "course"], cwd=project, capture_output=True, text=True)
    tracked = {line.split("/")[1] for line in run.stdout.splitlines()}
    ignored = set(re.findall(r"^/course/([^/*\n]+)", (project / ".gitignore").read_text(), re.MULTILINE))
    assert {"index.ipynb", "data", "work"} == ((tracked or {"index.ipynb"}) | ignored) - NOT_FOR_LEARNERS
