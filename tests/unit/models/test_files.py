"""What is said of a saved model that Keras does not load."""

from __future__ import annotations

import zipfile
from pathlib import Path

import keras
import pytest

from grader.models.files import read_file

pytestmark = pytest.mark.keras


class Mine(keras.layers.Layer):
    def call(self, x: object) -> object:
        return x


def stack(*layers: object) -> keras.Model:
    return keras.Sequential([keras.Input((4,)), *layers])


def rewritten(path: Path, name: str, content: bytes | None) -> Path:
    """Replace one member of an archive, or leave it out."""
    with zipfile.ZipFile(path) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    members = {member: data for member, data in members.items() if member != name}
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in (members | ({name: content} if content is not None else {})).items():
            archive.writestr(member, data)
    return path


def said_of(path: Path) -> str:
    """Return the error, which has to be one short line that begins with the file."""
    error = str(read_file(path)["error"])
    assert error.startswith(f"{path} ")
    assert 1 == len(error.splitlines())
    assert len(error) < len(str(path)) + 320
    return error.removeprefix(f"{path} ")


def test_a_class_of_ones_own_is_named(tmp_path: Path) -> None:
    """A model with a class that Keras does not know names that class, not a page of config."""
    path = tmp_path / "m.keras"
    stack(Mine()).save(path)
    assert said_of(path).startswith("uses 'Mine', which is not part of Keras: its code is not in the file.")


def test_a_lambda_is_not_run(tmp_path: Path) -> None:
    """A stored lambda is refused, with what to do instead."""
    path = tmp_path / "m.keras"
    stack(keras.layers.Lambda(lambda x: x * 2)).save(path)
    assert said_of(path).startswith("holds a lambda at config.layers.1.class_name, which is not run")


def test_a_damaged_config_is_called_damaged(tmp_path: Path) -> None:
    """An archive whose config is no JSON is damaged; the remedy is to save again."""
    path = tmp_path / "m.keras"
    stack(keras.layers.Dense(2)).save(path)
    said = said_of(rewritten(path, "config.json", b'{"module"'))
    assert (True, True) == (said.startswith("is damaged: "), said.endswith("with model.save('name.keras')."))


def test_weights_are_not_needed(tmp_path: Path) -> None:
    """A graph follows from the config: weights that are missing, or no weights at all, change nothing."""
    path = tmp_path / "m.keras"
    stack(keras.layers.Dense(2)).save(path)
    whole = read_file(path)
    assert whole == read_file(rewritten(path, "model.weights.h5", b"no HDF5"))
    assert whole == read_file(rewritten(path, "model.weights.h5", None))
    assert "graph" in whole


def test_what_keras_refuses_is_said_in_its_own_first_sentence(tmp_path: Path) -> None:
    """Anything else is Keras's own first sentence, with the version that said it."""
    path = tmp_path / "m.keras"
    stack(keras.layers.Dense(2)).save(path)
    with zipfile.ZipFile(path) as archive:
        config = archive.read("config.json").replace(b'"units": 2', b'"units": -2')
    assert said_of(rewritten(path, "config.json", config)).startswith(
        f"cannot be loaded by Keras {keras.__version__}: "
    )
