"""The arrangement of tabs that JupyterLab opens with: the index, without a kernel it has no use for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["arrange_tabs"]

INDEX = "index.ipynb"
WORKSPACE = "default"
# JupyterLab restores each tab by opening its file with what is noted here.
READ_ONLY_TAB = {"data": {"path": INDEX, "factory": "Notebook", "kernelPreference": {"shouldStart": False}}}
FIRST = {
    "layout-restorer:data": {
        "main": {
            "dock": {"type": "tab-area", "currentIndex": 0, "widgets": [f"notebook:{INDEX}"]},
            "current": f"notebook:{INDEX}",
        },
        "left": {"collapsed": False, "visible": True, "current": "filebrowser", "widgets": ["filebrowser"]},
    }
}


def arrange_tabs(folder: Path) -> None:
    """Note in the workspaces of ``folder`` that the index needs no kernel; a learner's own tabs stay.

    JupyterLab drops the note whenever it saves the arrangement, so each start makes it anew.
    """
    from jupyterlab_server.workspaces_handler import WorkspacesManager

    folder.mkdir(parents=True, exist_ok=True)
    manager = WorkspacesManager(str(folder))
    try:
        # Without a stored workspace the manager makes up an empty one.
        data: dict[str, Any] = manager.load(WORKSPACE).get("data", {})
    except (OSError, ValueError):
        data = {}
    manager.save(
        WORKSPACE,
        json.dumps(
            {"data": {**(data or FIRST), f"notebook:{INDEX}": READ_ONLY_TAB}, "metadata": {"id": WORKSPACE}}
        ),
    )
