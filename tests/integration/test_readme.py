"""The README keeps its promises: its commands exist, its example runs."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from scripts.environment import PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")
FILE = re.compile(r"^`(?P<path>[\w/.]+)`[^\n]*\n\n```python\n(?P<code>.*?)```", re.MULTILINE | re.DOTALL)
RIGHT = """def mlp(x, units):
    hidden = keras.layers.Activation("relu")(keras.layers.Dense(units)(x))
    return keras.layers.Dense(1)(hidden)
"""
WRONG = """def mlp(x, units):
    return keras.layers.Dense(1)(keras.layers.Dense(8)(x))
"""


def run(command: list[str], course: Path) -> subprocess.CompletedProcess[str]:
    """Run one of the README's commands in the example course."""
    tools = str(Path(sys.executable).parent)
    environment = os.environ | {
        "PATH": os.pathsep.join([tools, os.environ["PATH"]]),
        "KERAS_BACKEND": "jax",
    }
    return subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True)


def hand_in(course: Path, student: str, solution: str) -> None:
    """Put a student's solution into a copy of the released notebook."""
    folder = course / "submitted" / student / "two_layers"
    folder.mkdir(parents=True)
    notebook = nbformat.read(course / "release" / "two_layers" / "assignment.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "mlp_solution":
            cell.source = solution
    nbformat.write(notebook, folder / "assignment.ipynb")


@pytest.mark.slow
def test_the_assignment_in_twenty_lines_releases_and_grades(tmp_path: Path) -> None:
    """The README's own assignment is released, gives other correct code full marks, and wrong code fewer."""
    files = {match["path"]: match["code"] for match in FILE.finditer(README)}
    assert {"nbgrader_config.py", "units/two_layers/tasks.py", "units/two_layers/assignment.py"} == set(files)
    for path, code in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(code, encoding="utf-8")
    block = README.split("on your `PATH`:")[1].split("```sh\n")[1].split("```")[0]
    commands = [shlex.split(line) for line in block.splitlines()]
    assert ["jupytext", "rm", "grader", "mkdir", "cp", "grader", "grader"] == [
        command[0] for command in commands
    ]
    for command in commands:
        if command[:2] == ["grader", "grade"]:
            hand_in(tmp_path, "student-02", RIGHT)
            hand_in(tmp_path, "student-03", WRONG)
        asked = [*command, "--json"] if command[:2] == ["grader", "grade"] else command
        done = run(asked, tmp_path)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        if command[:2] == ["grader", "grade"]:
            scores = {result["student"]: result["score"] for result in json.loads(done.stdout)}
    assert 4 == scores["student-01"] == scores["student-02"]
    assert 0 <= scores["student-03"] < 4
    assert [] == sorted((tmp_path / "release" / "two_layers").glob("tasks.py"))
    assert 3 == len(list((tmp_path / "feedback").glob("student-0?/two_layers/assignment.html")))


@pytest.mark.slow
def test_the_round_of_a_class_works_as_written(tmp_path: Path) -> None:
    """The commands under "Grade a class" release, grade and explain the course's own unit."""
    block = README.split("## Grade a class")[1].split("```sh\n")[1].split("```")[0]
    enter, *commands = [shlex.split(line) for line in block.splitlines()]
    course = tmp_path / enter[1]
    left_out = shutil.ignore_patterns("private", "keys", "release", "gradebook.db", "submitted", "work")
    shutil.copytree(PROJECT / "course", course, ignore=left_out)
    for command in commands:
        asked = [*command, "--json"] if command[:2] == ["grader", "grade"] else command
        done = run(asked, course)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        if command[:2] == ["grader", "grade"]:
            (result,) = json.loads(done.stdout)
    assert "student-01" == result["student"]
    assert all(verdict["outcome"] == "correct" for verdict in result["verdicts"])
    assert (course / "gradebook.db").is_file()
    assert (course / "feedback" / "student-01" / "04_residual_connections" / "assignment.html").is_file()


def test_the_comparison_prints_what_is_written_below_it(tmp_path: Path) -> None:
    """The example under "Any model, in your own notebook" is run, and says what the README says it does."""
    section = README.split("## Any model, in your own notebook")[1]
    code, shown = (
        section.split("```python\n")[1].split("```")[0],
        section.split("```text\n")[1].split("```")[0],
    )
    done = run([sys.executable, "-W", "ignore", "-c", code], tmp_path)
    assert (shown, 0) == (done.stdout, done.returncode), done.stderr


def test_the_example_is_about_twenty_lines() -> None:
    """The lines an author types, cell markers aside, number about twenty."""
    lines = [line for match in FILE.finditer(README) for line in match["code"].splitlines()]
    typed = [line for line in lines if line.strip() and not line.startswith("# %%")]
    assert 18 <= len(typed) <= 24


def test_every_make_command_in_the_text_exists(project: Path) -> None:
    """README and CONTRIBUTING name only targets the Makefile has."""
    makefile = (project / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    text = README + (project / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = {
        word
        for command in re.findall(r"(?:`|^)make ((?:[a-z]+ ?)+)", text, re.MULTILINE)
        for word in command.split()
    }
    assert {"lab", "test", "setup", "help", "demo", "validate"} <= named
    assert set() == named - targets


def test_every_unit_has_a_row(project: Path) -> None:
    """The table of units names every unit there is, and no other."""
    units = {path.parent.name for path in (project / "course" / "units").glob("*/tasks.py")}
    assert units == set(re.findall(r"^\| `(\d\d_\w+)` \|", README, re.MULTILINE))


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_every_file_the_text_points_at_exists(project: Path, name: str) -> None:
    """A relative picture or link leads somewhere, and files named in backticks at the root are there."""
    text = (project / name).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    named = re.findall(r"`((?:README|CONTRIBUTING|CHANGELOG|LICENSE|requirements|environment)[\w.-]*)`", text)
    assert [] == [path for path in links + named if not (project / path).exists()]
