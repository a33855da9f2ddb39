"""The set-up: what it does once, and the one line it says for each thing that stops it."""

from __future__ import annotations

import ast
import io
import json
import os
import shutil
import subprocess
import sys
import threading
import types
from collections import namedtuple
from pathlib import Path

import pytest

from scripts import preconditions, progress, setup

Usage = namedtuple("Usage", "total used free")  # noqa: PYI024  # what shutil.disk_usage returns


def one_line(text: str) -> str:
    """Return a message after checking that it is a single line."""
    assert 1 == len(text.strip().splitlines()), text
    return text.strip()


def install(venv: str, requirements: str | None = None) -> int:
    """Take every step the installation still needs; return how many there were."""
    steps = setup.installation_steps(venv, "log", requirements)
    for _line, do in steps:
        do()
    return len(steps)


@pytest.fixture
def pip_calls(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Record what pip would have been asked for."""
    calls: list[list[str]] = []
    monkeypatch.setattr(setup, "run_pip", lambda python, arguments, log, total=0: calls.append(arguments))
    return calls


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny project with an environment folder beside it."""
    folder = tmp_path / "project"
    (folder / ".venv").mkdir(parents=True)
    (folder / "requirements.txt").write_text("six==1.17.0\n")
    (folder / "requirements-gpu.txt").write_text("-c requirements.txt\nsix\n")
    (folder / "pyproject.toml").write_text("[project]\n")
    monkeypatch.setattr(setup, "PROJECT", str(folder))
    return folder


@pytest.mark.parametrize("version", [(3, 6), (3, 10), (3, 14), (2, 7)])
def test_a_python_the_pins_do_not_support_is_named(version: tuple[int, int]) -> None:
    """The message says which Python was found, which are needed, and how to choose one."""
    with pytest.raises(setup.SetupError) as caught:
        setup.check_python((*version, 0), "some/python")
    message = one_line(str(caught.value))
    assert f"Python {version[0]}.{version[1]} (some/python)" in message
    assert "needs Python 3.11, 3.12 or 3.13" in message
    assert "make setup PYTHON=" in message


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_a_supported_python_is_accepted(version: tuple[int, int]) -> None:
    """Python 3.11, 3.12 and 3.13 pass."""
    setup.check_python((*version, 4), "some/python")


def test_the_command_fails_in_one_line_under_an_old_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under an old Python, with no better one around, the command says so and exits with 1."""
    monkeypatch.setattr(setup.sys, "version_info", (3, 8, 18))
    monkeypatch.setattr(setup, "find_python", lambda: None)
    assert 1 == setup.main([str(tmp_path / "venv")])
    assert "Python 3.8" in one_line(capsys.readouterr().err)
    assert not (tmp_path / "venv").exists()


def test_a_better_python_on_the_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under an old Python the command goes on with a supported one it finds."""
    started: list[list[str]] = []
    monkeypatch.setattr(setup.sys, "version_info", (3, 8, 18))
    monkeypatch.setattr(setup, "find_python", lambda: "python3.12")
    monkeypatch.setattr(setup.subprocess, "call", lambda command, cwd: started.append(command) or 0)
    assert 0 == setup.main([str(tmp_path / "venv")])
    assert ["python3.12"] == [command[0] for command in started]


def test_a_shim_that_leads_nowhere_is_passed_over(tmp_path: Path) -> None:
    """A python3.12 that does not start is not taken for a Python."""
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    assert setup.find_python(str(tmp_path)) is None


@pytest.mark.parametrize("module", [setup, preconditions, progress], ids=lambda module: module.__name__)
def test_the_scripts_parse_on_old_pythons(module: types.ModuleType) -> None:
    """The set-up is grammatical for Python 3.4, so that an old Python can say that it is old."""
    ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"), feature_version=(3, 4))


def test_a_python_without_venv_is_named(tmp_path: Path) -> None:
    """The message says that venv is missing, for which Python, and how to install it."""
    stub = tmp_path / "python"
    stub.write_text("#!/bin/sh\necho \"No module named 'ensurepip'\" >&2\nexit 1\n")
    stub.chmod(0o755)
    with pytest.raises(setup.SetupError) as caught:
        setup.check_venv_module(str(stub), (3, 12, 1))
    message = one_line(str(caught.value))
    assert "Python 3.12" in message
    assert "has no venv module" in message
    assert "python3.12-venv" in message


def test_a_full_disk_is_named_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command says how much is free and how much is needed, and leaves no folder behind."""
    monkeypatch.setattr(preconditions.shutil, "disk_usage", lambda folder: Usage(9e9, 7.8e9, 1.2e9))
    assert 1 == setup.main([str(tmp_path / "venv")])
    message = one_line(capsys.readouterr().err)
    assert "Only 1.2 GB of disk are free" in message
    assert "need about 5 GB" in message
    assert "make setup VENV=" in message
    assert not (tmp_path / "venv").exists()


def test_enough_room_is_enough(tmp_path: Path) -> None:
    """Six free gigabytes pass."""
    setup.check_disk(str(tmp_path), free_bytes=6e9)


def test_an_unreachable_index_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real pip that cannot reach its index ends in one line about the network."""
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    log = tmp_path / "build" / "setup.log"
    with pytest.raises(setup.SetupError) as caught:
        setup.run_pip(sys.executable, ["--target", str(tmp_path / "t"), "keras-plumbing-none==1"], str(log))
    message = one_line(str(caught.value))
    assert "package index cannot be reached" in message
    assert "check the network or the proxy" in message
    assert "setup.log" in message
    assert "127.0.0.1" in log.read_text()


@pytest.mark.parametrize(
    ("output", "part"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "disk filled up",
        ),
        (
            "WARNING: Retrying ... NameResolutionError(...)\nERROR: No matching distribution found",
            "cannot be reached",
        ),
        (
            "ERROR: No matching distribution found for keras==99",
            "No matching distribution found for keras==99",
        ),
        ("", "it gave no reason"),
    ],
)
def test_what_pip_says_becomes_one_line(output: str, part: str) -> None:
    """A full disk, a lost network and a wrong pin are told apart."""
    message = one_line(setup.explain_pip(output, "build/setup.log"))
    assert part in message
    assert "run the command again" in message.replace("\n", " ")


