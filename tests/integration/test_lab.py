"""What `make lab` prepares, and that it stays inside the project."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import nbformat
import pytest
from tornado.websocket import websocket_connect

from scripts.environment import PROJECT, project_environment
from scripts.lab import is_laid_out, lab_command, prepare, sign_notebooks


def test_everything_jupyter_and_keras_write_stays_in_the_project() -> None:
    """Every folder that Jupyter, IPython, Keras and Matplotlib keep state in lies below the project."""
    environment = project_environment({"PATH": "/bin", "JUPYTER_PATH": "/elsewhere"})
    kept = (
        "JUPYTER_CONFIG_DIR",
        "JUPYTER_DATA_DIR",
        "JUPYTER_RUNTIME_DIR",
        "IPYTHONDIR",
        "KERAS_HOME",
        "MPLCONFIGDIR",
    )
    assert [] == [name for name in kept if not Path(environment[name]).is_relative_to(PROJECT)]
    assert "JUPYTER_PATH" not in environment
    assert "/bin" == environment["PATH"].split(os.pathsep)[-1]


def test_the_users_choice_of_backend_is_kept() -> None:
    """KERAS_BACKEND is passed on; without one, TensorFlow is used."""
    assert "jax" == project_environment({"KERAS_BACKEND": "jax"})["KERAS_BACKEND"]
    assert "tensorflow" == project_environment({})["KERAS_BACKEND"]
    assert "1" == project_environment({})["TF_NUM_INTRAOP_THREADS"]
    assert "8" == project_environment({"TF_NUM_INTRAOP_THREADS": "8"})["TF_NUM_INTRAOP_THREADS"]


def test_the_exchange_is_open_as_nbgrader_demands(tmp_path: Path) -> None:
    """The exchange is readable and writable by all, whatever it was before; running twice changes nothing."""
    (tmp_path / "exchange").mkdir(mode=0o700)
    prepare(tmp_path)
    prepare(tmp_path)
    assert 0o777 == (tmp_path / "exchange").stat().st_mode & 0o777
    assert (tmp_path / "work").is_dir()


def test_the_lab_opens_on_the_index(tmp_path: Path) -> None:
    """A learner lands in index.ipynb with the course as root folder, and may pass arguments on."""
    (tmp_path / "index.ipynb").touch()
    command = lab_command(["--no-browser"], tmp_path, user_id=1000)
    assert f"--ServerApp.root_dir={tmp_path}" in command
    assert "--LabApp.default_url=/lab/tree/index.ipynb" in command
    assert "--no-browser" == command[-1]
    assert "--LabApp.default_url=/lab" in lab_command([], tmp_path, teach=True, user_id=1000)


@pytest.mark.parametrize(("user_id", "allowed"), [(0, True), (1000, False)])
def test_only_root_is_told_that_it_may(tmp_path: Path, user_id: int, allowed: bool) -> None:
    """`--allow-root` is given to root alone."""
    assert allowed == ("--allow-root" in lab_command([], tmp_path, user_id=user_id))


def test_a_learners_copy_is_made_again_only_when_the_unit_changed(tmp_path: Path) -> None:
    """A copy younger than its unit is current; an absent or older one is not."""
    unit, work = tmp_path / "units" / "04", tmp_path / "work"
    unit.mkdir(parents=True)
    (unit / "tasks.py").touch()
    assert not is_laid_out(unit, work)
    (work / "04").mkdir(parents=True)
    (work / "04" / ".released.json").touch()
    os.utime(unit / "tasks.py", (1, 1))
    assert is_laid_out(unit, work)
    (unit / "lesson.ipynb").touch()
    os.utime(work / "04" / ".released.json", (2, 2))
    assert not is_laid_out(unit, work)


def test_only_the_courses_own_notebooks_are_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lessons and index are signed once; a notebook somebody put elsewhere is not."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    for place in ("index.ipynb", "units/04/lesson.ipynb", "submitted/student-01/assignment.ipynb"):
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(place)])
        nbformat.write(notebook, path)
    assert 2 == sign_notebooks(tmp_path)
    assert 0 == sign_notebooks(tmp_path)


def test_an_untouched_copy_is_trusted_and_a_changed_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A learner's copy is signed while it is what was laid out."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    copy = tmp_path / "work" / "04" / "lesson.ipynb"
    copy.parent.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(), copy)
    manifest = {"lesson.ipynb": hashlib.sha256(copy.read_bytes()).hexdigest(), "gone.ipynb": "0"}
    (copy.parent / ".released.json").write_text(json.dumps(manifest))
    assert 1 == sign_notebooks(tmp_path)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), copy)
    assert 0 == sign_notebooks(tmp_path)


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fetch(address: str, token: str, data: bytes | None = None) -> str:
    """Return a page, or what posting data there answers; the address is printed a moment before it works."""
    request = Request(address, data, headers={"Authorization": f"token {token}"})
    for _ in range(100):
        try:
            with urlopen(request, timeout=30) as answer:
                return str(answer.read(), "utf-8")
        except URLError as error:
            if not isinstance(error.reason, ConnectionError):
                raise
        time.sleep(0.1)
    raise TimeoutError(address)


async def hear(address: str) -> None:
    """Connect to a kernel as JupyterLab does, and leave once it has said something."""
    connection = await websocket_connect(address)
    await asyncio.wait_for(connection.read_message(), 60)
    connection.close()
    while await connection.read_message() is not None:
        pass


@pytest.mark.parametrize(
    ("teach", "listed"), [(False, {"index.ipynb"}), (True, {"index.ipynb", "units", "nbgrader_config.py"})]
)
def test_the_lab_starts_quietly_and_lists_what_its_user_works_with(
    tmp_path: Path, project: Path, teach: bool, listed: set[str]
) -> None:
    """The real server warns of nothing, formgrader and a kernel included; only `make teach` lists the units."""
    (tmp_path / "units").mkdir()
    (tmp_path / "index.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook()))
    shutil.copy(project / "course" / "nbgrader_config.py", tmp_path)
    port = free_port()
    environment = project_environment(os.environ, tmp_path / ".state")
    environment["JUPYTER_CONFIG_PATH"] = str(project / "jupyter")
    server = subprocess.Popen(
        lab_command(["--no-browser", f"--port={port}"], tmp_path, teach=teach),
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert server.stdout is not None
    printed: list[str] = []
    try:
        for line in server.stdout:
            printed.append(line)
            if "http://127.0.0.1" in line:
                break
        token = printed[-1].strip().split("token=")[1]
        listing = json.loads(fetch(f"http://127.0.0.1:{port}/api/contents", token))
        assert "Manage Assignments" in fetch(f"http://127.0.0.1:{port}/formgrader/manage_assignments", token)
        kernel = json.loads(fetch(f"http://127.0.0.1:{port}/api/kernels", token, data=b"{}"))["id"]
        asyncio.run(
            hear(f"ws://127.0.0.1:{port}/api/kernels/{kernel}/channels?session_id=test&token={token}")
        )
    finally:
        server.terminate()
        rest, _ = server.communicate(timeout=30)
    assert listed == {entry["name"] for entry in listing["content"]}
    assert [] == [line for line in printed if line.startswith(("[I", "[W", "[E")) or "Warning" in line]
    # On a busy machine Jupyter also warns of a kernel that is slow to answer, and may.
    complaints = ("encryption", "ping_timeout", "not serializable")
    assert [] == [line for line in rest.splitlines() if any(word in line for word in complaints)]


def jupyter(code: str, *, cwd: Path) -> object:
    """Run code in the lab's environment and return the JSON it prints last."""
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env=project_environment(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(run.stdout.splitlines()[-1])


def test_no_news_and_no_update_notices() -> None:
    """JupyterLab reads the project's settings: no news feed, no dialog that asks about it."""
    code = """
import json
from jupyter_server.services.config.manager import ConfigManager
from jupyterlab.labapp import LabApp
app = LabApp()
app.load_config_file()
overrides = ConfigManager(config_dir_name="labconfig").get("default_setting_overrides")
notices = overrides["@jupyterlab/apputils-extension:notification"]
traits = app.config.LabApp
print(json.dumps([traits.news_url, traits.check_for_updates_class, notices]))
"""
    expected = [
        None,
        "jupyterlab.NeverCheckForUpdate",
        {"checkForUpdates": False, "fetchNews": "false"},
    ]
    assert expected == jupyter(code, cwd=PROJECT)


@pytest.mark.parametrize("folder", ["course", "course/units"])
def test_nbgrader_finds_the_course_from_every_folder(folder: str, project: Path) -> None:
    """The course's id and its project-local exchange are found in and below the course folder."""
    code = """
import json
from nbgrader.apps import NbGrader
app = NbGrader()
app.load_config_file()
print(json.dumps([app.config.CourseDirectory.course_id, app.config.Exchange.root, app.config.CourseDirectory.root]))
"""
    course = project / "course"
    assert ["keras-plumbing", str(course / "exchange"), str(course)] == jupyter(code, cwd=project / folder)
