"""Was anything handed in for a check, or is it as it was released?"""

from __future__ import annotations

from collections.abc import Collection

from nbformat import NotebookNode
from nbgrader.utils import compute_checksum, is_solution

from grader.evidence import Evidence

__all__ = ["attempted"]


def attempted(
    cells: list[NotebookNode],
    task: str,
    checks: Collection[str],
    released_code: Collection[str],
    evidence: Evidence | None,
) -> bool:
    """Say whether a task was attempted.

    A changed solution cell between its check and the check before is an attempt. So is working
    evidence in a notebook where anything was changed: the work may stand in another cell.
    ``released_code`` holds the sources of the assignment's ordinary code cells.
    """
    own_changed = anything_changed = False
    for cell in cells:
        data = cell.metadata.get("nbgrader", {})
        name = data.get("grade_id")
        if name == task:
            break
        if name in checks:
            own_changed = False
        if is_solution(cell):
            changed = data.get("checksum") != compute_checksum(cell)
            own_changed = own_changed or changed
        else:
            changed = cell.cell_type == "code" and not data and _is_new(cell.source, released_code)
        anything_changed = anything_changed or changed
    return own_changed or (anything_changed and evidence is not None and _works(evidence))


def _is_new(source: str, released_code: Collection[str]) -> bool:
    return bool(source.strip()) and source not in released_code


def _works(evidence: Evidence) -> bool:
    return any(case.graph is not None or case.value is not None for case in evidence.cases)