def test_the_second_run_installs_nothing(checkout: Path, pip_calls: list[list[str]]) -> None:
    """With nothing changed, the second run asks pip for nothing."""
    venv = str(checkout / ".venv")
    assert 2 == install(venv)
    assert 2 == len(pip_calls)
    assert 0 == install(venv)
    assert 2 == len(pip_calls)


def test_a_changed_pin_installs_again(checkout: Path, pip_calls: list[list[str]]) -> None:
    """After a pin has changed, the requirements are installed again."""
    venv = str(checkout / ".venv")
    install(venv)
    (checkout / "requirements.txt").write_text("six==1.16.0\n")
    pip_calls.clear()
    install(venv)
    assert [["-r", str(checkout / "requirements.txt")]] == [call for call in pip_calls if "-r" in call]


def test_changed_metadata_installs_only_the_grader(checkout: Path, pip_calls: list[list[str]]) -> None:
    """After pyproject.toml has changed, the pinned packages are left alone."""
    venv = str(checkout / ".venv")
    install(venv)
    (checkout / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    pip_calls.clear()
    install(venv)
    assert ["--no-deps"] == [call[0] for call in pip_calls]


def test_an_interrupted_installation_is_not_taken_for_done(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When pip fails, nothing is stamped, so that the next run goes on."""

    def fail(python: str, arguments: list[str], log: str, total: int = 0) -> None:
        raise setup.SetupError("no")

    monkeypatch.setattr(setup, "run_pip", fail)
    with pytest.raises(setup.SetupError):
        install(str(checkout / ".venv"))
    assert {} == setup.read_stamp(str(checkout / ".venv"))


def test_an_environment_keeps_to_the_pins_it_was_made_from(
    checkout: Path, pip_calls: list[list[str]]
) -> None:
    """A GPU environment is not turned into a CPU one by the next `make lab`."""
    venv = str(checkout / ".venv")
    install(venv, "requirements-gpu.txt")
    pip_calls.clear()
    assert 0 == install(venv)
    assert [] == pip_calls


def test_conda_environments_keep_their_packages(checkout: Path, pip_calls: list[list[str]]) -> None:
    """In an environment that conda made from environment.yml, only the grader is installed."""
    (checkout / ".venv" / "conda-meta").mkdir()
    install(str(checkout / ".venv"))
    assert ["--no-deps"] == [call[0] for call in pip_calls]


def test_a_damaged_stamp_is_no_stamp(checkout: Path) -> None:
    """A stamp that is not a JSON object vouches for nothing."""
    (checkout / ".venv" / setup.STAMP).write_text(json.dumps(["x"]))
    assert {} == setup.read_stamp(str(checkout / ".venv"))
    (checkout / ".venv" / setup.STAMP).write_text("{")
    assert {} == setup.read_stamp(str(checkout / ".venv"))


def test_a_broken_environment_is_installed_into_anew(checkout: Path, pip_calls: list[list[str]]) -> None:
    """What the stamp of an environment that no longer starts vouches for is installed again."""
    venv = str(checkout / ".venv")
    install(venv)
    steps = setup.steps_to_do(venv, sys.version_info, sys.executable, needed_gb=0)
    assert ["Making", "Installing", "Installing", "Installing", "Converting"] == [
        line.split()[0] for line, _ in steps
    ]


def test_the_kernels_of_the_backends_are_written_when_they_are_missing_or_stale(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kernels that are there, of this environment's Python and younger than the code, are left alone."""
    venv = checkout / ".venv"
    (checkout / "grader" / "execution").mkdir(parents=True)
    source = checkout / "grader" / "execution" / "kernelspecs.py"
    source.touch()
    assert not setup.kernels_are_current(str(venv))
    for backend in ("tensorflow", "jax", "torch"):
        kernel = venv / "share" / "jupyter" / "kernels" / f"keras-{backend}" / "kernel.json"
        kernel.parent.mkdir(parents=True)
        kernel.write_text(json.dumps({"argv": [setup.environment_python(str(venv))]}))
    assert setup.kernels_are_current(str(venv))
    os.utime(source, (2**32, 2**32))
    assert not setup.kernels_are_current(str(venv))
    os.utime(source, (0, 0))
    kernel.write_text(json.dumps({"argv": ["elsewhere/python"]}))
    assert not setup.kernels_are_current(str(venv))


def test_kernels_that_cannot_be_written_stop_the_set_up(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the command for the kernels fails, the set-up says so in one line."""
    monkeypatch.setattr(setup.subprocess, "call", lambda *_, **__: 2)
    with pytest.raises(setup.SetupError) as caught:
        setup.install_kernels(str(checkout / ".venv"))
    assert "could not be installed" in one_line(str(caught.value))


class Terminal(io.StringIO):
    """An output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def three_steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let three steps be left to do; return the numbers of those done."""
    done: list[int] = []
    steps = [(f"Step {number}", lambda number=number: done.append(number)) for number in (1, 2, 3)]
    monkeypatch.setattr(setup, "steps_to_do", lambda *_: steps)
    return done


def test_a_log_file_gets_a_line_a_step_and_one_at_the_end(
    three_steps: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each step is announced with its number, and the last line says how long all took."""
    setup.set_up(str(Path(setup.PROJECT) / ".venv"), sys.version_info, sys.executable)
    first, *lines = capsys.readouterr().out.splitlines()
    assert "Setting up in " in first
    assert ["1/3 Step 1", "2/3 Step 2", "3/3 Step 3", "Ready after 0 s."] == lines
    assert [1, 2, 3] == three_steps


@pytest.mark.parametrize(("quiet", "said"), [(False, "Ready: nothing to do.\n"), (True, "")])
def test_nothing_to_do_is_said_to_whoever_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], quiet: bool, said: str
) -> None:
    """`make setup` says in one line that all is there; commands that merely need the set-up say nothing."""
    monkeypatch.setattr(setup, "steps_to_do", lambda *_: [])
    assert 0 == setup.main([".venv", *(["--quiet"] if quiet else [])])
    assert said == capsys.readouterr().out


@pytest.mark.parametrize(("terminal", "painted"), [(True, True), (False, False)])
def test_only_a_terminal_gets_a_moving_line(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, painted: bool
) -> None:
    """On a terminal a line says what is going on and for how long, and is wiped away at the end; a file gets none."""
    output = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    asked = threading.Event()

    def describe() -> str:
        asked.set()
        return "fetching keras"

    with progress.Ticker(describe, interval=0.01):
        assert terminal == asked.wait(5 if terminal else 0.1)
    assert painted == ("fetching keras  (0 s)" in output.getvalue())
    assert painted == output.getvalue().endswith("\r\033[K")


def test_the_moving_line_says_how_far_pip_is(tmp_path: Path) -> None:
    """Packages are counted as pip finds them, then as they appear in the environment."""
    python = str(tmp_path / "bin" / "python")
    (tmp_path / "lib" / "python3.12" / "site-packages" / "keras-3.15.1.dist-info").mkdir(parents=True)
    lines: list[str] = []
    assert "asking the package index" == setup.describe_pip(lines, python, 177)
    lines += ["Collecting keras==3.15.1\n", "  Using cached keras.whl\n", "Collecting jax==0.10.2\n"]
    assert "fetching 2 of about 177: jax" == setup.describe_pip(lines, python, 177)
    lines.append("Installing collected packages: jax, keras\n")
    assert "unpacked 1 of about 177 packages" == setup.describe_pip(lines, python, 177)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "0 s"), (52, "52 s"), (59.7, "1 min 0 s"), (185, "3 min 5 s")]
)
def test_durations_read_as_people_say_them(seconds: float, said: str) -> None:
    """Seconds below a minute, minutes and seconds above."""
    assert said == progress.duration(seconds)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_without_any_python_says_so(project: Path) -> None:
    """Where no Python is found at all, make says so in one line instead of `command not found`."""
    run = subprocess.run(["make", "-s", "setup", "PYTHON="], cwd=project, capture_output=True, text=True)
    assert 2 == run.returncode
    message = one_line("\n".join(line for line in run.stderr.splitlines() if not line.startswith("make")))
    assert "No Python was found" in message
    assert "needs Python 3.11, 3.12 or 3.13" in message


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_every_target_has_a_help_line(project: Path) -> None:
    """`make help` lists every target of the Makefile."""
    run = subprocess.run(
        ["make", "-s", "--no-print-directory", "help"],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    listed = {line.split()[1] for line in run.stdout.splitlines()}
    phony = next(
        line for line in (project / "Makefile").read_text().splitlines() if line.startswith(".PHONY:")
    )
    assert set(phony.split()[1:]) == listed
