"""A pair of graphs analysed once."""

from __future__ import annotations

import gc

import pytest

from grader.comparison import analyse
from grader.judge import analyses
from grader.judge.analyses import analysed
from grader.tasks import CompareOptions
from tests.blueprints import residual_block


def test_the_same_graphs_are_analysed_once() -> None:
    """Asked twice about two graphs, the same analysis is given, and it is the one that comparing gives."""
    ours, theirs = residual_block(kind="operator"), residual_block()
    assert analysed(ours, theirs) is analysed(ours, theirs, CompareOptions())
    assert analyse(ours, theirs) == analysed(ours, theirs)


def test_other_options_are_another_analysis() -> None:
    """What a task minds is part of the question."""
    ours, theirs = residual_block(), residual_block()
    assert analysed(ours, theirs) is not analysed(ours, theirs, CompareOptions(names=True))


def test_a_graph_that_is_gone_leaves_its_place_to_no_other() -> None:
    """Graphs made one after the other, each thrown away, are each told apart from the reference or not."""
    theirs = residual_block()
    for number in range(50):
        right = number % 2 == 0
        assert right is analysed(residual_block(filters=4 if right else 8), theirs).same
        gc.collect()


def test_no_more_are_kept_than_a_notebook_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Old ones go, and large ones are not kept at all."""
    monkeypatch.setattr(analyses, "_MOST", 3)
    theirs = residual_block()
    for _ in range(5):
        analysed(residual_block(), theirs)
    assert 3 == len(analyses._recent)
    monkeypatch.setattr(analyses, "_LARGEST", 1)
    before = list(analyses._recent)
    analysed(residual_block(), theirs)
    assert before == list(analyses._recent)
