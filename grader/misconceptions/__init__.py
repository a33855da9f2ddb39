"""Named mistakes: one module per family, and the one place that asks them all.

Where several mistakes are seen, the root cause comes first, because a learner who mends it often finds the
rest gone:

1. The mistakes in classes of one's own: a layer that the model does not own is none of its parts.
2. What the model takes and gives: its number of inputs and outputs, an input that leads nowhere, outputs in
   another order. Most of what lies behind a missing output is missing with it.
3. The mistakes around ``F(x) + x``. They explain the plain differences they consist of, and these are not
   told again: a missing shortcut is a missing ``Add``. But where a shortcut fits without its projection only
   because of wrong filters or strides, these are told first.
4. Plain differences, in the order in which ``grader.comparison.placement`` finds them: a layer of another kind
   or with other settings, steps in another order, parts built twice, steps missing or too many, then
   the settings that only follow from these, then connections, since a step that is not there is connected to
   nothing, and last the sharing of weights. Mistakes that have nothing to do with each other come as in the model.
5. How the model is trained: nothing of that can be judged before the model is the right one.
"""

from __future__ import annotations

from collections.abc import Iterable

from grader.comparison import Analysis
from grader.comparison.records import Behaviour, Diagnosis, Difference, DifferenceKind
from grader.evidence import Failure
from grader.graph import ModelGraph
from grader.misconceptions.cause_words import words_of
from grader.misconceptions.classes import CLASSES
from grader.misconceptions.construction import CONSTRUCTION
from grader.misconceptions.fit import fit_diagnosis, told
from grader.misconceptions.misconception import Misconception
from grader.misconceptions.residual import RESIDUAL, projection_seems_needless
from grader.misconceptions.structural import (
    HARD_CODED_SIZE,
    STATIC_GRAPH_SUBCLASSED,
    structural_diagnosis,
)
from grader.misconceptions.structural_words import KINDS, KindWords
from grader.misconceptions.training import TRAINING
from grader.misconceptions.transfer import TRANSFER

__all__ = [
    "CATALOGUE",
    "HARD_CODED_SIZE",
    "STATIC_GRAPH_SUBCLASSED",
    "Misconception",
    "diagnose",
    "diagnose_failure",
    "diagnose_faults",
    "diagnose_unseen",
    "known_ids",
    "words_for",
    "words_of",
]

_ARCHITECTURE: tuple[Misconception, ...] = (*RESIDUAL, *CONSTRUCTION)
_TRAINED: tuple[Misconception, ...] = (*TRANSFER, *TRAINING)
CATALOGUE: tuple[Misconception, ...] = (*CLASSES, *_ARCHITECTURE, *_TRAINED)
_WHOLE: tuple[Misconception | Diagnosis, ...] = (*CATALOGUE, HARD_CODED_SIZE, STATIC_GRAPH_SUBCLASSED)

_INTERFACE: frozenset[DifferenceKind] = frozenset(
    {"missing-input", "extra-input", "unused-input", "missing-output", "extra-output", "outputs-swapped"}
)
# What an argument that is not used shows as.
_OF_A_VALUE: frozenset[str] = frozenset(
    {
        *(
            "missing-layer",
            "extra-layer",
            "wrong-layer",
            "wrong-config",
            "wrong-activation",
            "wrong-head-activation",
        ),
        *("wrong-shape", "wrong-dtype", "missing-output", "extra-output", "missing-input", "extra-input"),
        *("wrong-loss", "loss-weights", "learning-rate-too-high", "learning-rate-too-low"),
    }
)
# What a mistake with a name of its own consists of.
_PARTS: frozenset[DifferenceKind] = frozenset(
    {
        "missing-layer",
        "extra-layer",
        "wrong-layer",
        "wrong-activation",
        "wrong-shape",
        "wrong-connection",
        "missing-connection",
        "extra-connection",
        "dynamic",
    }
)


def diagnose(analysis: Analysis, behaviour: Behaviour | None = None) -> tuple[Diagnosis, ...]:
    """Name what went wrong between two models, root cause first; nothing when they are the same.

    How a model is trained comes after what it is made of. ``behaviour`` is what runs of the two showed:
    where they compute the same, nothing is said of the architecture.
    """
    same = analysis.same or (behaviour is not None and behaviour.same)
    trained = tuple(mistake.diagnosis for mistake in _TRAINED if mistake.seen_in(analysis))
    return trained if same else (*_of_architecture(analysis), *trained)


def _of_architecture(analysis: Analysis) -> tuple[Diagnosis, ...]:
    classes = tuple(mistake.diagnosis for mistake in CLASSES if mistake.seen_in(analysis))
    named = tuple(mistake.told_of(analysis) for mistake in _ARCHITECTURE if mistake.seen_in(analysis))
    told = {diagnosis.id for diagnosis in classes} | (_PARTS if named else set())
    first: dict[str, Diagnosis] = {}
    for difference in analysis.differences:
        if difference.kind not in first and difference.kind not in told:
            first[difference.kind] = structural_diagnosis(difference, analysis)
    interface = tuple(found for kind, found in first.items() if kind in _INTERFACE)
    roots = {"wrong-config"} if projection_seems_needless(analysis) else set()
    before = tuple(found for kind, found in first.items() if kind in roots)
    others = tuple(found for kind, found in first.items() if kind not in _INTERFACE | roots)
    return (*classes, *interface, *before, *named, *others)


def diagnose_faults(faults: Iterable[Difference]) -> tuple[Diagnosis, ...]:
    """Name the mistakes behind what keeps a model from being saved and loaded, in the order they were found."""
    kinds = list(dict.fromkeys(fault.kind for fault in faults))
    return tuple(mistake.diagnosis for kind in kinds for mistake in CLASSES if mistake.id == kind)


def diagnose_failure(failure: Failure, reference: ModelGraph | None = None) -> tuple[Diagnosis, ...]:
    """Name the mistake behind a model that could not be built, where one is recognised.

    What was found out about the cause fills the words. ``reference`` is the model that was asked for, where
    there is one: it tells which of several mistakes a refused shape comes from.
    """
    named = tuple(mistake.diagnosis for mistake in CATALOGUE if mistake.seen_in_failure(failure, reference))
    if failure.cause is None:
        return named
    if not named:
        return fit_diagnosis(failure, reference)
    return (told(named[0], failure.cause), *named[1:])


def diagnose_unseen(found: tuple[Diagnosis, ...]) -> tuple[Diagnosis, ...]:
    """Put what was found in a case that was not shown into order, where those that were shown are right.

    An argument that is not used shows as a plain difference, or as an error, and is the root of what else is
    wrong. Where there is only a mistake with a name of its own, such as a shortcut that is not projected, it stays
    what it is.
    """
    if not found or any(diagnosis.id in _OF_A_VALUE for diagnosis in found):
        return (HARD_CODED_SIZE, *found)
    return found


def words_for(mistake: str) -> tuple[Misconception | Diagnosis | KindWords, ...]:
    """Return what there is to say of a mistake before it is seen anywhere; nothing for an unknown id.

    Most have one entry. An id that shows in a finished model and in an error has words for both.
    """
    named = tuple(one for one in _WHOLE if one.id == mistake)
    return (*named, KINDS[mistake]) if mistake in KINDS else named


def known_ids() -> frozenset[str]:
    """Return every id that a diagnosis may have."""
    return frozenset({*KINDS, *(one.id for one in _WHOLE)})
