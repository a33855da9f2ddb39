"""The ladder of a plain difference: a nudge, where to look, what to write there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from grader.comparison import Diagnosis, DifferenceKind, analyse
from grader.comparison.records import Difference
from grader.graph import ModelGraph
from grader.misconceptions import CATALOGUE, diagnose
from grader.misconceptions.structural import structural_diagnosis
from grader.misconceptions.structural_words import KINDS
from tests.blueprints import Blueprint, residual_block


def difference(kind: DifferenceKind, where: str = "after the second Conv2D") -> Difference:
    return Difference(
        kind=kind, where=where, message="What differs, in a sentence.", expected="this", found="that"
    )


def ladder(kind: DifferenceKind, where: str = "after the second Conv2D") -> Diagnosis:
    return structural_diagnosis(difference(kind, where), analyse(residual_block(), residual_block()))


def only(student: Callable[[Blueprint, int], int], reference: Callable[[Blueprint, int], int]) -> Diagnosis:
    """The one diagnosis of two small models that take 8 × 8 × 4."""

    def graph(write: Callable[[Blueprint, int], int]) -> ModelGraph:
        plan = Blueprint()
        return plan.graph(write(plan, plan.input(8, 8, 4)))

    (found,) = diagnose(analyse(graph(student), graph(reference)))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_difference_has_a_ladder_of_three_steps(kind: DifferenceKind) -> None:
    """No step is empty, said twice, left with a gap, or the report's own sentence again."""
    found = ladder(kind)
    steps = [step.strip() for step in found.hints]
    assert 3 == len({step for step in steps if step})
    assert "What differs, in a sentence." not in steps
    assert "{" not in "".join((*steps, found.fix, found.title, found.explanation))


@pytest.mark.parametrize(
    "kind", sorted({*KINDS} - {"missing-output", "extra-output", "unused-input", "dynamic"})
)
def test_the_pointer_says_where(kind: DifferenceKind) -> None:
    """The second step names the place, and not yet what belongs there."""
    _, pointer, _ = ladder(kind).hints
    assert "after the second Conv2D" in pointer
    assert "this" not in pointer.split()


def test_a_missing_layer_is_written_out_with_its_settings() -> None:
    """The last step is the call, with what Keras would not choose by itself."""
    found = only(lambda plan, x: plan.conv(x, 6), lambda plan, x: plan.conv(plan.conv(x, 6), 6, 1, strides=2))
    assert "Put a Conv2D after the Conv2D." == found.fix
    assert (
        "After the Conv2D, write `Conv2D(filters=6, kernel_size=(1, 1), strides=(2, 2), padding='same')`, and "
        "hand its result on to the next step. Where a number comes from an argument, write the argument."
    ) == found.hints[2]


def test_a_long_run_of_missing_layers_is_not_written_out() -> None:
    """A ladder that printed every layer would be the solution."""
    found = only(
        lambda plan, x: x, lambda plan, x: plan.norm(plan.conv(plan.norm(plan.conv(plan.norm(x), 4)), 4))
    )
    assert 2 == found.hints[2].count("`") // 2
    assert "then what comes after it" in found.hints[2]


def test_wrong_settings_are_given_with_the_whole_call() -> None:
    """The values that are expected stand in the fix, and the call in the last step."""
    found = only(lambda plan, x: plan.conv(x, 4, 5), lambda plan, x: plan.conv(x, 4, 3))
    assert "Set kernel_size=(3, 3) at the Conv2D." == found.fix
    assert "`Conv2D(filters=4, kernel_size=(3, 3), padding='same')`" in found.hints[2]


@pytest.mark.parametrize(
    ("ours", "theirs", "nearly"),
    [
        ("tanh", "relu", "After the Conv2D, call `keras.layers.Activation('relu')`, or set `activation='relu'`, not tanh."),
        ("linear", "relu", "After the Conv2D, call `keras.layers.Activation('relu')`, or set `activation='relu'`."),
        (
            "tanh",
            "linear",
            "Leave the activation tanh after the Conv2D out: no `activation=`, and no layer for it.",
        ),
    ],
)  # fmt: skip
def test_an_activation_is_named_in_the_last_step(ours: str, theirs: str, nearly: str) -> None:
    """Another one, one that is missing, one too many: each is told what to write."""
    found = only(
        lambda plan, x: plan.conv(plan.conv(x, 4, activation=ours), 4),
        lambda plan, x: plan.conv(plan.conv(x, 4, activation=theirs), 4),
    )
    assert ("wrong-activation", nearly) == (
        found.id,
        found.hints[2].replace("the first Conv2D", "the Conv2D"),
    )


