"""What Keras takes up when it is imported, told without importing it: see ``keras/src/backend/config.py``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

__all__ = ["keras_config"]

_DEFAULTS = {"backend": "tensorflow", "floatx": "float32", "image_data_format": "channels_last"}


def keras_config(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the backend, the float type and the image data format of a process with this environment.

    The variable ``KERAS_BACKEND`` comes before ``keras.json``; a file that is no such file counts for nothing.
    """
    found = dict(_DEFAULTS)
    folder = environment.get("KERAS_HOME")
    home = Path(folder) if folder else Path(environment.get("HOME") or Path.home()) / ".keras"
    try:
        stored = json.loads((home / "keras.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        stored = None
    if isinstance(stored, dict):
        found |= {name: stored[name] for name in found if isinstance(stored.get(name), str)}
    if chosen := environment.get("KERAS_BACKEND"):
        found["backend"] = chosen
    return found
