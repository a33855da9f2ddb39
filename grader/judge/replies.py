"""Hold the answers of a kernel against what the reference computed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from grader.behaviour import Agreement, agree
from grader.comparison.records import Behaviour
from grader.errors import EvidenceError
from grader.evidence import Array, ReplyPart
from grader.graph import ModelGraph, Shape
from grader.judge.probes import tells
from grader.keys import Probe

__all__ = ["behaviour_of", "failed_run", "fit_fault", "proof_fault", "worst_of"]

PROOF_TOLERANCE = 4e-3  # of the outputs' spread: float32 sums in another order, other backends, many layers
FUNCTION_TOLERANCE = (
    2e-5  # models that are the same lie 1e-7 apart; an approximate gelu from gelu, 1e-5 and more
)

_LONGEST_REASON = 300  # characters of an error's text, which can fill pages

Map = tuple[int, ...]


def proof_fault(probe: Probe, part: ReplyPart) -> str | None:
    """Say what does not agree where the graph is the expected one."""
    return part.failure or _agreement(part.outputs, probe.outputs, PROOF_TOLERANCE).fault


def fit_fault(graph: ModelGraph, part: ReplyPart) -> str | None:
    """Say what shows that a run was not of the model that a graph describes; nothing of what it computes.

    A model that could not be run is not shown to be another, unless it did not take the weights.
    """
    if part.failure is not None:
        return part.failure if part.failure.startswith("EvidenceError") else None
    expected = [graph.tensors[port.tensor].shape for port in graph.outputs]
    found = [array.shape for array in part.outputs]
    fits = len(found) == len(expected) and all(map(_fits, found, expected))
    return None if fits else f"outputs of the shapes {found}, described were {expected}"


def _fits(found: tuple[int, ...], expected: Shape) -> bool:
    return len(found) == len(expected) and all(
        length in (None, own) for length, own in zip(expected, found, strict=True)
    )


def behaviour_of(probes: Sequence[Probe], maps: Sequence[Map], parts: Sequence[ReplyPart]) -> Behaviour:
    """Say whether under one of the maps every run agrees with the reference's.

    ``parts`` hold, for each probe, a run with each map. Where none agrees and a run failed, nothing is said.
    """
    runs = len(probes)
    closest, failure = Agreement(), None
    for place, mapping in enumerate(maps):
        worst = worst_of(probes, [parts[run * len(maps) + place] for run in range(runs)], mapping)
        if worst.complete:
            doubt = _doubt(probes[0])
            return Behaviour(
                same=not doubt,
                runs=runs,
                gap=worst.gap,
                spread=worst.spread,
                tolerance=FUNCTION_TOLERANCE,
                doubt=doubt,
            )
        failure = failure or worst.failure
        if closest.fault is None or worst.gap < closest.gap:
            closest = worst
    if failure is not None:  # the order that could not be tried may have been the one that agrees
        return failed_run("the model", failure)
    if not (math.isfinite(closest.gap) and math.isfinite(closest.spread)):
        return Behaviour(same=False, runs=0, failed="they hold numbers that are not finite (NaN or infinity)")
    return Behaviour(
        same=False, runs=runs, gap=closest.gap, spread=closest.spread, tolerance=FUNCTION_TOLERANCE
    )


def failed_run(model: str, reason: str) -> Behaviour:
    """Return what is known of two models' behaviour when one of them could not be run: nothing."""
    line = " ".join(reason.split()).rstrip(".") or "no reason given"
    short = line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…"
    return Behaviour(same=False, runs=0, failed=f"{model} could not be run: {short}")


def _doubt(probe: Probe) -> str:
    """Say why runs that agree show nothing; nothing where they could have differed."""
    if not tells(probe):
        return "the expected model gives the same output for every input"
    if probe.silent:
        return f"no output of the expected model reacts to {len(probe.silent)} of its weights"
    return ""


def worst_of(probes: Sequence[Probe], parts: Sequence[ReplyPart], mapping: Map) -> Agreement:
    """Return the first disagreement of a map's runs; or else why one failed; or else the largest gap."""
    worst, failure = Agreement(), None
    for probe, part in zip(probes, parts, strict=True):
        if part.failure is not None:
            failure = failure or part.failure
            continue
        found = _agreement(part.outputs, probe.outputs, FUNCTION_TOLERANCE)
        if found.fault is not None:
            return found
        fault = _left_behind(probe, part, mapping)
        if fault is not None:
            return Agreement(found.gap, found.spread, fault)
        if found.spread and found.gap / found.spread >= (worst.gap / worst.spread if worst.spread else 0.0):
            worst = found
    return worst if failure is None else Agreement(failure=failure)


def _left_behind(probe: Probe, part: ReplyPart, mapping: Map) -> str | None:
    """Compare what a run changed, as BatchNorm does its statistics, and what the model adds to its loss."""
    theirs = dict(zip(probe.changed, probe.state, strict=True))
    if len(part.changed) != len(part.state) or any(not 0 <= w < len(mapping) for w in part.changed):
        return "the weights that the run changed do not fit the model's"
    ours = {mapping[weight]: array for weight, array in zip(part.changed, part.state, strict=True)}
    if ours.keys() != theirs.keys():
        return f"the run changed {len(ours)} weights, expected {len(theirs)}"
    for weight, array in ours.items():
        try:
            mine, wanted = array.numpy().reshape(-1), theirs[weight].numpy().reshape(-1)
        except EvidenceError as error:
            return str(error)
        scale = float(np.max(np.abs(wanted), initial=0.0))
        if mine.shape != wanted.shape or not np.allclose(
            mine, wanted, rtol=0, atol=FUNCTION_TOLERANCE * scale
        ):
            return "the run left other statistics behind"
    if not math.isclose(part.penalty, probe.penalty, rel_tol=1e-3, abs_tol=1e-9):
        return f"the model adds {part.penalty:.4g} to its loss, expected {probe.penalty:.4g}"
    return None


def _agreement(found: Sequence[Array], expected: Sequence[Array], tolerance: float) -> Agreement:
    try:
        return agree([array.numpy() for array in found], [array.numpy() for array in expected], tolerance)
    except EvidenceError as error:
        return Agreement(fault=str(error))
