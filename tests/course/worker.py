"""Collects evidence on submitted source, one JSON line in and one out; run by ``conftest.py``, one per backend.

In: ``{"source": text, "task": id, "function": name, "cases": [case, …]}``. Out: evidence, or ``{"error": text}``.
"""

import json
import sys
import traceback

import keras

from grader.evidence import Case
from grader.models.collect import collect


def namespace_of(source: str, known: dict[str, dict]) -> dict:
    """Run a submission's solution cells once, as the notebook would after ``import keras``."""
    if source not in known:
        namespace = {"__name__": "__main__", "keras": keras}
        exec(compile(source, "submission", "exec"), namespace)
        known[source] = namespace
    return known[source]


def main() -> None:
    replies, sys.stdout = sys.stdout, sys.stderr
    known: dict[str, dict] = {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            namespace = namespace_of(request["source"], known)
            cases = [Case.model_validate_json(json.dumps(case)) for case in request["cases"]]
            reply = collect(request["task"], namespace[request["function"]], cases).to_json()
        except Exception:
            reply = json.dumps({"error": traceback.format_exc()})
        print(reply, file=replies, flush=True)


if __name__ == "__main__":
    main()
