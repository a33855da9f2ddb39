"""What is let in from a student's process."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from grader import evidence as boundary
from grader.errors import EvidenceError
from grader.evidence import (
    MOST_CONFIG_CHARACTERS,
    Array,
    CaseEvidence,
    Evidence,
    parse_evidence,
    parse_reply,
)

GOOD = Evidence(task="t", backend="b", keras="3", cases=(CaseEvidence(kind="value", value=[1, "a", None]),))


def test_evidence_that_keeps_the_schema_is_read() -> None:
    """The text of a record gives the record back."""
    assert GOOD == parse_evidence(GOOD.to_json())


@pytest.mark.parametrize(
    ("sent", "part"),
    [
        (b"{}", "must be JSON text, got bytes"),
        ({"task": "t"}, "must be JSON text, got dict"),
        ("", "breaks its schema at the whole text"),
        ("[" * 100_000, "evidence"),
        (GOOD.to_json().replace('"t"', "7"), "at task"),
        (json.dumps(json.loads(GOOD.to_json()) | {"score": 10}), "at score"),
        (GOOD.to_json().replace('"value"', '"verdict"', 1), "at cases"),
    ],
    ids=["bytes", "dict", "empty", "deep", "wrong type", "unknown key", "unknown kind"],
)
def test_anything_else_is_refused_with_the_place(sent: object, part: str) -> None:
    """Unknown keys, other types and endless nesting are one kind of error, never a crash."""
    with pytest.raises(EvidenceError, match=part):
        parse_evidence(sent)


def test_too_much_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is checked before the text is parsed."""
    monkeypatch.setattr(boundary, "MAX_EVIDENCE_BYTES", 10)
    with pytest.raises(EvidenceError, match="at most 10 are read"):
        parse_evidence(GOOD.to_json())


def test_a_config_is_text_of_bounded_length() -> None:
    """What stands beside a graph is read as text, and only so much of it."""
    for config in ({"class_name": "Sequential"}, "x" * (MOST_CONFIG_CHARACTERS + 1)):
        sent = json.loads(GOOD.to_json()) | {"cases": [{"kind": "model", "config": config}]}
        with pytest.raises(EvidenceError, match=r"cases\.0\.config"):
            parse_evidence(json.dumps(sent))


@pytest.mark.parametrize(
    "line",
    [
        {"number": 0, "text": "x"},
        {"number": 10**9, "text": "x"},
        {"number": 1, "text": "x" * 201},
        {"number": 1, "text": "x", "function": "f" * 101},
        {"number": 1, "text": "x", "place": "p" * 101},
    ],
    ids=["line 0", "line 10**9", "long text", "long name", "long place"],
)
def test_a_line_of_code_is_bounded(line: dict[str, object]) -> None:
    """A line that a report would show is short, and its number is one."""
    failure = {"type": "ValueError", "message": "no", "line": line}
    sent = json.loads(GOOD.to_json()) | {"cases": [{"kind": "failure", "failure": failure}]}
    with pytest.raises(EvidenceError, match=r"cases\.0\.failure\.line"):
        parse_evidence(json.dumps(sent))


@given(st.text() | st.binary() | st.integers())
def test_no_input_gets_past_the_two_readers_with_another_exception(sent: object) -> None:
    """Whatever arrives, the caller has one exception to handle."""
    for read in (parse_evidence, parse_reply):
        with pytest.raises(EvidenceError):
            read(sent)


@given(
    hnp.arrays(
        st.sampled_from(["float32", "float64", "int32", "uint8", "bool"]), hnp.array_shapes(min_dims=0)
    )
)
def test_an_array_survives_packing(array: np.ndarray) -> None:
    """Dtype, shape and every byte come back."""
    back = Array.of(array).numpy()
    assert (array.dtype, array.shape) == (back.dtype, back.shape)
    assert array.tobytes() == back.tobytes()


@pytest.mark.parametrize(
    ("array", "part"),
    [
        (Array(dtype="float32", shape=(2,), data="AAAA"), "takes 8 bytes, got 3"),
        (Array(dtype="float32", shape=(10**12,), data=""), "takes 4000000000000 bytes, got 0"),
        (Array(dtype="float32", shape=(0, 2**62, 2**62), data=""), "has the shape"),
        (Array(dtype="float32", shape=(1,), data="!!!!"), "is not base64"),
        (Array(dtype="float32", shape=(1,), data="éééé"), "is not base64"),
    ],
    ids=["short", "huge", "beyond NumPy", "not base64", "not ASCII"],
)
def test_an_array_that_does_not_add_up_is_refused(array: Array, part: str) -> None:
    """A claimed shape is never allocated: the bytes have to be there."""
    with pytest.raises(EvidenceError, match=part):
        array.numpy()


def test_text_is_no_array() -> None:
    """Only numbers travel as arrays."""
    with pytest.raises(EvidenceError, match="is not numeric"):
        Array.of(np.array(["a"]))
