"""Read saved models in a process of their own: ``python -m grader.models.files FILE …``.

Writes one JSON object per file on stdout: ``{"graph": …}`` or ``{"error": …}``. Files are loaded with
``safe_mode=True``, so that a stored lambda is refused rather than run.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import warnings
import zipfile
from pathlib import Path

import keras

from grader.errors import UnreadableModelError
from grader.models.describe import describe
from grader.models.saved_compile_state import compile_as_saved

__all__ = ["explain", "main", "read_file"]

_UNKNOWN = re.compile(r"Could not locate (?:class|function|object) '([\w.>]{1,80})'")


def read_file(path: Path) -> dict[str, object]:
    """Return the graph of one saved model, or why there is none."""
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
        compile_as_saved(model, path)
        return {"graph": json.loads(describe(model).graph.to_json())}
    except Exception as error:  # a file from anywhere may raise anything; all of it is reported
        return {"error": f"{path} {explain(error)}"}


def explain(error: Exception) -> str:
    """Say in one line why Keras did not load a file, and what to do; its own text can fill a page."""
    text = str(error)
    if found := _UNKNOWN.search(text):
        return (
            f"uses {found[1]!r}, which is not part of Keras: its code is not in the file. Load it in Python, "
            "where that code is imported, and give the model to grader.describe or grader.compare."
        )
    if "lambda" in text.lower() and isinstance(error, ValueError):
        return (
            "holds a lambda, which is not run: it could be any code. Put keras.ops in its place and save again, "
            "or load it in Python and give the model to grader.describe or grader.compare."
        )
    if isinstance(error, zipfile.BadZipFile | json.JSONDecodeError) or "truncated file" in text:
        return f"is damaged: {_short(error)}. Save it again with model.save('name.keras')."
    if isinstance(error, UnreadableModelError):
        return f"was loaded, but cannot be read as a graph: {_short(error)}."
    return f"cannot be loaded by Keras {keras.__version__}: {_short(error)}."


def _short(error: Exception, limit: int = 200) -> str:
    """Return the first sentence of an error's text."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    sentence = re.split(r"(?<=[.!?])\s", lines[0], maxsplit=1)[0].rstrip(". ")
    return sentence if len(sentence) <= limit else sentence[: limit - 1] + "…"


def main() -> None:
    """Read every file named on the command line."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = [read_file(Path(name)) for name in sys.argv[1:]]
    for result in results:
        sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
