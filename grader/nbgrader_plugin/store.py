"""Verdicts as they are kept beside the gradebook, one file per submitted notebook."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from grader.record import Record
from grader.verdict import Verdict

__all__ = ["StoredVerdicts", "read_verdicts", "write_verdicts"]


class StoredVerdicts(Record):
    """What grading one notebook gave; ``needs_look`` says why a person has to open it.

    ``digest`` is that of all that it depends on; none where the notebook could not be judged.
    """

    unit: str
    student: str
    notebook: str
    verdicts: tuple[Verdict, ...] = ()
    needs_look: tuple[str, ...] = ()
    digest: str = ""


def _folder(course: Path, unit: str, student: str) -> Path:
    return course / "private" / "verdicts" / unit / student


def write_verdicts(course: Path, stored: StoredVerdicts) -> None:
    """Keep the verdicts of one notebook, in a folder that only its owner can enter."""
    private = course / "private"
    private.mkdir(mode=0o700, parents=True, exist_ok=True)
    private.chmod(0o700)
    folder = _folder(course, stored.unit, stored.student)
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{stored.notebook}.json.new"
    draft.write_text(stored.to_json(), encoding="utf-8")
    draft.replace(folder / f"{stored.notebook}.json")


def read_verdicts(course: Path, unit: str, student: str) -> tuple[StoredVerdicts, ...]:
    """Read what is kept of one student's submission; files of another version are passed over."""
    found = []
    for path in sorted(_folder(course, unit, student).glob("*.json")):
        try:
            found.append(StoredVerdicts.model_validate_json(path.read_text(encoding="utf-8")))
        except (OSError, ValidationError):
            continue
    return tuple(found)
