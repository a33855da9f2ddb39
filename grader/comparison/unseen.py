"""Steps that are compared by a name alone, because what they compute is code that cannot be read as a graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from grader.canonical import Node, NormalGraph
from grader.comparison.places import Wording
from grader.comparison.records import Behaviour, Difference
from grader.comparison.wording import listing

if TYPE_CHECKING:
    from grader.comparison.analysis import Analysis

__all__ = ["is_unseen", "told_by_runs", "unseen_steps"]


def unseen_steps(graph: NormalGraph) -> tuple[int, ...]:
    """Return the nodes of which a class or function of the author's own is all that is known."""
    return tuple(index for index, node in enumerate(graph.nodes) if is_unseen(node))


def is_unseen(node: Node) -> bool:
    """Whether a class or function of the author's own is all that is known of a step."""
    return node.op.startswith("custom ") or '"custom:' in node.key[1]


def told_by_runs(analysis: Analysis, behaviour: Behaviour | None) -> Analysis:
    """Return the analysis with what runs showed of two graphs that are the same but for code nobody can read.

    Two classes of one name and equal settings look the same. Where both models were run with the same weights and
    gave other outputs, they are not.
    """
    if not analysis.same or behaviour is None or behaviour.same or behaviour.shows_nothing:
        return analysis
    return replace(analysis, same=False, differences=(_difference(analysis, analysis.unseen, behaviour),))


def _difference(analysis: Analysis, unseen: Sequence[int], behaviour: Behaviour) -> Difference:
    wording = Wording(analysis.student)
    names = listing(dict.fromkeys(wording.name(node) for node in unseen))
    nodes = [analysis.student.nodes[node] for node in unseen]
    theirs = [analysis.reference.nodes[analysis.pairs[node]] for node in unseen if node in analysis.pairs]
    return Difference(
        kind="wrong-layer",
        where=f"in {names}",
        message=(
            f"{names[:1].upper()}{names[1:]} {'compute' if len(unseen) > 1 else 'computes'} something else than "
            f"expected: with the same weights and inputs, the outputs of the two models lie {behaviour.gap:.2g} apart."
        ),
        expected="what is asked for",
        found="what your code computes there",
        student=tuple(sorted({call for node in nodes for call in node.calls})),
        reference=tuple(sorted({call for node in theirs for call in node.calls})),
    )
