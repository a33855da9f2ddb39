"""Open JupyterLab on the course, with nbgrader's menus and everything kept inside the project."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from scripts.environment import COURSE, STATE, project_environment
from scripts.workspace import arrange_tabs

__all__ = ["is_laid_out", "lab_command", "lay_out_units", "main", "prepare", "sign_notebooks", "warm_up"]


def prepare(course: Path = COURSE) -> None:
    """Make the folders nbgrader's menus need: its exchange, open to all as it demands, and the work folder."""
    exchange = course / "exchange"
    exchange.mkdir(parents=True, exist_ok=True)
    if exchange.stat().st_mode & 0o777 != 0o777:
        exchange.chmod(0o777)
    (course / "work").mkdir(exist_ok=True)


def is_laid_out(unit: Path, work: Path) -> bool:
    """Tell whether a learner's copy is younger than everything it is made from."""
    manifest = work / unit.name / ".released.json"
    if not manifest.is_file():
        return False
    made = manifest.stat().st_mtime
    return all(source.stat().st_mtime <= made for source in (unit / "tasks.py", *unit.glob("*.ipynb")))


def lay_out_units(course: Path = COURSE) -> None:
    """Write the learner's copies in ``course/work``; work that is there already is kept."""
    stale = [
        tasks.parent
        for tasks in sorted(course.glob("units/*/tasks.py"))
        if not is_laid_out(tasks.parent, course / "work")
    ]
    if not stale:
        return
    # Here and not above: this loads nbgrader, which an up-to-date course has no need to wait for.
    from grader.errors import GraderError
    from grader.nbgrader_plugin.release import release_unit

    for unit in stale:
        print(
            f"Laying out {unit.name}: solving it once for the answer key, which takes some seconds",
            flush=True,
        )
        try:
            release = release_unit(unit.name, course, self_paced=True)
        except GraderError as error:
            print(f"{unit.name} cannot be laid out, and the lab opens without it: {error}", flush=True)
            continue
        for name in release.beside:
            print(f"  Your work in {unit.name} was kept; the new version lies beside it: {name}", flush=True)


def sign_notebooks(course: Path = COURSE) -> int:
    """Trust the course's own notebooks, and a learner's copies as they were laid out; return how many are new.

    A signature covers a notebook's content, so nobody else's notebook is trusted with them.
    """
    import nbformat
    from nbformat.sign import NotebookNotary

    notary = NotebookNotary()
    signed = 0
    own = [*course.glob("*.ipynb"), *course.glob("units/*/lesson.ipynb")]
    for path in sorted([*own, *_untouched_copies(course)]):
        notebook = nbformat.read(path, as_version=4)
        if not notary.check_signature(notebook):
            notary.sign(notebook)
            signed += 1
    return signed


def _untouched_copies(course: Path) -> list[Path]:
    """Return the notebooks in ``work`` that are still what their unit's manifest says was laid out."""
    untouched = []
    for manifest in course.glob("work/*/.released.json"):
        for name, digest in json.loads(manifest.read_text(encoding="utf-8")).items():
            copy = manifest.with_name(name)
            if copy.is_file() and hashlib.sha256(copy.read_bytes()).hexdigest() == digest:
                untouched.append(copy)
    return untouched


def lab_command(
    extra: list[str], course: Path = COURSE, *, teach: bool = False, user_id: int | None = None
) -> list[str]:
    """Return the command that starts JupyterLab; ``extra`` goes to it unchanged.

    Learners land in the index and see their own files. With ``teach``, the file browser lists all of the course.
    """
    if user_id is None:
        user_id = os.geteuid()
    index = (course / "index.ipynb").exists() and not teach
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        # The terminal shows where the lab is and what goes wrong, not every request.
        "--log-level=WARN",
        f"--ServerApp.root_dir={course}",
        f"--LabApp.default_url={'/lab/tree/index.ipynb' if index else '/lab'}",
        f"--CourseContents.learner_view={not teach}",
    ]
    if user_id == 0:
        # Jupyter refuses root unless told; containers often have no other user.
        command.append("--allow-root")
    return command + extra


# A process of its own, whose parent has ended: JupyterLab would have to wait for it.
_WARM_UP = """
import contextlib, os
from grader.execution.zygotes import NoZygoteError, start_zygote
if os.fork() == 0:
    with contextlib.suppress(NoZygoteError):
        start_zygote(os.environ)
"""


def warm_up() -> None:
    """Have Keras imported for the first kernel while JupyterLab opens; other backends wait for their first kernel."""
    if sys.platform == "linux":
        # What forks kernels ends with JupyterLab, which this process becomes.
        os.environ["GRADER_ZYGOTE_OWNER"] = str(os.getpid())
        subprocess.run([sys.executable, "-c", _WARM_UP], check=False)


def main(arguments: list[str]) -> None:
    """Prepare, then become JupyterLab."""
    teach = "--teach" in arguments
    extra = [argument for argument in arguments if argument != "--teach"]
    os.environ.update(project_environment(os.environ))
    STATE.mkdir(exist_ok=True)
    prepare()
    lay_out_units()
    sign_notebooks()
    if not teach:
        arrange_tabs(STATE / "config" / "lab" / "workspaces")
    print(
        "Opening JupyterLab; the address is below, should no browser open. Stop it with Ctrl+C.", flush=True
    )
    # nbgrader looks for its configuration in the working folder.
    os.chdir(COURSE)
    warm_up()
    command = lab_command(extra, teach=teach)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
