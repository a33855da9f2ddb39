"""Mistakes that keep a model from being put together, and the words a cause fills them with."""

from __future__ import annotations

from typing import Any

import pytest

from grader.causes import (
    BackendOnly,
    CannotBranch,
    Cause,
    ConfigNotSaved,
    InputNotListed,
    NoShapeYet,
    NotATensor,
    NotRegistered,
    StateInCall,
    SuperNotCalled,
    TensorNote,
    UnlikeShapes,
    ValueNeeded,
    WindowTooLarge,
    WrongCount,
    WrongLength,
    WrongRank,
    WrongSize,
)
from grader.comparison import analyse
from grader.evidence import FailedCall, Failure
from grader.graph import ModelGraph
from grader.misconceptions import CATALOGUE, diagnose, diagnose_failure
from tests.blueprints import Blueprint, residual_block

X, Y = TensorNote(variable="x", shape=(None, 8, 8, 4)), TensorNote(maker="Conv2D", shape=(None, 8, 8, 8))
IMAGE = TensorNote(variable="image", shape=(None, 5, 5, 1))

# Each mistake by causes that show it, and by causes like them that do not, with what those are.
TRIGGERS: dict[str, list[Cause]] = {
    "input-not-listed": [
        InputNotListed(missing=(X,)),
        InputNotListed(missing=(X, Y), listed=(IMAGE,)),
        InputNotListed(missing=(X,), listed=(X,), instead=0),
    ],
    "missing-input": [
        NoShapeYet(what="sequential", class_name="Sequential", asked="count_params"),
        NotATensor(place="call", class_name="Dense", given="shape", value="(4,)"),
        NotATensor(place="call", class_name="Dense", given="layer", value="Dense"),
        NotATensor(place="inputs", given="shape", value="(4,)"),
    ],
    "sequential-cannot-branch": [
        CannotBranch(step="merge", class_name="Add"),
        CannotBranch(step="list", class_name="Conv2D"),
        CannotBranch(step="second-input", class_name="Input"),
        CannotBranch(step="several-outputs", class_name="Dense", before="LSTM"),
    ],
    "python-branch-on-tensor": [
        ValueNeeded(how="if"),
        ValueNeeded(how="while", tensor=X),
        ValueNeeded(how="bool", tensor=X),
    ],
    "missing-super-init": [
        SuperNotCalled(class_name="Block", culprit="Block"),
        SuperNotCalled(class_name="Block", culprit="Base"),
        SuperNotCalled(class_name="Block", culprit="Block", attribute="dense", late=True),
    ],
    "state-created-in-call": [
        StateInCall(class_name="Scale", made="weight"),
        StateInCall(class_name="Scale", made="layer", attribute="dense"),
        StateInCall(class_name="Scale", made="other"),
    ],
    "not-registered": [
        NotRegistered(what="class", name="Swish"),
        NotRegistered(what="function", name="squash"),
        NotRegistered(what="class", name=""),
    ],
    "config-not-saved": [
        ConfigNotSaved(class_name="Block", problem="missing", arguments=("units",)),
        ConfigNotSaved(class_name="Block", problem="unexpected", arguments=("name",)),
        ConfigNotSaved(class_name="Block", problem="unwritable"),
    ],
    "backend-only-function": [
        BackendOnly(library="tensorflow", function="tf.nn.relu", name="relu", given="keras", tensor=X),
        BackendOnly(library="torch", function="torch.relu", name="relu", given="jax"),
        BackendOnly(library="jax", function="fns[0]", given="keras"),
    ],
}
OTHERS: list[tuple[Cause, str | None]] = [
    (NoShapeYet(what="model", class_name="Net"), None),
    (NoShapeYet(what="layer", class_name="Dense", asked="count_params"), None),
    (NotATensor(place="call", class_name="Dense", given="nothing"), None),
    (NotATensor(place="outputs", given="layer", value="Dense"), None),
    (NotATensor(place="stack", given="class", value="Dense"), None),
    (ValueNeeded(how="for", tensor=X), None),
    (ValueNeeded(how="len", tensor=X), None),
    (ValueNeeded(how="numpy", function="np.mean", tensor=X), None),
    (WrongCount(class_name="Add", found=1), "missing-connection"),
    (WrongCount(class_name="Add", found=2), None),
    (WrongRank(class_name="LSTM", tensor=X, found=2, wanted=3, lost_by="GRU"), "wrong-config"),
    (WrongRank(class_name="Conv2D", tensor=X, found=2, wanted=4, lost_by="Flatten"), "wrong-shape"),
    (WrongLength(class_name="Dense", tensor=X, axis=1, found=5, wanted=8), "wrong-shape"),
    (WrongSize(tensor=X, found=256, target=(3,), wanted=3), "wrong-shape"),
    (WindowTooLarge(class_name="Conv2D", tensor=IMAGE, axis=1, window=7, found=5), "wrong-config"),
    (UnlikeShapes(class_name="Add", tensors=(X, Y), axis=3, shortcut=True), "missing-projection"),
    (UnlikeShapes(class_name="Add", tensors=(X, Y), axis=3), "wrong-shape"),
    (UnlikeShapes(class_name="Concatenate", tensors=(X, IMAGE), axis=1), "wrong-shape"),
]


