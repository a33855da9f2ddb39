"""Models that are written differently, run with the same weights."""

from __future__ import annotations

import pytest

from tests.backends.worker import Workers
from tests.unit.canonical.test_styles import BACKENDS, names_in

MODULE = "tests.unit.behaviour.written_otherwise"


def names(table: str) -> list[str]:
    return names_in(__file__, "written_otherwise.py", table)


@pytest.mark.backends
@BACKENDS
@pytest.mark.parametrize("name", names("SAME"))
def test_what_computes_the_same_is_accepted(workers: Workers, backend: str, name: str) -> None:
    """All runs agree, far inside the tolerance, and both models keep their weights."""
    found = workers[backend].run(MODULE, "compared", table="SAME", name=name)
    closeness = found.pop("closeness")
    same = {"equivalent": True, "same": True, "runs": 4, "differences": 0, "doubt": "", "left as found": True}
    assert same == found
    assert closeness < 2e-6


@pytest.mark.backends
@pytest.mark.parametrize("name", names("DIFFERENT"))
def test_what_computes_something_else_is_not(workers: Workers, name: str) -> None:
    """The differences of the graphs stand, whatever hides the difference: dropout, penalties, statistics, bounds."""
    found = workers["torch"].run(MODULE, "compared", table="DIFFERENT", name=name)
    assert (False, False, True) == (found["equivalent"], found["same"], found["left as found"])
    assert found["differences"]


@pytest.mark.backends
@pytest.mark.parametrize(
    ("name", "doubt"),
    [
        (
            "a branch that is multiplied by nothing",
            "no output of the expected model reacts to 2 of its weights",
        ),
        ("one class", "the expected model gives the same output for every input"),
    ],
)
def test_runs_that_could_not_have_differed_prove_nothing(workers: Workers, name: str, doubt: str) -> None:
    """Equal outputs are no evidence where unequal models give them too."""
    found = workers["torch"].run(MODULE, "compared", table="DOUBTFUL", name=name)
    assert (False, False, doubt) == (found["equivalent"], found["same"], found["doubt"])


def test_every_doubtful_model_is_asked_about() -> None:
    assert {"a branch that is multiplied by nothing", "one class"} == set(names("DOUBTFUL"))
