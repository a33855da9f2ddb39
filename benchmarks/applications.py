"""Every model of ``keras.applications``: described, found in its renamed copy, and told from mutants and the others.

On every backend, weights without values: what is measured looks at graphs. Every pair of models is compared, on
TensorFlow both ways; a skip connection is taken out of each model that has one, on PyTorch each of them in turn.
Then, on PyTorch, four models are compared live with a mutant of theirs, weights and runs and all, and ResNet50
with a model that is written otherwise and computes the same.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["measure"]

PROJECT = Path(__file__).resolve().parent.parent
BACKENDS = ("tensorflow", "jax", "torch")
LIVE = ("ResNet50", "EfficientNetB0", "MobileNetV2", "DenseNet121")


def measure() -> dict[str, float]:
    """Return figures by name: counts, shares, seconds and mebibytes."""
    figures: dict[str, float] = {}
    for backend in BACKENDS:
        if importlib.util.find_spec(backend) is not None:
            figures |= _asked("graphs", backend)
    for what in (*LIVE, "rewritten"):
        figures |= _asked(what, "torch")  # a process each: the most memory it took is asked
    return figures


def _asked(what: str, backend: str) -> dict[str, float]:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.applications", what]
    settings = os.environ | {
        "KERAS_BACKEND": backend,
        "JAX_PLATFORMS": "cpu",
        "OMP_NUM_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    done = subprocess.run(command, cwd=PROJECT, env=settings, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _graphs() -> dict[str, float]:
    import keras

    from tests.unit.models.application_models import looked_at, names, told_apart

    backend = keras.backend.backend()
    found: dict[str, Any] = {name: looked_at(name, every_skip=backend == "torch") for name in names()}
    seen = {name: one for name, one in found.items() if one is not None}
    cut = [told for one in seen.values() for told in one["cut"]]
    widened = [told for one in seen.values() for told in one["widened"]]
    graphs = {name: one["graph"] for name, one in seen.items()}
    pairs = told_apart(graphs, both_ways=backend == "tensorflow")
    figures = {
        "models": len(found),
        "not_available": len(found) - len(seen),
        "described": sum(one["weights"] for one in seen.values()),
        "equal_to_renamed": sum(one["renamed"] and not one["names"] for one in seen.values()),
        "pairs": pairs["pairs"],
        "pairs_alike": len(pairs["alike"]),
        "slowest_pair_seconds": pairs["slowest"][0],
        "skips_cut": len(cut),
        "skips_told_exactly": sum(_exactly(told, "missing-layer") for told in cut),
        "units_changed": len(widened),
        "units_told_exactly": sum(_exactly(told, "wrong-config") for told in widened),
        "describe_seconds": sum(one["seconds"] for one in seen.values()),
    }
    for name, one in seen.items():
        figures[f"describe_seconds.{name}"] = one["seconds"]
    print(f"{backend}: the slowest pair is {' and '.join(pairs['slowest'][1:])}", file=sys.stderr)
    for name, one in seen.items():
        for told in (*one["cut"], *one["widened"]):
            if not (_exactly(told, "missing-layer") or _exactly(told, "wrong-config")):
                print(backend, name, told["kinds"], told["messages"], file=sys.stderr)
    return {f"applications.{backend}.{name}": figure for name, figure in figures.items()}


def _exactly(told: dict[str, Any], kind: str) -> bool:
    return told["there"] and [kind] == told["kinds"]


def _rewritten() -> dict[str, float]:
    import keras

    from tests.unit.models.application_models import rewritten_resnet50

    student, reference = rewritten_resnet50(), keras.applications.ResNet50(weights=None)
    told, figures = _compared(student, reference, "ResNet50_rewritten")
    assert told.behaviour.same, told
    return figures


def _mutated(name: str) -> dict[str, float]:
    import keras

    import grader
    from tests.unit.models import application_models as models

    reference = getattr(keras.applications, name)(weights=None)
    graph = grader.describe(reference)
    cut = any(models.skips(graph))
    change = "skip" if cut else "unit"
    if cut:
        student = models.live_without_skip(reference)
    else:
        last = [layer.name for layer in graph.layers if "units" in layer.config][-1]
        student = models.with_one_more(reference, last, "units", values=True)
    told, figures = _compared(student, reference, f"{name}_{change}")
    assert len(told.differences) == 1, told.differences
    return figures


def _compared(student: Any, reference: Any, name: str) -> tuple[Any, dict[str, float]]:
    import resource
    import time

    import grader

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    told = grader.compare(student, reference)
    seconds = time.process_time() - began
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return told, {
        f"applications.live_seconds.{name}": seconds,
        f"applications.live_mebibytes.{name}": more,
    }


if __name__ == "__main__":
    what = sys.argv[1]
    measured = {"graphs": _graphs, "rewritten": _rewritten}.get(what) or (lambda: _mutated(what))
    print(json.dumps(measured()))
