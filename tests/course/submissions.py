"""Collects evidence on submitted source; runs in a backend's process."""

import json
from functools import lru_cache

import keras

from grader.evidence import Case
from grader.models.collect import collect
from grader.models.rebuilding import rebuilt
from grader.saved_config import checked_text


@lru_cache
def _names(source: str) -> dict[str, object]:
    """Run a submission's solution cells once, as the notebook would after ``import keras``."""
    names: dict[str, object] = {"__name__": "__main__", "keras": keras}
    exec(compile(source, "submission", "exec"), names)
    return names


def evidence(source: str, task: str, function: str, cases: list[dict]) -> str:
    """Return, as JSON, the evidence on the function of that name."""
    given = [Case.model_validate_json(json.dumps(case)) for case in cases]
    return collect(task, _names(source)[function], given, configs=True).to_json()


def graphs_of(configs: list[str]) -> list[str]:
    """Return, as JSON, the graphs of the models that are built of configs."""
    return [rebuilt(checked_text(config)).graph.to_json() for config in configs]
