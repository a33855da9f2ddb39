"""Keep one bad notebook from stopping a class."""

from __future__ import annotations

import io
import traceback
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbformat.v4 import new_notebook
from sqlalchemy.exc import OperationalError
from traitlets import Integer

from grader.nbgrader_plugin.unreadable import why_unjudged

__all__ = ["SubmissionExporter"]


class SubmissionExporter(NotebookExporter):
    """Convert a submission; where that fails, put a stand-in there for a person to look at.

    nbgrader removes a submission that cannot be converted. The stand-in says first what happened, has the
    released cells and no scores; the file as it was handed in stays in ``submitted``.
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
            path = Path(filename)
            found = why_unjudged(path, error, self.max_bytes, sanitizing=sanitizing)
            resources["grader_needs_look"] = found.for_instructor
            resources["grader_notice"] = found.for_student
            resources.setdefault("metadata", {}).update(name=path.stem, path=str(path.parent))
            nb = new_notebook() if sanitizing else nbformat.read(filename, as_version=4)
            return self.from_notebook_node(nb, resources=resources, **kw)

    def from_file(
        self, file_stream: Any, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Convert a notebook; a byte order mark, which some editors write in front, is no part of it."""
        text = io.StringIO(file_stream.read().removeprefix("\ufeff"))
        return super().from_file(text, resources=resources, **kw)

    def _check_file(self, path: Path) -> None:
        if path.is_symlink() or not path.is_file():
            raise ValueError("it is not a plain file")
        if path.stat().st_size > self.max_bytes:
            raise ValueError(f"it has {path.stat().st_size:,} bytes, at most {self.max_bytes:,} are read")
