"""What comparing two graphs costs: beside networkx, and as graphs grow.

The graphs are written directly, as ``ModelGraph``s, since Keras raises RecursionError while it builds chains
of a thousand calls. The second of a pair has its calls, layers, weights and tensors in another order. Times
are of the whole of ``compare``, normal forms included, without Python's collector: medians.

``compare.speedup_vs_networkx_1000`` is the time ``networkx.is_isomorphic`` takes on the same two graphs with
the same labels, divided by that of ``compare``; networkx is given the normal forms ready made.
``compare.growth_1k_10k`` is what ten times as many calls cost, in times, for a residual network;
``alike_branches`` and ``equal_towers`` are the same for graphs whose parts cannot be told apart by their
settings: a sum of one layer after another, and of hundreds of stacks.

``compare.growth_different_1k_10k`` is the larger of what ten times as many calls cost where the graphs differ: a
residual network and the same with one block changed, and one and a chain of dense layers, which share nothing.
``compare.growth_different_dense_blocks`` is the same for ten times as many edges, where each step joins all that
were made before and one of them is changed.
"""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from grader.canonical import normalize
from grader.comparison import compare_graphs
from tests.blueprints import Blueprint, shuffled
from tests.networkx_graphs import as_networkx, isomorphic

if TYPE_CHECKING:
    from grader.graph import ModelGraph

__all__ = ["measure"]

REPEATS = 7
TOWER = 32


def residual(calls: int) -> ModelGraph:
    """Residual blocks of five calls, one after the other."""
    plan = Blueprint()
    x = plan.conv(plan.input(8, 8, 4), 4)
    for _ in range(calls // 5):
        y = plan.norm(plan.conv(plan.relu(plan.norm(x)), 4))
        x = plan.add(y, x)
    return plan.graph(x)


def alike_branches(calls: int) -> ModelGraph:
    """Layers of the same settings side by side, added up."""
    plan = Blueprint()
    x = plan.input(4)
    return plan.graph(plan.add(*[plan.dense(x, 4) for _ in range(calls)]))


def equal_towers(calls: int) -> ModelGraph:
    """Stacks of the same layers side by side, added up."""
    plan = Blueprint()
    x = plan.input(4)
    ends = []
    for _ in range(calls // TOWER):
        end = x
        for _ in range(TOWER):
            end = plan.dense(end, 4)
        ends.append(end)
    return plan.graph(plan.add(*ends))


def changed(calls: int) -> ModelGraph:
    """``residual`` with another convolution in the middle block."""
    plan = Blueprint()
    x = plan.conv(plan.input(8, 8, 4), 4)
    for block in range(calls // 5):
        y = plan.norm(plan.conv(plan.relu(plan.norm(x)), 4, size=1 if block == calls // 10 else 3))
        x = plan.add(y, x)
    return plan.graph(x)


def chain(calls: int) -> ModelGraph:
    """Dense layers, one after the other."""
    plan = Blueprint()
    x = plan.input(4)
    for _ in range(calls):
        x = plan.dense(x, 4)
    return plan.graph(x)


def dense_block(edges: int, relu: bool = False) -> ModelGraph:
    """Layers that each read all that was made before; with ``relu``, the one in the middle has that activation."""
    plan = Blueprint()
    made = [plan.input(4)]
    layers = math.isqrt(2 * edges)
    for number in range(layers):
        activation = "relu" if relu and number == layers // 2 else "linear"
        made.append(plan.dense(plan.concatenate(*made), 4, activation=activation))
    return plan.graph(made[-1])


def seconds(work: Callable[[], object]) -> float:
    """Time one run, without the collector."""
    gc.collect()
    gc.disable()
    try:
        began = time.perf_counter()
        assert work()
        return time.perf_counter() - began
    finally:
        gc.enable()


def measure(repeats: int = REPEATS, calls: int = 1_000) -> dict[str, float]:
    """Return figures by name: ratios, and seconds where the name says so."""
    figures = {
        "compare.growth_1k_10k": _growth(residual, calls, repeats),
        "compare.growth_alike_branches": _growth(alike_branches, calls, repeats),
        "compare.growth_equal_towers": _growth(equal_towers, calls, repeats),
        "compare.growth_different_1k_10k": max(
            _growth_different(changed, residual, calls, repeats),
            _growth_different(chain, residual, calls, repeats),
        ),
        "compare.growth_different_dense_blocks": _growth_different(
            lambda edges: dense_block(edges, relu=True), dense_block, calls, repeats
        ),
    }
    pair = _pair(residual, calls)
    graphs = [as_networkx(normalize(graph)) for graph in pair]
    times = [
        (seconds(lambda: isomorphic(*graphs)), seconds(lambda: compare_graphs(*pair).equivalent))
        for _ in range(repeats)
    ]
    figures["compare.seconds_1000"] = statistics.median(ours for _, ours in times)
    figures["compare.speedup_vs_networkx_1000"] = statistics.median(theirs / ours for theirs, ours in times)
    return figures


def _pair(write: Callable[[int], ModelGraph], calls: int) -> tuple[ModelGraph, ModelGraph]:
    graph = write(calls)
    return graph, shuffled(graph, seed=calls)


def _growth(write: Callable[[int], ModelGraph], calls: int, repeats: int) -> float:
    return _ratio(_pair(write, calls), _pair(write, 10 * calls), repeats, same=True)


def _growth_different(
    student: Callable[[int], ModelGraph], reference: Callable[[int], ModelGraph], calls: int, repeats: int
) -> float:
    few, many = ((student(size), shuffled(reference(size), seed=size)) for size in (calls, 10 * calls))
    return _ratio(few, many, repeats, same=False)


def _ratio(
    few: tuple[ModelGraph, ModelGraph], many: tuple[ModelGraph, ModelGraph], repeats: int, *, same: bool
) -> float:
    # In turns, so that a busy moment falls on both.
    ratios = [
        seconds(lambda: compare_graphs(*many).equivalent is same)
        / seconds(lambda: compare_graphs(*few).equivalent is same)
        for _ in range(repeats)
    ]
    return statistics.median(ratios)
