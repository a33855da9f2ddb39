"""Evidence + answer key + task → ``Verdict``. Runs no student code and imports no Keras."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from grader.challenge import ask, challenge_for, disagreements, probes_from
from grader.comparison import Analysis, analyse, summarize
from grader.difference import Comparison, Counts, Diagnosis
from grader.evidence import Case, CaseEvidence, Evidence, Failure, Reply, RunFacts
from grader.keys import TaskKey
from grader.misconceptions import HARD_CODED_SIZE, diagnose, diagnose_failure
from grader.parameters import parameter_detail
from grader.tasks import Answer, Api, Architecture, Connectivity, Expectation, Parameters
from grader.verdict import Outcome, Row, Verdict

__all__ = ["ask", "challenge_for", "judge", "probes_from"]


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
    results = [_Result.of(key, position, case) for position, case in enumerate(evidence.cases)]
    unbuilt = [case.failure for case in evidence.cases if case.failure is not None]
    if len(unbuilt) == len(evidence.cases) and all(failure.not_implemented for failure in unbuilt):
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
            key, Outcome.CRASHED, "The notebook's kernel died before this check. Restart it and run all cells.", facts
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


@dataclass(frozen=True)
class _Result:
    """What one case showed."""

    position: int
    case: Case
    given: CaseEvidence
    wanted: CaseEvidence
    analysis: Analysis | None
    comparison: Comparison | None
    diagnoses: tuple[Diagnosis, ...]

    @classmethod
    def of(cls, key: TaskKey, position: int, given: CaseEvidence) -> _Result:
        wanted = key.evidence.cases[position]
        analysis = comparison = None
        diagnoses: tuple[Diagnosis, ...] = ()
        if given.graph is not None and wanted.graph is not None:
            options = next((e.options for e in key.task.expects if isinstance(e, Architecture)), None)
            analysis = analyse(given.graph, wanted.graph, options)
            diagnoses = diagnose(analysis)
            comparison = summarize(analysis, diagnoses)
        elif given.failure is not None and wanted.graph is not None:
            diagnoses = diagnose_failure(given.failure, wanted.graph)
        return cls(position, key.cases[position], given, wanted, analysis, comparison, diagnoses)


class _Bench:
    """Weighs the results of all cases of one task."""

    def __init__(
        self, key: TaskKey, results: list[_Result], faults: tuple[str, ...], facts: RunFacts
    ) -> None:
        self.key, self.results, self.faults, self.facts = key, results, faults, facts

    def verdict(self) -> Verdict:
        task = self.key.task
        passes = [[_holds(expectation, result) for result in self.results] for expectation in task.expects]
        failing = [
            position for position in range(len(self.results)) if not all(row[position] for row in passes)
        ]
        shown = self.results[failing[0] if failing else 0]
        believed = not self.faults
        rows = tuple(
            _row(expectation, all(passed), shown, believed)
            for expectation, passed in zip(task.expects, passes, strict=True)
        )
        rows += _informing_rows(task.expects, shown)
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
            needs_look="What the kernel reported and what it computes disagree: " + "; ".join(self.faults) + "."
            if self.faults
            else None,
        )

    def _outcome(self, failing: list[int], score: float, shown: _Result) -> Outcome:
        if self.faults:
            return Outcome.INCORRECT
        if not failing:
            return Outcome.CORRECT
        if shown.given.kind == "failure" and score == 0:
            return Outcome.RUNTIME_ERROR
        return Outcome.PARTIAL if score > 0 else Outcome.INCORRECT

    def _diagnoses(self, failing: list[int], shown: _Result) -> tuple[Diagnosis, ...]:
        if not failing or self.faults:
            return ()
        only_hidden = failing[0] >= self.key.visible > 0
        return (HARD_CODED_SIZE, *shown.diagnoses) if only_hidden else shown.diagnoses

    def _message(self, failing: list[int], shown: _Result) -> str:
        count = len(self.results)
        if self.faults:
            return (
                "The model that was described is not the one that computes: given new weights and inputs, "
                "it answered otherwise than the expected model."
            )
        if not failing:
            cases = "the case" if count == 1 else f"all {count} cases"
            return f"As expected in {cases}."
        prefix = f"{_case_text(shown.case)}: " if count > 1 and _case_text(shown.case) else ""
        if shown.given.failure is not None:
            return prefix + _failure_text(shown.given.failure)
        if shown.comparison is not None and shown.comparison.differences:
            return prefix + shown.comparison.differences[0].message
        if shown.given.kind != shown.wanted.kind:
            return prefix + _kind_text(shown)
        return prefix + "The work does not meet everything that is asked for; see the rows below."

    def _remarks(self, shown: _Result) -> tuple[str, ...]:
        student, reference = shown.given.graph, shown.wanted.graph
        asked = any(isinstance(expectation, Api) for expectation in self.key.task.expects)
        if student is None or reference is None or asked:
            return ()
        if student.api == "subclassed" and reference.api != "subclassed" and student.dynamic is None:
            return (
                "static-graph-subclassed: nothing in this model depends on its input's values, so the "
                "Functional API would say the same and keep summary() and plot_model() useful.",
            )
        return ()


def _holds(expectation: Expectation, result: _Result) -> bool:
    if isinstance(expectation, Answer):
        given, wanted = result.given, result.wanted
        return given.kind == "value" and _agree(given.value, wanted.value, expectation.tolerance)
    comparison = result.comparison
    if comparison is None:
        return False
    if isinstance(expectation, Architecture):
        return comparison.equivalent
    if isinstance(expectation, Connectivity):
        return comparison.same_wiring
    if isinstance(expectation, Parameters):
        return comparison.student_counts == comparison.reference_counts
    return comparison.student.api == expectation.api


def _agree(given: Any, wanted: Any, tolerance: float) -> bool:
    if isinstance(wanted, bool) or isinstance(given, bool):
        return given is wanted
    if isinstance(wanted, int | float) and isinstance(given, int | float):
        return abs(given - wanted) <= tolerance
    if isinstance(wanted, str) and isinstance(given, str):
        return given.strip() == wanted.strip()
    if isinstance(wanted, list) and isinstance(given, list):
        same_length = len(given) == len(wanted)
        return same_length and all(_agree(g, w, tolerance) for g, w in zip(given, wanted, strict=True))
    if isinstance(wanted, dict) and isinstance(given, dict):
        return given.keys() == wanted.keys() and all(_agree(given[k], wanted[k], tolerance) for k in wanted)
    return bool(given == wanted)


def _row(expectation: Expectation, passed: bool, shown: _Result, believed: bool) -> Row:
    describe = _ROWS[expectation.kind]
    name, found, expected, detail = describe(expectation, shown)
    return Row(
        name=name,
        passed=passed and believed,
        found=found,
        expected=expected,
        points=expectation.points if passed and believed else 0.0,
        max_points=expectation.points,
        detail=detail,
    )


def _informing_rows(expects: tuple[Expectation, ...], shown: _Result) -> tuple[Row, ...]:
    """Add the rows that every report on a model has, where the task gives no points for them."""
    if shown.comparison is None:
        return ()
    rows = []
    for expectation in (Parameters(points=0), Connectivity(points=0)):
        if not any(asked.kind == expectation.kind for asked in expects):
            row = _row(expectation, _holds(expectation, shown), shown, True)
            rows.append(row)
    return tuple(rows)


def _architecture_row(_: Any, shown: _Result) -> tuple[str, str, str, str]:
    if shown.comparison is None:
        return "Architecture", "no model", "the expected model", ""
    number = len(shown.comparison.differences)
    found = "the same" if shown.comparison.equivalent else f"{number} difference{'s' if number != 1 else ''}"
    return "Architecture", found, "the same", ""


def _connectivity_row(_: Any, shown: _Result) -> tuple[str, str, str, str]:
    if shown.comparison is None:
        return "Connectivity", "no model", "what feeds what as expected", ""
    found = "as expected" if shown.comparison.same_wiring else "differs"
    first = next((d.message for d in shown.comparison.differences if "connection" in d.kind), "")
    return "Connectivity", found, "as expected", "" if shown.comparison.same_wiring else first


def _parameters_row(_: Any, shown: _Result) -> tuple[str, str, str, str]:
    if shown.comparison is None:
        return "Parameters", "no model", "the expected counts", ""
    ours, theirs = shown.comparison.student_counts, shown.comparison.reference_counts
    detail = "" if ours == theirs or shown.analysis is None else parameter_detail(shown.analysis)
    return "Parameters", _counts_text(ours), _counts_text(theirs), detail


def _api_row(expectation: Any, shown: _Result) -> tuple[str, str, str, str]:
    found = shown.comparison.student.api if shown.comparison is not None else "no model"
    return "API", found, expectation.api, ""


def _answer_row(_: Any, shown: _Result) -> tuple[str, str, str, str]:
    found = _value_text(shown.given.value) if shown.given.kind == "value" else "no plain value"
    return "Answer", found, "the reference's answer", ""


_ROWS: dict[str, Callable[[Any, _Result], tuple[str, str, str, str]]] = {
    "architecture": _architecture_row,
    "connectivity": _connectivity_row,
    "parameters": _parameters_row,
    "api": _api_row,
    "answer": _answer_row,
}


def _counts_text(counts: Counts) -> str:
    text = f"{counts.total:,} in total"
    return f"{text}: {counts.trainable:,} trainable, {counts.non_trainable:,} non-trainable"


def _case_text(case: Case) -> str:
    parts = [f"{name}={_value_text(value)}" for name, value in case.arguments.items()]
    shapes = [str(spec.shape) for spec in case.inputs]
    if shapes:
        parts.insert(0, "input " + " and ".join(shapes))
    return "With " + ", ".join(parts) if parts else ""


def _failure_text(failure: Failure) -> str:
    where = ""
    if failure.call is not None:
        shapes = " and ".join(str(shape) for shape in failure.call.shapes)
        where = f" in {failure.call.class_name}, called with {shapes}" if shapes else f" in {failure.call.class_name}"
    message = failure.message if len(failure.message) <= 300 else failure.message[:300] + "…"
    return f"your code raised {failure.type}{where}: {message}"


def _kind_text(shown: _Result) -> str:
    names = {"model": "a model", "value": "a plain value", "failure": "an error"}
    return f"found {names[shown.given.kind]}, expected {names[shown.wanted.kind]}."


def _value_text(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"
