"""What Keras takes up when it is imported, told without importing it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader.execution.keras_config import keras_config
from grader.execution.zygote_address import zygote_environment

ASK = "import json, keras; print(json.dumps([keras.backend.backend(), keras.config.floatx(), keras.config.image_data_format()]))"
STORED = '{"backend": "torch", "floatx": "float16", "image_data_format": "channels_first", "epsilon": 1e-7}'


def environment(home: Path, text: str | None, **variables: str) -> dict[str, str]:
    """Return an environment whose home has that ``keras.json``, or none."""
    (home / ".keras").mkdir()
    if text is not None:
        (home / ".keras" / "keras.json").write_text(text, encoding="utf-8")
    kept = {name: os.environ[name] for name in ("PATH", "OMP_NUM_THREADS") if name in os.environ}
    return {**kept, "HOME": str(home), "TF_CPP_MIN_LOG_LEVEL": "3", **variables}


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        (STORED, {}),
        (STORED, {"KERAS_BACKEND": "jax"}),
        (None, {"KERAS_BACKEND": "torch"}),
        ('{"backend": "jax"}', {"KERAS_BACKEND": ""}),
    ],
)
def test_keras_says_the_same(tmp_path: Path, text: str | None, variables: dict[str, str]) -> None:
    """What is told from the outside is what Keras takes up."""
    given = environment(tmp_path, text, **variables)
    told = keras_config(given)
    done = subprocess.run([sys.executable, "-c", ASK], env=given, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == [
        told[name] for name in ("backend", "floatx", "image_data_format")
    ]


@pytest.mark.parametrize("text", [None, "{", "[]", '{"backend": 3}'])
def test_a_file_that_is_none_counts_for_nothing(tmp_path: Path, text: str | None) -> None:
    """Without a readable file, TensorFlow is Keras's choice."""
    assert {
        "backend": "tensorflow",
        "floatx": "float32",
        "image_data_format": "channels_last",
    } == keras_config(environment(tmp_path, text))


def test_a_folder_of_its_own_comes_before_the_home(tmp_path: Path) -> None:
    """``KERAS_HOME`` names the folder of ``keras.json``."""
    given = environment(tmp_path, '{"backend": "jax"}', KERAS_HOME=str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "keras.json").write_text(STORED, encoding="utf-8")
    assert "torch" == keras_config(given)["backend"]


def test_who_names_the_backend_shares_a_zygote_with_who_leaves_it_to_keras(tmp_path: Path) -> None:
    """A kernel without ``KERAS_BACKEND`` and one with the backend that Keras takes come from one process."""
    given = environment(tmp_path, '{"backend": "jax"}')
    assert zygote_environment(given) == zygote_environment({**given, "KERAS_BACKEND": "jax"})
    assert zygote_environment(given) != zygote_environment({**given, "KERAS_BACKEND": "torch"})
