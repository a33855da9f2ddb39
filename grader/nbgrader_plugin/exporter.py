"""Keep one bad notebook from stopping a class."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook
from sqlalchemy.exc import OperationalError
from traitlets import Integer

__all__ = ["SubmissionExporter"]


class SubmissionExporter(NotebookExporter):
    """Convert a submission; where that fails, put a stand-in there for a person to look at.

    nbgrader removes a submission that cannot be converted. The stand-in has the released cells, no
    scores, and says what happened; the file as it was handed in stays in ``submitted``.
    """

    max_bytes = Integer(50_000_000, help="A notebook file larger than this is not read.").tag(config=True)

    def from_filename(
        self, filename: str, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Convert the notebook of that file, or the stand-in for it."""
        resources = {} if resources is None else resources
        try:
            self._check_file(Path(filename))
            return super().from_filename(filename, resources=resources, **kw)
        except OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - a submission may break any part of the conversion
            self.log.error("%s needs a look: %s", filename, traceback.format_exc())
            sanitizing = getattr(self.parent, "_sanitizing", True)
            what = "could not be read" if sanitizing else "could not be graded"
            reason = f"The notebook {what}: {type(error).__name__}: {str(error)[:300]}"
            resources["grader_needs_look"] = reason
            path = Path(filename)
            resources.setdefault("metadata", {}).update(name=path.stem, path=str(path.parent))
            nb = _stand_in(path, reason) if sanitizing else nbformat.read(filename, as_version=4)
            return self.from_notebook_node(nb, resources=resources, **kw)

    def _check_file(self, path: Path) -> None:
        if path.is_symlink() or not path.is_file():
            raise ValueError("it is not a plain file")
        if path.stat().st_size > self.max_bytes:
            raise ValueError(f"it has {path.stat().st_size:,} bytes, at most {self.max_bytes:,} are read")


def _stand_in(path: Path, reason: str) -> NotebookNode:
    text = f"**This page stands in for the submission.** {_plain(reason)}\n\nThe file as it was handed in is kept: `{path.name}`."
    return new_notebook(cells=[new_markdown_cell(text)])


def _plain(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter in " .,:;'()/-_" else " " for letter in text)
