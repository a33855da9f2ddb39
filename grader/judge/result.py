"""What one case of a task showed: the evidence beside the key's, compared and diagnosed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from grader.comparison import Analysis, saving_faults, summarize, told_by_runs
from grader.comparison.records import Behaviour, Comparison, Diagnosis, Difference
from grader.evidence import Case, CaseEvidence
from grader.judge.analyses import analysed
from grader.keys import TaskKey
from grader.misconceptions import diagnose, diagnose_failure
from grader.tasks import Architecture

__all__ = ["CaseParity", "CaseResult"]


@dataclass(frozen=True)
class CaseParity:
    """What the backends made of one case's model.

    ``found`` and ``detail`` are a row's words; ``look`` tells an instructor why a person should see it.
    """

    passed: bool
    found: str
    detail: str = ""
    diagnoses: tuple[Diagnosis, ...] = ()
    look: str = ""


@dataclass(frozen=True)
class CaseResult:
    """What one case showed."""

    position: int
    case: Case
    given: CaseEvidence
    wanted: CaseEvidence
    analysis: Analysis | None
    comparison: Comparison | None
    diagnoses: tuple[Diagnosis, ...]
    parity: CaseParity | None = None

    @cached_property
    def saving_faults(self) -> tuple[Difference, ...]:
        """Return what keeps the student's model from coming back from a file; nothing where there is no model."""
        return () if self.given.graph is None else saving_faults(self.given.graph)

    @classmethod
    def of(
        cls, key: TaskKey, position: int, given: CaseEvidence, behaviour: Behaviour | None = None
    ) -> CaseResult:
        """Compare what one case gave with what the reference gave on it.

        ``behaviour`` is what runs of the two models showed, where their graphs differ.
        """
        wanted = key.evidence.cases[position]
        analysis = comparison = None
        diagnoses: tuple[Diagnosis, ...] = ()
        if given.graph is not None and wanted.graph is not None:
            options = next((e.options for e in key.task.expects if isinstance(e, Architecture)), None)
            analysis = told_by_runs(analysed(given.graph, wanted.graph, options), behaviour)
            diagnoses = diagnose(analysis, behaviour)
            comparison = summarize(analysis, diagnoses, behaviour)
        elif given.failure is not None and wanted.graph is not None:
            diagnoses = diagnose_failure(given.failure, wanted.graph)
        return cls(position, key.cases[position], given, wanted, analysis, comparison, diagnoses)
