"""Run a unit's reference solution and keep what it gave as an answer key."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grader.errors import CourseError, EvenOutputError, UsageError
from grader.evidence import CASES_VARIABLE, MODE_VARIABLE, Case, CaseSheet, Challenge, Evidence
from grader.execution.client import RecordingClient
from grader.execution.run import NotebookRun
from grader.execution.temporary import own_prefix
from grader.judge import TryParity, ask, probes_from
from grader.keys import AnswerKey, Probe, TaskKey
from grader.options import refuse_unknown_settings
from grader.tasks import Architecture, Task, Unit

__all__ = ["case_file", "compile_key", "run_reference", "solutions_of"]

_PUBLIC_SEED = 0
_BEGIN, _END = "### BEGIN SOLUTION", "### END SOLUTION"
_QUIET = logging.getLogger("grader.compile")
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False


@contextmanager
def case_file(sheet: CaseSheet) -> Iterator[Path]:
    """Lend a kernel its cases in a file that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=own_prefix("grader")) as folder:
        path = Path(folder) / "cases.json"
        path.write_text(sheet.to_json(), encoding="utf-8")
        yield path


def compile_key(
    assignment_notebook: Path,
    unit: Unit,
    seed: int | None,
    *,
    solutions: bool = False,
    parity: TryParity | None = None,
    environment: Mapping[str, str] | None = None,
) -> AnswerKey:
    """Make a unit's answer key from its reference solution, in a kernel of its own.

    Without ``seed`` the key is public: visible cases, none drawn. With one it is private: hidden cases are
    drawn, and the probes from that seed. ``solutions`` adds the sources of the solutions. ``parity`` tries the
    reference on other backends where a task asks for that; ``environment`` is added to that of the kernel.

    Raises:
        CourseError: the notebook cannot be read, or the reference fails a task; the message names it.
        EvenOutputError: with this seed no wrong model could be told from the reference.
    """
    notebook = _read(assignment_notebook)
    cases = {task.id: _cases(task, seed) for task in unit.tasks}
    travelling = tuple(task.id for task in unit.tasks if task.public.parity is not None)
    sheet = CaseSheet(unit=unit.id, tasks=cases, portable=travelling)
    run = run_reference(assignment_notebook, sheet, seed, environment or {})
    keys = []
    for task in unit.tasks:
        evidence = _evidence(unit, task, cases[task.id], run)
        key = TaskKey(
            task=task.public,
            cases=cases[task.id],
            visible=len(task.cases),
            evidence=evidence,
            probes=_probes(unit, task, evidence, run, seed),
        )
        if parity is not None:
            _try_elsewhere(unit, key, parity)
        keys.append(_without_code(key))
    return AnswerKey(
        unit=unit.id,
        title=unit.title,
        seed=seed,
        tasks=tuple(keys),
        solutions=solutions_of(notebook, unit) if solutions else {},
    )


def run_reference(
    assignment_notebook: Path, sheet: CaseSheet, seed: int | None, environment: Mapping[str, str]
) -> NotebookRun:
    """Run a reference solution on some cases, and ask it what a key with this seed asks.

    ``environment`` is added to that of its kernel.
    """
    drawing = _PUBLIC_SEED if seed is None else seed

    def on_evidence(_task: str, evidence: Evidence) -> Challenge | None:
        return ask(evidence, drawing)

    client = RecordingClient(
        _read(assignment_notebook),
        resources={"metadata": {"path": str(assignment_notebook.parent)}},
        check_cells=list(sheet.tasks),
        timeout=300,
        notebook_timeout=1800,
        challenge_timeout=300,
        # The authors' own code; what a class's notebooks may use is a setting of the course.
        notebook_cpu=None,
        notebook_memory=None,
        log=_QUIET,
    )
    client.on_evidence = on_evidence
    with case_file(sheet) as path:
        client.kernel_environment = {**environment, MODE_VARIABLE: "compile", CASES_VARIABLE: str(path)}
        client.execute()
    return client.recorded


