"""Find which nodes of two different graphs correspond, from inputs and outputs inwards.

Where two graphs are the same, ``grader.comparison.isomorphism`` gives the correspondence. Where they differ,
this module pairs what is alike so that the differences left over are few and have a place. Each step is a
module of its own; they grow with the number of edges, but for nodes with very many neighbours, of which only
the nearest are tried.
"""

from __future__ import annotations

from grader.canonical import NormalGraph
from grader.comparison.growth import grow
from grader.comparison.input_pairs import pair_inputs
from grader.comparison.leftovers import pair_moved, pair_replacements
from grader.comparison.matching import Matching
from grader.comparison.twins import pair_twins
from grader.comparison.untangling import untangle

__all__ = ["align"]


def align(student: NormalGraph, reference: NormalGraph) -> dict[int, int]:
    """Return a one-to-one partial map from nodes of ``student`` to nodes of ``reference``.

    First nodes whose whole history is alike are paired, then nodes whose whole future is alike, then
    neighbours of pairs, best fit first; counterparts that do better for each other are exchanged; then a step that
    was left over on both sides alone, and has moved.
    Paired nodes have the same op, except where a node of another op stands in exactly the same place.
    """
    matching = Matching(student, reference)
    pair_inputs(matching)
    pair_twins(matching)
    grow(matching)
    untangle(matching)
    pair_moved(matching)
    pair_replacements(matching)
    return matching.ours
