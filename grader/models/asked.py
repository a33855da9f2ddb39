"""Answer challenges on saved models in a process of their own: ``python -m grader.models.asked FILE …``.

Reads lines ``{"model": 0, "challenge": "…"}``: a file's place on the command line, and the JSON text of a
``Challenge``. Writes a ``Reply`` for each as one line of JSON. Files are loaded with ``safe_mode=True``.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import warnings

import keras

from grader.evidence import Challenge
from grader.models.collect import replied
from grader.models.describe import describe

__all__ = ["main"]


def main() -> None:
    """Load every file named on the command line, then answer until the input ends."""
    answers = sys.stdout
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        models = [
            describe(keras.saving.load_model(path, compile=False, safe_mode=True)) for path in sys.argv[1:]
        ]
        for line in sys.stdin:
            asked = json.loads(line)
            reply = replied(Challenge.model_validate_json(asked["challenge"]), {0: models[asked["model"]]})
            answers.write(reply.to_json() + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
