"""Find released cells again in a notebook whose marks were lost, as some editors lose them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

__all__ = ["ReleasedCell", "recognise"]

_DEFINED = re.compile(r"^(?:def|class)\s+(\w+)", re.MULTILINE)


@dataclass(frozen=True)
class ReleasedCell:
    """A cell as it was released. ``points`` is ``None`` for a cell that is not graded."""

    name: str
    cell_type: str
    source: str
    checksum: str | None
    locked: bool
    grade: bool
    solution: bool
    task: bool
    points: float | None

    def metadata(self) -> dict[str, Any]:
        """Return the nbgrader metadata of the cell, schema version 3."""
        data: dict[str, Any] = {
            "schema_version": 3,
            "grade_id": self.name,
            "grade": self.grade,
            "solution": self.solution,
            "locked": self.locked,
            "task": self.task,
            "cell_type": self.cell_type,
        }
        if self.points is not None:
            data["points"] = self.points
        if self.checksum is not None:
            data["checksum"] = self.checksum
        return data


def recognise(
    cells: Sequence[NotebookNode],
    released: Sequence[ReleasedCell],
    chosen: dict[int, ReleasedCell],
    found: dict[str, str],
) -> None:
    """Add to ``chosen`` the released cells without a mark that are recognised.

    A cell is recognised by its text, a solution by the function or class that it defines, and a written answer by its
    place: the last text in front of the next released cell. ``found`` is told of each.
    """
    for cell in released:
        if cell in chosen.values():
            continue
        index = _by_text(cells, cell, chosen)
        if index is None and cell.solution and cell.cell_type == "code":
            index = _by_name(cells, cell, chosen)
        if index is not None:
            chosen[index] = cell
            found[cell.name] = "The cell had lost its mark and was recognised by its text."
    for number, cell in enumerate(released):
        if cell in chosen.values() or not cell.solution or cell.cell_type == "code":
            continue
        index = _by_place(cells, released, number, chosen)
        if index is not None:
            chosen[index] = cell
            found[cell.name] = "The cell had lost its mark and was recognised by its place."


def _free(cells: Sequence[NotebookNode], cell: ReleasedCell, chosen: dict[int, ReleasedCell]) -> list[int]:
    return [n for n, one in enumerate(cells) if n not in chosen and one.cell_type == cell.cell_type]


def _by_text(
    cells: Sequence[NotebookNode], cell: ReleasedCell, chosen: dict[int, ReleasedCell]
) -> int | None:
    text = cell.source.strip()
    free = _free(cells, cell, chosen)
    return next((n for n in free if text and cells[n].source.strip() == text), None)


def _by_name(
    cells: Sequence[NotebookNode], cell: ReleasedCell, chosen: dict[int, ReleasedCell]
) -> int | None:
    names = set(_DEFINED.findall(cell.source))
    free = [n for n in _free(cells, cell, chosen) if names & set(_DEFINED.findall(cells[n].source))]
    return free[-1] if free else None


def _by_place(
    cells: Sequence[NotebookNode],
    released: Sequence[ReleasedCell],
    number: int,
    chosen: dict[int, ReleasedCell],
) -> int | None:
    places = {cell.name: index for index, cell in chosen.items()}
    before = max((places[cell.name] for cell in released[:number] if cell.name in places), default=-1)
    behind = min(
        (places[cell.name] for cell in released[number + 1 :] if cell.name in places), default=len(cells)
    )
    free = [n for n in _free(cells, released[number], chosen) if before < n < behind]
    return free[-1] if free else None
