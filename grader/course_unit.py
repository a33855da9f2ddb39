"""A unit as a notebook sees it: ``check``, ``hint`` and ``solution``.

``check`` has three modes (``GRADER_MODE``). In *learn* it judges here and shows the report. In *compile*
and *collect* it only sends evidence, for the judge outside to work on. Whenever something else runs the
notebook for a grade, it returns a plain number, and zero unless it could judge.
"""

from __future__ import annotations

import os
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.errors import UnknownTaskError, UnknownUnitError, UsageError
from grader.evidence import CASES_VARIABLE, MODE_VARIABLE, Case, CaseSheet, parse_case_sheet
from grader.lessons import course_folders, lessons_in
from grader.messages import did_you_mean

# What judges and reports is imported where that happens: a kernel that only sends evidence does without.
if TYPE_CHECKING:
    from grader.evidence import CaseEvidence
    from grader.judge import CaseParity
    from grader.keys import AnswerKey, TaskKey
    from grader.verdict import Verdict

__all__ = ["CheckResult", "CourseUnit", "open_unit"]

_PUBLIC_KEY = "public_key.json"
_WIDTH = 96  # a notebook breaks longer lines in mid-word


@dataclass(frozen=True)
class CheckResult:
    """What a check in a notebook gives back; the report itself is already on the screen."""

    verdict: Verdict

    @property
    def passed(self) -> bool:
        """Whether everything that was asked for is there."""
        from grader.verdict import Outcome

        return self.verdict.outcome is Outcome.CORRECT

    @property
    def score(self) -> float:
        """The points earned, of ``verdict.max_score``."""
        return self.verdict.score

    def _ipython_display_(self) -> None:
        """Show nothing: the report has been shown."""

    def __repr__(self) -> str:
        """Return the outcome and points."""
        verdict = self.verdict
        return f"<{verdict.task}: {verdict.outcome.value}, {verdict.score:g} of {verdict.max_score:g} points>"


def open_unit(unit_id: str) -> CourseUnit:
    """Open a unit: its key is looked for beside the notebook, then in the course around it.

    Raises:
        UnknownUnitError: no key of that unit is found, and none is needed only when the notebook is
            being graded.
    """
    unit = CourseUnit(unit_id)
    if _mode() == "compile":
        expected = _case_sheet().unit
        if unit_id != expected:  # found here by the author, or later by every student
            raise UnknownUnitError(
                f'This is the unit {expected!r}, asked for was {unit_id!r}. Write grader.unit("{expected}").'
            )
    if _mode() in ("learn", "validate"):
        _ = unit.key  # a wrong name should fail here, not at the first check
        from grader import judge, report  # noqa: F401  # so that the first check does not pay for the import

        if "keras" in sys.modules:
            from grader import models  # noqa: F401  # nor for this
    return unit


