"""What JupyterLab opens with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jupyterlab_server.workspaces_handler import WorkspacesManager

from scripts.workspace import READ_ONLY_TAB, arrange_tabs


def workspace(folder: Path) -> dict[str, Any]:
    """Return the stored arrangement as JupyterLab would load it."""
    data: dict[str, Any] = WorkspacesManager(str(folder)).load("default")["data"]
    return data


def test_the_first_start_shows_the_index_without_a_kernel(tmp_path: Path) -> None:
    """The index is the one tab, asks for no kernel, and the file browser is open beside it."""
    arrange_tabs(tmp_path / "workspaces")
    data = workspace(tmp_path / "workspaces")
    assert False is data["notebook:index.ipynb"]["data"]["kernelPreference"]["shouldStart"]
    assert ["notebook:index.ipynb"] == data["layout-restorer:data"]["main"]["dock"]["widgets"]
    assert "filebrowser" == data["layout-restorer:data"]["left"]["current"]


def test_a_learners_own_tabs_stay(tmp_path: Path) -> None:
    """A later start changes the index's tab alone."""
    mine = {
        "notebook:work/04/lesson.ipynb": {"data": {"path": "work/04/lesson.ipynb"}},
        "layout-restorer:data": {},
    }
    index = {"notebook:index.ipynb": {"data": {"path": "index.ipynb", "factory": "Notebook"}}}
    text = json.dumps({"data": mine | index, "metadata": {"id": "default"}})
    WorkspacesManager(str(tmp_path)).save("default", text)
    arrange_tabs(tmp_path)
    assert {**mine, "notebook:index.ipynb": READ_ONLY_TAB} == workspace(tmp_path)


def test_a_damaged_arrangement_is_begun_again(tmp_path: Path) -> None:
    """Half a file does not keep the lab from opening."""
    arrange_tabs(tmp_path)
    (stored,) = tmp_path.iterdir()
    stored.write_text('{"data": ')
    arrange_tabs(tmp_path)
    assert READ_ONLY_TAB == workspace(tmp_path)["notebook:index.ipynb"]
