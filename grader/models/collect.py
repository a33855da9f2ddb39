"""Collect evidence on a student's work, publish it, and answer the judge's challenge.

Runs in the student's kernel, so nothing here is secret and nothing here is believed: the judge
validates whatever arrives.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from grader.errors import UnreadableModelError
from grader.evidence import (
    EVIDENCE_MIME,
    MAX_EVIDENCE_BYTES,
    MOST_CONFIG_CHARACTERS,
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
from grader.models.probe import run_steadily, silent_weights
from grader.models.serialized import config_text
from grader.models.tracebacks import full_tracebacks

__all__ = ["answer", "collect", "publish", "replied"]

# What each task was checked with, so that a challenge can build it again.
_checked: dict[str, tuple[Any, tuple[Case, ...]]] = {}


def collect(
    task_id: str,
    obj: Any,
    cases: Sequence[Case],
    models: dict[int, Described] | None = None,
    *,
    configs: bool = False,
    travels: bool = False,
) -> Evidence:
    """Build each case with the student's object and record what came of it.

    ``obj`` is a function, a ``Layer`` or ``Model`` (class or instance), or a plain value. Whatever
    the student's code raises is evidence too; only ``KeyboardInterrupt`` passes through. ``models`` is
    filled with the models that were built, by case. With ``configs``, a model that can be built from its config
    alone is sent with it; where one ``travels``, other backends are to build it.
    """
    cases = tuple(cases)
    _checked[task_id] = (obj, cases)
    return Evidence(
        task=task_id,
        backend=keras.backend.backend(),
        keras=keras.__version__,
        work=work_of(obj),
        cases=tuple(
            _case_evidence(
                obj, case, position, {} if models is None else models, configs=configs, travels=travels
            )
            for position, case in enumerate(cases)
        ),
    )


def _case_evidence(
    obj: Any, case: Case, position: int, models: dict[int, Described], *, configs: bool, travels: bool
) -> CaseEvidence:
    try:
        with full_tracebacks():
            built = build(obj, case)
        if isinstance(built, Described):
            models[position] = built
            config = config_text(built) if configs else None
            found = CaseEvidence(kind="model", graph=built.graph, config=config)
            return found.model_copy(update=_travelling(built)) if travels else found
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


def _travelling(built: Described) -> dict[str, str]:
    """Return what other backends build the model from, or why there is nothing, as fields of its evidence."""
    from grader.models.travelling import portable

    try:
        text = portable(built.model).to_json()
    except UnreadableModelError as error:
        return {"unportable": str(error)[:2000]}
    if len(text) > MOST_CONFIG_CHARACTERS:
        return {
            "unportable": f"Config and code of the model have {len(text):,} characters; at most "
            f"{MOST_CONFIG_CHARACTERS:,} are read."
        }
    return {"portable": text}


def publish(evidence: Evidence) -> None:
    """Send evidence to whoever runs the notebook, as a display message of its own type."""
    text = evidence.to_json()
    if len(text) > MAX_EVIDENCE_BYTES:
        bare = tuple(case.model_copy(update={"config": None, "portable": None}) for case in evidence.cases)
        evidence = evidence.model_copy(update={"cases": bare})
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
    """Answer a challenge, and publish the ``Reply``.

    Raises:
        ValidationError: the text is no ``Challenge``.
    """
    challenge = Challenge.model_validate_json(challenge_json)
    text = replied(challenge).to_json()
    if len(text) > MAX_EVIDENCE_BYTES:
        parts = tuple(
            ReplyPart(case=question.case, failure="the outputs are too long to send")
            for question in challenge.questions
            for _ in question.orders or ((),)
        )
        text = Reply(task=challenge.task, parts=parts).to_json()
    _display(REPLY_MIME, text, f"reply for {challenge.task}")


def replied(challenge: Challenge, models: Mapping[int, Described] | None = None) -> Reply:
    """Answer a challenge: build its cases again, set its weights, and compute.

    ``models`` are asked in place of what a check was given, by case. The models get their own weights back.
    """
    parts: list[ReplyPart] = []
    built: dict[int, Described | str] = {**(models or {})}
    for question in challenge.questions:
        if question.case not in built:
            built[question.case] = _rebuilt(challenge.task, question.case)
        parts += [_ran(built[question.case], question, order) for order in question.orders or ((),)]
    return Reply(task=challenge.task, parts=tuple(parts))


def _rebuilt(task_id: str, case: int) -> Described | str:
    """Build a case again; the reason in words where that cannot be done."""
    try:
        if task_id not in _checked:
            return "this kernel has checked no such task"
        obj, cases = _checked[task_id]
        if not 0 <= case < len(cases):
            return "this kernel has checked no such case"
        with full_tracebacks():
            built = build(obj, cases[case])
        return built if isinstance(built, Described) else "the case gives no model"
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return _reason(error)


def _ran(model: Described | str, question: Question, order: tuple[int, ...]) -> ReplyPart:
    if isinstance(model, str):
        return ReplyPart(case=question.case, failure=model)
    try:
        weights = [array.numpy() for array in question.weights]
        weights = [weights[source] for source in order] if order else weights
        inputs = [array.numpy() for array in question.inputs]
        ran = run_steadily(model, weights, inputs, training=question.training)
        return ReplyPart(
            case=question.case,
            outputs=tuple(Array.of(output) for output in ran.outputs),
            changed=tuple(ran.changed),
            state=tuple(Array.of(array) for array in ran.changed.values()),
            penalty=ran.penalty if math.isfinite(ran.penalty) else 0.0,
            silent=tuple(silent_weights(model, weights, inputs, question.felt)) if question.reactions else (),
        )
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return ReplyPart(case=question.case, failure=_reason(error))


def _reason(error: BaseException) -> str:
    failure = failure_of(error)
    return f"{failure.type}: {failure.message}"


def _display(mime: str, text: str, plain: str) -> None:
    from IPython.display import display

    display({mime: text, "text/plain": plain}, raw=True)