def _try_elsewhere(unit: Unit, key: TaskKey, parity: TryParity) -> None:
    """Hold the reference to what its task asks of other backends.

    Raises:
        CourseError: it fails there; the message says on which, and how.
    """
    if key.task.parity is None:
        return
    for position, given in enumerate(key.evidence.cases):
        found = parity(key, given)
        if not found.passed:
            raise CourseError(
                f"The reference solution of task {key.task.id!r} in {unit.id} is to be the same on TensorFlow, JAX and "
                f"PyTorch, and is not (with {key.cases[position]}): {found.detail}"
            )


def _without_code(key: TaskKey) -> TaskKey:
    """Leave out what the reference was built from on other backends: a public key goes to students."""
    cases = tuple(case.model_copy(update={"portable": None, "unportable": ""}) for case in key.evidence.cases)
    return key.model_copy(update={"evidence": key.evidence.model_copy(update={"cases": cases})})


def _read(path: Path) -> NotebookNode:
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError, nbformat.reader.NotJSONError) as error:
        raise CourseError(f"{path.parent.name}/{path.name} cannot be read as a notebook: {error}") from error


def _cases(task: Task, seed: int | None) -> tuple[Case, ...]:
    return task.cases if seed is None else (*task.cases, *task.hidden_cases(seed))


def _evidence(unit: Unit, task: Task, cases: tuple[Case, ...], run: NotebookRun) -> Evidence:
    """Return the reference's evidence, or say what kept it from being sent."""
    name = f"The reference solution of task {task.id!r} in {unit.id}"
    evidence = run.evidence.get(task.id)
    if evidence is None:
        facts = run.facts(task.id)
        if run.cell(task.id) is None:
            raise CourseError(
                f"{name} cannot be run: the assignment has no code cell with the nbgrader id {task.id!r}."
            )
        reason = facts.error or "it sent no evidence; its cell must call unit.check with this task's id"
        if facts.over_limit is not None:
            reason = f"the kernel was stopped: {facts.over_limit}"
        elif facts.crashed:
            reason = "the kernel died"
        elif facts.timed_out:
            reason = "it ran out of time"
        raise CourseError(" ".join((f"{name} fails: {reason}.", *facts.notes)))
    if len(evidence.cases) != len(cases):
        raise CourseError(f"{name} gave evidence on {len(evidence.cases)} of {len(cases)} cases.")
    for case, given in zip(cases, evidence.cases, strict=True):
        if given.failure is not None:
            raise CourseError(f"{name} raises {given.failure.type}: {given.failure.message} (with {case}).")
    graphs = [given.graph for given in evidence.cases if given.graph is not None]
    for expected in task.expects:
        if isinstance(expected, Architecture):
            try:
                refuse_unknown_settings(expected.options.free_settings, graphs)
            except UsageError as error:
                raise CourseError(f"Task {task.id!r} of {unit.id}, free_settings: {error}") from error
    return evidence


def _probes(
    unit: Unit, task: Task, evidence: Evidence, run: NotebookRun, seed: int | None
) -> tuple[Probe, ...]:
    """Return what the reference computes; a public key does without where that could tell nothing."""
    drawing = _PUBLIC_SEED if seed is None else seed
    if not ask(evidence, drawing).questions:
        return ()
    reply = run.replies.get(task.id)
    if reply is None:
        notes = " ".join(run.notes.get(task.id, ()))
        raise CourseError(f"The reference solution of task {task.id!r} in {unit.id} gave no answer. {notes}")
    try:
        return probes_from(evidence, drawing, reply, strict=seed is not None)
    except CourseError as error:
        if all(part.failure is None and part.outputs for part in reply.parts):
            raise EvenOutputError(str(error)) from error
        raise


def solutions_of(notebook: NotebookNode, unit: Unit) -> dict[str, str]:
    """Collect, per task, the solution regions that stand between its check and the check before."""
    solutions: dict[str, str] = {}
    regions: list[str] = []
    ids = {task.id for task in unit.tasks}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id in ids:
            solutions[grade_id] = "\n\n".join(regions)
            regions = []
        elif _BEGIN in cell.source:
            lines = [line for line in cell.source.splitlines() if line.strip() not in (_BEGIN, _END)]
            regions.append("\n".join(lines).strip("\n"))
    return solutions
