"""What to tell a student whose work gave nothing to compare, or could not be called."""

from __future__ import annotations

from grader.evidence import Case, CaseEvidence, Failure, Work
from grader.judge.result import CaseResult
from grader.judge.rows import value_text
from grader.keys import TaskKey
from grader.misconceptions import words_of

__all__ = ["failure_text", "given_text", "misgiven", "next_step", "pass_itself", "unlike_text"]

_CALLABLE = ("function", "class")
_LONGEST_MESSAGE = 300


def misgiven(key: TaskKey, work: Work | None) -> bool:
    """Say whether something else was passed where the task asks for a function to call with arguments."""
    if work is None or work.kind in _CALLABLE:
        return False
    wanted = key.evidence.work
    varied = any(case.inputs or case.arguments for case in key.cases)
    if work.kind in ("model", "layer"):  # which will do where nothing varies
        return varied and (wanted is None or wanted.kind in _CALLABLE)
    return wanted.kind in _CALLABLE if wanted is not None else varied


def pass_itself(key: TaskKey) -> str:
    """Say how the check is written."""
    return f'Pass the {_asked(key)} itself: `unit.check("{key.task.id}", {_name(key)})`.'


def given_text(work: Work, given: CaseEvidence) -> str:
    """Name what was passed to a check."""
    if work.kind in ("model", "layer"):
        return f"a {work.kind} object"
    if work.kind == "tensor":
        return "a tensor"
    return f"the value {value_text(given.value)}" if given.kind == "value" else f"a {work.name or 'value'}"


def failure_text(failure: Failure) -> str:
    """Say what was raised, and why or by which layer; or why the check cannot use what it got."""
    message = failure.message
    message = message if len(message) <= _LONGEST_MESSAGE else message[:_LONGEST_MESSAGE] + "…"
    if failure.stage == "check":
        return message
    if failure.cause is not None:
        return f"Your code raised {failure.type}. {words_of(failure.cause).happened}"
    where = ""
    if failure.call is not None:
        shapes = " and ".join(str(shape) for shape in failure.call.shapes)
        where = f" in {failure.call.class_name}" + (f", called with {shapes}" if shapes else "")
    return f"Your code raised {failure.type}{where}: {message}"


def unlike_text(shown: CaseResult, work: Work | None) -> str:
    """Say that a case gave a model where a value was asked for, or the other way round."""
    wanted = {"model": "a model", "value": "a plain value"}[shown.wanted.kind]
    found = {"model": "a model", "value": "a plain value"}[shown.given.kind]
    if work is None or work.kind != "function" or not work.name.isidentifier():
        return f"Found {found}, expected {wanted}."
    if shown.given.kind == "value":
        found = value_text(shown.given.value)
    if shown.wanted.kind == "model" and shown.case.inputs:
        wanted = "the tensor that its last layer gives"
    return f"{work.name} returned {found}, expected {wanted}."


def next_step(key: TaskKey, work: Work | None, failure: Failure, case: Case) -> str:
    """Say how to raise the error again where its whole traceback shows; nothing where that is not known."""
    if work is None or failure.stage == "check":
        return ""
    inputs = ", ".join(_input_text(spec.shape, spec.dtype) for spec in case.inputs)
    if work.kind in ("model", "layer"):
        return f"Call it on `{inputs}` in a new cell to see the whole traceback." if inputs else ""
    if work.kind not in _CALLABLE:
        return ""
    name = work.name if work.name.isidentifier() else _name(key)
    arguments = ", ".join(f"{argument}={value!r}" for argument, value in case.arguments.items())
    if work.kind == "class":
        call = f"{name}({arguments})" + (f"({inputs})" if inputs else "")
    else:
        call = f"{name}({', '.join(part for part in (inputs, arguments) if part)})"
        if failure.stage == "read":
            return f"Call the model that `{call}` returns, in a new cell, to see the whole traceback."
    return f"Call it yourself in a new cell, `{call}`, to see the whole traceback."


def _input_text(shape: tuple[int | None, ...], dtype: str) -> str:
    return f"keras.Input({shape})" if dtype == "float32" else f"keras.Input({shape}, dtype={dtype!r})"


def _asked(key: TaskKey) -> str:
    work = key.evidence.work
    return "class" if work is not None and work.kind == "class" else "function"


def _name(key: TaskKey) -> str:
    """Return the name the task's function has in the reference, or else the task's own."""
    work = key.evidence.work
    return work.name if work is not None and work.name.isidentifier() else key.task.id
