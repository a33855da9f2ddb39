"""Why Keras raised, found in the objects: the same on every backend, and nothing made up."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

import grader
from grader.causes import InputNotListed, TensorNote, UnlikeShapes
from grader.evidence import Failure
from grader.misconceptions import CATALOGUE, words_of
from grader.misconceptions.structural_words import KINDS

pytestmark = pytest.mark.backends

HERE = Path(__file__).parent
BACKENDS = ("tensorflow", "jax", "torch")
FILTERED = pytest.mark.parametrize("filtered", [False, True], ids=["full", "filtered"])
ON_EACH = pytest.mark.parametrize("backend", BACKENDS)


def table(name: str, variable: str) -> Any:
    """Read a table of a module that cannot be imported without Keras: its keys and the names in it."""
    for node in ast.parse((HERE / f"{name}.py").read_text(encoding="utf-8")).body:
        target = node.target if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [None])[0]
        if isinstance(target, ast.Name) and target.id == variable:
            if isinstance(node.value, ast.List):
                return [item.id for item in node.value.elts]
            keys, lists = node.value.keys, node.value.values
            return {key.value: [item.id for item in one.elts] for key, one in zip(keys, lists, strict=True)}
    raise AssertionError(variable)


BROKEN = table("broken", "BROKEN")
NO_CAUSE = table("no_cause", "PROGRAMS")


def test_every_kind_of_cause_has_two_programs_at_least() -> None:
    """The table leaves out no kind of cause."""
    kinds = {
        choice["$ref"].rpartition("/")[2]
        for choice in Failure.model_json_schema()["properties"]["cause"]["anyOf"][0]["oneOf"]
    }
    assert len(kinds) == len(BROKEN)
    assert [] == [kind for kind, programs in BROKEN.items() if len(programs) < 2]


@ON_EACH
@FILTERED
def test_each_program_gets_its_cause(explained: Any, backend: str, filtered: bool) -> None:
    """With Keras's own frames in the traceback or cut off, the cause is what the table says."""
    found = explained(backend, "broken", filtered)
    wanted = {program: kind for kind, programs in BROKEN.items() for program in programs}
    assert wanted == {program: (said["cause"] or {}).get("kind") for program, said in found.items()}


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_the_backends_agree_on_every_name_and_value(explained: Any, backend: str) -> None:
    """Causes, words and lines are the same; the exception's class, and the backend's own name, are not."""
    ours, theirs = (explained(name, "broken", False) for name in (backend, "torch"))
    parts = ("cause", "happened", "expected", "fix", "misconception", "hints", "line")
    # The one has the backend's name in it; the other is as far as the backend came: a batch, or any number.
    for program in ours.keys() - {"backend_on_a_tensor", "data_of_another_width"}:
        assert {part: theirs[program][part] for part in parts} == {
            part: ours[program][part] for part in parts
        }
    assert backend == ours["backend_on_a_tensor"]["cause"]["how"]


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
@FILTERED
def test_what_a_backend_refuses_while_it_traces_is_found(workers: Any, backend: str, filtered: bool) -> None:
    """An `if`, a loop or NumPy in `call`, on the backend's own tensors: the statement and its line are named."""
    found = workers[backend].run("tests.unit.explain.broken", "traced_explained", filtered=filtered)
    assert {how: how for how in found} == {
        how: (said["cause"] or {}).get("how") for how, said in found.items()
    }
    lines = {"while": "while ops.any(x > 0):", "numpy": "return np.exp(x)"}
    assert lines == {how: found[how]["line"]["text"] for how in lines}
    assert "ops.mean(x) > 0" in found["if"]["line"]["text"]


def test_a_constructor_that_comes_too_late_is_told_so(workers: Any) -> None:
    """The attribute that was assigned before is named."""
    said = workers["torch"].run("tests.unit.explain.broken", "late_explained")
    assert "`Late.__init__` assigns `inner` before it calls `super().__init__()`." == said["happened"]


