"""What ``unit.check`` adds to the time a student's model takes to build, at the first check of a process.

A fresh process per figure imports Keras and opens the unit, as a notebook has done by then, and checks a
residual network of 25 layers. The overhead is the time from calling ``check`` to its report being shown,
less the time spent inside the student's own function. Nothing is warmed up: what reading, judging and
drawing import or compile on their first use is in the figure.

``wrong`` is a network with two mistakes and the right weights, so that it is run to see whether it computes
the same, and differences are found, explained and drawn; it costs most. ``subclassed`` is one whose blocks have to be looked into. Figures are medians, in seconds.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["measure"]

ROOT = Path(__file__).resolve().parents[1]
BACKENDS = ("tensorflow", "jax", "torch")
REPEATS = 3

NETWORKS = """
import time

import keras
from keras import layers

spent = 0.0


def timed(function):
    def student(*args, **kwargs):
        global spent
        start = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            spent += time.perf_counter() - start
    return student


def block(x, filters, strides, wrong):
    y = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(x)
    y = layers.Activation("relu")(layers.BatchNormalization()(y))
    y = layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same", use_bias=False)(y))
    if strides > 1:
        x = layers.Conv2D(filters, 1, strides=strides, use_bias=False)(x)
    return y if wrong else layers.Activation("relu")(layers.Add()([y, x]))


def build(wrong=False):
    x = keras.Input((28, 28, 1))
    y = layers.Activation("relu")(layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same")(x)))
    y = block(block(y, 8, 1, False), 16, 2, False)
    y = layers.GlobalAveragePooling2D()(block(y, 16, 1, wrong))
    return keras.Model(x, layers.Dense(10, activation=None if wrong else "softmax")(y))


class Block(keras.layers.Layer):
    def __init__(self, filters, strides):
        super().__init__()
        self.first = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)
        self.second = layers.Conv2D(filters, 3, padding="same", use_bias=False)
        self.norms = [layers.BatchNormalization(), layers.BatchNormalization()]
        self.relus = [layers.Activation("relu"), layers.Activation("relu")]
        self.shortcut = layers.Conv2D(filters, 1, strides=strides, use_bias=False) if strides > 1 else None

    def call(self, x):
        y = self.relus[0](self.norms[0](self.first(x)))
        y = self.norms[1](self.second(y))
        return self.relus[1](y + (self.shortcut(x) if self.shortcut else x))


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.stem = [layers.Conv2D(8, 3, padding="same"), layers.BatchNormalization(), layers.Activation("relu")]
        self.blocks = [Block(8, 1), Block(16, 2), Block(16, 1)]
        self.head = [layers.GlobalAveragePooling2D(), layers.Dense(10, activation="softmax")]

    def call(self, x):
        for step in self.stem + self.blocks + self.head:
            x = step(x)
        return x


def build_subclassed():
    net = Net()
    net(keras.Input((28, 28, 1)))
    return net
"""

MAKE_KEY = """
from pathlib import Path
from grader.evidence import Case
from grader.keys import AnswerKey, TaskKey, write_key
from grader.judge import ask, probes_from
from grader.models.collect import collect, replied
from grader.tasks import Architecture, Connectivity, Parameters, Task
from networks import build

task = Task("net", "A residual network", (Architecture(points=3), Connectivity(points=1), Parameters(points=1)),
            hints=("a", "b", "c"))
evidence = collect("net", build, task.cases)
probes = probes_from(evidence, 0, replied(ask(evidence, 0)), strict=False)
key = TaskKey(task=task.public, cases=task.cases, visible=1, evidence=evidence, probes=probes)
write_key(AnswerKey(unit="bench", title="Benchmark", tasks=(key,)), Path("public_key.json"))
"""

CHECK = """
import contextlib, io, json, sys, time
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.instance()
import keras
import grader
import networks
unit = grader.unit("bench")
work = networks.timed({"wrong": lambda: networks.build(True), "subclassed": networks.build_subclassed}[sys.argv[1]])
with contextlib.redirect_stdout(io.StringIO()):
    start = time.perf_counter()
    result = unit.check("net", work)
    total = time.perf_counter() - start
full = result.verdict.score == result.verdict.max_score
assert full == (sys.argv[1] != "wrong"), result
print(json.dumps({"overhead": total - networks.spent, "build": networks.spent}))
"""


def _run(code: str, *arguments: str, backend: str, folder: str) -> str:
    quiet = {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "KERAS_BACKEND": backend,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}",
    }
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("GRADER_", "NBGRADER_"))
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        cwd=folder,
        env=environment | quiet,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"A check on {backend} failed: {done.stderr[-2000:]}")
    return done.stdout


def measure(repeats: int = REPEATS) -> dict[str, float]:
    """Return figures by name, in seconds."""
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "networks.py").write_text(NETWORKS, encoding="utf-8")
        _run(MAKE_KEY, backend=BACKENDS[-1], folder=folder)
        for backend in BACKENDS:
            medians = {}
            for kind in ("wrong", "subclassed"):
                outputs = [_run(CHECK, kind, backend=backend, folder=folder) for _ in range(repeats)]
                seen = [json.loads(output.splitlines()[-1]) for output in outputs]
                medians[kind] = statistics.median(one["overhead"] for one in seen)
                figures[f"check.build_seconds.{kind}.{backend}"] = statistics.median(
                    one["build"] for one in seen
                )
                figures[f"check.overhead_seconds.{kind}.{backend}"] = medians[kind]
            figures[f"check.overhead_seconds.{backend}"] = max(medians.values())
    return figures


if __name__ == "__main__":
    for name, seconds in measure(int(sys.argv[1]) if len(sys.argv) > 1 else REPEATS).items():
        print(f"{name} {seconds:.3f}")
