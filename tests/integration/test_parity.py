"""Models on three backends at once, in real processes: what passes, what is caught, what comes of trouble."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader import parity
from grader.errors import UnreadableModelError, UsageError
from grader.parity_answers import Portable, Run, RunAnswer
from grader.portability.check import BACKENDS, check
from grader.portability.panel import Process, Subject
from grader.portability.records import ParityReport
from grader.saved_file import open_saved

pytestmark = [pytest.mark.backends, pytest.mark.slow]

SAVED = """
import sys
import keras

L = keras.layers
folder = sys.argv[1]

i = keras.Input((8,))
x = L.Dense(16, activation="relu")(i)
model = keras.Model(i, L.Dense(3, activation="softmax")(x))
model.compile("adam", "sparse_categorical_crossentropy")
model.save(f"{folder}/dense.keras")

i = keras.Input((12, 12, 3))
x = L.Conv2D(6, 3, padding="same")(i)
x = L.ReLU()(L.BatchNormalization()(x))
x = L.Dropout(0.3)(x)
y = L.Conv2D(6, 3, padding="same")(x)
x = L.GlobalAveragePooling2D()(x + y)
model = keras.Model(i, L.Dense(4, activation="softmax")(x))
model.compile(keras.optimizers.SGD(0.01), "categorical_crossentropy")
model.save(f"{folder}/residual.keras")

i = keras.Input((None,), dtype="int32")
x = L.Embedding(20, 6, mask_zero=True)(i)
x = L.Bidirectional(L.LSTM(5))(x)
model = keras.Model(i, [L.Dense(1, activation="sigmoid")(x), L.Dense(2)(x)])
model.save(f"{folder}/recurrent.keras")

i = keras.Input((6, 8))
x = L.LayerNormalization()(i + L.MultiHeadAttention(2, 4)(i, i))
model = keras.Model(i, L.Dense(2)(L.GlobalAveragePooling1D()(x)))
model.save(f"{folder}/attention.keras")

i = keras.Input((8,))
keras.Model(i, L.Dense(4, dtype="mixed_float16")(i)).save(f"{folder}/half.keras")

i = keras.Input((4,))
keras.Model(i, L.Dense(3)(L.Normalization()(i))).save(f"{folder}/normalized.keras")

i = keras.Input((4, 4))
keras.Model(i, L.Flatten()(i)).save(f"{folder}/no_weights.keras")

i = keras.Input((4,))
keras.Model(i, L.Dense(3, activation="softmax")(i) * 0.0).save(f"{folder}/constant.keras")
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of saved models."""
    folder = tmp_path_factory.mktemp("saved")
    run(SAVED, "jax", str(folder))
    return folder


def run(code: str, backend: str, *arguments: str) -> str:
    """Run a script on a backend, as a file, since that is where code of its own is looked for."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "script.py"
        file.write_text(textwrap.dedent(code))
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(file), *arguments],
            env=os.environ
            | {"KERAS_BACKEND": backend},  # as here else, so that one zygote a backend serves all
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    assert 0 == done.returncode, done.stderr[-3000:]
    return done.stdout


def portable(path: Path) -> Portable:
    file = open_saved(path)
    return Portable(name=path.stem, config=file.config, compiled=file.compiled)


def makers(path: Path, **others: Callable[[Portable], Subject]) -> dict[str, Callable[[], Subject]]:
    travelling = portable(path)

    def maker(backend: str) -> Callable[[], Subject]:
        return lambda: others[backend](travelling) if backend in others else Process(backend, travelling)

    return {backend: maker(backend) for backend in BACKENDS}


@pytest.mark.parametrize(
    "name", ["dense", "residual", "recurrent", "attention", "half", "normalized", "no_weights"]
)
def test_what_keras_offers_is_the_same_everywhere(saved: Path, name: str) -> None:
    """At full level: training, and every direction of saving and loading."""
    report = check(name, makers(saved / f"{name}.keras"), level="full")
    assert report.passed, str(report)
    trained = {row.check for row in report.rows} >= {"loss", "gradients", "weights after 3 steps"}
    assert (name in ("dense", "residual")) == any(
        row.check == "gradients" and row.verdict == "passed" for row in report.rows
    )
    assert trained == (name in ("dense", "residual"))


def test_outputs_that_never_change_prove_nothing(saved: Path) -> None:
    """All three agree on zeros, and would whatever the weights were."""
    report = check("constant", makers(saved / "constant.keras"))
    assert not report.passed
    assert {"unproven"} == {row.verdict for row in report.rows if row.check == "outputs"}


