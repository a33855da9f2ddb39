"""Weigh what all cases of one task showed."""

from __future__ import annotations

from grader.comparison.records import Diagnosis
from grader.evidence import Evidence, Failure, Reply, RunFacts
from grader.judge.challenge import challenge_for, disagreements
from grader.judge.result import CaseResult
from grader.judge.rows import build_rows, holds
from grader.keys import TaskKey
from grader.misconceptions import HARD_CODED_SIZE
from grader.tasks import Api
from grader.verdict import Outcome, Verdict

__all__ = ["judge"]


def judge(
    key: TaskKey,
    evidence: Evidence | None,
    reply: Reply | None = None,
    facts: RunFacts | None = None,
) -> Verdict:
    """Judge one task.

    ``reply`` answers ``challenge_for(key, evidence)``; it is only asked for when the key holds probes,
    as private keys do. ``evidence`` is ``None`` when the check sent none that could be read.
    """
    facts = facts or RunFacts()
    if evidence is None:
        return _without_evidence(key, facts)
    if len(evidence.cases) != len(key.cases) or evidence.task != key.task.id:
        return _plain(
            key,
            Outcome.INCORRECT,
            f"The evidence covers {len(evidence.cases)} of {len(key.cases)} cases, so it cannot be judged.",
            facts,
            needs_look="The evidence does not fit the cases that were given to the kernel.",
        )
    results = [CaseResult.of(key, position, case) for position, case in enumerate(evidence.cases)]
    unbuilt = [case.failure for case in evidence.cases if case.failure is not None]
    if len(unbuilt) == len(evidence.cases) and all(failure.not_implemented for failure in unbuilt):
        return _plain(key, Outcome.NOT_ATTEMPTED, "Not attempted yet.", facts)
    if not facts.attempted and not all(holds(e, result) for e in key.task.expects for result in results):
        # The starting point that was handed out, unchanged, is no wrong answer; work done elsewhere counts.
        return _plain(key, Outcome.NOT_ATTEMPTED, "Not attempted yet.", facts)
    faults = disagreements(key, challenge_for(key, evidence), reply) if key.probes else ()
    return _Bench(key, results, faults, facts).verdict()


def _plain(
    key: TaskKey, outcome: Outcome, message: str, facts: RunFacts, needs_look: str | None = None
) -> Verdict:
    return Verdict(
        task=key.task.id,
        title=key.task.title,
        outcome=outcome,
        score=0.0,
        max_score=key.task.points,
        message=message,
        hints=key.task.hints,
        remarks=facts.notes,
        needs_look=needs_look,
    )


def _without_evidence(key: TaskKey, facts: RunFacts) -> Verdict:
    if facts.crashed:
        return _plain(
            key,
            Outcome.CRASHED,
            "The notebook's kernel died before this check. Restart it and run all cells.",
            facts,
        )
    if facts.timed_out:
        return _plain(
            key,
            Outcome.TIMEOUT,
            "The notebook ran out of time before this check was done. Look for a loop that does not end.",
            facts,
        )
    if not facts.attempted:
        return _plain(key, Outcome.NOT_ATTEMPTED, "Not attempted yet.", facts)
    if facts.error is not None:
        return _plain(key, Outcome.RUNTIME_ERROR, f"The check's cell raised {facts.error}.", facts)
    return _plain(
        key,
        Outcome.RUNTIME_ERROR,
        "The check sent no evidence. Run the notebook from the top, and leave its check cells as they are.",
        facts,
    )


class _Bench:
    """Weighs the results of all cases of one task."""

    def __init__(
        self, key: TaskKey, results: list[CaseResult], faults: tuple[str, ...], facts: RunFacts
    ) -> None:
        self.key, self.results, self.faults, self.facts = key, results, faults, facts

    def verdict(self) -> Verdict:
        task = self.key.task
        passes = [[holds(expectation, result) for result in self.results] for expectation in task.expects]
        failing = [
            position for position in range(len(self.results)) if not all(row[position] for row in passes)
        ]
        shown = self.results[failing[0] if failing else 0]
        rows = build_rows(task.expects, self.results, shown, believed=not self.faults)
        score = min(sum(row.points for row in rows), task.points)
        diagnoses = self._diagnoses(failing, shown)
        message = self._message(failing, shown)
        return Verdict(
            task=task.id,
            title=task.title,
            outcome=self._outcome(failing, score, shown),
            score=score,
            max_score=task.points,
            message=message,
            rows=rows,
            diagnoses=diagnoses,
            comparison=shown.comparison.model_copy(update={"diagnoses": diagnoses})
            if shown.comparison is not None
            else None,
            case=shown.case,
            hidden_case=shown.position >= self.key.visible,
            hints=diagnoses[0].hints if diagnoses else task.hints,
            remarks=(*self._remarks(shown), *self.facts.notes),
            needs_look="What the kernel reported and what it computes disagree: "
            + "; ".join(self.faults)
            + "."
            if self.faults
            else None,
        )

    def _outcome(self, failing: list[int], score: float, shown: CaseResult) -> Outcome:
        if self.faults:
            return Outcome.INCORRECT
        if not failing:
            return Outcome.CORRECT
        if shown.given.kind == "failure" and score == 0:
            return Outcome.RUNTIME_ERROR
        return Outcome.PARTIAL if score > 0 else Outcome.INCORRECT

    def _diagnoses(self, failing: list[int], shown: CaseResult) -> tuple[Diagnosis, ...]:
        if not failing or self.faults:
            return ()
        only_hidden = failing[0] >= self.key.visible > 0
        return (HARD_CODED_SIZE, *shown.diagnoses) if only_hidden else shown.diagnoses

    def _message(self, failing: list[int], shown: CaseResult) -> str:
        count = len(self.results)
        if self.faults:
            return (
                "The model that was described is not the one that computes: given new weights and inputs, "
                "it answered otherwise than the expected model."
            )
        if not failing:
            where = "" if count == 1 else ", in both cases" if count == 2 else f", in all {count} cases"
            return f"Everything that was asked for is there{where}."
        if shown.given.failure is not None:
            return _failure_text(shown.given.failure)
        if shown.comparison is not None and shown.comparison.differences:
            return shown.comparison.differences[0].message
        if shown.given.kind != shown.wanted.kind:
            return _kind_text(shown)
        return "The work does not meet everything that is asked for; see the rows below."

    def _remarks(self, shown: CaseResult) -> tuple[str, ...]:
        student, reference = shown.given.graph, shown.wanted.graph
        asked = any(isinstance(expectation, Api) for expectation in self.key.task.expects)
        if student is None or reference is None or asked:
            return ()
        if student.api == "subclassed" and reference.api != "subclassed" and student.dynamic is None:
            return (
                (
                    "static-graph-subclassed: nothing in this model depends on its input's values, so the "
                    "Functional API would say the same and keep summary() and plot_model() useful."
                ),
            )
        return ()


def _failure_text(failure: Failure) -> str:
    where = ""
    if failure.call is not None:
        shapes = " and ".join(str(shape) for shape in failure.call.shapes)
        where = (
            f" in {failure.call.class_name}, called with {shapes}"
            if shapes
            else f" in {failure.call.class_name}"
        )
    message = failure.message if len(failure.message) <= 300 else failure.message[:300] + "…"
    return f"Your code raised {failure.type}{where}: {message}"


def _kind_text(shown: CaseResult) -> str:
    names = {"model": "a model", "value": "a plain value", "failure": "an error"}
    return f"Found {names[shown.given.kind]}, expected {names[shown.wanted.kind]}."
