"""Run a submission, judge its checks, and write their scores and reports."""

from __future__ import annotations

import os
import shutil
import traceback
from contextlib import ExitStack
from copy import deepcopy
from pathlib import Path
from time import monotonic
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute
from nbgrader.utils import is_grade
from traitlets import Bool

from grader.course import UnitFolder
from grader.evidence import CASES_VARIABLE, MODE_VARIABLE, Challenge, Evidence, RunFacts
from grader.execution.client import RecordingClient
from grader.execution.compile import case_file
from grader.execution.compiled import lent_copy
from grader.execution.examination import EXAMINER, Examined
from grader.execution.keras_config import keras_config
from grader.execution.keyring import private_key
from grader.execution.native_logs import QUIET, without_native_logs
from grader.execution.run import NotebookRun, Runs
from grader.keys import AnswerKey, TaskKey
from grader.lessons import lessons_in
from grader.nbgrader_plugin.attempts import attempted
from grader.nbgrader_plugin.cells import internal_error, let_stderr_pass, write_verdict
from grader.nbgrader_plugin.graded import GradedNotebook, GradedStore, digest_of
from grader.nbgrader_plugin.grades import NEEDS_LOOK, UNSCORED
from grader.nbgrader_plugin.place import unit_folder
from grader.nbgrader_plugin.restore import GRADER_METADATA
from grader.nbgrader_plugin.sanitise import clean_output
from grader.nbgrader_plugin.store import StoredVerdicts, write_verdicts
from grader.nbgrader_plugin.unreadable import notice
from grader.portability.grading import try_parity
from grader.verdict import Outcome, Verdict

__all__ = ["ExecuteAndJudge", "withhold"]

_MOST_RERUNS = 2
_RELEASED = ("data", "public_key.json")
_SETTINGS = (
    *(
        "timeout",
        "notebook_timeout",
        "challenge_timeout",
        "interrupt_grace",
        "startup_timeout",
        "iopub_timeout",
    ),
    *("cell_output_bytes", "notebook_output_bytes", "flood_bytes"),
    *("notebook_cpu", "notebook_memory", "notebook_processes", "notebook_threads"),
)


