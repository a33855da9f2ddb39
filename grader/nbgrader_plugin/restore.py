"""Put a submitted notebook's nbgrader cells back in order before anything relies on them.

Replaces nbgrader's ``DeduplicateIds``, which leaves empty metadata on a copied cell; that raises
SchemaTooOldError later and stops the whole class.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from grader.nbgrader_plugin.recognise import ReleasedCell, recognise
from grader.nbgrader_plugin.sanitise import clean_attachments

__all__ = ["GRADER_METADATA", "ReleasedCell", "RestoreCells", "restore"]

# Notebook metadata by which the first pass tells the second what it found.
GRADER_METADATA = "grader"

_SAFE_TAG = re.compile(r"[A-Za-z0-9_-]{1,40}")
_SAFE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class RestoreCells(NbGraderPreprocessor):
    """Keep one of each released cell, put back what is missing, restore what is locked."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Restore the notebook's cells from the gradebook."""
        names = resources["nbgrader"]
        with Gradebook(names["db_url"]) as gradebook:
            released = _released(gradebook.find_notebook(names["notebook"], names["assignment"]))
        found = restore(nb, released)
        for name, sentence in found.items():
            self.log.warning("%s, cell %r: %s", names["student"], name, sentence)
        nb.metadata = NotebookNode(
            {key: nb.metadata[key] for key in ("kernelspec", "language_info") if key in nb.metadata}
        )
        nb.metadata[GRADER_METADATA] = {"restored": found}
        for name in ("needs_look", "notice"):
            if resources.get(f"grader_{name}"):
                nb.metadata[GRADER_METADATA][name] = resources[f"grader_{name}"]
        return nb, resources


def _released(notebook: Any) -> list[ReleasedCell]:
    graded = {cell.name: cell.max_score for cell in notebook.grade_cells}
    tasks = {cell.name: cell.max_score for cell in notebook.task_cells}
    solutions = {cell.name for cell in notebook.solution_cells}
    return [
        ReleasedCell(
            name=cell.name,
            cell_type=cell.cell_type,
            source=cell.source or "",
            checksum=cell.checksum,
            locked=bool(cell.locked),
            grade=cell.name in graded,
            solution=cell.name in solutions,
            task=cell.name in tasks,
            points=graded.get(cell.name, tasks.get(cell.name)),
        )
        for cell in notebook.source_cells
    ]


def restore(nb: NotebookNode, released: Sequence[ReleasedCell]) -> dict[str, str]:
    """Restore ``nb`` in place; return, per cell, a sentence on what had happened to it."""
    found: dict[str, str] = {}
    chosen = _choose(nb.cells, released, found)
    recognise(nb.cells, released, chosen, found)
    added: list[tuple[NotebookNode, NotebookNode]] = []
    for index, cell in enumerate(nb.cells):
        kept = {"tags": _tags(cell)} if _tags(cell) else {}
        cell.metadata = NotebookNode(kept)
        if cell.get("attachments"):
            cell.attachments = clean_attachments(cell.attachments)
        if index in chosen:
            nb.cells[index] = new = _restored(cell, chosen[index], found)
            own = _written_into(cell.source, chosen[index])
            if own:
                found[chosen[index].name] = (
                    "The cell had been changed; the released version was used, and what was added to it was run before it."
                )
                added.append((new, new_code_cell(own)))
    here = {cell.name: nb.cells[index] for index, cell in chosen.items()}
    for new, own_cell in added:
        nb.cells.insert(_index_of(nb.cells, new), own_cell)
    _put_back(nb, here, released, found)
    _move_behind_the_work(nb, here, released, found)
    _make_ids_unique(nb)
    return found


def _written_into(source: str, released: ReleasedCell) -> str:
    """Return the code that was written into a locked code cell, without the lines it was released with."""
    if not released.locked or released.cell_type != "code" or source == released.source:
        return ""
    known = {line.strip() for line in released.source.splitlines()}
    lines = [line for line in source.splitlines() if line.strip() not in known]
    told = any(line.strip() and not line.strip().startswith("#") for line in lines)
    return "\n".join(lines) if told else ""


def _grade_id(cell: NotebookNode) -> str | None:
    data = cell.metadata.get("nbgrader")
    name = data.get("grade_id") if isinstance(data, dict) else None
    return name if isinstance(name, str) else None


