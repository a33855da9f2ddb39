"""Answer challenges on saved models in a process of their own: ``python -m grader.models.asked COUNT``.

Reads so many lines that each hold a ``SavedFile`` whose config was checked, then lines
``{"model": 0, "challenge": "…"}``: a file's place among them, and the JSON text of a ``Challenge``. Writes a
``Reply`` for each as one line of JSON. Stored weights are not read: a challenge brings its own.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import warnings

from grader.evidence import Challenge
from grader.models.collect import replied
from grader.models.describe import describe
from grader.models.saved import build
from grader.saved_file import SavedFile

__all__ = ["main"]


def main() -> None:
    """Build every model, then answer until the input ends."""
    answers = sys.stdout
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        files = [SavedFile.from_line(sys.stdin.readline()) for _ in range(int(sys.argv[1]))]
        models = [describe(build(file, values=True)) for file in files]
        for line in sys.stdin:
            asked = json.loads(line)
            reply = replied(Challenge.model_validate_json(asked["challenge"]), {0: models[asked["model"]]})
            answers.write(reply.to_json() + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
