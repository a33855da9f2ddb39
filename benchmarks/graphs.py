"""How long comparing two graphs takes, by the number of layer calls.

The graphs are written directly, as ``ModelGraph``s: Keras itself raises RecursionError while it builds
chains of a thousand calls. Both hold the same residual blocks; the second has its calls in another
order, so that the normal forms have work to do. Figures are medians, in seconds.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from grader.comparison import compare_graphs
from tests.blueprints import Blueprint, shuffled

if TYPE_CHECKING:
    from grader.graph import ModelGraph

__all__ = ["measure"]

CALLS = (100, 1_000)
REPEATS = 5
CALLS_PER_BLOCK = 5


def _chain(blocks: int) -> ModelGraph:
    plan = Blueprint()
    x = plan.conv(plan.input(8, 8, 4), 4)
    for _ in range(blocks):
        y = plan.norm(plan.conv(plan.relu(plan.norm(x)), 4))
        x = plan.add(y, x)
    return plan.graph(x)


def measure(repeats: int = REPEATS) -> dict[str, float]:
    """Return figures by name, in seconds."""
    figures = {}
    for calls in CALLS:
        graph = _chain(calls // CALLS_PER_BLOCK)
        other = shuffled(graph, seed=calls)
        seconds = []
        for _ in range(repeats):
            began = time.perf_counter()
            result = compare_graphs(graph, other)
            seconds.append(time.perf_counter() - began)
            assert result.equivalent
        figures[f"graphs.compare_seconds.{calls}_calls"] = statistics.median(seconds)
    return figures