class CourseUnit:
    """One unit of the course; ``check`` the work of a task, take a ``hint``, read the ``solution``."""

    def __init__(self, unit_id: str) -> None:
        self.id = unit_id
        self._key: AnswerKey | None = None
        self._last: dict[str, Verdict] = {}
        self._hints_given: dict[str, int] = {}

    def __repr__(self) -> str:
        """Return the unit's id."""
        return f"<unit {self.id}>"

    @property
    def key(self) -> AnswerKey:
        """The unit's public answer key."""
        if self._key is None:
            self._key = _find_key(self.id)
        return self._key

    def check(self, task_id: str, work: Any) -> CheckResult | float:
        """Check the work of one task, and show a report.

        Args:
            task_id: the task's name.
            work: what the task asks for: a function that builds a model, a model, or a plain value.

        Returns:
            In a notebook of your own, the result. In a notebook that is being graded, a number.

        Raises:
            UnknownTaskError: the unit has no such task.
        """
        if not isinstance(task_id, str):
            raise UsageError(
                f"The first argument of check is the task's name, found {type(task_id).__name__}. "
                'Write unit.check("task", your_work).'
            )
        mode = _mode()
        if mode in ("compile", "collect"):
            return self._send(task_id, work)
        if mode == "refuse":
            print(  # noqa: T201  # the only way to reach whoever graded without the grader
                "0 points until judged: this check is judged by the grader's own preprocessors. "
                "Add them to nbgrader_config.py, or grade with `grader grade`."
            )
            return 0.0
        verdict = self._judge(task_id, work)
        if mode == "validate":
            from grader.report.text import render

            print(render(verdict))  # noqa: T201  # nbgrader validate shows a cell's stdout
            return verdict.score
        self._show(verdict)
        return CheckResult(verdict)

    def hint(self, task_id: str) -> None:
        """Print the next hint for a task: each call goes one step further, three in all.

        The hints fit the last check's diagnosis, when there was one.
        """
        hints = self._last[task_id].hints if task_id in self._last else self._task(task_id).task.hints
        given = min(self._hints_given.get(task_id, 0) + 1, len(hints))
        self._hints_given[task_id] = given
        left = len(hints) - given
        more = "That was the last hint." if left == 0 else f"{left} more with unit.hint({task_id!r})."
        text = textwrap.fill(f"Hint {given} of {len(hints)}: {hints[given - 1]}", _WIDTH)
        print(f"{text}\n{more}")  # noqa: T201  # meant for the screen

    def solution(self, task_id: str) -> None:
        """Print the reference solution of a task, where the course provides it."""
        self._task(task_id)
        source = self.key.solutions.get(task_id)
        if source is None:
            print(f"The solution of {task_id} is not part of this release; ask your instructor.")  # noqa: T201
        else:
            print(source)  # noqa: T201  # meant for the screen

    def _task(self, task_id: str) -> TaskKey:
        task = self.key.task(task_id)
        if task is None:
            raise UnknownTaskError(_no_such_task(self.id, task_id, [key.task.id for key in self.key.tasks]))
        return task

    def _judge(self, task_id: str, work: Any) -> Verdict:
        from grader.judge import judge, try_out
        from grader.models.collect import collect, replied
        from grader.report.words import hint_steps, hints_on_task

        task = self._task(task_id)
        models: dict[int, Any] = {}
        evidence = collect(task_id, work, task.cases, models, travels=task.task.parity is not None)
        answers = try_out(task, evidence, lambda challenge: replied(challenge, models))
        verdict = judge(task, evidence, answers=answers, parity=_try_parity)
        before = self._last.get(task_id)
        if before is None or before.hints != verdict.hints:
            # The report itself shows the first step where it has a diagnosis to hint at.
            self._hints_given[task_id] = 1 if hint_steps(verdict) and not hints_on_task(verdict) else 0
        self._last[task_id] = verdict
        return verdict

    def _show(self, verdict: Verdict) -> None:
        from IPython.core.getipython import get_ipython
        from IPython.display import publish_display_data

        from grader.report import notebook_outputs
        from grader.report.text import render

        if get_ipython() is None:
            print(render(verdict))  # noqa: T201  # a plain Python prompt has nothing better
            return
        for bundle in notebook_outputs(verdict, lessons=lessons_in(Path.cwd().parent)):
            publish_display_data(dict(bundle))  # type: ignore[no-untyped-call]

    def _send(self, task_id: str, work: Any) -> float:
        from grader.models.collect import collect, publish

        sheet = _case_sheet()
        cases: tuple[Case, ...] | None = sheet.tasks.get(task_id)
        if cases is None:
            raise UnknownTaskError(_no_such_task(self.id, task_id, list(sheet.tasks)))
        travels = task_id in sheet.portable
        publish(collect(task_id, work, cases, configs=_mode() == "collect", travels=travels))
        return 0.0


def _try_parity(held: TaskKey, given: CaseEvidence) -> CaseParity:
    """Import what tries a model on other backends when it is needed, and no earlier."""
    from grader.portability.grading import try_parity

    return try_parity(held, given)


def _mode() -> str:
    """Return learn, compile, collect, validate, or refuse."""
    mode = os.environ.get(MODE_VARIABLE)
    if mode in ("learn", "compile", "collect"):
        return mode
    if mode is not None:
        raise UsageError(f"{MODE_VARIABLE} is {mode!r}, expected learn, compile or collect.")
    execution = os.environ.get("NBGRADER_EXECUTION")
    if execution is None:
        return "learn"
    return "validate" if execution == "validate" else "refuse"


def _case_sheet() -> CaseSheet:
    path = os.environ.get(CASES_VARIABLE)
    if not path:
        raise UsageError(f"{MODE_VARIABLE} is set, but {CASES_VARIABLE} names no case sheet.")
    return parse_case_sheet(Path(path).read_text(encoding="utf-8"))


def _find_key(unit_id: str) -> AnswerKey:
    from grader.keys import read_key

    beside = Path.cwd() / _PUBLIC_KEY
    candidates = [beside, *(folder / "keys" / f"{unit_id}.json" for folder in course_folders(Path.cwd()))]
    for path in candidates:
        if path.is_file():
            key = read_key(path)
            if key.unit == unit_id:
                return key
            if path == beside:
                raise UnknownUnitError(
                    f"The notebook's folder holds the unit {key.unit!r}, asked for was {unit_id!r}. "
                    f'Write grader.unit("{key.unit}").'
                )
    likely = did_you_mean(str(unit_id), _known_units())
    raise UnknownUnitError(
        f"The unit {unit_id!r} was not found: there is no {_PUBLIC_KEY} beside the notebook, and no "
        f"keys/{unit_id}.json in a course around it.{likely} Open the notebook where it was released, or make "
        f"the key with `grader release {unit_id}`."
    )


def _known_units() -> list[str]:
    return [
        path.stem
        for folder in course_folders(Path.cwd())
        for path in sorted((folder / "keys").glob("*.json"))
    ]


def _no_such_task(unit_id: str, task_id: str, known: list[str]) -> str:
    return f"Unit {unit_id} has no task {task_id!r}; it has {', '.join(known)}.{did_you_mean(str(task_id), known)}"
