"""Every mistake that the course must teach: known, put into words, and shown by models."""

from __future__ import annotations

import re

import pytest

from grader.misconceptions import known_ids, words_for
from tests.backends.worker import Workers

CURRICULUM = (
    *("sequential-cannot-branch", "missing-input", "weights-not-shared", "input-not-listed", "unused-input"),
    *("dead-branch", "missing-skip", "skip-from-wrong-tensor", "concatenate-instead-of-add"),
    *("missing-projection", "activation-before-add", "wrong-layer", "wrong-config", "missing-layer"),
    *("extra-layer", "wrong-activation", "wrong-shape", "wrong-connection", "missing-connection"),
    *("extra-connection", "missing-output", "weights-wrongly-shared", "outputs-swapped"),
    *("wrong-head-activation", "loss-missing", "loss-weights", "logits-mismatch", "submodel-rebuilt"),
    *("backbone-not-frozen", "backbone-still-frozen", "not-recompiled", "learning-rate-too-high"),
    *("batchnorm-drift", "static-graph-subclassed", "python-branch-on-tensor", "state-created-in-call"),
    *("missing-super-init", "config-not-saved", "not-registered", "hard-coded-size"),
    "backend-only-function",
)
UNITS = (
    *("01_sequential", "02_functional", "03_subclassing", "04_residual_connections", "05_weight_sharing"),
    *("06_multi_output", "07_autoencoders", "08_transfer_learning", "09_debugging", "10_choosing_an_api"),
)
AT_LEAST = 3
CODE = re.compile(r"`[^`]*`")


def test_every_mistake_of_the_course_is_known() -> None:
    """Each id of the curriculum has words."""
    assert len(CURRICULUM) == len(set(CURRICULUM))
    assert set() == set(CURRICULUM) - known_ids()


@pytest.mark.parametrize("mistake", sorted(known_ids()))
def test_the_words_of_a_mistake_are_complete(mistake: str) -> None:
    """No text is empty, and the unit is one of the ten."""
    assert words_for(mistake)
    for words in words_for(mistake):
        texts = (words.title, words.explanation, words.symptom, words.fix, *words.hints)
        assert all(text.strip() for text in texts)
        assert words.unit in UNITS


@pytest.mark.parametrize("mistake", sorted(known_ids()))
def test_a_ladder_goes_from_a_nudge_to_code(mistake: str) -> None:
    """Three steps differ; the nudge has neither a gap for a value nor code of the last step, which names what to do."""
    for words in words_for(mistake):
        nudge, _, nearly = words.hints
        assert 3 == len(set(words.hints))
        assert "{" not in nudge
        assert not set(CODE.findall(nudge)) & set(CODE.findall(nearly))
        assert "`" in nearly or "{" in nearly


def test_no_mistake_is_made_up() -> None:
    """An id that nobody gives has no words."""
    assert () == words_for("no-such-mistake")


@pytest.mark.backends
def test_every_mistake_is_shown_by_models(workers: Workers) -> None:
    """Three pairs in which it was made and three that only look like it, at least."""
    sizes = workers["torch"].run("tests.unit.misconceptions.building", "table_sizes")
    assert isinstance(sizes, dict)
    shown = {
        mistake
        for mistake in CURRICULUM
        if min(sizes["TRIGGERS"].get(mistake, 0), sizes["NEAR_MISSES"].get(mistake, 0)) >= AT_LEAST
    }
    assert set() == set(CURRICULUM) - shown
