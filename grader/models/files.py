"""Describe saved models in a process of their own: ``python -m grader.models.files``.

Reads a line of JSON per file, a ``SavedFile`` whose config was checked, and writes one for each: ``{"graph": …}`` or
``{"error": …}``. Models are built without weights, because a graph needs none.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import warnings
from pathlib import Path

from grader.errors import UnreadableModelError
from grader.models.describe import describe
from grader.models.saved import build, explain
from grader.models.saved_compile_state import compile_as_saved
from grader.saved_file import SavedFile, open_saved

__all__ = ["main", "read_file"]


def read_file(path: Path) -> dict[str, object]:
    """Return the graph of one saved model, or why there is none."""
    try:
        return _described(open_saved(path))
    except UnreadableModelError as error:
        return {"error": str(error)}


def _described(saved: SavedFile) -> dict[str, object]:
    try:
        model = build(saved, values=False)
    except Exception as error:  # a file from anywhere may raise anything; all of it is reported
        return {"error": f"{saved.path} {explain(error)}"}
    compile_as_saved(model, saved.compiled)
    try:
        return {"graph": json.loads(describe(model).graph.to_json())}
    except Exception as error:
        return {"error": f"{saved.path} was loaded, but cannot be read as a graph: {explain(error)}"}


def main() -> None:
    """Describe every file that stands on a line of the input."""
    answers = sys.stdout
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for line in sys.stdin:
            answers.write(json.dumps(_described(SavedFile.from_line(line))) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
