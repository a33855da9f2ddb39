"""Inputs in a list and inputs in a dict: the same where Keras can feed one like the other."""

from __future__ import annotations

import pytest

from tests.backends.worker import Workers

MODULE = "tests.unit.comparison.fed_models"
NAMES = ["image", "table"]
# The student's names of inputs and keys, the reference's, and the ways in which the reference is fed.
ALIKE = {
    "a dict for a list": ((NAMES, NAMES), (NAMES, None), ("list", "dict")),
    "a dict of names of its own": ((["a", "b"], NAMES), (NAMES, None), ("list", "dict")),
    "a list for a dict": ((NAMES, None), (NAMES, NAMES), ("dict",)),
    "a list for a dict of another order": ((["z", "a"], None), (["z", "a"], ["z", "a"]), ("dict",)),
}
APART = {
    "a dict that a list would cross": ((["z", "a"], ["z", "a"]), (["z", "a"], None), "list"),
    "a dict with the names crossed": ((NAMES, NAMES[::-1]), (NAMES, None), "dict"),
    "a list with the names crossed": ((NAMES[::-1], None), (NAMES, NAMES), "dict"),
}


@pytest.mark.backends
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
@pytest.mark.parametrize("case", list(ALIKE))
def test_a_dict_and_a_list_that_are_fed_alike_are_the_same(workers: Workers, backend: str, case: str) -> None:
    """Fed in each way that suits the reference, the student's model gives the same numbers."""
    student, reference, ways = ALIKE[case]
    assert [True, []] == workers[backend].run(MODULE, "verdict", student=student, reference=reference)
    for way in ways:
        gap = workers[backend].run(MODULE, "gap", student=student, reference=reference, fed=way)
        assert gap < 1e-5, way


@pytest.mark.backends
@pytest.mark.parametrize("case", list(APART))
def test_a_dict_and_a_list_that_cross_the_inputs_are_not(workers: Workers, case: str) -> None:
    """Fed in one of the ways that suit the reference, the student's model takes one input for the other."""
    student, reference, way = APART[case]
    same, messages = workers["torch"].run(MODULE, "verdict", student=student, reference=reference)
    assert not same
    assert messages
    assert workers["torch"].run(MODULE, "gap", student=student, reference=reference, fed=way) > 1e-3


@pytest.mark.backends
@pytest.mark.parametrize(
    ("student", "reference", "message"),
    [
        (
            (NAMES, ["x", "y"]),
            (NAMES, None),
            "The model takes a dict with the keys 'x' and 'y', expected a list.",
        ),
        (
            (["x", "y"], None),
            (NAMES, NAMES),
            "The model takes a list, expected a dict with the keys 'image' and 'table'.",
        ),
    ],
)
def test_a_dict_for_a_list_under_other_names_is_told(
    workers: Workers, student: object, reference: object, message: str
) -> None:
    """Where the names do not fit, the difference says which of the two is expected."""
    told = workers["torch"].run(MODULE, "verdict", student=student, reference=reference)
    assert [False, [message]] == told
