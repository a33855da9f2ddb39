"""What JupyterLab shows of the course's files, and what it writes back to them."""

from __future__ import annotations

from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from traitlets import Bool

from scripts.saving import as_opened, keep_unedited

__all__ = ["NOT_FOR_LEARNERS", "CourseContents", "for_learners"]

# What authors and instructors work in. A learner who opens the file browser should see the index, the data and
# work of their own.
NOT_FOR_LEARNERS = frozenset(
    {
        *("units", "drills", "coverage.md", "nbgrader_config.py", "keys", "private"),
        *("exchange", "release", "submitted", "autograded", "feedback", "gradebook.db"),
    }
)
# The key beside an assignment holds the solutions that `unit.solution` shows on request.
KEY = "public_key.json"


def for_learners(entries: list[dict[str, Any]], folder: str) -> list[dict[str, Any]]:
    """Return the entries of a folder's listing that a learner has a use for."""
    hidden = NOT_FOR_LEARNERS if folder.strip("/") == "" else {KEY}
    return [entry for entry in entries if entry["name"] not in hidden]


class CourseContents(AsyncLargeFileManager):
    """Jupyter's files, with a listing for learners and notebooks that stay as they are unless edited.

    Only the listing is narrowed: every path opens, so nbgrader's menus and links work as ever.
    """

    learner_view = Bool(True, help="List only what a learner works with.").tag(config=True)

    async def get(
        self,
        path: str,
        content: bool = True,
        type: str | None = None,  # noqa: A002 - the name Jupyter calls it by
        format: str | None = None,  # noqa: A002
        **options: Any,
    ) -> dict[str, Any]:
        """Return a file's or folder's model, as Jupyter asks for it."""
        model: dict[str, Any] = await super().get(path, content, type, format, **options)
        if model["content"] is None:
            return model
        if model["type"] == "directory" and self.learner_view:
            model["content"] = for_learners(model["content"], path)
        elif model["type"] == "notebook":
            as_opened(model["content"])
        return model

    async def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        """Save a file, and keep what merely opening a notebook has changed out of it."""
        keep_unedited(model, path, self.root_dir)
        saved: dict[str, Any] = await super().save(model, path)
        return saved
