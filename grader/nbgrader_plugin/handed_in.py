"""What lies in ``submitted``: is there the notebook that is graded, and if not, how to put it right?"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from nbgrader.coursedir import CourseDirectory

from grader.messages import did_you_mean, quoted, shown, some

__all__ = ["Submissions"]

_LESSON = "lesson.ipynb"


@dataclass(frozen=True)
class Submissions:
    """The submissions of one unit. ``notebook`` is the file that each has to hold."""

    directory: CourseDirectory
    unit: str
    notebook: str = "assignment.ipynb"

    def folder(self, student: str) -> Path:
        """Return the folder of a student's submission."""
        return Path(self.directory.format_path(self.directory.submitted_directory, student, self.unit))

    @property
    def root(self) -> Path:
        """The folder that holds every student's folder."""
        return Path(self.directory.root) / self.directory.submitted_directory

    @property
    def layout(self) -> str:
        """Where a submission has to lie."""
        return shown(self.folder("STUDENT") / self.notebook)

    def fault(self, student: str) -> str | None:
        """Say why a student's submission cannot be graded as it lies there, and how to mend it."""
        folder = self.folder(student)
        names = _names(folder)
        if self.notebook in names or not folder.is_dir():
            return None
        place, wanted = f"{shown(folder)}/", quoted(self.notebook)
        again = "and grade again"
        if not names:
            return f"{place} is empty, expected {wanted} in it: ask the student for it, put it there {again}."
        notebooks = [name for name in names if _is_notebook(name) and name != _LESSON]
        if len(notebooks) == 1:
            return f"found {quoted(notebooks[0])}, expected {wanted}: rename it in {place} {again}."
        if notebooks:
            found = some([quoted(name) for name in notebooks], 4)
            return f"found {found}, expected {wanted}: rename the one that counts in {place} {again}."
        deeper = sorted(folder.glob(f"*/{self.notebook}"))
        if deeper:
            return f"found {shown(deeper[0])}, expected it one folder higher: move it to {place} {again}."
        found = some([quoted(name) for name in names], 4)
        return f"found only {found}, expected {wanted}: ask the student for it, put it in {place} {again}."

    def ungraded(self, student: str) -> list[str]:
        """Return the notebooks beside the graded one that are no part of a release: nobody grades them."""
        names = _names(self.folder(student))
        return [name for name in names if _is_notebook(name) and name not in (self.notebook, _LESSON)]

    def strays(self, units: Collection[str]) -> list[str]:
        """Say, for each student without a submission, what looks like one in the wrong place."""
        return [found for folder in _folders(self.root) if (found := self._stray(folder, units))]

    def _stray(self, student: Path, units: Collection[str]) -> str | None:
        place = self.folder(student.name)
        if place.is_dir():
            return None
        loose = sorted(path for path in student.iterdir() if _is_notebook(path.name))
        if loose:
            return f"found {shown(loose[0])}, expected {shown(place / self.notebook)}: move it there."
        others = {path.name for path in _folders(student)} - set(units)
        near = get_close_matches(self.unit, sorted(others), n=1, cutoff=0.8)
        if near:
            return f"found the folder {shown(student / near[0])}, expected {shown(place)}: rename it."
        return None

    def nobody(self, units: Collection[str]) -> str:
        """Say that there is nothing to grade, where it was looked for, and what is missing before that."""
        text = f"Nothing is handed in for {quoted(self.unit)}: looked for {self.layout}."
        strays = self.strays(units)
        if strays:
            more = f" {len(strays) - 1} more look like that." if len(strays) > 1 else ""
            return f"{text} {strays[0][0].upper()}{strays[0][1:]}{more}"
        release = Path(self.directory.format_path(self.directory.release_directory, ".", self.unit))
        if not release.is_dir():
            text += (
                f" Nothing is released either: run `grader release {self.unit}` and give students what is then in "
                f"{shown(release)}."
            )
        return text

    def absent(self, students: Sequence[str], there: Sequence[str]) -> str:
        """Say which students handed in nothing, and who did."""
        names = some([quoted(student) for student in students], 4)
        text = f"{names} handed in nothing for {quoted(self.unit)}: there is no {shown(self.folder(students[0]))}/."
        return f"{text} Submissions are there of {some(there)}.{did_you_mean(students[0], there)}"


def _is_notebook(name: str) -> bool:
    return name.lower().endswith(".ipynb")


def _names(folder: Path) -> list[str]:
    """Return what lies in a folder, without hidden files and the time stamp that nbgrader adds."""
    if not folder.is_dir():
        return []
    names = (path.name for path in folder.iterdir())
    return sorted(name for name in names if not name.startswith(".") and name != "timestamp.txt")


def _folders(root: Path) -> Iterator[Path]:
    if root.is_dir():
        yield from sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
