"""What reading a model as a graph takes beside Keras's own ``get_config``, and what large models take.

Medians of processor time on PyTorch, in one process of its own and warmed up; both are asked in turn, so that
what else the machine does falls on both.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["measure"]

REPEATS = 31
PROJECT = Path(__file__).resolve().parent.parent


def measure(repeats: int = REPEATS) -> dict[str, float]:
    """Return figures by name: seconds, and one ratio."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.describe", str(repeats)]
    settings = os.environ | {"KERAS_BACKEND": "torch", "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, cwd=PROJECT, env=settings, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _medians(repeats: int, *functions: Callable[[], object]) -> list[float]:
    seconds: list[list[float]] = [[] for _ in functions]
    for function in functions:  # the first get_config imports TensorFlow
        function()
    gc.collect()
    for _ in range(repeats):
        for function, taken in zip(functions, seconds, strict=True):
            began = time.process_time()
            function()
            taken.append(time.process_time() - began)
    return [statistics.median(taken) for taken in seconds]


def _measured(repeats: int) -> dict[str, float]:
    import keras

    from grader.models import describe
    from tests.unit.models.deep_models import build

    with keras.device("meta"):  # no weights are filled: neither side looks at their values
        resnet = keras.applications.ResNet50(weights=None)
    config, described = _medians(repeats, resnet.get_config, lambda: describe(resnet))
    chain, nest = build("chain", 2000), build("nested", 500)
    (long,), (deep,) = _medians(3, lambda: describe(chain)), _medians(3, lambda: describe(nest))
    return {
        "describe.get_config_seconds_resnet50": config,
        "describe.seconds_resnet50": described,
        "describe.vs_get_config_resnet50": described / config,
        "describe.seconds_2000_calls": long,
        "describe.seconds_500_levels": deep,
    }


if __name__ == "__main__":
    print(json.dumps(_measured(int(sys.argv[1]))))
