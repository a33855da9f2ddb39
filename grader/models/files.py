"""Read saved models in a process of their own: ``python -m grader.models.files FILE …``.

Writes one JSON object per file on stdout: ``{"graph": …}`` or ``{"error": …}``. Files are loaded with
``safe_mode=True``, so that a stored lambda is refused rather than run.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import warnings
from pathlib import Path

import keras

from grader.models.describe import describe

__all__ = ["main", "read_file"]


def read_file(path: Path) -> dict[str, object]:
    """Return the graph of one saved model, or why there is none."""
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
        return {"graph": json.loads(describe(model).graph.to_json())}
    except Exception as error:  # a file from anywhere may raise anything; all of it is reported
        return {
            "error": f"{path} cannot be read as a Keras model: {type(error).__name__}: {error} "
            "Models with classes of your own can be compared in Python, with grader.compare(model, model)."
        }


def main() -> None:
    """Read every file named on the command line."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = [read_file(Path(name)) for name in sys.argv[1:]]
    for result in results:
        sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
