"""Keras in a forked kernel does what it does in a fresh one, on every backend."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from grader.execution.jax_cache import kept_in
from grader.execution.kernelspecs import WarmKernelSpecs, kernel_for
from grader.execution.zygotes import FOLDER_VARIABLE
from tests.unit.execution.conftest import folder_for_zygotes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.backends,
    pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only"),
]


class WarmManager(KernelManager):
    """Finds the course's kernels without their being installed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.kernel_spec_manager = WarmKernelSpecs()


@pytest.fixture(scope="module")
def folder() -> Iterator[str]:
    with folder_for_zygotes() as folder:
        yield str(folder)


@pytest.fixture(params=["tensorflow", "jax", "torch"])
def backend(request: pytest.FixtureRequest, folder: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each backend in turn, with one zygote for the module's tests."""
    monkeypatch.setenv(FOLDER_VARIABLE, folder)
    for name in ("PYTEST_CURRENT_TEST", "KERAS_BACKEND", "MPLBACKEND"):
        monkeypatch.delenv(name, raising=False)  # the first has ipykernel leave the standard streams alone
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return request.param


def run(backend: str, *cells: str) -> list[list[Any]]:
    """Run cells in a warm kernel of a backend, as any notebook, and return their outputs."""
    notebook = new_notebook(cells=[new_code_cell(textwrap.dedent(cell)) for cell in cells])
    client = NotebookClient(
        notebook, timeout=300, kernel_name=kernel_for(backend), kernel_manager_class=WarmManager
    )
    client.execute()
    return [cell.outputs for cell in notebook.cells]


def printed(outputs: list[Any]) -> str:
    return "".join(output.get("text", "") for output in outputs).strip()


MODEL = """
import keras, numpy as np
from keras import layers
x = keras.Input((8,))
y = layers.Dense(8, activation="relu")(x)
model = keras.Model(x, layers.Dense(1)(layers.Dropout(0.5)(layers.Add()([x, y]))))
model.compile("adam", "mse")
history = model.fit(np.ones((64, 8)), np.zeros((64, 1)), epochs=2, verbose=0)
"""


def test_a_model_trains(backend: str) -> None:
    """Keras is there before the first cell imports it, on the backend of the kernel, and trains and predicts."""
    before, _, after = run(
        backend,
        "import sys; print('keras' in sys.modules)",
        MODEL,
        "print(keras.backend.backend(), len(history.history['loss']), model.predict(np.ones((2, 8)), verbose=0).shape)",
    )
    assert "True" == printed(before)
    assert f"{backend} 2 (2, 1)" == printed(after)


DRAWS = """
import json, random
import keras, numpy as np
def draw():
    dense = keras.layers.Dense(1)
    dense.build((None, 1))
    drawn = {
        "python": random.random(),
        "numpy": float(np.random.rand()),
        "keras": float(keras.random.normal(())),
        "weight": float(keras.ops.convert_to_numpy(dense.kernel)[0, 0]),
    }
    if keras.backend.backend() == "torch":
        import torch
        drawn["torch"] = float(torch.rand(()))
    if keras.backend.backend() == "tensorflow":
        import tensorflow
        drawn["tensorflow"] = float(tensorflow.random.normal(()))
    return drawn
"""


def test_two_kernels_draw_different_numbers(backend: str) -> None:
    """What is drawn without a seed differs between kernels of one zygote, whichever library draws it."""
    first, second = (
        json.loads(printed(run(backend, f"{DRAWS}print(json.dumps(draw()))")[0])) for _ in range(2)
    )
    assert [] == [name for name in first if first[name] == second[name]]


def test_a_seed_gives_what_it_gives_in_a_fresh_process(backend: str) -> None:
    """``keras.utils.set_random_seed`` fixes every number, to those of a process that was not forked."""
    seeded = f"{DRAWS}keras.utils.set_random_seed(7)\nprint(json.dumps(draw()))"
    fresh = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", seeded],
        env=os.environ | {"KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(fresh.stdout.splitlines()[-1]) == json.loads(printed(run(backend, seeded)[0]))


def test_a_plot_is_shown(backend: str) -> None:
    """A cell that plots gives a picture, and the cell after it a new one."""
    plot = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
    first, second = run(backend, plot, "plt.plot([2, 1]); plt.title('again')")
    for outputs in (first, second):
        assert 1 == sum("image/png" in output.get("data", {}) for output in outputs)


def test_another_plotting_backend_can_be_chosen(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """MPLBACKEND of the caller holds in the kernel."""
    monkeypatch.setenv("MPLBACKEND", "agg")
    (chosen,) = run(backend, "import matplotlib.pyplot as plt; print(plt.get_backend())")
    assert "agg" == printed(chosen).lower()


def test_what_libraries_log_is_seen(backend: str) -> None:
    """A logger that took hold of stderr before the fork writes into the notebook."""
    source = (
        "from absl import logging; logging.error('from absl'); import warnings; warnings.warn('from Python')"
    )
    (logged,) = run(backend, source)
    assert "from absl" in printed(logged)
    assert "from Python" in printed(logged)


BUILT = """
import jax, keras
built = keras.Sequential([keras.Input((5,)), keras.layers.Dense(7), keras.layers.Dense(3)])
"""


def test_what_jax_compiled_is_found_again(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel that was forked after JAX was imported keeps what it compiles where it is told, and looks there first."""
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed")
    monkeypatch.setenv(FOLDER_VARIABLE, folder)
    monkeypatch.setenv("XLA_FLAGS", os.environ.get("XLA_FLAGS", ""))
    monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)
    found = []
    for turn in range(2):
        own = tmp_path / f"kernel {turn}"
        if turn:
            shutil.copytree(tmp_path / "kernel 0", own)
        else:
            own.mkdir()
        for name, value in kept_in(own).items():
            monkeypatch.setenv(name, value)
        run("jax", BUILT)
        found.append(sorted(path.name for path in own.iterdir() if path.name.endswith("-cache")))
    assert found[0] == found[1]
    assert any("uniform" in name for name in found[0])
