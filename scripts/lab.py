"""Open JupyterLab on the course, with nbgrader's menus and everything kept inside the project."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from scripts.environment import COURSE, STATE, project_environment

__all__ = ["is_laid_out", "lab_command", "lay_out_units", "main", "prepare", "sign_notebooks"]


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
    """Trust the stored outputs of the course's own notebooks; return how many were not trusted before.

    A signature covers a notebook's content, so an untouched copy of a lesson is trusted with it and
    anybody else's notebook is not.
    """
    import nbformat
    from nbformat.sign import NotebookNotary

    notary = NotebookNotary()
    signed = 0
    for path in sorted([*course.glob("*.ipynb"), *course.glob("units/*/lesson.ipynb")]):
        notebook = nbformat.read(path, as_version=4)
        if not notary.check_signature(notebook):
            notary.sign(notebook)
            signed += 1
    return signed


def lab_command(extra: list[str], course: Path = COURSE, user_id: int | None = None) -> list[str]:
    """Return the command that starts JupyterLab; ``extra`` goes to it unchanged."""
    if user_id is None:
        user_id = os.geteuid()
    start = "/lab/tree/index.ipynb" if (course / "index.ipynb").exists() else "/lab"
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={course}",
        f"--LabApp.default_url={start}",
    ]
    if user_id == 0:
        # Jupyter refuses root unless told; containers often have no other user.
        command.append("--allow-root")
    return command + extra


def main(extra: list[str]) -> None:
    """Prepare, then become JupyterLab."""
    os.environ.update(project_environment(os.environ))
    STATE.mkdir(exist_ok=True)
    prepare()
    lay_out_units()
    sign_notebooks()
    # nbgrader looks for its configuration in the working folder.
    os.chdir(COURSE)
    command = lab_command(extra)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
