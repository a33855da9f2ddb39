"""One slip in every block of a stack: the right name, and few differences, each with its places."""

from __future__ import annotations

import pytest

from grader.comparison import Analysis, analyse
from grader.graph import ModelGraph
from grader.misconceptions import diagnose
from tests.backends.worker import Workers
from tests.blueprints import Blueprint

MOST_DIFFERENCES = 3


@pytest.fixture(scope="module")
def stacks(workers: Workers) -> dict[str, tuple[Analysis, str]]:
    """What was found of each stack, and what should be told first."""
    read = workers["torch"].run("tests.unit.misconceptions.repeated_models", "graphs")
    assert isinstance(read, dict)
    return {
        what: (analyse(ModelGraph.from_json(student), ModelGraph.from_json(reference)), wanted)
        for what, (student, reference, wanted) in read.items()
    }


@pytest.mark.backends
def test_a_slip_in_every_block_has_its_name(stacks: dict[str, tuple[Analysis, str]]) -> None:
    """In stacks of two, three and six blocks, with and without projections."""
    expected = {what: wanted for what, (_, wanted) in stacks.items()}
    assert expected == {what: diagnose(found)[0].id for what, (found, _) in stacks.items()}


@pytest.mark.backends
def test_a_slip_in_every_block_gives_few_differences(stacks: dict[str, tuple[Analysis, str]]) -> None:
    """However many blocks there are."""
    numbers = {what: len(found.differences) for what, (found, _) in stacks.items()}
    assert {} == {what: number for what, number in numbers.items() if number > MOST_DIFFERENCES}


@pytest.mark.backends
def test_the_code_that_mends_it_is_that_of_one_place(stacks: dict[str, tuple[Analysis, str]]) -> None:
    """It is the same at each, and the last hint says at how many."""
    first = diagnose(stacks["norm, as it is, 6 blocks"][0])[0]
    assert ("missing-layer", 1) == (first.id, first.hints[2].count("BatchNormalization("))
    assert first.hints[2].endswith("Do so at all 6 places.")


@pytest.mark.backends
@pytest.mark.parametrize(
    ("stack", "calls"),
    [("early, as it is, 6 blocks", 12), ("filters, as it is, 6 blocks", 6), ("skip, as it is, 6 blocks", 6)],
)
def test_the_one_difference_is_about_every_place(
    stacks: dict[str, tuple[Analysis, str]], stack: str, calls: int
) -> None:
    """All steps that are to be mended belong to it, so that a picture marks them."""
    (found,) = stacks[stack][0].differences
    assert (calls, 6) == (len(set(found.reference)), found.places)


def chain(*filters: int, activations: bool = True) -> ModelGraph:
    plan = Blueprint()
    x = plan.input(8, 8, 4)
    for number in filters:
        x = plan.conv(x, number)
        x = plan.relu(x) if activations else x
    return plan.graph(x)


def test_further_places_are_named_and_then_counted() -> None:
    """Three of them by name."""
    (found,) = analyse(chain(*[9] * 7), chain(*[8] * 7)).differences
    assert (
        "The first Conv2D has filters=9, expected filters=8. The same holds at the second Conv2D, at the third "
        "Conv2D, at the fourth Conv2D and in 3 more places."
    ) == found.message


def test_a_few_are_told_one_by_one() -> None:
    """Three differences are few enough to have a line each."""
    assert 3 == len(analyse(chain(*[9] * 3), chain(*[8] * 3)).differences)


def test_other_values_are_another_slip() -> None:
    """Only what is said in the same words, of steps that were to be set alike, is told once."""
    found = analyse(chain(9, 9, 5, 5), chain(8, 8, 4, 4)).differences
    assert ["expected filters=8", "expected filters=4"] == [
        one.message.partition(". ")[0].rpartition(", ")[2] for one in found
    ]