def _choose(
    cells: list[NotebookNode], released: Sequence[ReleasedCell], found: dict[str, str]
) -> dict[int, ReleasedCell]:
    """Choose, for each released cell, the copy that stands in the released order, else the first."""
    places: dict[str, list[int]] = {}
    for index, cell in enumerate(cells):
        if (name := _grade_id(cell)) is not None:
            places.setdefault(name, []).append(index)
    chosen: dict[int, ReleasedCell] = {}
    last = -1
    for cell in released:
        copies = places.get(cell.name, [])
        if not copies:
            continue
        if len(copies) > 1:
            found[cell.name] = f"The cell was there {len(copies)} times; one was kept as the graded one."
        last = next((index for index in copies if index > last), copies[0])
        chosen[last] = cell
    return chosen


def _restored(cell: NotebookNode, released: ReleasedCell, found: dict[str, str]) -> NotebookNode:
    source = cell.source
    if released.locked:
        if source != released.source:
            found.setdefault(released.name, "The cell had been changed; the released version was used.")
        source = released.source
    new = _new_cell(released, source)
    new.id = cell.get("id", new.id)
    if released.cell_type == "markdown" and cell.get("attachments"):
        new.attachments = cell.attachments
    return new


def _new_cell(released: ReleasedCell, source: str) -> NotebookNode:
    make = new_code_cell if released.cell_type == "code" else new_markdown_cell
    metadata: dict[str, Any] = {"nbgrader": released.metadata()}
    if released.locked:
        metadata |= {"deletable": False, "editable": False}
    return make(source, metadata=NotebookNode(_nodes(metadata)))


def _nodes(data: dict[str, Any]) -> dict[str, Any]:
    return {key: NotebookNode(value) if isinstance(value, dict) else value for key, value in data.items()}


def _put_back(
    nb: NotebookNode,
    here: dict[str, NotebookNode],
    released: Sequence[ReleasedCell],
    found: dict[str, str],
) -> None:
    """Insert each missing cell that is locked or earns points.

    It goes in front of the next released cell that is there, or at the end: behind all that was written in the gap,
    which may be the work that it checks.
    """
    for number, cell in enumerate(released):
        if cell.name in here or not (cell.locked or cell.grade or cell.task):
            continue
        found[cell.name] = "The cell was missing and was put back."
        before = next((here[later.name] for later in released[number + 1 :] if later.name in here), None)
        behind = (
            next((here[earlier.name] for earlier in released[number - 1 :: -1] if earlier.name in here), None)
            if number
            else None
        )
        place = len(nb.cells) if before is None else _index_of(nb.cells, before)
        if behind is not None:  # cells may have changed places
            place = max(place, _index_of(nb.cells, behind) + 1)
        here[cell.name] = new = _new_cell(cell, cell.source)
        nb.cells.insert(place, new)


def _move_behind_the_work(
    nb: NotebookNode,
    here: dict[str, NotebookNode],
    released: Sequence[ReleasedCell],
    found: dict[str, str],
) -> None:
    """Move each check that stands before its work, the cells for it since the check before, to behind that."""
    work: list[NotebookNode] = []
    for cell in released:
        if cell.name not in here:
            continue
        if cell.solution and not cell.grade:
            work.append(here[cell.name])
        elif cell.grade and cell.locked and cell.cell_type == "code":
            check = here[cell.name]
            last = max((_index_of(nb.cells, one) for one in work), default=-1)
            if _index_of(nb.cells, check) < last:
                nb.cells.remove(check)
                nb.cells.insert(last, check)
                found.setdefault(
                    cell.name, "The cell stood before the work that it checks, and was moved behind it."
                )
            work = []


def _index_of(cells: list[NotebookNode], wanted: NotebookNode) -> int:
    return next(index for index, cell in enumerate(cells) if cell is wanted)


def _tags(cell: NotebookNode) -> list[str]:
    tags = cell.metadata.get("tags")
    if not isinstance(tags, list):
        return []
    return [tag for tag in tags if isinstance(tag, str) and _SAFE_TAG.fullmatch(tag)]


def _make_ids_unique(nb: NotebookNode) -> None:
    seen: set[str] = set()
    for index, cell in enumerate(nb.cells):
        name = cell.get("id")
        if not isinstance(name, str) or not _SAFE_ID.fullmatch(name) or name in seen:
            cell.id = name = f"restored-{index}"
        seen.add(name)