class Planted(Process):
    """A backend on which a kernel is a thousandth larger."""

    place = 2

    def run(self, asked: Run) -> RunAnswer:
        return super().run(asked.model_copy(update={"scaled": {self.place: 1.001}}))


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_planted_change_is_caught_and_placed(saved: Path, backend: str) -> None:
    """It is said where the outputs part, and the other backend passes."""
    planted = makers(saved / "dense.keras", **{backend: lambda travelling: Planted(backend, travelling)})
    report = check("dense", planted)
    assert {f"torch, {backend}"} == set(report.parts_at)
    assert "Dense" in report.parts_at[f"torch, {backend}"]
    verdicts = {row.backends[1]: row.verdict for row in report.rows if row.check == "outputs"}
    assert {"tensorflow": "passed", "jax": "passed", backend: "failed"} == verdicts


@pytest.mark.parametrize(
    ("what", "verdict"),
    [
        ("os.kill(os.getpid(), 9)", "crashed"),
        ("time.sleep(600)", "timed_out"),
        ("hold = [b'x' * 10**7 for _ in range(10**4)]", "over_limit"),
    ],
)
def test_trouble_on_one_backend_leaves_the_others(saved: Path, what: str, verdict: str) -> None:
    """A process that dies, hangs or takes too much gets a row of its own, and the report is there."""

    def troubled(travelling: Portable) -> Subject:
        code = f"import os, time\n{what}\n"
        seconds = 6 if verdict == "timed_out" else 60  # a busy machine takes its time to fill the memory
        return Process(
            "jax", travelling.model_copy(update={"source": code}), seconds=seconds, memory=2 * 1024**3
        )

    began = time.monotonic()
    report = check("dense", makers(saved / "dense.keras", jax=troubled))
    assert [(("jax",), verdict)] == [
        (row.backends, row.verdict) for row in report.rows if row.check == "process"
    ]
    assert [("torch", "tensorflow")] == [row.backends for row in report.rows if row.check == "outputs"]
    assert not report.passed
    assert time.monotonic() - began < 300  # what hangs would take ten minutes


def test_the_command_tells_by_its_exit_code(saved: Path, tmp_path: Path) -> None:
    """0 passed, 1 not, 2 unusable; JSON has an entry a row, and the picture is drawn."""

    def grader(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).parent / "grader"), "parity", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    passed = grader(str(saved / "dense.keras"), "--json", "--plot", "gap.png")
    assert 0 == passed.returncode, passed.stderr
    rows = json.loads(passed.stdout)["rows"]
    assert all({"backends", "difference", "tolerance", "spread", "verdict"} <= row.keys() for row in rows)
    assert b"\x89PNG" == (tmp_path / "gap.png").read_bytes()[:4]
    assert 1 == grader(str(saved / "constant.keras")).returncode
    (tmp_path / "broken.keras").write_bytes(b"PK")
    for arguments in (
        ("broken.keras",),
        ("missing.keras",),
        (str(saved / "dense.keras"), "--backend", "theano"),
    ):
        done = grader(*arguments)
        assert (2, "", 1) == (done.returncode, done.stdout, done.stderr.count("\n")), done.stderr


