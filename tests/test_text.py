"""What the project's own text may not hold."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import nbformat
import pytest

from scripts.environment import PROJECT

# Spelled in pieces, so that this file passes its own test.
MACHINE_PATH = re.compile(r"(?<![\w.}-])/(?:home|Users|root|work)" + r"/[A-Za-z.]")
LONG = 2_000_000


def tracked_text_files() -> list[Path]:
    """Return every tracked text file; the whole tree where there is no git."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    paths = [PROJECT / name for name in listing.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and path.suffix not in {".png", ".npz", ".ico"}]


def machine_paths(text: str) -> list[str]:
    """Return the lines of a text that hold a path of somebody's machine."""
    return [line.strip()[:120] for line in text.splitlines() if MACHINE_PATH.search(line)]


def test_no_file_holds_a_path_of_somebodys_machine() -> None:
    """Tracked text, stored notebook outputs included, names no folder of the machine it was made on."""
    found = {}
    for path in tracked_text_files():
        text = path.read_text(encoding="utf-8", errors="replace")
        if len(text) < LONG and (lines := machine_paths(text)):
            found[str(path.relative_to(PROJECT))] = lines
    assert {} == found


@pytest.mark.parametrize("folder", ["home", "Users", "root", "work"])
def test_the_search_finds_a_planted_path(folder: str) -> None:
    """A planted machine path is found, a relative course path is not."""
    assert ["x = '/" + folder + "/somebody'"] == machine_paths(f"x = '/{folder}/somebody'")
    assert [] == machine_paths("course/work/unit and https://example.org/x")


def test_notebooks_are_stored_as_jupyter_writes_them() -> None:
    """Saving an untouched notebook changes no byte, so a tracked one stays as it is when it is opened."""
    notebooks = [path for path in tracked_text_files() if path.suffix == ".ipynb"]
    changed = []
    for path in notebooks:
        text = path.read_text(encoding="utf-8")
        if nbformat.writes(nbformat.reads(text, as_version=4)).rstrip("\n") != text.rstrip("\n"):
            changed.append(str(path.relative_to(PROJECT)))
    assert [] == changed
