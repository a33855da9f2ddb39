"""Older files, whose config stands in HDF5: held to the same list, before Keras builds anything; and the limits of a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from scripts.environment import PROJECT
from tests.attacks.test_hostile_files import function, layer, model

pytestmark = pytest.mark.keras


def grader(*arguments: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does, in a process of its own."""
    environment = os.environ | {"KERAS_BACKEND": "torch", "PYTHONPATH": str(PROJECT), **settings}
    command = [sys.executable, "-W", "ignore", "-c", "from grader.cli import main; main()", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def legacy(found: dict[str, Any]) -> dict[str, Any]:
    """Write a config as older files do: without modules, and the functions by their names."""
    config = {key: value for key, value in found["config"].items() if key != "dtype"}
    if "layers" in config:
        config["layers"] = [legacy(one) for one in config["layers"]]
    return {"class_name": found["class_name"], "config": config}


def with_config(path: Path, config: Any) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = config if isinstance(config, (str, bytes)) else json.dumps(config)


def a_model(path: Path) -> None:
    with_config(path, legacy(model(layer(name="two"))))


def a_class_from_outside(path: Path) -> None:
    with_config(path, legacy(model(layer("Popen"))))


def a_module_to_import(path: Path) -> None:
    with_config(path, model(layer("Evil", "evil")))


def a_setting_of_keras(path: Path) -> None:
    with_config(path, model(layer(activation=function("set_floatx", "keras.config"))))


def a_lambda(path: Path) -> None:
    with_config(path, legacy(model(layer("Lambda", function=["4wEAAAAA", None, None]))))


def too_many_units(path: Path) -> None:
    with_config(path, legacy(model(layer(units=10**13))))


def no_config(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["weights"] = np.zeros(3)


def no_json(path: Path) -> None:
    with_config(path, "{" * 100_000)


def many_megabytes(path: Path) -> None:
    with h5py.File(path, "w", libver="latest") as file:
        file.attrs.create("model_config", np.bytes_(b" " * 17_000_000))


def a_link_elsewhere(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["model_config"] = h5py.ExternalLink("secret.h5", "/model_config")
        file["weights"] = h5py.ExternalLink("secret.h5", "/weights")


@pytest.mark.parametrize(
    ("write", "part"),
    [
        (a_class_from_outside, "'Popen'"),
        (a_module_to_import, "'Evil'"),
        (a_setting_of_keras, "set_floatx"),
        (a_lambda, "lambda"),
        (too_many_units, "config.layers.1.config.units"),
        (no_config, "no model"),
        (no_json, "damaged"),
        (many_megabytes, "more than"),
        (a_link_elsewhere, "no model"),
    ],
)
@pytest.mark.slow
def test_a_hostile_older_file_is_refused_in_one_line(
    tmp_path: Path, write: Callable[[Path], None], part: str
) -> None:
    """What is refused in a config of today is refused in an older file too, and nothing it names is imported."""
    (tmp_path / "evil.py").write_text("open('MARKER', 'w')", encoding="utf-8")
    write(tmp_path / "m.h5")
    done = grader("describe", "m.h5", folder=tmp_path)
    (line,) = done.stderr.strip().splitlines()
    assert (2, True) == (done.returncode, line.startswith("grader: m.h5 ")), done
    assert part in line
    assert not (tmp_path / "MARKER").exists()


@pytest.mark.slow
def test_an_ordinary_older_file_is_read(tmp_path: Path) -> None:
    """The files above are refused for what is in them: the same without it is read."""
    a_model(tmp_path / "m.h5")
    done = grader("describe", "m.h5", folder=tmp_path)
    assert (0, True) == (done.returncode, "10 trainable" in done.stdout), done


@pytest.mark.slow
def test_what_takes_too_long_is_ended_and_says_how_to_allow_more(tmp_path: Path) -> None:
    """The limit on time holds for reading and is told in one line, with the variable that raises it."""
    a_model(tmp_path / "m.h5")
    done = grader("describe", "m.h5", folder=tmp_path, GRADER_MODEL_SECONDS="0.3")
    assert 2 == done.returncode
    assert "took more than 0.3 seconds. Set GRADER_MODEL_SECONDS to allow more" in done.stderr


@pytest.mark.slow
def test_what_takes_too_much_memory_is_ended_and_says_how_to_allow_more(tmp_path: Path) -> None:
    """So does the limit on memory."""
    a_model(tmp_path / "m.h5")
    done = grader("describe", "m.h5", folder=tmp_path, GRADER_MODEL_GIB="0.05")
    assert 2 == done.returncode
    assert "took more than 0.05 GiB of memory. Set GRADER_MODEL_GIB to allow more" in done.stderr
