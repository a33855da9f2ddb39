"""Keras Plumbing: read a Keras model as a graph, say what differs from the one asked for, and why.

Importing this package does not import Keras. The functions that need it, do so when they are called.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grader.api import compare, describe, draw, explain
    from grader.comparison import Comparison, Diagnosis, Difference
    from grader.course_unit import CourseUnit
    from grader.graph import ModelGraph
    from grader.portability import ParityReport, parity
    from grader.report import Explanation

__all__ = [
    "Comparison",
    "CourseUnit",
    "Diagnosis",
    "Difference",
    "Explanation",
    "ModelGraph",
    "ParityReport",
    "compare",
    "describe",
    "draw",
    "explain",
    "parity",
    "unit",
]

_HOMES = {
    "Comparison": "grader.comparison",
    "CourseUnit": "grader.course_unit",
    "Diagnosis": "grader.comparison",
    "Difference": "grader.comparison",
    "Explanation": "grader.report",
    "ModelGraph": "grader.graph",
    "ParityReport": "grader.portability",
    "compare": "grader.api",
    "describe": "grader.api",
    "draw": "grader.api",
    "explain": "grader.api",
    "parity": "grader.portability",
}


def unit(unit_id: str) -> "CourseUnit":
    """Open a unit of the course; see ``grader.course_unit.open_unit``."""
    from grader.course_unit import open_unit

    return open_unit(unit_id)


def load_ipython_extension(shell: Any) -> None:
    """Explain, from now on, what Keras raises in a cell, below its traceback: ``%load_ext grader``."""
    from grader.notebook_errors import start

    start(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Leave tracebacks alone again: ``%unload_ext grader``."""
    from grader.notebook_errors import stop

    stop(shell)


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that the package itself imports in no time."""
    if name not in _HOMES:
        raise AttributeError(f"module 'grader' has no attribute {name!r}; it offers {', '.join(__all__)}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
