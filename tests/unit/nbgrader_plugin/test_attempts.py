"""When a task counts as attempted."""

from __future__ import annotations

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from nbgrader.utils import compute_checksum

from grader.evidence import CaseEvidence, Evidence, Failure
from grader.nbgrader_plugin.attempts import attempted
from tests.integration import small_course as small

WORKING = Evidence(task="g", backend="b", keras="k", cases=(CaseEvidence(kind="value", value=1),))
FAILING = Evidence(
    task="g",
    backend="b",
    keras="k",
    cases=(CaseEvidence(kind="failure", failure=Failure(type="E", message="m")),),
)
PLAIN = "import numpy"


def _notebook(f: str = "stub", g: str = "stub", extra: str = "") -> list[NotebookNode]:
    cells = [
        new_code_cell(PLAIN),
        small.cell("stub", "f_solution", solution=True),
        small.cell("unit.check('f', f)", "f", grade=1),
        small.cell("stub", "g_solution", solution=True),
        small.cell("unit.check('g', g)", "g", grade=1),
    ]
    for cell in cells[1:]:
        cell.metadata["nbgrader"]["checksum"] = compute_checksum(cell)
    cells[1].source, cells[3].source = f, g
    return [new_code_cell(extra), *cells] if extra else cells


def _attempted(cells: list[NotebookNode], evidence: Evidence | None = None) -> bool:
    return attempted(cells, "g", {"f", "g"}, {PLAIN}, evidence)


def test_changed_solution_cell_is_an_attempt() -> None:
    """A task counts as attempted when its own solution cell differs from the released one."""
    assert _attempted(_notebook(g="mine"))


def test_work_on_another_task_is_none() -> None:
    """A stub left as it was is no attempt, whatever was done for the task before it."""
    assert not _attempted(_notebook(f="mine"))
    assert not _attempted(_notebook(f="mine"), FAILING)


def test_working_evidence_from_another_cell_is_an_attempt() -> None:
    """Work that stands in another cell is an attempt when it gave the check something."""
    assert _attempted(_notebook(f="mine, and g too"), WORKING)
    assert _attempted(_notebook(extra="g = 3"), WORKING)


def test_untouched_notebook_is_no_attempt_even_when_its_stub_works() -> None:
    """A starter model that was handed in as released is no attempt."""
    assert not _attempted(_notebook(), WORKING)
