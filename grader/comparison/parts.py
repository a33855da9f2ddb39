"""Parts of a model, with branches of their own, that are missing or too many as a whole."""

from __future__ import annotations

from grader.canonical import NormalGraph
from grader.comparison.pairing import Pairing
from grader.comparison.records import Difference
from grader.comparison.wording import counted_steps, step_names

__all__ = ["HELD_IDLE", "MOST_RUNS", "WEIGHTS_IDLE", "extra_part", "missing_part"]

MOST_RUNS = 2  # told one by one; more, where one feeds another, are a part that is told as a whole
HELD_IDLE = " The model holds such layers, and no output depends on them."
WEIGHTS_IDLE = " The model holds such weights, and no output depends on them."
_SHOWN = 3


def missing_part(pairing: Pairing, nodes: list[int], *, idle: bool) -> Difference:
    """Say that steps of the reference which feed each other are all missing; ``idle``: their weights are there."""
    reference = pairing.reference
    sources = {
        pairing.back[source]
        for source, _ in pairing.arriving_there(
            *(edge for node in nodes for edge in reference.nodes[node].edges)
        )
        if source in pairing.back
    }
    where, wanted = _place(pairing, sources), counted_steps(_names(reference, nodes))
    return pairing.difference(
        "dead-branch" if idle else "missing-layer",
        where,
        f"{where}, expected a part of {len(nodes)} steps, found none of them: {wanted}."
        + (HELD_IDLE if idle else ""),
        expected=wanted,
        found="nothing",
        reference=nodes,
    )


def extra_part(pairing: Pairing, nodes: list[int]) -> Difference:
    """Say that steps of the student's which feed each other are all too many."""
    student = pairing.student
    sources = {edge.node for node in nodes for edge in student.nodes[node].edges} - set(nodes)
    where, found = _place(pairing, sources), counted_steps(_names(student, nodes))
    return pairing.difference(
        "extra-layer",
        where,
        f"{where}, found a part of {len(nodes)} steps that the expected model does not have: {found}.",
        expected="nothing",
        found=found,
        student=nodes,
    )


def _place(pairing: Pairing, sources: set[int]) -> str:
    return f"after {pairing.ours.names(sorted(sources)[:_SHOWN])}" if sources else "in the model"


def _names(graph: NormalGraph, nodes: list[int]) -> list[str]:
    return step_names(graph, nodes)
