"""Save scores to the gradebook, say where a person has to look, and read them back for the feedback."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import GetGrades, SaveAutoGrades

from grader.nbgrader_plugin.points import cells_for_a_person, is_open, tally

__all__ = ["NEEDS_LOOK", "UNSCORED", "ReadGrades", "SaveGrades"]

# Keys of ``resources["grader"]``: cell id → reason. An unscored cell has no score at all until then.
NEEDS_LOOK = "needs_look"
UNSCORED = "unscored"


class SaveGrades(SaveAutoGrades):
    """nbgrader's ``SaveAutoGrades``, with cells whose score is open or doubtful marked for a person.

    A notebook's scores are saved in one transaction: all of them, or none.
    """

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Save the scores of one notebook."""
        names = resources["nbgrader"]
        self.notebook_id, self.assignment_id = names["notebook"], names["assignment"]
        self.student_id, self.db_url = names["student"], names["db_url"]
        with Gradebook(self.db_url) as self.gradebook:
            session = self.gradebook.db()
            commit, session.commit = session.commit, session.flush
            for index, cell in enumerate(nb.cells):
                nb.cells[index], resources = self.preprocess_cell(cell, resources, index)
            commit()
        return nb, resources

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


class ReadGrades(GetGrades):
    """nbgrader's ``GetGrades``, which also tells a page apart what is open: nbgrader shows 0 for it.

    ``resources.nbgrader.checks`` and ``.by_hand`` are ``Points``; an open cell's metadata says ``open``.
    """

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Read the scores of one notebook."""
        nb, resources = super().preprocess(nb, resources)
        names = resources["nbgrader"]
        with Gradebook(names["db_url"]) as gradebook:
            submission = gradebook.find_submission_notebook(
                names["notebook"], names["assignment"], names["student"]
            )
            by_hand = cells_for_a_person([gradebook.find_notebook(names["notebook"], names["assignment"])])
            names["checks"], names["by_hand"] = tally(submission.grades, by_hand)
            still_open = {grade.name for grade in submission.grades if is_open(grade)}
        for cell in nb.cells:
            data = cell.metadata.get("nbgrader", {})
            if data.get("grade_id") in still_open:
                data["open"] = True
        return nb, resources
