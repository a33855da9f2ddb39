"""Tell the points that checks decide on from those that a person gives, in nbgrader's gradebook."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from nbgrader.api import Grade, Notebook

from grader.record import Record

__all__ = ["Points", "cells_for_a_person", "is_open", "tally"]


class Points(Record):
    """Points of one kind: what was given, of how many, and how many have no score yet."""

    given: float
    of: float
    open: float = 0.0


def cells_for_a_person(notebooks: Iterable[Notebook]) -> set[tuple[str, str]]:
    """Return notebook and name of the cells whose points a person gives: graded answers, and tasks."""
    found = set()
    for notebook in notebooks:
        answers = {cell.name for cell in notebook.solution_cells}
        found |= {(notebook.name, cell.name) for cell in notebook.grade_cells if cell.name in answers}
        found |= {(notebook.name, cell.name) for cell in notebook.task_cells}
    return found


def is_open(grade: Grade) -> bool:
    """Say whether a cell has no score yet; nbgrader shows 0 for it."""
    return grade.auto_score is None and grade.manual_score is None


def tally(grades: Iterable[Grade], by_hand: Collection[tuple[str, str]]) -> tuple[Points, Points]:
    """Return the points of the checks, and those a person gives."""
    kinds: tuple[list[Grade], list[Grade]] = ([], [])
    for grade in grades:
        kinds[(grade.notebook.name, grade.name) in by_hand].append(grade)
    checks, hand = (
        Points(
            given=float(sum(grade.score for grade in kind)),
            of=float(sum(grade.max_score for grade in kind)),
            open=float(sum(grade.max_score for grade in kind if is_open(grade))),
        )
        for kind in kinds
    )
    return checks, hand
