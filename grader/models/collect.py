"""Collect evidence on a student's work, publish it, and answer the judge's challenge.

Runs in the student's kernel, so nothing here is secret and nothing here is believed: the judge
validates whatever arrives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from grader.evidence import (
    EVIDENCE_MIME,
    MAX_EVIDENCE_BYTES,
    REPLY_MIME,
    Array,
    Case,
    CaseEvidence,
    Challenge,
    Evidence,
    Failure,
    Question,
    Reply,
    ReplyPart,
)
from grader.models.cases import NothingReturnedError, build, is_stub, work_of
from grader.models.describe import Described
from grader.models.failures import failure_of
from grader.models.probe import borrowed_weights, run_model
from grader.models.tracebacks import full_tracebacks

__all__ = ["answer", "collect", "publish"]

# What each task was checked with, so that a challenge can build it again.
_checked: dict[str, tuple[Any, tuple[Case, ...]]] = {}


def collect(task_id: str, obj: Any, cases: Sequence[Case]) -> Evidence:
    """Build each case with the student's object and record what came of it.

    ``obj`` is a function, a ``Layer`` or ``Model`` (class or instance), or a plain value. Whatever
    the student's code raises is evidence too; only ``KeyboardInterrupt`` passes through.
    """
    cases = tuple(cases)
    _checked[task_id] = (obj, cases)
    return Evidence(
        task=task_id,
        backend=keras.backend.backend(),
        keras=keras.__version__,
        work=work_of(obj),
        cases=tuple(_case_evidence(obj, case) for case in cases),
    )


def _case_evidence(obj: Any, case: Case) -> CaseEvidence:
    try:
        with full_tracebacks():
            built = build(obj, case)
        if isinstance(built, Described):
            return CaseEvidence(kind="model", graph=built.graph)
        return CaseEvidence(kind="value", value=built)
    except KeyboardInterrupt:
        raise
    except NothingReturnedError as error:
        failure = failure_of(error)
        return CaseEvidence(
            kind="failure", failure=failure.model_copy(update={"not_implemented": is_stub(obj)})
        )
    except BaseException as error:  # SystemExit too: one cell may not end the collecting
        return CaseEvidence(kind="failure", failure=failure_of(error))


def publish(evidence: Evidence) -> None:
    """Send evidence to whoever runs the notebook, as a display message of its own type."""
    text = evidence.to_json()
    if len(text) > MAX_EVIDENCE_BYTES:
        failure = Failure(
            type="EvidenceError",
            stage="check",
            message=f"The model's description has {len(text):,} characters; at most {MAX_EVIDENCE_BYTES:,} are read.",
        )
        too_long = CaseEvidence(kind="failure", failure=failure)
        text = evidence.model_copy(update={"cases": (too_long,) * len(evidence.cases)}).to_json()
    _display(EVIDENCE_MIME, text, f"evidence for {evidence.task}")


def answer(challenge_json: str) -> None:
    """Answer a challenge: build its cases again, set its weights, compute, and publish the ``Reply``.

    The student's models get their own weights back.

    Raises:
        ValidationError: the text is no ``Challenge``.
    """
    challenge = Challenge.model_validate_json(challenge_json)
    parts = tuple(_answer_part(challenge.task, question) for question in challenge.questions)
    text = Reply(task=challenge.task, parts=parts).to_json()
    if len(text) > MAX_EVIDENCE_BYTES:
        parts = tuple(ReplyPart(case=part.case, failure="the outputs are too long to send") for part in parts)
        text = Reply(task=challenge.task, parts=parts).to_json()
    _display(REPLY_MIME, text, f"reply for {challenge.task}")


def _answer_part(task_id: str, question: Question) -> ReplyPart:
    try:
        if task_id not in _checked:
            return ReplyPart(case=question.case, failure="this kernel has checked no such task")
        obj, cases = _checked[task_id]
        if not 0 <= question.case < len(cases):
            return ReplyPart(case=question.case, failure="this kernel has checked no such case")
        with full_tracebacks():
            built = build(obj, cases[question.case])
        if not isinstance(built, Described):
            return ReplyPart(case=question.case, failure="the case gives no model")
        weights = [array.numpy() for array in question.weights]
        with borrowed_weights(built, weights):
            outputs = run_model(built, [array.numpy() for array in question.inputs])
        return ReplyPart(case=question.case, outputs=tuple(Array.of(output) for output in outputs))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        failure = failure_of(error)
        return ReplyPart(case=question.case, failure=f"{failure.type}: {failure.message}")


def _display(mime: str, text: str, plain: str) -> None:
    from IPython.display import display

    display({mime: text, "text/plain": plain}, raw=True)
