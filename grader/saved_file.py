"""A saved model's file as far as it is read before Keras is started: its config, checked, as data."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from pydantic import JsonValue

from grader.errors import UnreadableModelError
from grader.json_text import JsonFaultError, parse_json
from grader.model_archive import fault_of, read_config
from grader.saved_config import check_config, without_compile_state

__all__ = ["SavedFile", "open_saved"]


@dataclass(frozen=True)
class SavedFile:
    """What is handed to a process that builds the model; no file but an HDF5 one is opened there.

    ``config`` is ``None`` for an HDF5 file, which only Keras's process can read; ``compiled`` is the state that the
    model was compiled with, as it stands in the file.
    """

    path: str
    config: JsonValue = None
    compiled: JsonValue = None

    def to_line(self) -> str:
        """Return the record as one line of JSON."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Read a line that ``to_line`` made, in a process that trusts the one that made it."""
        return cls(**json.loads(line))


def open_saved(path: Path, *, foreign: bool = False) -> SavedFile:
    """Read the config of a saved model, and refuse what may not be given to Keras.

    ``foreign`` lets classes pass that are not Keras's own, and all else with them: only for who runs their code as well.

    Raises:
        UnreadableModelError: the message begins with the path, and names the field at fault.
    """
    fault = fault_of(path)
    if fault is not None:
        raise UnreadableModelError(fault)
    if path.suffix.lower() in (".h5", ".hdf5"):
        return SavedFile(path=str(path))
    try:
        config = parse_json(read_config(path))
    except JsonFaultError as error:
        raise UnreadableModelError(
            f"{path} is damaged: its config.json {error}. Save it again with model.save('name.keras')."
        ) from error
    compiled = config.get("compile_config") if isinstance(config, dict) else None
    config = without_compile_state(config)
    try:
        if not foreign:
            check_config(config)
    except UnreadableModelError as error:
        raise type(error)(f"{path} {error}") from error
    return SavedFile(path=str(path), config=config, compiled=compiled)
