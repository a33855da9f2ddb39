"""What a verdict says when the work gave nothing to compare, or cannot be called."""

from __future__ import annotations

from typing import Any

import pytest

from grader.causes import InputNotListed, TensorNote
from grader.evidence import Case, CaseEvidence, CodeLine, Evidence, Failure, InputSpec, Work, WorkKind
from grader.graph import ModelGraph
from grader.judge import judge
from grader.judge.advice import failure_text
from grader.keys import TaskKey
from grader.tasks import Answer, Architecture, Connectivity, Expectation, PublicTask
from grader.verdict import Outcome, Verdict
from tests.blueprints import residual_block

BLOCK = Case(inputs=(InputSpec(shape=(28, 28, 8)),), arguments={"filters": 8})
OTHER = Case(inputs=(InputSpec(shape=(6,), dtype="int32"), InputSpec(shape=())), arguments={"mode": "a"})
LINE = CodeLine(number=3, text="return nothing", function="block", place="Cell In[4]")
AUTHOR = Work(kind="function", name="block")
PASS_ITSELF = 'Pass the function itself: `unit.check("the_block", block)`.'


def model(graph: ModelGraph) -> CaseEvidence:
    return CaseEvidence(kind="model", graph=graph)


def value(given: Any) -> CaseEvidence:
    return CaseEvidence(kind="value", value=given)


def failure(**changes: Any) -> CaseEvidence:
    return CaseEvidence(kind="failure", failure=Failure(**({"type": "NameError", "message": "no"} | changes)))


def evidence(*cases: CaseEvidence, work: Work | None) -> Evidence:
    return Evidence(task="the_block", backend="none", keras="3", work=work, cases=cases)


def verdict(
    kind: WorkKind | None,
    *given: CaseEvidence,
    name: str = "mine",
    wanted: tuple[CaseEvidence, ...] = (),
    cases: tuple[Case, ...] = (BLOCK,),
    expects: tuple[Expectation, ...] = (Architecture(points=2), Connectivity(points=1)),
    author: Work | None = AUTHOR,
) -> Verdict:
    """Judge what was given in a task whose reference is the function ``block``."""
    key = TaskKey(
        task=PublicTask(id="the_block", title="A block", expects=expects, hints=("one", "two", "three")),
        cases=cases,
        visible=len(cases),
        evidence=evidence(*(wanted or [model(residual_block())] * len(cases)), work=author),
    )
    return judge(key, evidence(*given, work=Work(kind=kind, name=name) if kind is not None else None))


@pytest.mark.parametrize(
    ("kind", "stage", "case", "said"),
    [
        (
            "function",
            "call",
            BLOCK,
            "Call it yourself in a new cell, `mine(keras.Input((28, 28, 8)), filters=8)`",
        ),
        (
            "function",
            "call",
            OTHER,
            "`mine(keras.Input((6,), dtype='int32'), keras.Input(()), mode='a')`",
        ),
        ("function", "call", Case(), "`mine()`"),
        ("class", "call", BLOCK, "`mine(filters=8)(keras.Input((28, 28, 8)))`"),
        (
            "function",
            "read",
            BLOCK,
            "Call the model that `mine(keras.Input((28, 28, 8)), filters=8)` returns, in a new cell",
        ),
        ("model", "read", BLOCK, "Call it on `keras.Input((28, 28, 8))` in a new cell"),
    ],
)
def test_an_error_comes_with_the_call_that_raises_it_again(
    kind: WorkKind, stage: str, case: Case, said: str
) -> None:
    """The call is written with the arguments of the case, as the check made it."""
    step = verdict(kind, failure(stage=stage), cases=(case,)).next_step
    assert said in step
    assert step.endswith("to see the whole traceback.")


def test_where_nothing_was_raised_there_is_no_traceback_to_see() -> None:
    """The message of a refusal says itself what to do."""
    assert "" == verdict("function", failure(stage="check")).next_step


def test_a_function_without_a_name_is_called_by_the_references_name() -> None:
    """A lambda or a wrapped function is known to the notebook by the name the check is written with."""
    assert "`block(keras" in verdict("function", failure(), name="<lambda>").next_step


def test_the_line_of_an_error_is_carried() -> None:
    """A renderer shows the student's own line; the score never depends on it."""
    found = verdict("function", failure(line=LINE))
    assert (Outcome.RUNTIME_ERROR, LINE, 0.0) == (found.outcome, found.line, found.score)


