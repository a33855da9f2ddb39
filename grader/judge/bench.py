"""Weigh what all cases of one task showed."""

from __future__ import annotations

from grader.comparison.records import Diagnosis
from grader.evidence import Evidence, Reply, RunFacts, Work
from grader.graph import ModelGraph
from grader.judge.advice import failure_text, given_text, misgiven, next_step, pass_itself, unlike_text
from grader.judge.challenge import Answers, weigh
from grader.judge.parity import TryParity, with_parity
from grader.judge.result import CaseResult
from grader.judge.rows import build_rows, holds
from grader.keys import TaskKey
from grader.misconceptions import STATIC_GRAPH_SUBCLASSED, diagnose_faults, diagnose_unseen
from grader.tasks import Api, Saved
from grader.verdict import Outcome, Verdict

__all__ = ["judge"]


def judge(
    key: TaskKey,
    evidence: Evidence | None,
    reply: Reply | None = None,
    facts: RunFacts | None = None,
    *,
    answers: Answers | None = None,
    parity: TryParity | None = None,
) -> Verdict:
    """Judge one task.

    ``reply`` answers ``challenge_for(key, evidence)``, and what it should prove is not believed without
    it. Where nothing has to be proved, because the work is that of whoever asks, ``answers`` say what was
    found by ``try_out``. ``evidence`` is ``None`` when the check sent none that could be read. ``parity`` tries a
    model on other backends, where the task asks for that.

    Raises:
        CourseError: the task asks for parity, and ``parity`` is ``None``.
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
    answers = weigh(key, evidence, reply, facts.confirmed) if answers is None else answers
    facts = facts.model_copy(update={"doubts": (*facts.doubts, *answers.doubts)})
    results = [
        CaseResult.of(key, position, case, answers.behaviours.get(position))
        for position, case in enumerate(evidence.cases)
    ]
    if not answers.faults:
        results = with_parity(key, results, parity)
    unbuilt = [case.failure for case in evidence.cases if case.failure is not None]
    if len(unbuilt) == len(evidence.cases) and all(failure.not_implemented for failure in unbuilt):
        return _plain(key, Outcome.NOT_ATTEMPTED, "Not attempted yet.", facts)
    if not facts.attempted and not all(holds(e, result) for e in key.task.expects for result in results):
        # The starting point that was handed out, unchanged, is no wrong answer; work done elsewhere counts.
        return _plain(key, Outcome.NOT_ATTEMPTED, "Not attempted yet.", facts)
    return _Bench(key, results, answers.faults, facts, evidence.work).verdict()


def _plain(
    key: TaskKey,
    outcome: Outcome,
    message: str,
    facts: RunFacts,
    *,
    next_step: str = "",
    needs_look: str | None = None,
) -> Verdict:
    return Verdict(
        task=key.task.id,
        title=key.task.title,
        outcome=outcome,
        score=0.0,
        max_score=key.task.points,
        message=message,
        next_step=next_step,
        hints=key.task.hints,
        remarks=facts.notes,
        needs_look=" ".join(filter(None, (needs_look, *facts.doubts))) or None,
    )


def _without_evidence(key: TaskKey, facts: RunFacts) -> Verdict:
    if facts.over_limit is not None:
        return _plain(
            key,
            Outcome.CRASHED,
            f"The notebook's kernel was stopped before this check was done: {facts.over_limit}.",
            facts,
            next_step="Look for what the notebook keeps, repeats or starts and does not need: grading allows no more.",
        )
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
            f"The notebook ran out of time before this check was done{f': {facts.time_out}' if facts.time_out else ''}.",
            facts,
            next_step="Look for a loop that does not end, and for what takes long and is not asked for.",
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
        self,
        key: TaskKey,
        results: list[CaseResult],
        faults: tuple[str, ...],
        facts: RunFacts,
        work: Work | None,
    ) -> None:
        self.key, self.results, self.faults, self.facts, self.work = key, results, faults, facts, work
        self.misgiven = misgiven(key, work)

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
        failure = shown.given.failure
        untried = bool(failing) and (self._cannot_vary(failing) or self._given_no_model(shown))
        comparison = None if untried else shown.comparison
        return Verdict(
            task=task.id,
            title=task.title,
            outcome=self._outcome(failing, score, shown),
            score=score,
            max_score=task.points,
            message=self._message(failing, shown),
            line=failure.line if failure is not None else None,
            next_step=self._next_step(failing, shown),
            rows=rows,
            diagnoses=diagnoses,
            comparison=comparison and comparison.model_copy(update={"diagnoses": diagnoses}),
            case=None if untried else shown.case,
            hidden_case=not untried and shown.position >= self.key.visible,
            hints=diagnoses[0].hints if diagnoses else task.hints,
            remarks=tuple(filter(None, (*self._remarks(failing, shown), self._tables(), *self.facts.notes))),
            needs_look=self._needs_look(failing),
        )

    def _needs_look(self, failing: list[int]) -> str | None:
        return (
            " ".join(
                filter(
                    None, (self._disagreement(failing), self._tables(), *self._parities(), *self.facts.doubts)
                )
            )
            or None
        )

    def _tables(self) -> str:
        """Say where an equivalent model holds other numbers that no training changes."""
        compared = (result.comparison for result in self.results if result.comparison is not None)
        return next((comparison.tables_text for comparison in compared if comparison.tables), "")

    def _parities(self) -> tuple[str, ...]:
        """Say why a person should see how the backends agree."""
        told = (r.parity.look for r in self.results if r.parity is not None and r.parity.look)
        return tuple(dict.fromkeys(told))

    def _disagreement(self, failing: list[int]) -> str | None:
        if self.faults:
            return f"What the kernel reported and what it computes disagree: {'; '.join(self.faults)}."
        for position in failing:
            comparison = self.results[position].comparison
            behaviour = comparison.behaviour if comparison is not None else None
            if behaviour is not None and behaviour.failed:
                return f"Case {position + 1}: {behaviour.shows_nothing}"
        return None

    def _outcome(self, failing: list[int], score: float, shown: CaseResult) -> Outcome:
        if self.faults:
            return Outcome.INCORRECT
        if not failing:
            return Outcome.CORRECT
        failure = shown.given.failure
        if failure is not None and failure.stage != "check" and score == 0:
            return Outcome.RUNTIME_ERROR
        return Outcome.PARTIAL if score > 0 else Outcome.INCORRECT

    def _diagnoses(self, failing: list[int], shown: CaseResult) -> tuple[Diagnosis, ...]:
        if not failing or self.faults or self._cannot_vary(failing):
            return ()
        only_hidden = failing[0] >= self.key.visible > 0
        found: dict[str, Diagnosis] = {}
        for diagnosis in (
            *shown.diagnoses,
            *self._not_saved(shown),
            *self._not_portable(shown),
            *self._other_api(shown),
        ):
            found.setdefault(diagnosis.id, diagnosis)
        named = tuple(found.values())
        return diagnose_unseen(named) if only_hidden else named

    def _not_saved(self, shown: CaseResult) -> tuple[Diagnosis, ...]:
        """Name what keeps the model from coming back from a file, where the task asks for that."""
        asked = any(isinstance(expectation, Saved) for expectation in self.key.task.expects)
        return diagnose_faults(shown.saving_faults) if asked else ()

    def _not_portable(self, shown: CaseResult) -> tuple[Diagnosis, ...]:
        """Name what keeps the model from being the same on other backends, where it was tried."""
        return shown.parity.diagnoses if shown.parity is not None else ()

    def _other_api(self, shown: CaseResult) -> tuple[Diagnosis, ...]:
        """Name the class that was written where the task asks for a model without one."""
        student = shown.given.graph
        asked = any(isinstance(e, Api) and e.api != "subclassed" for e in self.key.task.expects)
        return (STATIC_GRAPH_SUBCLASSED,) if asked and student is not None and _is_static(student) else ()

    def _message(self, failing: list[int], shown: CaseResult) -> str:
        count = len(self.results)
        if self.faults:
            return (
                "The model that was described is not the one that computes: given new weights and inputs, "
                "it answered otherwise than that one would."
            )
        if not failing:
            where = "" if count == 1 else ", in both cases" if count == 2 else f", in all {count} cases"
            return f"Everything that was asked for is there{where}."
        if self.work is not None and self._cannot_vary(failing):
            what = given_text(self.work, self.results[0].given)
            return f"The check was given {what}. It fits the first case, and cannot be called for the others."
        if self.work is not None and self._given_no_model(shown):
            return f"The check was given {given_text(self.work, shown.given)}, expected a function."
        if shown.given.failure is not None:
            return failure_text(shown.given.failure)
        if shown.comparison is not None and shown.comparison.differences:
            return shown.comparison.differences[0].message
        if self._not_saved(shown):
            return shown.saving_faults[0].message
        if shown.parity is not None and not shown.parity.passed:
            return shown.parity.detail
        if shown.given.kind != shown.wanted.kind:
            return unlike_text(shown, self.work)
        return "The work does not meet everything that is asked for; see the rows below."

    def _cannot_vary(self, failing: list[int]) -> bool:
        """Whether something that cannot be called is right for the first case, and so for no other."""
        return self.misgiven and bool(failing) and failing[0] > 0

    def _given_no_model(self, shown: CaseResult) -> bool:
        """Whether what was passed is neither to be called nor a model: nothing was tried with the case."""
        passed = self.work.kind if self.work is not None else ""
        return self.misgiven and passed not in ("model", "layer") and shown.comparison is None

    def _next_step(self, failing: list[int], shown: CaseResult) -> str:
        if not failing or self.faults:
            return ""
        if self._cannot_vary(failing) or self._given_no_model(shown):
            return pass_itself(self.key)
        failure = shown.given.failure
        return next_step(self.key, self.work, failure, shown.case) if failure is not None else ""

    def _remarks(self, failing: list[int], shown: CaseResult) -> tuple[str, ...]:
        remarks = (*_behaviour_remark(shown), *self._api_remark(shown))
        if self.work is None or not self.misgiven or self._next_step(failing, shown):
            return remarks
        what = given_text(self.work, shown.given)
        tried = f"You passed {what}, so it cannot be tried with other arguments. {pass_itself(self.key)}"
        return (tried, *remarks)

    def _api_remark(self, shown: CaseResult) -> tuple[str, ...]:
        student, reference = shown.given.graph, shown.wanted.graph
        asked = any(isinstance(expectation, Api) for expectation in self.key.task.expects)
        if student is None or reference is None or asked:
            return ()
        if reference.api != "subclassed" and _is_static(student):
            return (
                (
                    "static-graph-subclassed: nothing in this model depends on its input's values, so the "
                    "Functional API would say the same and keep summary() and plot_model() useful."
                ),
            )
        return ()


def _behaviour_remark(shown: CaseResult) -> tuple[str, ...]:
    """Say what runs of both models showed, where their graphs differ, unless it was that the models do."""
    found = shown.comparison.behaviour if shown.comparison is not None else None
    if found is None or not (found.same or found.shows_nothing):
        return ()
    if not found.same:
        return (found.shows_nothing,)
    if shown.analysis is not None and shown.analysis.same:
        return ()  # a graph that holds code nobody can read, and runs that showed nothing else in it
    ran = (
        f"With the same weights, {found.runs} runs in inference and training mode gave outputs at most "
        f"{found.gap:.1g} apart, where the outputs of different inputs lie {found.spread:.2g} apart."
    )
    return (f"Your model is written otherwise than the expected one and computes the same. {ran}",)


def _is_static(student: ModelGraph) -> bool:
    """Say whether a class only calls what can be called on a ``keras.Input`` as well, in a fixed order."""
    return student.api == "subclassed" and student.dynamic is None and not student.from_run
