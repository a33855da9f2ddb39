"""Short notebooks in plain kernels, run as a submission is."""

from __future__ import annotations

from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from grader.evidence import EVIDENCE_MIME, CaseEvidence, Evidence
from grader.execution.client import RecordingClient
from grader.execution.run import NotebookRun

__all__ = ["check", "evidence", "run", "send", "texts"]


def evidence(task: str, value: int = 1) -> Evidence:
    case = CaseEvidence(kind="value", value=value)
    return Evidence(task=task, backend="none", keras="none", cases=(case,))


def send(text: str, mime: str = EVIDENCE_MIME) -> str:
    return (
        f"from IPython.display import display\ndisplay({{{mime!r}: {text!r}, 'text/plain': 'x'}}, raw=True)\n"
    )


def check(task: str, source: str) -> NotebookNode:
    return new_code_cell(source, metadata={"nbgrader": {"grade_id": task, "grade": True}})


def run(
    *cells: NotebookNode | str, path: Path | None = None, **traits: object
) -> tuple[NotebookNode, NotebookRun]:
    made = [new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    nb = new_notebook(cells=made)
    client = RecordingClient(
        nb,
        kernel_name="python3",
        check_cells=["first", "second"],
        resources={"metadata": {"path": str(path) if path else None}},
        **{name: value for name, value in traits.items() if name != "on_evidence"},
    )
    client.on_evidence = traits.get("on_evidence")
    client.execute()
    return nb, client.recorded


def texts(cell: NotebookNode) -> str:
    return "".join(output.get("text", "") for output in cell.outputs)
