"""Inputs under keys and inputs in a list: what Keras lets a caller feed to either."""

from __future__ import annotations

from dataclasses import replace

from grader.canonical import NormalGraph
from grader.comparison.interfaces import by_keys

__all__ = ["fed_alike"]


def fed_alike(student: NormalGraph, reference: NormalGraph) -> NormalGraph:
    """Return the student's graph with its inputs as the reference has them, where one can be fed like the other.

    Keras feeds a dict to a model whose inputs are a list by the names of the inputs, and a list to a model whose
    inputs are a dict in the order of the sorted keys, if at all (``keras/src/models/functional.py``). So a dict
    may stand for a list when its sorted keys are the names of the list's inputs: what is fed to both then never
    crosses. A list may stand for a dict when its inputs have the keys as names, in any order.
    """
    keys, wanted = [key for key, _ in student.inputs], [key for key, _ in reference.inputs]
    if len(keys) != len(wanted) or by_keys(keys) == by_keys(wanted):
        return student
    nodes = [node for _, node in student.inputs]
    if by_keys(keys):
        names = [port.name for port in reference.source.inputs]
        return student if keys != names else replace(student, inputs=tuple(zip(wanted, nodes, strict=True)))
    named = {port.name: node for port, node in zip(student.source.inputs, nodes, strict=True)}
    if named.keys() != set(wanted) or len(named) != len(wanted):
        return student
    return replace(student, inputs=tuple((key, named[key]) for key in wanted))