def failure(cause: Cause | None, **more: Any) -> Failure:
    return Failure(type="ValueError", message="any text", cause=cause, **more)


def ids(found: tuple[Any, ...]) -> list[str]:
    return [diagnosis.id for diagnosis in found]


@pytest.mark.parametrize(
    ("mistake", "cause"), [(mistake, cause) for mistake, causes in TRIGGERS.items() for cause in causes]
)
def test_a_cause_names_its_mistake(mistake: str, cause: Cause) -> None:
    """The diagnosis is the catalogue's, with a fix and two hints of the case."""
    (found,) = diagnose_failure(failure(cause))
    (entry,) = (one for one in CATALOGUE if one.id == mistake)
    assert (mistake, entry.title, entry.hints[0]) == (found.id, found.title, found.hints[0])
    assert all((found.fix, *found.hints))


@pytest.mark.parametrize(("cause", "wanted"), OTHERS)
def test_what_looks_like_it_gets_its_own_name_or_none(cause: Cause, wanted: str | None) -> None:
    """A near-miss is never given the name of one of these mistakes."""
    assert ([] if wanted is None else [wanted]) == ids(diagnose_failure(failure(cause)))


def test_without_a_cause_nothing_is_named() -> None:
    """The text of an exception alone names no mistake."""
    text = "Output with path `` is not connected to `inputs`"
    assert () == diagnose_failure(Failure(type="ValueError", message=text))


def two_ways(strides: int) -> tuple[Blueprint, int, int]:
    plan = Blueprint()
    x = plan.input(8, 8, 2)
    return plan, plan.conv(x, 3), plan.conv(x, 3, size=5, strides=strides)


def test_a_refused_merge_is_held_against_the_reference() -> None:
    """Where one setting differs on the way to a merge, that setting is named, with its value."""
    plan, one, other = two_ways(2)
    partial = plan.graph(one, other)
    reference, ours, theirs = two_ways(1)
    wanted = reference.graph(reference.add(ours, theirs))
    call = FailedCall(
        class_name="Add",
        shapes=tuple(partial.tensors[port.tensor].shape for port in partial.outputs),
        graph=partial,
        config=wanted.layers[wanted.calls[-1].layer].config,
    )
    notes = tuple(TensorNote(maker="Conv2D", shape=shape) for shape in call.shapes)
    unlike = UnlikeShapes(class_name="Add", tensors=(notes[0], notes[1]), axis=1)
    (found,) = diagnose_failure(failure(unlike, call=call), wanted)
    assert ("wrong-config", True) == (found.id, "strides=" in found.fix)


def stack(*, api: Any, merged: bool, first: int = 4) -> ModelGraph:
    plan = Blueprint()
    x = plan.input(8, 8, 4)
    a = plan.conv(x, first)
    b = plan.conv(x if merged else a, 4)
    return plan.graph(plan.add(a, b) if merged else b).model_copy(update={"api": api})


@pytest.mark.parametrize(
    ("student", "reference", "wanted"),
    [
        (stack(api="sequential", merged=False), stack(api="functional", merged=True), True),
        (stack(api="functional", merged=False), stack(api="functional", merged=True), False),
        (stack(api="sequential", merged=False, first=5), stack(api="sequential", merged=False), False),
    ],
)
def test_branches_laid_in_a_line_are_told_of_stacks_alone(student: Any, reference: Any, wanted: bool) -> None:
    """A stack where the reference joins two ways cannot branch; a Functional model could have."""
    assert wanted == ("sequential-cannot-branch" in ids(diagnose(analyse(student, reference))))


@pytest.mark.parametrize(("asked", "wanted"), [("if", True), ("while", True), (None, False)])
def test_a_model_that_asked_for_a_value_while_it_was_read_is_told_so(asked: Any, wanted: bool) -> None:
    """A dynamic model is a branch of Python's only where Python asked for a tensor's value."""
    reference = residual_block(4, 4)
    plan = Blueprint()
    graph = plan.graph(plan.conv(plan.input(8, 8, 4), 4))
    student = graph.model_copy(update={"dynamic": "any text", "value_asked": asked, "api": "subclassed"})
    found = ids(diagnose(analyse(student, reference)))
    assert wanted == ("python-branch-on-tensor" in found)
    assert wanted != ("dynamic" in found)


@pytest.mark.parametrize(("theirs", "wanted"), [(None, True), ("if", False)])
def test_a_layer_that_asked_for_a_value_is_told_of_where_the_expected_model_has_none(
    theirs: Any, wanted: bool
) -> None:
    """One such layer stands in an otherwise fixed graph; where the reference has one too, it was asked for."""
    student = stack(api="functional", merged=False).model_copy(update={"value_asked": "if"})
    reference = stack(api="functional", merged=True).model_copy(update={"value_asked": theirs})
    assert wanted == ("python-branch-on-tensor" in ids(diagnose(analyse(student, reference))))
