"""What JupyterLab's save leaves as it was."""

from __future__ import annotations

import copy
import json
import platform
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel

from scripts.saving import as_opened, keep_unedited

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
def root(tmp_path: Path) -> str:
    """A folder that holds the stored notebook twice."""
    for path in (tmp_path / "index.ipynb", tmp_path / "work" / "assignment.ipynb"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(STORED), encoding="utf-8")
    return str(tmp_path)


@pytest.mark.parametrize("name", ["/index.ipynb", "work/assignment.ipynb"])
def test_opening_changes_nothing(root: str, name: str) -> None:
    """A notebook that was only opened is saved as it was."""
    model = opened()
    keep_unedited(model, name, root)
    expected = nbformat.from_dict(STORED)
    expected.cells[0].source = "".join(expected.cells[0].source)
    saved = nbformat.from_dict(model["content"])
    saved.cells[0].source = "".join(saved.cells[0].source)
    assert expected == saved


def test_running_the_index_changes_nothing(root: str) -> None:
    """Outputs of the index stay on the screen; the tracked file keeps the stored ones."""
    model = opened(execution_count=1)
    keep_unedited(model, "index.ipynb", root)
    assert STORED == model["content"]


def test_work_is_saved(root: str) -> None:
    """What a learner types or runs in a notebook of their own is saved."""
    model = opened(source="2", execution_count=1)
    keep_unedited(model, "work/assignment.ipynb", root)
    assert ("2", 1) == (
        model["content"]["cells"][0]["source"],
        model["content"]["cells"][0]["execution_count"],
    )


def test_an_edited_index_is_saved(root: str) -> None:
    """An author who edits the index sees the edit saved."""
    model = opened(source="2")
    keep_unedited(model, "index.ipynb", root)
    assert "2" == model["content"]["cells"][0]["source"]


def test_a_chosen_kernel_is_saved(root: str) -> None:
    """Another kernel, chosen by the learner, is kept."""
    model = opened()
    model["content"]["metadata"]["kernelspec"]["name"] = "other"
    keep_unedited(model, "work/assignment.ipynb", root)
    assert "other" == model["content"]["metadata"]["kernelspec"]["name"]


def test_new_notebooks_and_other_files_pass(root: str) -> None:
    """A notebook that is not on disk yet, and a text file, are saved as they come."""
    model = opened()
    keep_unedited(model, "new.ipynb", root)
    assert opened() == model
    text = {"type": "file", "content": "x"}
    keep_unedited(text, "notes.txt", root)
    assert {"type": "file", "content": "x"} == text


def test_what_a_kernel_would_note_is_there_already() -> None:
    """A notebook is opened with this Python's version and kernel name, so that JupyterLab finds nothing to add."""
    content = copy.deepcopy(STORED)
    as_opened(content)
    info = content["metadata"]["language_info"]
    assert platform.python_version() == info["version"]
    assert "Python 3 (ipykernel)" == content["metadata"]["kernelspec"]["display_name"]


def test_another_kernel_is_left_alone() -> None:
    """Nothing is noted in a notebook of a kernel that is not this Python's, or that names none."""
    other = copy.deepcopy(STORED)
    other["metadata"]["kernelspec"]["name"] = "other"
    bare: dict[str, Any] = {"metadata": {}, "cells": []}
    before = copy.deepcopy([other, bare])
    as_opened(other)
    as_opened(bare)
    assert before == [other, bare]


def test_what_is_shown_is_what_the_kernel_says() -> None:
    """A started kernel answers with the very words that were added, field by field."""
    manager, client = start_new_kernel()
    try:
        answer = client.kernel_info(reply=True)["content"]["language_info"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    content = copy.deepcopy(STORED)
    as_opened(content)
    assert answer == content["metadata"]["language_info"]


def test_opening_and_saving_cancel_out(root: str) -> None:
    """What is added when a notebook is opened is gone from what is saved."""
    content = copy.deepcopy(STORED)
    as_opened(content)
    model = {"type": "notebook", "content": content}
    keep_unedited(model, "work/assignment.ipynb", root)
    assert STORED == model["content"]
