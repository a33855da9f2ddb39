"""Keep JupyterLab from rewriting notebooks that nobody has edited.

JupyterLab saves a notebook some minutes after it has merely been opened, because the kernel's exact
version is new to its metadata. The course's index would then differ from the repository's, and a
learner's untouched copy would count as work when a unit is released again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["keep_unedited"]

INDEX = "index.ipynb"


def keep_unedited(*, model: dict[str, Any], path: str, contents_manager: Any, **_: Any) -> None:
    """Put back what the file on disk says of its kernel and, in the index, all that running it changed.

    A pre-save hook of Jupyter Server: it edits ``model`` in place.
    """
    if model.get("type") != "notebook" or not isinstance(model.get("content"), dict):
        return
    name = path.strip("/")
    try:
        text = (Path(contents_manager.root_dir) / name).read_text(encoding="utf-8")
        stored = json.loads(text)
    except (OSError, ValueError):
        # A new notebook, or one that is not JSON yet: nothing to go by.
        return
    content = model["content"]
    if name == INDEX and _sources(content) == _sources(stored):
        model["content"] = stored
        return
    metadata, before = content.setdefault("metadata", {}), stored.get("metadata", {})
    if "language_info" in before:
        metadata["language_info"] = before["language_info"]
    else:
        metadata.pop("language_info", None)
    if metadata.get("kernelspec", {}).get("name") == before.get("kernelspec", {}).get("name"):
        metadata["kernelspec"] = before.get("kernelspec", {})


def _sources(notebook: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what a person typed: each cell's type and text, which files hold as lists of lines."""
    return [(cell["cell_type"], "".join(cell["source"])) for cell in notebook.get("cells", [])]
