"""Thin adapters that put the grader behind ``nbgrader``'s own commands.

``course/nbgrader_config.py`` needs two lines::

    from grader.nbgrader_plugin import configure
    configure(c)
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

__all__ = ["AUTHORS_ONLY", "configure"]

if "jsonschema" not in sys.modules:
    # When it is imported, jsonschema has a grammar for international addresses built, which takes longer than
    # everything else that nbgrader imports. No schema of a notebook has such an address in it.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # an import of it fails

# What lies in a unit's folder for its authors. nbgrader copies everything else into releases, and
# into the folder in which a student's code runs.
AUTHORS_ONLY = ("tasks.py", "design.md", "samples")

_STOCK = "nbgrader.preprocessors."
_OURS = "grader.nbgrader_plugin."


def configure(c: Any) -> None:
    """Make ``c``, the config object of ``nbgrader_config.py``, release and grade through the grader.

    Assignments without a ``tasks.py`` are released and scored as nbgrader does.
    """
    _put_tools_on_path()
    c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", *AUTHORS_ONLY]
    c.GenerateAssignment.preprocessors = [
        _OURS + "prepare.PrepareRelease",
        *(_STOCK + name for name in ("IncludeHeaderFooter", "InstantiateTests")),
        *(_STOCK + name for name in ("LockCells", "ClearSolutions", "ClearOutput", "CheckCellMetadata")),
        *(_STOCK + name for name in ("ComputeChecksums", "SaveCells", "ClearHiddenTests", "ClearMarkScheme")),
        *(_STOCK + name for name in ("ComputeChecksums", "CheckCellMetadata")),
    ]
    c.Autograde.exporter_class = _OURS + "exporter.SubmissionExporter"
    c.Autograde.sanitize_preprocessors = [
        _STOCK + "ClearOutput",
        _OURS + "restore.RestoreCells",
        *(_STOCK + name for name in ("OverwriteKernelspec", "OverwriteCells", "CheckCellMetadata")),
    ]
    c.Autograde.autograde_preprocessors = [
        _OURS + "execute.ExecuteAndJudge",
        _STOCK + "IgnorePattern",
        "nbconvert.preprocessors.ClearMetadataPreprocessor",
        _STOCK + "LimitOutput",
        _OURS + "grades.SaveGrades",
        *(_STOCK + name for name in ("AssignLatePenalties", "CheckCellMetadata")),
    ]
    c.GenerateFeedback.exporter_class = _OURS + "feedback_page.FeedbackExporter"
    c.GenerateFeedback.preprocessors = [
        _OURS + "feedback_page.FeedbackGrades",
        "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
    ]
    c.OverwriteCells.add_missing_cells = True
    # Whatever a page shows of a student's is cleaned when the page is made.
    c.HTMLExporter.sanitize_html = True
    c.HTMLExporter.filters = {
        "clean_html": _OURS + "sanitise.clean_html",
        "markdown2html": _OURS + "sanitise.markdown_to_clean_html",
    }


def _put_tools_on_path() -> None:
    """Let nbgrader, which starts ``alembic`` by name, find it in an environment that is not activated."""
    tools = str(Path(sys.executable).parent)
    paths = os.environ.get("PATH", "").split(os.pathsep)
    if tools not in paths:
        os.environ["PATH"] = os.pathsep.join([tools, *paths])
