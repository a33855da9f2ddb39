"""What a file is that should be a saved model, told from its bytes, before Keras is asked to load it."""

from __future__ import annotations

import zipfile
from pathlib import Path

from grader.messages import did_you_mean, quoted

__all__ = ["fault_of"]

_ZIP = b"PK\x03\x04"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_HDF5_NAMES = (".h5", ".hdf5")
_NEEDED = "config.json"


def fault_of(path: Path) -> str | None:
    """Say in one line why a file holds no model that Keras could load, or nothing."""
    if path.is_dir():
        if (path / "saved_model.pb").is_file():
            return f"{path} is a SavedModel, which has no layers to read. {_save_again(path, of='the model')}"
        return f"{path} is a folder, expected a file. {_save_again(path, of='a model')}"
    if not path.is_file():
        return f"There is no file {path}.{_likely(path)} {_save_again(path, of='a model')}"
    try:
        with path.open("rb") as file:
            start = file.read(len(_HDF5))
    except OSError as error:
        return f"{path} cannot be opened: {error.strerror or error}."
    if start == _HDF5 and path.suffix.lower() in _HDF5_NAMES:
        return None  # Keras reads the older format too
    what = _not_an_archive(path, start)
    return None if what is None else f"{path} {what} {_save_again(path)}"


def _not_an_archive(path: Path, start: bytes) -> str | None:
    if not start:
        return "is empty."
    if start == _HDF5:
        return "is no Keras archive: it holds HDF5, the format of Keras 2, under another name."
    if start.startswith(b"{"):
        return "is no Keras archive: it holds JSON. A graph that `grader describe --json` wrote needs a name in .json."
    if not start.startswith(_ZIP):
        return "is no Keras archive: a saved model is a zip file, and this file does not begin like one."
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError):
        size = path.stat().st_size
        return f"is not a complete Keras archive: it is cut short after {size:,} bytes."
    if _NEEDED not in names:
        return f"is a zip file, but no Keras archive: it holds no {_NEEDED}."
    return None


def _save_again(path: Path, of: str = "") -> str:
    """Say how a model is saved under this name, or under the one it should have."""
    name = path.name if path.suffix == ".keras" else f"{path.name.split('.')[0] or 'model'}.keras"
    return f"Save {of or 'it again'} with model.save({quoted(name)})."


def _likely(path: Path) -> str:
    try:
        there = [found.name for found in path.parent.iterdir() if found.suffix in (".keras", ".json", ".h5")]
    except OSError:
        return ""
    return did_you_mean(path.name, there)
