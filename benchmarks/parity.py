"""What comparing a model on three backends takes, with workers warm, and the memory they need.

``parity.seconds.two_layers`` is a Dense model of two layers, quick; ``two_layers_command`` the same as a command,
``grader parity``, from start to end of its process; ``mobilenetv2`` and ``mobilenetv2_full`` are MobileNetV2 at its own
size, compiled, at both levels; ``parity.passed.mobilenetv2_full`` is 1 where that passes. ``parity.mebibytes`` is the most that the three processes of a full check held together.
``parity.caught.MODEL`` is 1 where six families of ``keras.applications`` at a small size pass, and a planted 0.1% change
of one kernel on one backend is caught.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.execution.native_logs import QUIET
from grader.execution.zygotes import start_zygote
from grader.parity_answers import Portable, Run, RunAnswer
from grader.portability.check import BACKENDS, Level, check
from grader.portability.panel import Process, Subject
from grader.portability.records import ParityReport
from grader.saved_file import open_saved

__all__ = ["FAMILIES", "measure"]

PROJECT = Path(__file__).resolve().parent.parent
FAMILIES = ("MobileNetV2", "ResNet50", "DenseNet121", "EfficientNetB0", "VGG16", "Xception")
SIDE = {"Xception": 71}
PLANTED = 1.001

MODELS = """
import sys
import keras

folder, side = sys.argv[1], {"Xception": 71}
two = keras.Sequential([keras.Input((8,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(3, "softmax")])
two.save(f"{folder}/two_layers.keras")
mobile = keras.applications.MobileNetV2(weights=None)
mobile.compile("adam", "sparse_categorical_crossentropy")
mobile.save(f"{folder}/mobilenetv2.keras")
for name in sys.argv[2:]:
    make = getattr(keras.applications, name)
    shape = (side.get(name, 32),) * 2 + (3,)
    make(weights=None, input_shape=shape, classes=10).save(f"{folder}/{name}.keras")
"""


def measure() -> dict[str, float]:
    """Return figures by name: seconds, mebibytes, and 1 for what was caught."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = os.environ | QUIET | {"KERAS_BACKEND": "torch", "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-W", "ignore", "-c", MODELS, folder, *FAMILIES]
        subprocess.run(command, env=settings, cwd=PROJECT, check=True, capture_output=True)
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        for backend in BACKENDS:
            start_zygote({**os.environ, **QUIET, "KERAS_BACKEND": backend})
        two = Path(folder) / "two_layers.keras"
        _passed(two)
        figures["parity.seconds.two_layers"] = min(_timed(lambda: _passed(two)) for _ in range(5))
        figures["parity.seconds.two_layers_command"] = min(_timed(lambda: _command(two)) for _ in range(3))
        mobile = Path(folder) / "mobilenetv2.keras"
        figures["parity.seconds.mobilenetv2"] = _timed(lambda: _passed(mobile))
        reports: list[ParityReport] = []
        with _watched() as most:
            figures["parity.seconds.mobilenetv2_full"] = _timed(
                lambda: reports.append(_report(mobile, "full"))
            )
        figures["parity.passed.mobilenetv2_full"] = float(reports[0].passed)
        figures["parity.mebibytes.mobilenetv2_full"] = most[0]
        for name in FAMILIES:
            figures[f"parity.caught.{name}"] = float(_caught(Path(folder) / f"{name}.keras"))
            print(f"  parity.caught.{name} {figures[f'parity.caught.{name}']:g}", flush=True)
    return figures


def _timed(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def _command(path: Path) -> None:
    command = [str(Path(sys.executable).parent / "grader"), "parity", str(path), "--json"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["rows"]


def _portable(path: Path) -> Portable:
    saved = open_saved(path)
    return Portable(name=path.name, config=saved.config, compiled=saved.compiled)


def _report(path: Path, level: Level = "quick") -> ParityReport:
    portable = _portable(path)
    return check(path.name, {name: _maker(name, portable) for name in BACKENDS}, level=level)


def _passed(path: Path) -> None:
    report = _report(path)
    assert report.passed, str(report)


def _maker(backend: str, portable: Portable) -> Callable[[], Subject]:
    return lambda: Process(backend, portable)


class _Planted(Process):
    """A backend on which one kernel, in the middle, is a thousandth larger."""

    def run(self, asked: Run) -> RunAnswer:
        graph = self.opened().graph
        assert graph is not None
        kernels = [n for n, weight in enumerate(graph.weights) if len(weight.shape) > 1]
        return super().run(asked.model_copy(update={"scaled": {kernels[len(kernels) // 2]: PLANTED}}))


def _caught(path: Path) -> bool:
    """Whether a family passes, and does not with a change planted on any one of the other backends."""
    if not (report := _report(path)).passed:
        print(report, flush=True)
        return False
    portable = _portable(path)
    for backend in ("jax", "tensorflow"):
        makers = {name: _maker(name, portable) for name in BACKENDS}
        makers[backend] = lambda backend=backend: _Planted(backend, portable)
        report = check(path.name, makers)
        failed = {row.backends for row in report.rows if row.check == "outputs" and row.verdict == "failed"}
        if {("torch", backend)} != failed or f"torch, {backend}" not in report.parts_at:
            return False
    return True


@contextmanager
def _watched() -> Iterator[list[float]]:
    """Look, while the ``with`` block runs, at what all backends' processes hold together; the most, in MiB."""
    most, done = [0.0], threading.Event()

    def look() -> None:
        while not done.wait(0.2):
            most[0] = max(most[0], sum(map(_proportional, _workers())))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield most
    finally:
        done.set()
        watcher.join()


def _workers() -> list[Path]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "comm").read_text().strip() == "keras-worker":
                found.append(entry)
        except OSError:
            continue
    return found


def _proportional(entry: Path) -> float:
    try:
        text = (entry / "smaps_rollup").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("Pss:")), 0.0)
