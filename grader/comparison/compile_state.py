"""Would training do the same: what it is set up for, the losses, and the learning rate.

What a model is compiled with is compared as far as it decides what is learned. Metrics, the optimizer's
class and its other settings may differ, and a rate may be lower than the reference's.
"""

from __future__ import annotations

from collections.abc import Iterator

from grader.canonical import NormalGraph
from grader.comparison.losses import loss_differences
from grader.comparison.records import Difference
from grader.comparison.trainability import calls_of, place_of, some_names
from grader.compiled_text import highest_rate
from grader.graph import Compiled

__all__ = ["compile_differences"]

_WHERE = "in compile"
_TOO_HIGH = 10  # times the expected rate: the least step that fine-tuning is lower by
_TOO_LOW = 1 / 1000
_USUAL_RATE = {"SGD": 0.01}  # Keras 3.15's own defaults: 0.001 for all others


def compile_differences(student: NormalGraph, reference: NormalGraph) -> list[Difference]:
    """List how two compile states differ, causes before effects; nothing where the reference has none."""
    found, wanted = student.source.compiled, reference.source.compiled
    if wanted is None:
        return []
    if found is None:
        return [
            Difference(
                kind="not-compiled",
                where=_WHERE,
                message="The model is not compiled, so it cannot be trained. Expected a compiled model.",
                expected="compiled",
                found="not compiled",
            )
        ]
    return [
        *_set_up(student, reference),
        *loss_differences(student, reference),
        *_rate(found, wanted),
    ]


def _set_up(student: NormalGraph, reference: NormalGraph) -> Iterator[Difference]:
    """Say when ``trainable`` was changed since training was set up, and the reference does not do so."""
    apart = _changed_since(student)
    if not apart or _changed_since(reference):
        return
    nodes = [index for index, node in enumerate(student.nodes) if not apart.isdisjoint(node.weights)]
    compiled = student.source.compiled
    started = compiled is not None and compiled.started
    then = "training was set up" if started else "compile"
    names = some_names(student, nodes) if nodes else "some weights"
    now = {student.source.weights[weight].trainable for weight in apart}
    turned = "opened" if now == {True} else "frozen" if now == {False} else "changed"
    since = (
        "and the optimizer goes by what it knew then" if started else "and the model was not compiled again"
    )
    yield Difference(
        kind="not-recompiled",
        message=f"{names[:1].upper()}{names[1:]} {'were' if ' and ' in names or not nodes else 'was'} {turned} after {then}, {since}. "
        "Expected compile, with a new optimizer, after the last change of trainable.",
        expected="compile, with a new optimizer, after the last change of trainable",
        found=f"{turned} after {then}",
        where=place_of(student, nodes),
        student=calls_of(student, nodes),
    )


def _changed_since(graph: NormalGraph) -> set[int]:
    """Return the weights that training is set up for and that are frozen now, or the other way round."""
    compiled = graph.source.compiled
    if compiled is None or compiled.trained is None:
        return set()
    now = {index for index, weight in enumerate(graph.source.weights) if weight.trainable}
    return now ^ set(compiled.trained)


def _rate(found: Compiled, wanted: Compiled) -> Iterator[Difference]:
    """Compare learning rates, each in units of what its optimizer uses by itself."""
    ours, theirs = highest_rate(found), highest_rate(wanted)
    known = all(not state.optimizer.startswith("custom:") for state in (found, wanted))
    if ours is None or theirs is None or theirs <= 0 or not (known or found.optimizer == wanted.optimizer):
        return
    expected = theirs / _USUAL_RATE.get(wanted.optimizer, 1e-3) * _USUAL_RATE.get(found.optimizer, 1e-3)
    times = ours / expected
    if _TOO_LOW < times < _TOO_HIGH * 0.999:  # rates are stored as float32
        return
    reach = "reaches" if found.schedule is not None else "is"
    by = f" for {found.optimizer}" if found.optimizer != wanted.optimizer else ""
    high = times > 1
    yield Difference(
        kind="learning-rate-too-high" if high else "learning-rate-too-low",
        where=_WHERE,
        message=f"The learning rate {reach} {ours:g}, {times:.3g} times the expected {expected:g}{by}.",
        expected=f"{expected:g}{by}",
        found=f"{ours:g}",
    )
