"""Run notebooks and store what they give: ``python -m scripts.store_outputs NOTEBOOK …``.

After that `make notebooks` holds the outputs on every backend. Anything on stderr is an error here: a
lesson does not print warnings at its readers.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from scripts.notebooks import make_keys, nbval_environment

__all__ = ["main", "store_outputs"]

METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def store_outputs(path: Path) -> None:
    """Run a notebook from the top and write it back; on an error the file stays as it was.

    Raises:
        CellExecutionError: a cell failed.
        ValueError: a cell wrote to stderr.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=300,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.resolve().parent)}},
    )
    client.execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                raise ValueError(f"{path.name}: the cell {cell.id!r} wrote to stderr: {output.text[:200]}")
    notebook.metadata = nbformat.from_dict(METADATA)
    nbformat.write(notebook, path)


def main(arguments: list[str]) -> int:
    """Store the outputs of the notebooks named, or print how to name them."""
    if not arguments:
        print("Name the notebooks: python -m scripts.store_outputs course/units/UNIT/lesson.ipynb")
        return 2
    with tempfile.TemporaryDirectory(prefix="notebooks-") as state:
        backend = os.environ.get("KERAS_BACKEND", "torch")
        os.environ.update(nbval_environment(dict(os.environ), backend, Path(state)))
        make_keys()
        for name in arguments:
            store_outputs(Path(name))
            print(f"{name}: outputs stored")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
