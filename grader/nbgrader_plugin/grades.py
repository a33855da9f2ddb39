"""Save scores to the gradebook, and say where a person has to look."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import SaveAutoGrades

__all__ = ["NEEDS_LOOK", "UNSCORED", "SaveGrades"]

# Keys of ``resources["grader"]``: cell id → reason. An unscored cell has no score at all until then.
NEEDS_LOOK = "needs_look"
UNSCORED = "unscored"


class SaveGrades(SaveAutoGrades):
    """nbgrader's ``SaveAutoGrades``, with cells whose score is open or doubtful marked for a person."""

    def _add_score(self, cell: NotebookNode, resources: Any) -> None:
        name = cell.metadata["nbgrader"]["grade_id"]
        found = resources.get("grader") or {}
        unscored = name in found.get(UNSCORED, {})
        if not unscored:
            try:
                super()._add_score(cell, resources)
            except (KeyError, ValueError) as error:
                # A partial score above the maximum, or a result without text: nbgrader would remove
                # the whole submission for it.
                self.log.warning("cell %r cannot be scored: %s", name, error)
                unscored = True
        grade = self.gradebook.find_grade(name, self.notebook_id, self.assignment_id, self.student_id)
        if unscored:
            grade.auto_score = None
        if unscored or name in found.get(NEEDS_LOOK, {}):
            grade.needs_manual_grade = True
        self.gradebook.db.commit()
