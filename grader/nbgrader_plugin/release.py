"""Write student versions of a unit: for a class through nbgrader, or for one learner."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.apps import NbGrader  # noqa: F401 - nbgrader's modules import each other in this order only
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader
from traitlets.utils.importstring import import_item

from grader.course import TASKS_FILE, UnitFolder
from grader.errors import CourseError, UnknownUnitError
from grader.execution.keyring import public_key
from grader.messages import did_you_mean, quoted, shown, some
from grader.nbgrader_plugin import configure
from grader.nbgrader_plugin.causes import cause
from grader.nbgrader_plugin.interrupts import held_back
from grader.nbgrader_plugin.prepare import DATA, NOTEBOOKS, PUBLIC_KEY, check_unit, unlisted
from grader.portability.grading import try_parity
from grader.record import Record

__all__ = ["Release", "course_api", "find_unit", "release_unit", "unit_names"]

MANIFEST = ".released.json"
_UNIT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_ -]*")

_STUDENT_VERSION = (
    *("IncludeHeaderFooter", "LockCells", "ClearSolutions", "ClearOutput", "CheckCellMetadata"),
    *("ComputeChecksums", "ClearHiddenTests", "ClearMarkScheme", "ComputeChecksums"),
)


class Release(Record):
    """What a release did. ``kept`` are files a learner had changed; ``beside`` their new versions."""

    unit: str
    folder: str
    files: tuple[str, ...]
    written: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


def find_unit(unit_id: str, course_dir: Path) -> UnitFolder:
    """Return the unit's folder in the course.

    Raises:
        UnknownUnitError: the course has none of that name.
    """
    directory = course_api(course_dir).coursedir
    # nbgrader empties the folder a name leads to before it looks: a name must not lead elsewhere.
    plain = _UNIT_NAME.fullmatch(unit_id) is not None
    path = Path(directory.format_path(directory.source_directory, ".", unit_id)).resolve()
    if not plain or not path.is_dir():
        there = unit_names(course_dir)
        advice = (
            did_you_mean(unit_id, there) if plain else " Give the unit's folder name alone, without slashes."
        )
        raise UnknownUnitError(
            f"There is no unit {quoted(unit_id)} in {shown(_units(directory))}. "
            f"There {'are' if there else 'is'}: {some(there, 20) or 'none'}.{advice}"
        )
    return UnitFolder(course=Path(course_dir).resolve(), path=path)


def unit_names(course_dir: Path) -> list[str]:
    """Return the names of the course's units."""
    units = _units(course_api(course_dir).coursedir)
    return sorted(found.name for found in units.glob("*") if (found / TASKS_FILE).is_file())


def _units(directory: CourseDirectory) -> Path:
    return Path(directory.format_path(directory.source_directory, ".", "any")).resolve().parent


def course_api(course_dir: Path) -> NbGraderAPI:
    """Return nbgrader's API on a course, with its ``nbgrader_config.py`` and our preprocessors."""
    course_dir = Path(course_dir).resolve()
    config = Config()
    configure(config)
    if (course_dir / "nbgrader_config.py").is_file():
        config.merge(PyFileConfigLoader("nbgrader_config.py", path=str(course_dir)).load_config())
    config.CourseDirectory.root = str(course_dir)
    return NbGraderAPI(CourseDirectory(config=config), config=config)


def release_unit(unit_id: str, course_dir: Path, *, self_paced: bool = False) -> Release:
    """Release a unit: to ``release/UNIT`` for a class, or to ``work/UNIT`` for a self-paced learner.

    A class's release goes through ``nbgrader generate_assignment`` and holds no solutions. A
    learner's holds them in its key, and never overwrites a file the learner has changed.

    Raises:
        UnknownUnitError: there is no such unit.
        CourseError: the assignment does not fit its tasks, or its reference solution fails.
    """
    folder = find_unit(unit_id, course_dir)
    check_unit(folder)
    if self_paced:
        return _to_learner(folder)
    api = course_api(course_dir)
    public_key(folder, try_parity)  # takes the longest, and can be interrupted
    with held_back():
        result = api.generate_assignment(unit_id, force=True, create=True)
    if not result["success"]:
        raise CourseError(f"{unit_id} could not be released: {cause(result)}.")
    directory = api.coursedir
    target = Path(directory.format_path(directory.release_directory, ".", unit_id)).resolve()
    left = unlisted(target)
    if left:
        raise CourseError(f"The release of {unit_id} holds {', '.join(path.name for path in left)}.")
    files = tuple(sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()))
    return Release(unit=unit_id, folder=str(target), files=files, written=files)


def _to_learner(folder: UnitFolder) -> Release:
    """Write the student versions of a unit's notebooks, its key with solutions, and its data."""
    target = folder.course / "work" / folder.path.name
    target.mkdir(parents=True, exist_ok=True)
    manifest = target / MANIFEST
    released = _read_manifest(manifest)
    written: list[str] = []
    kept: list[str] = []
    beside: list[str] = []
    for name in NOTEBOOKS:
        if not (folder.path / name).is_file():
            continue
        text = _student_version(folder.path / name)
        file, before = target / name, released.get(name)
        new = _digest(text)
        current = _digest(file.read_text(encoding="utf-8")) if file.is_file() else None
        if current in (None, before):
            if current != new:
                file.write_text(text, encoding="utf-8")
                written.append(name)
        elif current != new:
            kept.append(name)
            if new != before:
                fresh = file.with_suffix(".new.ipynb")
                fresh.write_text(text, encoding="utf-8")
                beside.append(fresh.name)
        released[name] = new
    key = public_key(folder, try_parity).to_json()
    if not (target / PUBLIC_KEY).is_file() or (target / PUBLIC_KEY).read_text(encoding="utf-8") != key:
        (target / PUBLIC_KEY).write_text(key, encoding="utf-8")
        written.append(PUBLIC_KEY)
    if (folder.path / DATA).is_dir():
        shutil.copytree(folder.path / DATA, target / DATA, dirs_exist_ok=True)
    manifest.write_text(json.dumps(released, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    files = [name for name in (*NOTEBOOKS, PUBLIC_KEY) if (target / name).is_file()]
    return Release(
        unit=folder.path.name,
        folder=str(target),
        files=tuple(files),
        written=tuple(written),
        kept=tuple(kept),
        beside=tuple(beside),
    )


def _student_version(source: Path) -> str:
    """Return a notebook's text without solutions, hidden tests and outputs, checks locked."""
    nb = nbformat.read(source, as_version=4)
    resources: dict[str, Any] = {"language": "python", "nbgrader": {"notebook": source.stem}}
    for name in _STUDENT_VERSION:
        preprocessor = import_item(f"nbgrader.preprocessors.{name}")()
        nb, resources = preprocessor.preprocess(nb, resources)
    return nbformat.writes(nb) + "\n"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _read_manifest(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(digest) for name, digest in found.items()} if isinstance(found, dict) else {}
