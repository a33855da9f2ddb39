"""Keep JupyterLab from rewriting notebooks that nobody has edited.

As soon as a notebook's kernel has started, JupyterLab notes the kernel's exact version in the
metadata, marks the tab as unsaved, and saves some minutes later. The course's index would then differ
from the repository's, and a learner's untouched copy would count as work when a unit is released again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["as_opened", "keep_unedited"]

INDEX = "index.ipynb"
NATIVE_KERNEL = "python3"


def as_opened(content: dict[str, Any]) -> None:
    """Add to a notebook what JupyterLab would note of its kernel, so that there is nothing left to note."""
    # Here and not above: IPython takes half a second, which the server's start need not wait for.
    from ipykernel.ipkernel import IPythonKernel
    from ipykernel.kernelspec import get_kernel_dict

    metadata = content["metadata"]
    if metadata.get("kernelspec", {}).get("name") != NATIVE_KERNEL:
        return
    native = get_kernel_dict()
    metadata["kernelspec"] = {
        "name": NATIVE_KERNEL,
        "display_name": native["display_name"],
        "language": native["language"],
    }
    metadata["language_info"] = dict(IPythonKernel.language_info)


def keep_unedited(model: dict[str, Any], path: str, root: str) -> None:
    """Put back what the file on disk says of its kernel and, in the index, all that running it changed.

    ``model`` is what is about to be saved, ``path`` its place below ``root``; it is edited in place.
    """
    if model.get("type") != "notebook" or not isinstance(model.get("content"), dict):
        return
    name = path.strip("/")
    try:
        text = (Path(root) / name).read_text(encoding="utf-8")
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