@ON_EACH
@FILTERED
def test_no_cause_is_made_up(explained: Any, backend: str, filtered: bool) -> None:
    """What looks like a known cause and is none gets none, and says so."""
    found = explained(backend, "no_cause", filtered)
    assert set(NO_CAUSE) == set(found)
    assert {} == {program: said["cause"] for program, said in found.items() if said["cause"] is not None}
    assert all("was not recognised" in said["happened"] for said in found.values())


PARTS = {
    "one_input_of_two": [
        "comes from the Input `facts` of shape (None, 4)",
        "Listed was: the Input `photo` of shape (None, 8, 8, 3).",
        "inputs=[photo, facts]",
        "[input-not-listed]",
    ],
    "input_made_twice": [
        "an Input of shape (None, 5)",
        "No output comes from the Input `x` of shape (None, 5)",
    ],
    "input_left_out_of_a_dict": ["the Input `both['b']`"],
    "stack_counted_too_early": [
        "Sequential model `model` does not know",
        "`count_params`",
        "[missing-input]",
    ],
    "called_on_a_shape": ["Conv2D was called on the shape (10, 10, 1)", "`x = keras.Input((10, 10, 1))`"],
    "model_of_a_shape": ["`keras.Model(inputs=...)` was given the shape (4,)"],
    "layer_called_on_a_layer": ["Dense was called on a layer (Dense)", "[missing-input]"],
    "called_on_nothing": ["Dense was called on None", "without `return` gives None"],
    "merge_given_one_tensor": ["Add was called on a single tensor", "`Add()([a, b])`"],
    "dense_given_two_tensors": ["Dense was called on 2 tensors, where it takes 1"],
    "merge_in_a_stack": ["Concatenate stands in a Sequential model", "[sequential-cannot-branch]"],
    "state_in_a_stack": ["LSTM gives several tensors", "Dense, which takes one"],
    "sum_of_unlike_shapes": [
        "`y`, the output of Conv2D, of shape (None, 4, 4, 8)",
        "the Input `x` of shape (None, 8, 8, 4)",
        "along axis 1 their lengths are 4 and 8",
        "[missing-projection]",
    ],
    "operator_in_a_class": ["along axis 1 their lengths are 4 and 8", "Down.call", "self.conv(x) + x"],
    "join_of_unlike_shapes": ["`near`, the output of Conv2D", "`wide`, the output of Conv2D", "8 and 4"],
    "dense_after_flatten_before_conv": ["at least 4 axes", "which has 2", "Flatten took axes away"],
    "recurrent_after_recurrent": [
        "LSTM needs 3 axes",
        "`return_sequences=True` in the GRU",
        "[wrong-config]",
    ],
    "shared_dense_of_another_width": ["Dense takes the length 8 along axis 1", "where it is 5"],
    "data_of_another_width": ["Dense takes the length 4 along axis 1", "a tensor of shape", "where it is 5"],
    "class_in_a_stack": ["A Sequential model was given the class Dense", "`Dense(...)`"],
    "encoder_of_another_size": ["the length 8 along axis 1", "the Input `larger`", "where it is 10"],
    "flattened_none": ["the length of axis 1 is not known (None)", "the output of Flatten"],
    "kernel_too_large": ["a window of length 7 along axis 1 (`kernel_size`)", "only 5 are left"],
    "kernel_too_large_in_a_stack": ["a window of length 5", "the output of MaxPooling2D", "only 3 are left"],
    "reshape_of_another_size": ["Reshape to (4, 4, 3) needs 48 numbers", "which has 32"],
    "reshape_in_a_stack": ["a multiple of 3 numbers", "which has 10"],
    "if_on_a_tensor": ["Python's `if` asked whether the result of a comparison is true", "`keras.ops.where("],
    "while_on_a_tensor": ["Python's `while`", "`keras.ops.while_loop`", "[python-branch-on-tensor]"],
    "loop_over_a_tensor": ["went through the Input `x` element by element"],
    "length_of_a_tensor": ["asked for the length of the Input `x`", "`x.shape`"],
    "numpy_on_a_tensor": ["`np.mean` was called on the Input `x`", "belongs to NumPy"],
    "layer_without_super": ["`Unprepared.__init__` does not call `super().__init__()`"],
    "base_without_super": ["`Base.__init__` does not call `super().__init__()`", "this `Heir`"],
    "weight_in_call": ["`WeightInCall.call` makes a weight", "`build`", "[state-created-in-call]"],
    "layer_in_call": ["`LayerInCall.call` makes a layer, `self.inner`,", "`__init__`"],
    "class_unknown_to_loading": ["the class `Unknown`", "register_keras_serializable"],
    "function_unknown_to_loading": ["the function `squeeze_down`"],
    "argument_forgotten": [
        "its constructor needs `units`, which `get_config` did not save",
        "[config-not-saved]",
    ],
    "argument_not_to_be_written": ["`Wrapping` cannot be saved", "(`inner`)"],
}


