"""Parity as a task asks for it: try the model of a case on each backend, and put into words what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError

from grader.comparison import saving_faults
from grader.evidence import CaseEvidence
from grader.execution.kept import Kept
from grader.execution.plain_names import PlainConfig, plainly_named
from grader.graph import ModelGraph
from grader.judge import CaseParity, confirm
from grader.keys import TaskKey
from grader.misconceptions import diagnose_faults
from grader.parity_answers import Portable
from grader.portability.check import BACKENDS, check
from grader.portability.panel import Process, Subject, installed
from grader.portability.records import OUTCOMES, ParityReport, ParityRow, listed

__all__ = ["try_parity"]

_SECONDS = 60.0  # for each answer of a backend
_MEMORY = 4 * 1024**3
_MOST_TOLD = 2
_ENDED = ("crashed", "timed_out", "over_limit")


@dataclass(frozen=True)
class _Tried:
    """What came of trying a model: the report, the backends that built it, and the graph that one of them told."""

    report: ParityReport
    built_on: tuple[str, ...]
    graph: ModelGraph | None


_known: Kept[_Tried] = Kept()


def try_parity(held: TaskKey, given: CaseEvidence) -> CaseParity:
    """Try the model of one case on TensorFlow, JAX and PyTorch, each in a limited process of its own.

    What was found of the same model before, whoever built it, is found again without trying.
    """
    if given.portable is None or given.graph is None:
        return _unportable(given)
    asked = held.task.parity
    tolerance = asked.tolerance if asked is not None else None
    seed = held.probes[0].seed if held.probes else 0
    try:
        sent = Portable.model_validate_json(given.portable)
    except (ValidationError, ValueError, RecursionError):
        told = "What the kernel sent for other backends to build is no model."
        return CaseParity(passed=False, found="not tried", detail=told, look=told)
    # Names in the code of own classes are the student's affair.
    plain = PlainConfig(sent.config, {}) if sent.source else plainly_named(sent.config)
    travelling = sent.model_copy(update={"name": "model", "config": plain.config, "compiled": None})
    name = f"{travelling.to_json()} {seed} {tolerance}"
    tried = _known.get(name) or _tried(travelling, seed, tolerance)
    if not any(row.verdict in _ENDED for row in tried.report.rows):  # those may go otherwise the next time
        _known.keep(name, tried, len(name) + len(tried.report.to_json()))
    return _said(tried, travelling, given.graph, plain)


def _tried(travelling: Portable, seed: int, tolerance: float | None) -> _Tried:
    graphs: dict[str, ModelGraph] = {}
    report = check(
        travelling.name,
        {backend: _maker(backend, travelling, graphs) for backend in BACKENDS if installed(backend)},
        tolerance=tolerance,
        seed=(seed,),
        source=travelling.source,
    )
    built_on = tuple(backend for backend in BACKENDS if backend in graphs)
    return _Tried(report, built_on, graphs[built_on[0]] if built_on else None)


def _maker(backend: str, travelling: Portable, graphs: dict[str, ModelGraph]) -> Callable[[], Subject]:
    def make() -> Subject:
        process = Process(backend, travelling, seconds=_SECONDS, memory=_MEMORY)
        graph = process.opened().graph
        if graph is not None:
            graphs[backend] = graph
        return process

    return make


def _unportable(given: CaseEvidence) -> CaseParity:
    """Say why nothing could travel."""
    why = given.unportable or "Nothing came for other backends to build."
    faults = saving_faults(given.graph) if given.graph is not None else ()
    return CaseParity(
        passed=False,
        found="cannot be built elsewhere",
        detail=why,
        diagnoses=diagnose_faults(faults),
        look="" if faults else f"The model could not be tried on other backends: {why}",
    )


def _said(tried: _Tried, travelling: Portable, described: ModelGraph, plain: PlainConfig) -> CaseParity:
    """Judge a report: what could not be tried, or could not have failed, is nobody's mistake."""
    rows = tried.report.rows
    failed = [row for row in rows if row.verdict == "failed"]
    ended = [row for row in rows if row.verdict in _ENDED]
    looks = [
        f"Parity was not proved{_where(row)}: {row.note or OUTCOMES[row.verdict]}."
        for row in rows
        if row.verdict in ("unproven", "skipped")
    ]
    looks += [f"Parity: {_told(row)}." for row in ended]
    if failed and not travelling.source:
        looks.append("Backends disagree about a model of Keras's own layers: that may be Keras's doing.")
    if tried.graph is not None and confirm(described, plain.put_back(tried.graph)).doubt:
        looks.append("The model that was sent for other backends to build is not the one that was described.")
    look = " ".join(dict.fromkeys(looks))
    if not failed and not ended:
        return CaseParity(passed=True, found=f"the same on {listed(tried.built_on)}", look=look)
    told = [_told(row) for row in failed or ended]
    more = f", and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
    parts = [f" The outputs part at {layer}." for layer in tried.report.parts_at.values()][:1]
    return CaseParity(
        passed=False,
        found=f"{len(told)} of {len(rows)} comparisons failed",
        detail=plain.put_back_text(f"Parity: {'; '.join(told[:_MOST_TOLD])}{more}.{''.join(parts)}"),
        diagnoses=tried.report.diagnoses,
        look=look,
    )


def _told(row: ParityRow) -> str:
    if row.difference is not None and row.tolerance is not None and not row.note:
        why = f"{row.difference:.2g} apart, allowed are {row.tolerance:.2g}"
    else:
        why = row.note or OUTCOMES[row.verdict]
    return f"{row.check}{_where(row)}: {why.rstrip('.')}"


def _where(row: ParityRow) -> str:
    return f" on {listed(row.backends)}" if row.backends else ""
