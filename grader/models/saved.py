"""Build models from saved configs that were checked (``grader.saved_config``)."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import h5py
import keras
from keras.src.legacy.saving import saving_options, saving_utils
from keras.src.saving.serialization_lib import ObjectSharingScope

from grader.errors import UnreadableModelError
from grader.json_text import JsonFaultError, parse_json
from grader.model_archive import MOST_CONFIG_BYTES
from grader.saved_config import check_config, without_compile_state
from grader.saved_file import SavedFile

__all__ = ["build", "explain"]


def build(saved: SavedFile, *, values: bool) -> Any:
    """Build the model of a file, without the weights that are stored there.

    A layer that a nested model shares with the model around it comes back as two: Keras writes it twice, and nothing
    in the config says that the two are one. (Its own loading fails on such a file, at the weights of the second.)

    With ``values`` its weights have values of their initializers. Without, they have none, only shapes: a layer
    that claims to have 10**13 units takes no memory.

    Raises:
        Exception: whatever Keras raises; ``explain`` says it in one line.
    """
    weights = contextlib.nullcontext() if values else keras.StatelessScope(initialize_variables=False)
    if saved.config is None:
        config = _from_hdf5(Path(saved.path))
        with weights, saving_options.keras_option_scope(use_legacy_config=True):
            return saving_utils.model_from_config(config)
    with weights, ObjectSharingScope():
        return keras.saving.deserialize_keras_object(saved.config, safe_mode=True)


def _from_hdf5(path: Path) -> Any:
    """Return the checked config that stands in an attribute of an HDF5 file; nothing else of the file is read."""
    with h5py.File(path, "r") as file:
        if "model_config" not in file.attrs:
            raise UnreadableModelError("holds no model: it has weights alone")
        attribute = file.attrs.get_id("model_config")
        if attribute.get_storage_size() > MOST_CONFIG_BYTES or attribute.shape != ():
            raise UnreadableModelError(f"is not read: its config takes more than {MOST_CONFIG_BYTES:,} bytes")
        text = file.attrs["model_config"]
    content = text.encode("utf-8") if isinstance(text, str) else bytes(text)
    if len(content) > MOST_CONFIG_BYTES:  # a text of any length takes sixteen bytes of an attribute
        raise UnreadableModelError(f"is not read: its config takes more than {MOST_CONFIG_BYTES:,} bytes")
    try:
        config = without_compile_state(parse_json(content))
    except JsonFaultError as error:
        raise UnreadableModelError(f"is damaged: its config {error}") from error
    check_config(config, legacy=True)
    return config


_UNKNOWN = re.compile(r"Could not locate (?:class|function|object) '([\w.>]{1,80})'")


def explain(error: Exception) -> str:
    """Say in one line why a model was not built, and what to do; Keras's own text can fill a page."""
    text = str(error)
    if isinstance(error, UnreadableModelError):
        return text
    if found := _UNKNOWN.search(text):
        return (
            f"uses {found[1]!r}, which is not part of Keras {keras.__version__}. Save it again with this version, or "
            "load it in Python, where that code is imported, and give the model to grader.describe or grader.compare."
        )
    if "truncated file" in text:
        return f"is damaged: {_short(error)}. Save it again with model.save('name.keras')."
    return f"cannot be loaded by Keras {keras.__version__}: {_short(error)}."


def _short(error: Exception, limit: int = 200) -> str:
    """Return the first sentence of an error's text."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    sentence = re.split(r"(?<=[.!?])\s", lines[0], maxsplit=1)[0].rstrip(". ")
    return sentence if len(sentence) <= limit else sentence[: limit - 1] + "…"