def test_what_the_check_itself_refuses_is_no_error_of_the_students_code() -> None:
    """A function that returned ``None`` raised nothing: the outcome and the message say so."""
    found = verdict("function", failure(type="NothingReturnedError", message="It is None.", stage="check"))
    assert (Outcome.INCORRECT, "It is None.") == (found.outcome, found.message)


@pytest.mark.parametrize(
    ("kind", "given", "what"),
    [
        ("tensor", failure(stage="check"), "a tensor"),
        ("value", value(None), "the value None"),
        ("value", value(3), "the value 3"),
        ("value", failure(stage="check"), "a mine"),
    ],
)
def test_what_is_no_function_is_not_compared(kind: WorkKind, given: CaseEvidence, what: str) -> None:
    """The advice is how to write the check; arguments and differences of another thing are left out."""
    found = verdict(kind, given)
    assert (f"The check was given {what}, expected a function.", PASS_ITSELF) == (
        found.message,
        found.next_step,
    )
    assert (Outcome.INCORRECT, None, ()) == (found.outcome, found.case, found.diagnoses)


def test_the_tasks_name_stands_in_where_the_reference_has_none() -> None:
    """Keys made before the name was kept still give advice."""
    found = verdict("value", value(None), author=None)
    assert 'unit.check("the_block", the_block)' in found.next_step


def test_a_model_object_that_is_right_keeps_its_points_and_gets_a_remark() -> None:
    """What fits the one case there is is correct; the remark says why a function is better."""
    found = verdict("model", model(residual_block()))
    assert (Outcome.CORRECT, 3.0) == (found.outcome, found.score)
    assert (
        f"You passed a model object, so it cannot be tried with other arguments. {PASS_ITSELF}",
    ) == found.remarks


def test_a_model_object_that_is_wrong_is_compared_and_gets_the_remark() -> None:
    """The differences are real ones, so they come first."""
    found = verdict("model", model(residual_block(kind="missing-skip")))
    assert ["missing-skip"] == [diagnosis.id for diagnosis in found.diagnoses]
    assert PASS_ITSELF in found.remarks[0]
    assert "" == found.next_step


def test_a_model_object_that_fits_the_first_case_only_is_told_to_be_a_function() -> None:
    """No size is hard-coded in a model object: it just cannot be built again."""
    found = verdict(
        "model",
        *[model(residual_block(4, 4))] * 2,
        cases=(BLOCK, OTHER),
        wanted=(model(residual_block(4, 4)), model(residual_block(6, 6))),
    )
    assert "The check was given a model object. It fits the first case" in found.message
    assert (PASS_ITSELF, (), None) == (found.next_step, found.diagnoses, found.comparison)


def test_a_model_object_will_do_where_nothing_varies() -> None:
    """A task without arguments may be answered with the model itself."""
    assert () == verdict("model", model(residual_block()), cases=(Case(),)).remarks


def test_a_plain_answer_is_no_function_where_none_is_asked_for() -> None:
    """A number where a number is expected is never told to be a function."""
    found = verdict(
        "value",
        value(2),
        cases=(Case(),),
        wanted=(value(3),),
        expects=(Answer(points=2),),
        author=Work(kind="value", name="int"),
    )
    assert ("", ()) == (found.next_step, found.remarks)
    assert found.rows[0].compared


@pytest.mark.parametrize(
    ("case", "wanted"), [(BLOCK, "the tensor that its last layer gives"), (Case(), "a model")]
)
def test_a_function_that_returns_something_else_is_named_with_it(case: Case, wanted: str) -> None:
    """The message quotes what came back, and says what should."""
    found = verdict("function", value(3), cases=(case,))
    assert f"mine returned 3, expected {wanted}." == found.message


def test_rows_say_that_nothing_was_compared() -> None:
    """Without a model no row holds anything against the reference, and no point is given."""
    rows = verdict("function", failure()).rows
    assert [(False, 0.0)] * 2 == [(row.compared, row.points) for row in rows]
    assert all(row.compared for row in verdict("function", model(residual_block())).rows)


def test_a_known_cause_takes_the_place_of_keras_own_text() -> None:
    """The message says what was found out, and not what the exception said."""
    cause = InputNotListed(missing=(TensorNote(variable="facts", shape=(None, 4)),))
    text = failure_text(Failure(type="ValueError", message="Output with path `` is lost", cause=cause))
    assert text.startswith("Your code raised ValueError. An output of the model comes from the Input `facts`")
    assert "Output with path" not in text
