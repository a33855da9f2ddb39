"""The rows of a report: one property each, the student's value beside the reference's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from grader.judge.result import CaseResult
from grader.tasks import Answer, Architecture, Connectivity, Expectation, Parameters, Parity, Saved
from grader.verdict import Row

__all__ = ["build_rows", "holds", "value_text"]


def build_rows(
    expects: Sequence[Expectation], results: Sequence[CaseResult], shown: CaseResult, *, believed: bool
) -> tuple[Row, ...]:
    """Return a row for each expectation, then those every report on a model has, for no points.

    A row shows the first case that does not meet it, or ``shown``. When the evidence is not
    ``believed``, no row passes.
    """
    rows = [_row(expectation, results, shown, believed=believed) for expectation in expects]
    if shown.comparison is not None:
        asked = {expectation.kind for expectation in expects}
        for extra in (Parameters(points=0), Connectivity(points=0)):
            if extra.kind not in asked:
                row = _row(extra, results, shown, believed=believed)
                told = row.passed or shown.comparison.equivalent  # no mark for what nobody asked for
                rows.append(row.model_copy(update={"passed": None}) if told else row)
    return tuple(rows)


def _row(
    expectation: Expectation, results: Sequence[CaseResult], shown: CaseResult, *, believed: bool
) -> Row:
    failed = next((result for result in results if not holds(expectation, result)), None)
    passed = failed is None and believed
    result = failed or shown
    name, found, expected, detail = _ROWS[expectation.kind](expectation, result)
    answered = isinstance(expectation, Answer) and result.given.kind != "failure"
    return Row(
        name=name,
        passed=passed,
        found=found,
        expected=expected,
        points=expectation.points if passed else 0.0,
        max_points=expectation.points,
        detail=detail,
        compared=answered or result.comparison is not None,
        tried=not isinstance(expectation, Parity) or result.parity is not None or result.comparison is None,
    )


def holds(expectation: Expectation, result: CaseResult) -> bool:
    """Say whether one case meets an expectation."""
    if isinstance(expectation, Answer):
        given, wanted = result.given, result.wanted
        return given.kind == "value" and _agree(given.value, wanted.value, expectation.tolerance)
    comparison = result.comparison
    if comparison is None:
        return False
    if isinstance(expectation, Architecture):
        return comparison.equivalent
    if isinstance(expectation, Connectivity):
        return comparison.same_wiring
    if isinstance(expectation, Saved):
        return not result.saving_faults
    if isinstance(expectation, Parity):
        return result.parity is not None and result.parity.passed
    if isinstance(expectation, Parameters):
        return comparison.student_counts == comparison.reference_counts
    return comparison.student.api == expectation.api


def _agree(given: Any, wanted: Any, tolerance: float) -> bool:
    if isinstance(wanted, bool) or isinstance(given, bool):
        return given is wanted
    if isinstance(wanted, int | float) and isinstance(given, int | float):
        return abs(given - wanted) <= tolerance
    if isinstance(wanted, str) and isinstance(given, str):
        return given.strip() == wanted.strip()
    if isinstance(wanted, list) and isinstance(given, list):
        same_length = len(given) == len(wanted)
        return same_length and all(_agree(g, w, tolerance) for g, w in zip(given, wanted, strict=True))
    if isinstance(wanted, dict) and isinstance(given, dict):
        return given.keys() == wanted.keys() and all(_agree(given[k], wanted[k], tolerance) for k in wanted)
    return bool(given == wanted)


def _architecture_row(_: Any, shown: CaseResult) -> tuple[str, str, str, str]:
    if shown.comparison is None:
        return "Architecture", "no model", "the expected model", ""
    number = len(shown.comparison.differences)
    found = "the same" if shown.comparison.equivalent else f"{number} difference{'s' if number != 1 else ''}"
    if number and shown.analysis is not None and number == len(shown.analysis.training):
        return "Architecture", "the same, trained otherwise", "the same, trained as asked", ""
    return "Architecture", found, "the same", ""


def _connectivity_row(_: Any, shown: CaseResult) -> tuple[str, str, str, str]:
    if shown.comparison is None:
        return "Connectivity", "no model", "what feeds what as expected", ""
    found = "as expected" if shown.comparison.same_wiring else "differs"
    first = next((d.message for d in shown.comparison.differences if "connection" in d.kind), "")
    return "Connectivity", found, "as expected", "" if shown.comparison.same_wiring else first


def _parameters_row(_: Any, shown: CaseResult) -> tuple[str, str, str, str]:
    if shown.comparison is None:
        return "Parameters", "no model", "the expected counts", ""
    ours, theirs = shown.comparison.student_counts, shown.comparison.reference_counts
    return "Parameters", str(ours), str(theirs), shown.comparison.parameter_detail


def _api_row(expectation: Any, shown: CaseResult) -> tuple[str, str, str, str]:
    found = shown.comparison.student.api if shown.comparison is not None else "no model"
    return "API", found, expectation.api, ""


def _saved_row(_: Any, shown: CaseResult) -> tuple[str, str, str, str]:
    expected = "the same model after saving and loading"
    if shown.given.graph is None:
        return "Saved", "no model", expected, ""
    faults = shown.saving_faults
    return "Saved", faults[0].found if faults else "the same", expected, " ".join(f.message for f in faults)


def _parity_row(_: Any, shown: CaseResult) -> tuple[str, str, str, str]:
    expected = "the same on TensorFlow, JAX and PyTorch"
    if shown.given.graph is None:
        return "Parity", "no model", expected, ""
    if shown.parity is None:
        return "Parity", "not tried yet", expected, "It is tried once the rest is right."
    return "Parity", shown.parity.found, expected, shown.parity.detail


def _answer_row(_: Any, shown: CaseResult) -> tuple[str, str, str, str]:
    others = {"model": "a model", "failure": "no answer"}
    found = others.get(shown.given.kind) or value_text(shown.given.value)
    return "Answer", found, "the reference's answer", ""


_ROWS: dict[str, Callable[[Any, CaseResult], tuple[str, str, str, str]]] = {
    "architecture": _architecture_row,
    "connectivity": _connectivity_row,
    "parameters": _parameters_row,
    "api": _api_row,
    "saved": _saved_row,
    "parity": _parity_row,
    "answer": _answer_row,
}


def value_text(value: Any) -> str:
    """Write a plain value as in Python, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"
