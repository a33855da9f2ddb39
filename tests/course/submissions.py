"""Collects evidence on submitted source; runs in a backend's process."""

import json
import linecache
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from unittest.mock import patch

import keras

from grader.evidence import Case
from grader.models.collect import collect
from grader.models.rebuilding import rebuilt
from grader.saved_config import checked_text


@lru_cache
def _names(source: str) -> dict[str, object]:
    """Run a submission's solution cells once, as the notebook would after ``import keras``."""
    names: dict[str, object] = {"__name__": "__main__", "keras": keras}
    file = f"<submission {len(linecache.cache)}>"
    linecache.cache[file] = (
        len(source),
        None,
        source.splitlines(keepends=True),
        file,
    )  # as a notebook's cells
    exec(compile(source, file, "exec"), names)
    return names


def evidence(source: str, task: str, function: str, cases: list[dict], travels: bool) -> str:
    """Return, as JSON, the evidence on the function of that name; with ``travels``, for other backends as well."""
    given = [Case.model_validate_json(json.dumps(case)) for case in cases]
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "submission.py"
        script.write_text(source, encoding="utf-8")
        # The code of own classes is looked for in the file of what runs.
        with patch.object(sys.modules["__main__"], "__file__", str(script), create=True):
            return collect(task, _names(source)[function], given, configs=True, travels=travels).to_json()


def graphs_of(configs: list[str]) -> list[str]:
    """Return, as JSON, the graphs of the models that are built of configs."""
    return [rebuilt(checked_text(config)).graph.to_json() for config in configs]
