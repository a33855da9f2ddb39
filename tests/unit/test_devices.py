"""Which settings make one device compute, and that the pinned backends know them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from scripts.devices import SETTINGS, device_environment, on_device

# What a CPU can show of a GPU's settings: that they are read.
_KNOWN = {
    "tensorflow": """
import tensorflow
from tensorflow.python.framework.config import is_op_determinism_enabled
product = tensorflow.function(lambda x: x @ x, jit_compile=True)  # XLA ends the process at a flag it does not know
product(tensorflow.eye(2))
print(is_op_determinism_enabled())
""",
    "jax": """
import os
os.environ["JAX_PLATFORMS"] = "cpu"
import jax
jax.jit(lambda x: x @ x)(jax.numpy.eye(2))
print(jax.config.jax_default_matmul_precision == "highest")
""",
}
# Which device computes, asked of Keras itself.
_COMPUTES = """
import keras
x = keras.ops.convert_to_tensor([1.0]) + 1.0
print(str(x.device).lower())
"""


def run(code: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
    )


def test_the_settings_of_a_device_go_over_what_was_set() -> None:
    """A device named for this run counts, whatever the shell says."""
    shell = {"JAX_PLATFORMS": "tpu", "CUDA_VISIBLE_DEVICES": "3", "PATH": "p"}
    assert {**shell, **SETTINGS["cpu"]} == device_environment(shell, "cpu")
    gpu = device_environment(shell, "gpu")
    assert ("cuda", "3") == (gpu["JAX_PLATFORMS"], gpu["CUDA_VISIBLE_DEVICES"])


def test_xlas_flags_are_added_to_those_that_are_there() -> None:
    """One variable holds the flags of several."""
    assert (
        "--a --xla_gpu_deterministic_ops=true" == device_environment({"XLA_FLAGS": "--a"}, "gpu")["XLA_FLAGS"]
    )
    assert "--xla_gpu_deterministic_ops=true" == device_environment({}, "gpu")["XLA_FLAGS"]
    assert "--a" == device_environment({"XLA_FLAGS": "--a"}, "cpu")["XLA_FLAGS"]
    assert "XLA_FLAGS" not in device_environment({}, "cpu")


def test_afterwards_the_environment_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is started later is free to choose its device again, after an error as well."""
    monkeypatch.setenv("JAX_PLATFORMS", "tpu")
    before = dict(os.environ)
    meanwhile = []

    @on_device("cpu")
    def fail() -> None:
        meanwhile.append(os.environ["JAX_PLATFORMS"])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert ["cpu"] == meanwhile
    assert before == dict(os.environ)


def test_the_table_names_every_setting() -> None:
    """Whatever is set for a GPU's figures or memory stands in the module's table, with what it is for."""
    import scripts.devices

    text = str(scripts.devices.__doc__)
    where = {"JAX_PLATFORMS", "KERAS_TORCH_DEVICE", "GRADER_ZYGOTES"}  # say which device, and no more
    named = [
        value if name == "XLA_FLAGS" else f"{name}={value}"
        for name, value in SETTINGS["gpu"].items()
        if name not in where
    ]
    assert [] == [setting for setting in named if setting not in text]


@pytest.mark.backends
@pytest.mark.slow
@pytest.mark.parametrize("backend", _KNOWN)
def test_the_pinned_backend_knows_the_settings_of_a_gpu(backend: str) -> None:
    """XLA knows its flag, JAX takes the precision, TensorFlow is deterministic; on a CPU, as far as that goes."""
    environment = device_environment(os.environ, "gpu") | {"KERAS_BACKEND": backend}
    done = run(_KNOWN[backend], environment)
    assert ("True", 0) == (done.stdout.strip(), done.returncode), done.stderr[-2000:]


@pytest.mark.backends
@pytest.mark.slow
def test_xla_would_have_refused_a_flag_it_does_not_know() -> None:
    """The test above could have failed."""
    environment = device_environment({**os.environ, "XLA_FLAGS": "--xla_gpu_no_such_flag=true"}, "gpu")
    done = run(_KNOWN["jax"], environment)
    assert done.returncode != 0
    assert "xla_gpu_no_such_flag" in done.stderr


@pytest.mark.backends
@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_on_the_cpu_keras_computes_on_the_cpu(backend: str) -> None:
    """Keras's default device is the CPU, even where the shell asks for a GPU."""
    shell = device_environment(os.environ, "gpu") | {"KERAS_BACKEND": backend}
    done = run(_COMPUTES, device_environment(shell, "cpu"))
    assert "cpu" in done.stdout, done.stderr[-2000:]


@pytest.mark.backends
@pytest.mark.slow
@pytest.mark.parametrize(("backend", "expected"), [("jax", "JAX_TRACEBACK_FILTERING"), ("torch", "CUDA")])
def test_where_there_is_no_gpu_keras_does_not_go_on_without(backend: str, expected: str) -> None:
    """On JAX and PyTorch a GPU that is lost after the first look is an error, no run on the CPU in silence."""
    hidden = device_environment(os.environ, "gpu") | {"CUDA_VISIBLE_DEVICES": "-1", "KERAS_BACKEND": backend}
    done = run(_COMPUTES, hidden)
    assert done.returncode != 0
    assert expected in done.stderr