class ExecuteAndJudge(RecordingClient, Execute):
    """Replaces nbgrader's ``Execute`` in ``Autograde.autograde_preprocessors``.

    Cells that are not checks of a unit are run and scored as nbgrader does, except that text on
    stderr costs nothing and a cell that could not run is no pass.
    """

    afresh = Bool(False, help="Run what was graded before again, in place of giving what is kept.").tag(
        config=True
    )

    def __call__(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Run the preprocessor; with ``--no-execute`` nothing can be judged, so nothing is scored."""
        if self.enabled:
            return super().__call__(nb, resources)
        folder = unit_folder(self, resources["nbgrader"]["assignment"])
        if folder is not None:
            withhold(folder, Path(resources["metadata"]["path"]))
            reason = "The notebook was not run (--no-execute)."
            self._leave_to_a_person(nb, resources, reason, keep_outputs=True)
        return nb, resources

    def preprocess(self, nb: NotebookNode, resources: Any = None, km: Any = None) -> tuple[NotebookNode, Any]:
        """Run and judge the notebook in place."""
        names = resources["nbgrader"]
        first_pass = nb.metadata.pop(GRADER_METADATA, {})
        folder = unit_folder(self, names["assignment"])
        if folder is not None:
            withhold(folder, Path(resources["metadata"]["path"]))
        reason = resources.get("grader_needs_look") or first_pass.get("needs_look")
        if reason:
            self._leave_to_a_person(nb, resources, reason)
            nb.cells.insert(0, notice(resources.get("grader_notice") or first_pass.get("notice") or reason))
            if folder is not None:
                self._store(folder, resources, (), (reason,))
            return nb, resources
        if folder is None:
            self._run(nb, resources, None, None, km)
            return nb, resources
        if not any(is_grade(cell) for cell in nb.cells):
            return nb, resources  # a lesson: nothing in it earns points, and it may train for minutes
        graded = self.graded(nb, resources, folder, first_pass.get("restored", {}), km)
        graded.put_into(nb)
        for kind, reasons in ((UNSCORED, graded.unscored), (NEEDS_LOOK, graded.needs_look)):
            for name, why in reasons.items():
                _mark(resources, kind, name, why)
        looks = tuple(f"{found.task}: {found.needs_look}" for found in graded.verdicts if found.needs_look)
        self._store(folder, resources, graded.verdicts, looks, self.digest if graded.lasting else "")
        return nb, resources

    def graded(
        self, nb: NotebookNode, resources: Any, folder: UnitFolder, restored: dict[str, str], km: Any = None
    ) -> GradedNotebook:
        """Return what running and judging the notebook gives: what is kept of an earlier time, or what it gives now."""
        key = private_key(folder)
        store = GradedStore(folder.course)
        self.digest = digest_of(nb, restored, Path(resources["metadata"]["path"]), folder, self._settings())
        if self.afresh:
            store.forget(self.digest)
        kept = store.read(self.digest)
        if kept is not None:
            return kept
        runs = self._run(nb, resources, folder, key, km)
        verdicts, unscored, needs_look = self._judge_cells(nb, folder, key, runs, restored)
        graded = GradedNotebook.of(nb, verdicts, unscored, needs_look)
        if graded.lasting:
            store.write(self.digest, graded)
        return graded

    def _settings(self) -> dict[str, str | int | None]:
        """Return the settings that bear on how a run goes and ends."""
        limits = {name: getattr(self, name) for name in _SETTINGS}
        return {**limits, **keras_config(os.environ)}

    # ---- running ----------------------------------------------------------------------------

    def _run(
        self, nb: NotebookNode, resources: Any, folder: UnitFolder | None, key: AnswerKey | None, km: Any
    ) -> Runs:
        """Run all cells and clean what they put out.

        Where a cell ends the kernel, the notebook is run again without that cell, so that the exercises behind it are
        graded for what they are; of the cell itself, the first run tells.
        """
        self._faults: dict[str, str] = {}
        self._examined: dict[str, Examined] = {}
        self.skipped = {}
        began = monotonic()
        blank = deepcopy(nb) if key is not None else nb
        runs = [self._run_once(nb, resources, folder, key, km)]
        while key is not None and len(runs) <= _MOST_RERUNS:
            stopper = runs[-1].stopped_by
            late = monotonic() - began > self.notebook_timeout / 2
            if stopper is None or late or not _others_behind(nb, stopper.index):
                break
            self.skipped = {**self.skipped, stopper.index: stopper}
            again = deepcopy(blank)
            runs.append(self._run_once(again, resources, folder, key, km))
            for index in range(stopper.index + 1, len(nb.cells)):
                if nb.cells[index].cell_type == "code":
                    nb.cells[index].outputs = again.cells[index].outputs
                    nb.cells[index].execution_count = again.cells[index].execution_count
        for cell in nb.cells:
            if cell.cell_type == "code":
                cell.outputs = [clean_output(output) for output in without_native_logs(cell.outputs)]
                if is_grade(cell):
                    let_stderr_pass(cell)
        return Runs(runs=tuple(runs))

    def _run_once(
        self, nb: NotebookNode, resources: Any, folder: UnitFolder | None, key: AnswerKey | None, km: Any
    ) -> NotebookRun:
        NotebookClient.__init__(self, nb, km)
        self._check_assign_resources(resources)
        self.check_cells = [held.task.id for held in key.tasks] if key else []
        self.on_evidence = self._challenger(key) if key else None
        self.kernel_environment = dict(QUIET)
        with ExitStack() as stack:
            if key is not None:
                sheet = stack.enter_context(case_file(key.case_sheet()))
                self.kernel_environment |= {MODE_VARIABLE: "collect", CASES_VARIABLE: str(sheet)}
                if folder is not None:
                    self.kernel_environment |= stack.enter_context(lent_copy(folder, os.environ))
            self.execute()
        return self.recorded

    def _challenger(self, key: AnswerKey) -> Any:
        def on_evidence(task: str, evidence: Evidence) -> Challenge | None:
            held = key.task(task)
            if held is None:
                return None
            try:
                self._examined[task] = EXAMINER.examine(held, evidence)
                return self._examined[task].challenge
            except Exception:  # noqa: BLE001 - hostile evidence may reach any corner of the judge
                self._faults[task] = traceback.format_exc()
                return None

        return on_evidence

    # ---- judging ----------------------------------------------------------------------------

    def _judge_cells(
        self,
        nb: NotebookNode,
        folder: UnitFolder,
        key: AnswerKey,
        runs: Runs,
        restored: dict[str, str],
    ) -> tuple[tuple[Verdict, ...], dict[str, str], dict[str, str]]:
        """Judge every check cell and write its outputs; return verdicts, and which cells a person has to score or see."""
        checks = {held.task.id for held in key.tasks}
        released_code = _ordinary_code(folder)
        lessons = lessons_in(folder.path.parent)
        verdicts = []
        unscored: dict[str, str] = {}
        needs_look: dict[str, str] = {}
        for cell in nb.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            held = key.task(name) if name in checks else None
            if held is None or not is_grade(cell):
                continue
            run = runs.of(name)
            evidence = run.evidence.get(name)
            facts = run.facts(name, attempted=attempted(nb.cells, name, checks, released_code, evidence))
            if name in restored:
                facts = facts.model_copy(update={"notes": (*facts.notes, restored[name])})
            verdict = self._judge(held, run, facts)
            verdicts.append(verdict)
            write_verdict(cell, verdict, float(cell.metadata.nbgrader["points"]), lessons=lessons)
            if verdict.outcome is Outcome.INTERNAL_ERROR:
                unscored[name] = verdict.needs_look or ""
            elif verdict.needs_look:
                needs_look[name] = verdict.needs_look
        return tuple(verdicts), unscored, needs_look

    def _judge(self, held: TaskKey, run: NotebookRun, facts: RunFacts) -> Verdict:
        task = held.task
        fault = self._faults.get(task.id)
        if fault is None:
            try:
                evidence, examined = run.evidence.get(task.id), self._examined.get(task.id)
                reply = run.replies.get(task.id)
                return EXAMINER.verdict(held, evidence, examined, reply, facts, try_parity)
            except Exception:  # noqa: BLE001 - an error of ours must not become a zero, nor end the class
                fault = traceback.format_exc()
        self.log.error("task %r could not be judged:\n%s", task.id, fault)
        return internal_error(task.id, task.title, task.points, fault.strip().splitlines()[-1][:300])

    def _leave_to_a_person(
        self, nb: NotebookNode, resources: Any, reason: str, *, keep_outputs: bool = False
    ) -> None:
        """Give no score to any cell; with ``keep_outputs``, to none that its outputs would have scored."""
        for cell in nb.cells:
            if is_grade(cell) and (cell.cell_type == "code" or not keep_outputs):
                if cell.cell_type == "code" and not keep_outputs:
                    cell.outputs = []
                _mark(resources, UNSCORED, cell.metadata.nbgrader["grade_id"], reason)

    def _store(
        self,
        folder: UnitFolder,
        resources: Any,
        verdicts: tuple[Verdict, ...],
        looks: tuple[str, ...],
        digest: str = "",
    ) -> None:
        names = resources["nbgrader"]
        stored = StoredVerdicts(
            unit=folder.path.name,
            student=names["student"],
            notebook=names["notebook"],
            verdicts=verdicts,
            needs_look=looks,
            digest=digest,
        )
        write_verdicts(folder.course, stored)


def _others_behind(nb: NotebookNode, index: int) -> bool:
    """Whether a graded cell stands behind a cell, beside the one that grades what that cell is for."""
    graded = (n for n, cell in enumerate(nb.cells) if cell.cell_type == "code" and is_grade(cell))
    return sum(n >= index for n in graded) > 1


def _mark(resources: Any, kind: str, name: str, reason: str | None) -> None:
    found = resources.get("grader")
    if not found:
        found = resources["grader"] = {}
    found.setdefault(kind, {})[name] = reason or ""


def _ordinary_code(folder: UnitFolder) -> set[str]:
    """Return the sources of the released assignment's code cells that nbgrader does not know."""
    notebook = nbformat.read(folder.assignment, as_version=4)
    return {
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and not cell.metadata.get("nbgrader")
    }


def withhold(folder: UnitFolder, workplace: Path) -> None:
    """Take the authors' files out of the folder where the student's code runs.

    nbgrader copies everything from the source folder there that its ignore list does not name, and
    hands the folder back with the feedback.
    """
    for source in folder.path.iterdir():
        if source.name in _RELEASED or source.suffix == ".ipynb":
            continue
        copy = workplace / source.name
        if copy.is_symlink() or copy.is_file():
            copy.unlink()
        elif copy.is_dir():
            shutil.rmtree(copy)
