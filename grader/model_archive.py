"""What a file is that should be a saved model, told from its bytes, and the one member of it that is read.

An archive holds a model's config, its weights and words that its layers look up. What a model is follows from its
config alone, so that no other member is ever opened: neither truncated or swollen weights nor links in them can do
anything. Nothing is unpacked to the disk.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from grader.errors import UnreadableModelError
from grader.messages import did_you_mean, quoted

__all__ = ["MOST_CONFIG_BYTES", "fault_of", "read_config"]

MOST_CONFIG_BYTES = 16 * 1024 * 1024
"""Of a model's config, unpacked: ten times that of the largest model of keras.applications."""

_MOST_DIRECTORY_BYTES = 2 * 1024 * 1024  # of an archive's list of members
_MOST_MEMBERS = 10_000
_CHUNK = 64 * 1024
_PLAIN_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others may ask for any amount of memory
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
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
        with _opened(path) as archive:
            members = archive.infolist()
    except _TooLongError:
        return (
            f"is no Keras archive: the list of what it holds is longer than {_MOST_DIRECTORY_BYTES:,} bytes."
        )
    except _DAMAGE:
        size = path.stat().st_size
        return f"is not a complete Keras archive: it is cut short after {size:,} bytes."
    if _NEEDED not in [member.filename for member in members]:
        return f"is a zip file, but no Keras archive: it holds no {_NEEDED}."
    return _wrong_members(members)


def _wrong_members(members: list[zipfile.ZipInfo]) -> str | None:
    """Say what an archive lists that Keras never writes, and that would do harm where it is unpacked."""
    if len(members) > _MOST_MEMBERS:
        return f"is no Keras archive: it holds {len(members):,} members, expected at most {_MOST_MEMBERS:,}."
    for member in members:
        name = member.orig_filename
        parts = PurePosixPath(name).parts
        if name.startswith("/") or ".." in parts or "\\" in name or ":" in name or not name.isprintable():
            return f"is not read: its member {quoted(name)} would be written outside of the folder it is unpacked in."
        if stat.S_ISLNK(member.external_attr >> 16):
            return f"is not read: its member {quoted(name)} is a link, expected files."
        if member.flag_bits & 1:
            return f"is not read: its member {quoted(name)} is encrypted."
    name, times = Counter(member.filename for member in members).most_common(1)[0]
    if times > 1:
        return (
            f"is not read: it holds {times} members named {quoted(name)}, and which one counts is not clear."
        )
    return None


def read_config(path: Path) -> bytes:
    """Return ``config.json`` of an archive in which ``fault_of`` found no fault.

    Raises:
        UnreadableModelError: it is damaged, or longer than ``MOST_CONFIG_BYTES`` whatever length it claims to have.
    """
    content = bytearray()
    try:
        with _opened(path) as archive:
            if archive.getinfo(_NEEDED).compress_type not in _PLAIN_METHODS:
                raise UnreadableModelError(
                    f"{path} is not read: its {_NEEDED} is packed in a way that Keras does not use."
                )
            with archive.open(_NEEDED) as member:
                while chunk := member.read(_CHUNK):
                    content += chunk
                    if len(content) > MOST_CONFIG_BYTES:
                        raise UnreadableModelError(
                            f"{path} is not read: its {_NEEDED} unpacks to more than {MOST_CONFIG_BYTES:,} bytes."
                        )
    except _DAMAGE as error:
        raise UnreadableModelError(f"{path} is damaged: {_NEEDED}: {error}. {_save_again(path)}") from error
    return bytes(content)


class _TooLongError(Exception):
    """An archive's list of members is longer than is read."""


class _Bounded:
    """A file that hands out so many bytes at once and no more: ``zipfile`` reads the list of members in one go."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self.close = file.close

    def read(self, size: int = -1, /) -> bytes:
        content = self._file.read(
            _MOST_DIRECTORY_BYTES + 1 if size < 0 else min(size, _MOST_DIRECTORY_BYTES + 1)
        )
        if len(content) > _MOST_DIRECTORY_BYTES:
            raise _TooLongError
        return content


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    with path.open("rb") as file, zipfile.ZipFile(_Bounded(file)) as archive:
        yield archive


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
