"""Turn a unit's samples into submissions.

A sample is a Python file in a unit's ``samples/`` folder: ``correct_<style>.py``, or
``wrong_<id>.py`` and ``wrong_<id>_<variant>.py``, where ``<id>`` is the misconception it shows (ids
are written with hyphens, so the first underscore ends the id). The file's docstring is its title.

How a sample's functions map to the notebook: every solution cell of the assignment defines
functions, and a sample that defines a function of the same name replaces that whole cell. What
else the sample holds (imports, helper functions, classes) goes before the first cell it replaces.
Cells it does not replace keep the reference solution.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from grader.errors import CourseError

__all__ = ["Region", "Sample", "read_sample", "solution_regions", "submission_from_sample", "unit_samples"]

_MARKER = re.compile(r"^\s*#+ (?:BEGIN|END) SOLUTION\s*$\n?", re.MULTILINE)
_NAME = re.compile(r"correct_(?P<style>\w+)|wrong_(?P<id>[a-z0-9]+(?:-[a-z0-9]+)*)(?:_(?P<variant>\w+))?")


@dataclass(frozen=True)
class Region:
    """A solution cell: its nbgrader id, position, source without markers, and the functions it defines."""

    grade_id: str
    cell: int
    source: str
    functions: tuple[str, ...]


@dataclass(frozen=True)
class Sample:
    """One student attempt. ``misconception`` is ``None`` for a correct one.

    ``functions`` maps each top-level function to its source; ``support`` is everything else.
    """

    name: str
    title: str
    misconception: str | None
    support: str
    functions: dict[str, str]

    @property
    def source(self) -> str:
        """The whole sample, support first."""
        return "\n\n\n".join(part for part in (self.support, *self.functions.values()) if part)


def read_sample(path: Path, known: frozenset[str] = frozenset()) -> Sample:
    """Read a sample; functions outside ``known`` (when it is given) count as support.

    Raises:
        CourseError: the name says neither correct nor wrong, the file has no docstring, or it does
            something when it is imported.
    """
    match = _NAME.fullmatch(path.stem)
    if match is None:
        raise CourseError(
            f"The sample {path.name} has no name of the form correct_<style>.py, wrong_<id>.py "
            "or wrong_<id>_<variant>.py; rename it."
        )
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text, filename=path.name)
    title = ast.get_docstring(tree)
    if not title:
        raise CourseError(
            f"The sample {path.name} has no docstring; say in one sentence what the student did."
        )
    functions: dict[str, str] = {}
    support: list[str] = []
    for node in tree.body[1:]:
        source = _source(text, node)
        if isinstance(node, ast.FunctionDef) and (not known or node.name in known):
            functions[node.name] = source
        elif isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef):
            support.append(source)
        else:
            raise CourseError(
                f"The sample {path.name} does something at line {node.lineno}; "
                "a sample holds imports, functions and classes only."
            )
    return Sample(
        name=path.stem,
        title=title.splitlines()[0],
        misconception=match["id"],
        support="\n".join(support),
        functions=functions,
    )


def unit_samples(folder: Path) -> Iterator[Path]:
    """Yield the samples of a unit's folder, correct ones first, each group by name."""
    yield from sorted((folder / "samples").glob("*.py"))


def solution_regions(notebook: nbformat.NotebookNode) -> tuple[Region, ...]:
    """Return the code cells that nbgrader marks as solutions, in order."""
    regions = []
    for index, cell in enumerate(notebook.cells):
        marks = _nbgrader(cell)
        if cell.cell_type == "code" and marks.get("solution"):
            source = _MARKER.sub("", cell.source)
            names = tuple(node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
            regions.append(Region(str(marks["grade_id"]), index, source, names))
    return tuple(regions)


def submission_from_sample(
    assignment: nbformat.NotebookNode | Path, sample: Path | None = None
) -> nbformat.NotebookNode:
    """Return what a student would hand in: the assignment, filled in by the sample and the reference.

    ``assignment`` is the authors' notebook, solutions in. Without a sample it is the reference
    itself. Stored outputs and the solution markers are gone.

    Raises:
        CourseError: the sample is not well formed, or defines no function of the assignment.
    """
    if isinstance(assignment, Path):
        assignment = nbformat.read(assignment, as_version=4)
    notebook = deepcopy(assignment)
    regions = solution_regions(notebook)
    for cell in notebook.cells:
        cell.source = _MARKER.sub("", cell.source)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    if sample is not None:
        for index, source in _replacements(regions, sample).items():
            notebook.cells[index].source = source
    return notebook


def _replacements(regions: tuple[Region, ...], path: Path) -> dict[int, str]:
    """Return the new source of every cell the sample replaces."""
    sample = read_sample(path, frozenset(name for region in regions for name in region.functions))
    replaced: dict[int, str] = {}
    for region in regions:
        written = [sample.functions[name] for name in region.functions if name in sample.functions]
        if not written:
            continue
        if len(written) < len(region.functions):
            raise CourseError(
                f"The sample {path.name} defines only part of the cell {region.grade_id}: "
                f"it needs all of {', '.join(region.functions)}."
            )
        support = [] if replaced else [sample.support]
        replaced[region.cell] = "\n\n\n".join(part for part in (*support, *written) if part)
    if not replaced:
        names = ", ".join(name for region in regions for name in region.functions)
        raise CourseError(f"The sample {path.name} defines no function of the assignment; there are {names}.")
    return replaced


def _nbgrader(cell: nbformat.NotebookNode) -> dict[str, Any]:
    marks = cell.metadata.get("nbgrader", {})
    return dict(marks)


def _source(text: str, node: ast.stmt) -> str:
    """Return a statement's source with its decorators, which ``ast.get_source_segment`` leaves out."""
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    return "\n".join(text.splitlines()[first - 1 : node.end_lineno])