LIVE = """
import keras
import numpy as np
import grader
from keras import layers, ops

SCALE = 2.0


def helper(x):
    return ops.tanh(x) * SCALE


@keras.saving.register_keras_serializable("mine")
class Own(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], self.units))

    def call(self, x):
        return helper(ops.matmul(x, self.kernel))

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable("mine")
class Loses(layers.Layer):
    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return x * self.factor

    def get_config(self):
        return super().get_config()


@keras.saving.register_keras_serializable("mine")
class Foreign(layers.Layer):
    def call(self, x):
        import tensorflow as tf
        import torch

        return {"tensorflow": tf.nn.relu, "torch": torch.relu}.get(keras.backend.backend(), tf.nn.relu)(x)


class Unregistered(layers.Layer):
    def call(self, x):
        return x * 3.0


def told(*own):
    model = keras.Sequential([keras.Input((6,)), layers.Dense(4), *own])
    before = [np.array(weight) for weight in model.get_weights()]
    report = grader.parity(model)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    print(report.to_json())


told(Own(4), layers.Dense(2))
told(Loses(3.0))
told(Unregistered())
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_live_model_with_classes_of_its_own(backend: str) -> None:
    """Their code travels; what a config loses and what is not registered is named; the model keeps its weights."""
    texts = run(LIVE, backend).splitlines()
    own, loses, unregistered = (
        ParityReport.model_validate_json(text) for text in texts if text.startswith("{")
    )
    assert own.passed, str(own)
    assert {("live", name) for name in BACKENDS} == {
        row.backends for row in own.rows if row.check == "outputs"
    }
    assert not loses.passed
    assert ["config-not-saved"] == [found.id for found in loses.diagnoses]
    assert "`factor` of `Loses` comes back as 1.0" in loses.diagnoses[0].explanation
    assert {"loses (Loses)"} == set(loses.parts_at.values())
    assert {"failed"} == {row.verdict for row in unregistered.rows if row.check == "save and load"}
    assert {"passed"} == {row.verdict for row in unregistered.rows if row.check == "outputs"}
    assert "not-registered" in [found.id for found in unregistered.diagnoses]


FOREIGN = {
    "tensorflow": ("import tensorflow as tf", "tf.nn.relu(x)", "tensorflow"),
    "torch": ("import torch", "x if isinstance(x, keras.KerasTensor) else torch.relu(x)", "torch"),
    "jax": ("import jax.numpy as jnp", "x if isinstance(x, keras.KerasTensor) else jnp.tanh(x)", "jax"),
}


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_function_of_one_backend_is_named(backend: str) -> None:
    """On its own backend all is well, and that is what makes the mistake hard to see."""
    imported, computed, _ = FOREIGN[backend]
    code = f"""
    import keras
    import grader
    {imported}


    @keras.saving.register_keras_serializable("mine")
    class Foreign(keras.layers.Layer):
        def call(self, x):
            return {computed}


    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4), Foreign()])
    print(grader.parity(model).to_json())
    """
    report = ParityReport.model_validate_json(run(code, backend).splitlines()[-1])
    assert not report.passed
    assert "backend-only-function" in [found.id for found in report.diagnoses], str(report)
    assert ("live", backend) in {row.backends for row in report.rows if row.verdict == "passed"}


def test_bad_requests_are_told_at_once(tmp_path: Path) -> None:
    """Before any process is started."""
    from grader import parity
    from grader.errors import UnreadableModelError, UsageError

    wrong: list[tuple[dict[str, Any], str]] = [
        ({"backends": ("theano",)}, "'theano' is no backend"),
        ({"backends": ()}, "No backend is named"),
        ({"level": "deep"}, "The level is 'deep'"),
        ({"tolerance": 2.0}, "The tolerance is 2.0"),
    ]
    for options, told in wrong:
        with pytest.raises(UsageError, match=told):
            parity(tmp_path / "any.keras", **options)
    with pytest.raises(UnreadableModelError):
        parity(tmp_path / "missing.keras")


OWN_FILE = """
import keras


class Doubled(keras.layers.Layer):
    def call(self, x):
        return 2 * x


@keras.saving.register_keras_serializable("mine")
class Scaled(keras.layers.Layer):
    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return keras.ops.tanh(x) * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


if __name__ == "__main__":
    raise SystemExit("this is no script")
"""


def test_a_saved_model_with_classes_of_its_own(tmp_path: Path) -> None:
    """Named with its code it is compared; without, the message says how to name it."""
    (tmp_path / "own_layers.py").write_text(OWN_FILE)
    code = f"""
    import sys
    sys.path.insert(0, {str(tmp_path)!r})
    import keras
    from own_layers import Doubled, Scaled

    i = keras.Input((4,))
    x = Scaled(3.0)(keras.layers.Dense(3)(i))
    keras.Model(i, x).save({str(tmp_path / "registered.keras")!r})
    keras.Model(i, Doubled()(x)).save({str(tmp_path / "unregistered.keras")!r})
    """
    run(code, "torch")
    file = tmp_path / "registered.keras"
    with pytest.raises(UnreadableModelError, match=r"--code my_layers\.py"):
        parity(file)
    report = parity(file, code=[tmp_path / "own_layers.py"])
    assert report.passed, str(report)
    other = parity(tmp_path / "unregistered.keras", code=tmp_path / "own_layers.py")
    assert {"passed"} == {row.verdict for row in other.rows if row.check == "outputs"}
    for name, text in (("missing.py", None), ("broken.py", "def (:")):
        if text is not None:
            (tmp_path / name).write_text(text)
        with pytest.raises(UsageError, match=name):
            parity(file, code=tmp_path / name)