@pytest.mark.parametrize("program", PARTS)
def test_the_words_hold_the_names_and_values(explained: Any, program: str) -> None:
    """Each part of what has to be said is there: the culprit, the values, the way out."""
    text = " ".join(explained("torch", "broken", False)[program]["text"].split())
    assert [] == [part for part in PARTS[program] if part not in text]


def test_the_authors_own_line_is_shown(explained: Any) -> None:
    """The innermost line of the program's own file is named, and not Keras's."""
    found = explained("torch", "broken", True)["sum_of_unlike_shapes"]
    assert ("layers.Add()([y, x])", "sum_of_unlike_shapes", "broken.py") == tuple(
        found["line"][part] for part in ("text", "function", "place")
    )
    assert "broken.py, line" in found["text"]


def test_a_named_mistake_is_one_of_the_catalogue(explained: Any) -> None:
    """Every id that is given has an entry, with three hints."""
    known = {mistake.id for mistake in CATALOGUE} | set(KINDS)
    for program, said in explained("torch", "broken", False).items():
        assert said["misconception"] is None or said["misconception"] in known, program
        assert (3 if said["misconception"] else 0) == len(set(said["hints"])), program


def test_hostile_exceptions_are_explained_quietly(workers: Any) -> None:
    """Nothing that an exception holds can raise, grow, or reach the page as code."""
    found = workers["torch"].run("tests.unit.explain.no_cause", "hostile_explained")
    for name, (text, html, recognised) in found.items():
        assert not recognised, name
        assert 20 < len(text) < 2000, name
        assert len(html) < 4000, name
        assert [] == [code for code in ("\x1b", "\u202e") if code in text + html], name
        assert [] == [tag for tag in ("<script", "<b>") if tag in html], name


def test_a_cause_from_outside_is_bounded() -> None:
    """Evidence with a name or a list that is too long is refused."""
    note = TensorNote(variable="x", shape=(None, 4))
    cause = InputNotListed(missing=(note,))
    for forged in (
        {**cause.model_dump(), "missing": [note.model_dump() | {"variable": "x" * 81}]},
        {**cause.model_dump(), "missing": [note.model_dump()] * 9},
        {**cause.model_dump(), "kind": "another"},
        {**cause.model_dump(), "more": 1},
        {**cause.model_dump(), "instead": 0},
        UnlikeShapes(class_name="Add", tensors=(note, note), axis=1).model_dump() | {"axis": 2},
    ):
        with pytest.raises(ValueError, match="cause"):
            Failure.model_validate_json(_failure(forged))
    assert cause == Failure.model_validate_json(_failure(cause.model_dump())).cause


def _failure(cause: Any) -> str:
    import json

    return json.dumps({"type": "ValueError", "message": "", "cause": cause})


def test_backticks_in_a_name_stay_inside_the_code() -> None:
    """A name cannot end the code it is shown as."""
    words = words_of(InputNotListed(missing=(TensorNote(variable="a`b<i>"),)))
    assert 0 == words.happened.count("`") % 2
    assert "a'b<i>" in words.happened


def test_what_is_no_exception_is_told_so() -> None:
    """explain() never raises, also when it is given something else."""
    assert "takes an exception that was caught, and got a str" in str(grader.explain("a text"))
