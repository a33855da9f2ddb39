"""Every model of ``keras.applications``: described, found in its renamed copy, and told from mutants and the others.

On PyTorch, weights without values: what is measured looks at graphs. Two models with different steps in their
normal forms cannot be the same; pairs with the same steps would be compared, and none of the pairs has them.
Then four models are compared live with a mutant of theirs, weights and runs and all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["measure"]

PROJECT = Path(__file__).resolve().parent.parent
LIVE = ("ResNet50", "EfficientNetB0", "MobileNetV2", "DenseNet121")


def measure() -> dict[str, float]:
    """Return figures by name: counts, shares, seconds and mebibytes."""
    figures = _asked("graphs")
    for name in LIVE:
        figures |= _asked(name)  # a process each: the most memory it took is asked
    return figures


def _asked(what: str) -> dict[str, float]:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.applications", what]
    settings = os.environ | {"KERAS_BACKEND": "torch", "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, cwd=PROJECT, env=settings, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _graphs() -> dict[str, float]:
    from tests.unit.models.application_models import alike, looked_at, names

    found: dict[str, Any] = {name: looked_at(name, every_skip=True) for name in names()}
    seen = {name: one for name, one in found.items() if one is not None}
    cut = [told for one in seen.values() for told in one["cut"]]
    widened = [told for one in seen.values() for told in one["widened"]]
    figures = {
        "applications.models": len(found),
        "applications.not_available": len(found) - len(seen),
        "applications.described": sum(one["weights"] for one in seen.values()),
        "applications.equal_to_renamed": sum(one["renamed"] and not one["names"] for one in seen.values()),
        "applications.pairs": len(seen) * (len(seen) - 1) // 2,
        "applications.pairs_alike": len(alike({name: one["graph"] for name, one in seen.items()})),
        "applications.skips_cut": len(cut),
        "applications.skips_told_exactly": sum(_exactly(told, "missing-layer") for told in cut),
        "applications.units_changed": len(widened),
        "applications.units_told_exactly": sum(_exactly(told, "wrong-config") for told in widened),
        "applications.describe_seconds": sum(one["seconds"] for one in seen.values()),
    }
    for name, one in seen.items():
        figures[f"applications.describe_seconds.{name}"] = one["seconds"]
    for name, one in seen.items():
        for told in (*one["cut"], *one["widened"]):
            if not (_exactly(told, "missing-layer") or _exactly(told, "wrong-config")):
                print(name, told["kinds"], told["messages"], file=sys.stderr)
    return figures


def _exactly(told: dict[str, Any], kind: str) -> bool:
    return told["there"] and [kind] == told["kinds"]


def _live(name: str) -> dict[str, float]:
    import resource
    import time

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
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    told = grader.compare(student, reference)
    seconds = time.process_time() - began
    assert len(told.differences) == 1, told.differences
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return {
        f"applications.live_seconds.{name}_{change}": seconds,
        f"applications.live_mebibytes.{name}_{change}": more,
    }


if __name__ == "__main__":
    print(json.dumps(_graphs() if sys.argv[1] == "graphs" else _live(sys.argv[1])))
