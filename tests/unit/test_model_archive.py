"""What is said of a file that holds no model, without loading Keras."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from grader.errors import UnreadableModelError
from grader.model_archive import fault_of
from grader.saved_models import read_models


def archive(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(name, "x" * 2000)
    return path


def test_a_whole_archive_has_no_fault(tmp_path: Path) -> None:
    """A zip file with a model's config is left to Keras."""
    assert None is fault_of(archive(tmp_path / "m.keras", "config.json", "metadata.json"))


def test_a_truncated_archive_is_called_cut_short(tmp_path: Path) -> None:
    """Half an archive is said to be cut short, with how to save it again; Keras calls it not found."""
    path = archive(tmp_path / "m.keras", "config.json")
    path.write_bytes(path.read_bytes()[:1000])
    assert (
        f"{path} is not a complete Keras archive: it is cut short after 1,000 bytes. "
        "Save it again with model.save('m.keras')."
    ) == fault_of(path)


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("m.keras", b"", "is empty. Save it again with model.save('m.keras')."),
        ("m.keras", b"hello", "is no Keras archive: a saved model is a zip file"),
        ("m.keras", b'{"a": 1}', "it holds JSON"),
        ("m.keras", b"\x89HDF\r\n\x1a\n", "it holds HDF5"),
        ("m.bin", b"\x80\x04", "model.save('m.keras')"),
    ],
)
def test_another_kind_of_file_is_named(name: str, content: bytes, part: str, tmp_path: Path) -> None:
    """The message says what the file is not, and the name under which a model is saved."""
    path = tmp_path / name
    path.write_bytes(content)
    found = fault_of(path) or ""
    assert found.startswith(f"{path} ")
    assert part in found


def test_an_archive_of_something_else_is_named(tmp_path: Path) -> None:
    """A zip file without a model's config is no Keras archive."""
    assert "it holds no config.json" in (fault_of(archive(tmp_path / "m.keras", "a.txt")) or "")


def test_hdf5_under_its_own_name_is_left_to_keras(tmp_path: Path) -> None:
    """Keras reads the older format under the name it has."""
    path = tmp_path / "m.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n")
    assert None is fault_of(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """A SavedModel is recognised, any other folder is called one."""
    assert "is a folder, expected a file" in (fault_of(tmp_path) or "")
    (tmp_path / "saved_model.pb").touch()
    assert "is a SavedModel" in (fault_of(tmp_path) or "")


def test_a_missing_file_offers_the_one_that_is_there(tmp_path: Path) -> None:
    """A slip in a file's name is met with the name that is there."""
    archive(tmp_path / "student.keras", "config.json")
    with pytest.raises(UnreadableModelError, match=r"There is no file .*Did you mean 'student.keras'\?"):
        read_models([tmp_path / "studnet.keras"])


def test_a_graph_that_is_no_text_is_named(tmp_path: Path) -> None:
    """Bytes that are no text are met with what was expected, without a codec's message."""
    path = tmp_path / "m.json"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UnreadableModelError, match=r"m\.json is not text: a graph is JSON"):
        read_models([path])
