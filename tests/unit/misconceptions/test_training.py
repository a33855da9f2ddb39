"""The mistakes in training: each is named where it was made, first, and nowhere else."""

from __future__ import annotations

import pytest

from grader.comparison import Comparison, analyse, summarize
from grader.graph import ModelGraph
from grader.misconceptions import CATALOGUE, diagnose
from grader.tasks import CompareOptions
from tests.backends.worker import Workers

pytestmark = pytest.mark.backends

ASKED = CompareOptions(trainable=True, compile=True)
MISTAKES = (
    "backbone-not-frozen",
    "backbone-still-frozen",
    "batchnorm-drift",
    "not-recompiled",
    "not-compiled",
    "loss-missing",
    "wrong-loss",
    "logits-mismatch",
    "loss-weights",
    "learning-rate-too-high",
    "learning-rate-too-low",
)
AT_LEAST = 3

Pairs = dict[str, list[tuple[ModelGraph, ModelGraph]]]


def built(workers: Workers, which: str) -> Pairs:
    texts = workers["torch"].run("tests.unit.misconceptions.trained_models", "graphs", which=which)
    assert isinstance(texts, dict)
    return {
        mistake: [
            (ModelGraph.from_json(student), ModelGraph.from_json(reference)) for student, reference in pairs
        ]
        for mistake, pairs in texts.items()
    }


@pytest.fixture(scope="module")
def triggers(workers: Workers) -> Pairs:
    """Pairs in which the mistake was made, by its id."""
    return built(workers, "triggers")


@pytest.fixture(scope="module")
def near_misses(workers: Workers) -> Pairs:
    """Pairs that look like the mistake and are not it, by its id."""
    return built(workers, "near misses")


def compared(student: ModelGraph, reference: ModelGraph) -> Comparison:
    analysis = analyse(student, reference, ASKED)
    return summarize(analysis, diagnose(analysis))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_first(triggers: Pairs, mistake: str) -> None:
    """Whoever made it is told so before anything else, in one difference or few."""
    found = [compared(*pair) for pair in triggers[mistake]]
    assert len(found) >= AT_LEAST
    assert [mistake] * len(found) == [next((d.id for d in one.diagnoses), None) for one in found]
    assert max(len(one.differences) for one in found) <= 2
    assert not any(one.equivalent for one in found)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_looks_like_it_is_not_called_so(near_misses: Pairs, mistake: str) -> None:
    """No near-miss gets the name, and equal work gets none."""
    found = [compared(*pair) for pair in near_misses[mistake]]
    assert len(found) >= AT_LEAST
    assert not [one for one in found if mistake in {diagnosis.id for diagnosis in one.diagnoses}]
    assert [bool(one.diagnoses) for one in found] == [not one.equivalent for one in found]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_nothing_is_said_where_nobody_asks(triggers: Pairs, mistake: str) -> None:
    """Without the options the same pairs are the same architecture."""
    assert all(analyse(*pair).same and not diagnose(analyse(*pair)) for pair in triggers[mistake])


@pytest.mark.parametrize("mistake", MISTAKES)
def test_whoever_does_as_the_student_is_right(triggers: Pairs, mistake: str) -> None:
    """Each model compared with itself is equivalent, mistaken as it may be."""
    assert all(compared(graph, graph).equivalent for pair in triggers[mistake] for graph in pair)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_words_are_complete(mistake: str) -> None:
    """Each mistake has a title, an explanation, a symptom, a fix, three hints and a unit."""
    (found,) = [entry for entry in CATALOGUE if entry.id == mistake]
    assert all((found.title, found.explanation, found.symptom, found.fix, found.unit))
    assert 3 == len(set(found.hints))
    assert all(hint.strip() for hint in found.hints)
