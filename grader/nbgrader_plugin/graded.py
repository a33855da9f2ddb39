"""What running and judging one submitted notebook gave, kept under a digest of all that it came from.

The same submission, judged with the same key by the same code on the same backend, gives the same; whoever asks
again is given what is kept: a run that was killed and goes on, ``nbgrader autograde``, formgrader's button.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from nbformat import NotebookNode, from_dict
from pydantic import ValidationError

from grader.course import UnitFolder
from grader.record import Record
from grader.verdict import Outcome, Verdict

__all__ = ["CellOutputs", "GradedNotebook", "GradedStore", "digest_of"]

_NOT_WORK = (".ipynb", ".pyc")
_FRAMEWORKS = ("keras", "numpy", "tensorflow", "tensorflow-cpu", "jax", "torch")


class CellOutputs(Record):
    """What one code cell shows: its outputs in nbformat's form, as JSON text, and its number."""

    index: int
    execution_count: int | None
    outputs: str


class GradedNotebook(Record):
    """Everything that running and judging a notebook gave.

    ``unscored`` and ``needs_look`` map a cell to the reason why a person has to give or to check its score.
    """

    cells: tuple[CellOutputs, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    unscored: dict[str, str] = {}
    needs_look: dict[str, str] = {}

    @classmethod
    def of(
        cls,
        nb: NotebookNode,
        verdicts: tuple[Verdict, ...],
        unscored: Mapping[str, str],
        needs_look: Mapping[str, str],
    ) -> GradedNotebook:
        """Take what a run left in a notebook."""
        return cls(
            cells=tuple(
                CellOutputs(
                    index=index,
                    execution_count=cell.get("execution_count"),
                    outputs=json.dumps(cell.get("outputs", [])),
                )
                for index, cell in enumerate(nb.cells)
                if cell.cell_type == "code"
            ),
            verdicts=verdicts,
            unscored=dict(unscored),
            needs_look=dict(needs_look),
        )

    def put_into(self, nb: NotebookNode) -> None:
        """Write the outputs into the notebook that they are of."""
        for kept in self.cells:
            cell = nb.cells[kept.index]
            cell.outputs = [from_dict(output) for output in json.loads(kept.outputs)]
            cell.execution_count = kept.execution_count

    @property
    def lasting(self) -> bool:
        """Whether asking again would give the same: not where the grader itself failed."""
        return all(verdict.outcome is not Outcome.INTERNAL_ERROR for verdict in self.verdicts)


class GradedStore:
    """The graded notebooks of a course, one file each, in a folder that only its owner can enter."""

    def __init__(self, course: Path) -> None:
        self._root = course / "private" / "graded"

    def _file(self, digest: str) -> Path:
        return self._root / digest[:2] / f"{digest}.json"

    def read(self, digest: str) -> GradedNotebook | None:
        """Return what is kept under a digest; ``None`` where nothing is, or nothing that can be read."""
        try:
            return GradedNotebook.model_validate_json(self._file(digest).read_bytes())
        except (OSError, ValidationError):
            return None

    def forget(self, digest: str) -> None:
        """Keep nothing under a digest."""
        self._file(digest).unlink(missing_ok=True)

    def write(self, digest: str, graded: GradedNotebook) -> None:
        """Keep a graded notebook: all of it or, when this process is killed, nothing."""
        file = self._file(digest)
        private = self._root.parent
        private.mkdir(mode=0o700, parents=True, exist_ok=True)
        private.chmod(0o700)
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=file.parent, suffix=".new")
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(graded.to_json())
        Path(draft).replace(file)


def digest_of(
    nb: NotebookNode,
    restored: Mapping[str, str],
    workplace: Path,
    folder: UnitFolder,
    settings: Mapping[str, Any],
) -> str:
    """Return the digest of all that a grade depends on.

    That is the notebook's cells with their metadata (a tag can keep one from being run) and what was ``restored``
    in them, the files in the folder where it runs, the unit's private key and tasks, the ``settings`` of the run,
    and the code: the grader's and the versions of what it runs on.
    """
    parts: list[object] = [
        sorted(restored.items()),
        [[cell.cell_type, cell.source, cell.metadata] for cell in nb.cells],
        nb.metadata,
        [[name, _digest(path)] for name, path in _files(workplace)],
        _digest(folder.private_key),
        _digest(folder.tasks),
        _digest(folder.assignment),
        sorted(settings.items()),
        _code(),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _files(workplace: Path) -> list[tuple[str, Path]]:
    return sorted(
        (str(path.relative_to(workplace)), path)
        for path in workplace.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and path.suffix not in _NOT_WORK
        and path.name != "timestamp.txt"
    )


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return "unreadable"


@cache
def _code() -> list[str]:
    """Return what stands for the code that grades: its sources, and the versions of what it runs on."""
    package = Path(__file__).resolve().parents[1]
    sources = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        sources.update(str(path.relative_to(package)).encode())
        sources.update(path.read_bytes())
    return [sources.hexdigest(), *map(_version, _FRAMEWORKS)]


def _version(distribution: str) -> str:
    try:
        return f"{distribution} {metadata.version(distribution)}"
    except metadata.PackageNotFoundError:
        return f"no {distribution}"
