"""What JupyterLab's save leaves as it was."""

from __future__ import annotations

import copy
import json
import types
from pathlib import Path
from typing import Any

import nbformat
import pytest

from scripts.saving import keep_unedited

STORED: dict[str, Any] = {
    "cells": [
        {
            "cell_type": "code",
            "id": "a",
            "metadata": {},
            "source": ["1 +\n", "1"],
            "outputs": [],
            "execution_count": None,
        }
    ],
    "metadata": {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    },
    "nbformat": 4,
    "nbformat_minor": 5,
}


def opened(**cell: Any) -> dict[str, Any]:
    """Return the model JupyterLab sends after the notebook has been opened, a cell changed as given."""
    content = copy.deepcopy(STORED)
    content["cells"][0] |= {"source": "1 +\n1"} | cell
    content["metadata"]["kernelspec"]["display_name"] = "Python 3 (ipykernel)"
    content["metadata"]["language_info"] = {"name": "python", "version": "3.12.1"}
    return {"type": "notebook", "content": content}


@pytest.fixture
def manager(tmp_path: Path) -> types.SimpleNamespace:
    """A contents manager over a folder that holds the stored notebook twice."""
    for path in (tmp_path / "index.ipynb", tmp_path / "work" / "assignment.ipynb"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(STORED), encoding="utf-8")
    return types.SimpleNamespace(root_dir=str(tmp_path))


@pytest.mark.parametrize("name", ["/index.ipynb", "work/assignment.ipynb"])
def test_opening_changes_nothing(manager: types.SimpleNamespace, name: str) -> None:
    """A notebook that was only opened is saved as it was."""
    model = opened()
    keep_unedited(model=model, path=name, contents_manager=manager)
    expected = nbformat.from_dict(STORED)
    expected.cells[0].source = "".join(expected.cells[0].source)
    saved = nbformat.from_dict(model["content"])
    saved.cells[0].source = "".join(saved.cells[0].source)
    assert expected == saved


def test_running_the_index_changes_nothing(manager: types.SimpleNamespace) -> None:
    """Outputs of the index stay on the screen; the tracked file keeps the stored ones."""
    model = opened(execution_count=1)
    keep_unedited(model=model, path="index.ipynb", contents_manager=manager)
    assert STORED == model["content"]


def test_work_is_saved(manager: types.SimpleNamespace) -> None:
    """What a learner types or runs in a notebook of their own is saved."""
    model = opened(source="2", execution_count=1)
    keep_unedited(model=model, path="work/assignment.ipynb", contents_manager=manager)
    assert ("2", 1) == (
        model["content"]["cells"][0]["source"],
        model["content"]["cells"][0]["execution_count"],
    )


def test_an_edited_index_is_saved(manager: types.SimpleNamespace) -> None:
    """An author who edits the index sees the edit saved."""
    model = opened(source="2")
    keep_unedited(model=model, path="index.ipynb", contents_manager=manager)
    assert "2" == model["content"]["cells"][0]["source"]


def test_a_chosen_kernel_is_saved(manager: types.SimpleNamespace) -> None:
    """Another kernel, chosen by the learner, is kept."""
    model = opened()
    model["content"]["metadata"]["kernelspec"]["name"] = "other"
    keep_unedited(model=model, path="work/assignment.ipynb", contents_manager=manager)
    assert "other" == model["content"]["metadata"]["kernelspec"]["name"]


def test_new_notebooks_and_other_files_pass(manager: types.SimpleNamespace) -> None:
    """A notebook that is not on disk yet, and a text file, are saved as they come."""
    model = opened()
    keep_unedited(model=model, path="new.ipynb", contents_manager=manager)
    assert opened() == model
    text = {"type": "file", "content": "x"}
    keep_unedited(model=text, path="notes.txt", contents_manager=manager)
    assert {"type": "file", "content": "x"} == text