@pytest.mark.parametrize(
    ("expected", "written"),
    [("Conv2D", "`Conv2D(filters=4, kernel_size=(3, 3), padding='same')`"), ("relu", "relu")],
)
def test_another_layer_is_written_out_unless_only_its_activation_is_asked_for(
    expected: str, written: str
) -> None:
    """Where the reference writes a relu inside a layer, the relu is asked for, not that layer again."""
    analysis = analyse(residual_block(), residual_block())
    wrong = difference("wrong-layer").model_copy(update={"expected": expected, "reference": (0,)})
    (_, _, nearly) = structural_diagnosis(wrong, analysis).hints
    assert f"After the second Conv2D, write {written} in place of that." in nearly


def test_a_layer_that_is_there_is_not_asked_for_again_with_its_missing_activation() -> None:
    """A run that begins with a layer's own activation is named in words."""
    found = only(
        lambda plan, x: plan.conv(x, 4),
        lambda plan, x: plan.conv(plan.conv(x, 4, activation="relu"), 6, 1),
    )
    nearly = "After the Conv2D, write a relu and a Conv2D, and hand its result on to the next step."
    assert ("missing-layer", nearly) == (found.id, found.hints[2])


@pytest.mark.parametrize(
    ("shared", "nearly"),
    [
        (
            True,
            "Write `shared = Dense(units=3)` once, before the first call, and use `shared(...)`",
        ),
        (False, "Write `Dense(units=3)` anew at each of these calls, instead of calling one variable again."),
    ],
)
def test_sharing_is_told_with_the_layer_to_share(shared: bool, nearly: str) -> None:
    """One object for several calls, or one for each: the last step writes it down."""

    def graph(*, one: bool) -> ModelGraph:
        plan = Blueprint()
        inputs = [plan.input(4), plan.input(4)]
        layers = [plan.layer("Dense", (4, 3), (3,), units=3) for _ in range(1 if one else 2)]
        first, second = (
            plan.call(layer, x, shape=(3,))
            for layer, x in zip(layers * 2 if one else layers, inputs, strict=True)
        )
        return plan.graph(plan.concatenate(first, second))

    (found,) = diagnose(analyse(graph(one=not shared), graph(one=shared)))
    assert found.hints[2].startswith(nearly)


def test_steps_in_another_order_are_put_in_order() -> None:
    """Two neighbours that changed places are given in the order asked for."""
    found = only(
        lambda plan, x: plan.norm(plan.relu(plan.conv(x, 4))),
        lambda plan, x: plan.relu(plan.norm(plan.conv(x, 4))),
    )
    assert ("wrong-connection", "Call the steps in this order: the BatchNormalization, then the relu.") == (
        found.id,
        found.fix,
    )


def test_several_differences_of_one_kind_are_explained_by_the_first() -> None:
    """Report and ladder begin at the same place."""
    found = only(
        lambda plan, x: plan.conv(plan.conv(x, 4, 5), 4, 1),
        lambda plan, x: plan.conv(plan.conv(x, 4, 3), 4, 3),
    )
    assert "Set kernel_size=(3, 3) at the first Conv2D." == found.fix


@pytest.mark.parametrize("word", ["drawing", "picture", "the task"])
def test_no_fix_or_symptom_speaks_of_what_is_not_there(word: str) -> None:
    """``grader compare`` prints the fix of two models that have neither a drawing nor a task."""
    texts = [text for mistake in CATALOGUE for text in (mistake.fix, mistake.symptom, *mistake.hints)]
    for kind in KINDS:
        found = ladder(kind)
        texts += [found.title, found.explanation, found.fix, *found.hints]
    assert [] == [text for text in texts if word in text]
