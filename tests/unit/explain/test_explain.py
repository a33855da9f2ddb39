"""Why Keras raised, found in the objects: the same on every backend, and nothing made up."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

import grader
from grader.causes import InputNotListed, TensorNote, UnlikeShapes
from grader.evidence import Failure
from grader.misconceptions import CATALOGUE, words_of
from grader.misconceptions.structural_words import KINDS

pytestmark = pytest.mark.backends

BACKENDS = ("tensorflow", "jax", "torch")
UNLIKE = {
    "another_backend_while_training",  # has the backend's name in it
    "backend_on_a_tensor",  # likewise
    "data_of_another_width_in_a_class",  # as far as the backend came: a batch, or any number
    "layer_on_a_layer_that_returns_nothing",  # PyTorch stops a line before the others
    "model_without_super",  # PyTorch refuses the assignment, the others the call
    "super_without_brackets",
}
FILTERED = pytest.mark.parametrize("filtered", [False, True], ids=["full", "filtered"])
ON_EACH = pytest.mark.parametrize("backend", BACKENDS)


def test_every_kind_of_cause_has_two_programs_at_least(explained: Any) -> None:
    """The table leaves out no kind of cause."""
    schema = Failure.model_json_schema()
    choices = schema["properties"]["cause"]["anyOf"][0]["discriminator"]["mapping"]
    found = Counter(row["kind"] for row in explained("torch", "broken", False).values())
    assert set(choices) == set(found)
    assert [] == [kind for kind, programs in found.items() if programs < 2]


@ON_EACH
@FILTERED
def test_each_program_gets_its_cause(explained: Any, backend: str, filtered: bool) -> None:
    """With Keras's own frames in the traceback or cut off, the cause is the table's, and none where nothing raises."""
    rows = explained(backend, "broken", filtered)
    wanted = {name: row["kind"] if row["raises"] else None for name, row in rows.items()}
    assert wanted == {name: _kind(row["said"]) for name, row in rows.items()}


def _kind(said: Any) -> str | None:
    return None if said is None else (said["cause"] or {"kind": "unknown"})["kind"]


@ON_EACH
@FILTERED
def test_the_words_hold_the_names_and_values(explained: Any, backend: str, filtered: bool) -> None:
    """Each part of what has to be said is there: the culprit, the values, the way out."""
    rows = explained(backend, "broken", filtered)
    texts = {name: _all_said(row["said"]) for name, row in rows.items() if row["said"] is not None}
    absent = {name: [part for part in rows[name]["says"] if part not in text] for name, text in texts.items()}
    assert {} == {name: parts for name, parts in absent.items() if parts}


def _all_said(said: Any) -> str:
    return " ".join([*said["text"].split(), said["fix"], *said["hints"]])


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_the_backends_agree_on_every_name_and_value(explained: Any, backend: str) -> None:
    """Causes, words and lines are the same; the exception's class, and the backend's own name, are not."""
    parts = ("cause", "happened", "expected", "fix", "misconception", "hints", "line")
    ours, theirs = (
        {
            name: row["said"]
            for name, row in explained(one, "broken", False).items()
            if row["said"] is not None
        }
        for one in (backend, "torch")
    )
    told = {
        name: [part for part in parts if theirs[name][part] != ours[name][part]]
        for name in ours.keys() & theirs.keys() - UNLIKE
    }
    assert {} == {name: unlike for name, unlike in told.items() if unlike}
    assert backend == ours["backend_on_a_tensor"]["cause"]["library"]


@ON_EACH
@FILTERED
def test_no_cause_is_made_up(explained: Any, backend: str, filtered: bool) -> None:
    """What looks like a known cause and is none gets none, and says so."""
    found = explained(backend, "near_misses_explained", filtered)
    assert len(found) > 20
    raised = {name: said for name, said in found.items() if said is not None}
    assert {} == {name: said["cause"] for name, said in raised.items() if said["cause"] is not None}
    assert all("was not recognised" in said["happened"] for said in raised.values())


def test_the_authors_own_line_is_shown(explained: Any) -> None:
    """The innermost line of the program's own file is named, and not Keras's."""
    found = explained("torch", "broken", True)["sum_of_unlike_shapes"]["said"]
    assert ("layers.Add()([y, x])", "sum_of_unlike_shapes", "fitting.py") == tuple(
        found["line"][part] for part in ("text", "function", "place")
    )
    assert "fitting.py, line" in found["text"]


def test_a_named_mistake_is_one_of_the_catalogue(explained: Any) -> None:
    """Every id that is given has an entry, with three hints."""
    known = {mistake.id for mistake in CATALOGUE} | set(KINDS)
    for program, row in explained("torch", "broken", False).items():
        said = row["said"] or {"misconception": None, "hints": ()}
        assert said["misconception"] is None or said["misconception"] in known, program
        assert (3 if said["misconception"] else 0) == len(set(said["hints"])), program


def test_hostile_exceptions_are_explained_quietly(workers: Any) -> None:
    """Nothing that an exception holds can raise, grow, or reach the page as code."""
    found = workers["torch"].run("tests.unit.explain.explained", "hostile_explained")
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
