"""The records a comparison is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

from grader.graph import ModelGraph
from grader.record import Record

__all__ = [
    "Behaviour",
    "Comparison",
    "Counts",
    "Diagnosis",
    "Difference",
    "DifferenceKind",
    "WeightOrder",
    "more_text",
]

_MOST_SHOWN = 12  # more than that nobody mends one by one

DifferenceKind = Literal[
    "missing-layer",
    "extra-layer",
    "wrong-layer",
    "wrong-config",
    "wrong-activation",
    "wrong-head-activation",
    "wrong-shape",
    "wrong-dtype",
    "wrong-connection",
    "missing-connection",
    "extra-connection",
    "weights-not-shared",
    "weights-wrongly-shared",
    "submodel-rebuilt",
    "dead-branch",
    "missing-output",
    "extra-output",
    "outputs-swapped",
    "missing-input",
    "extra-input",
    "unused-input",
    "dynamic",
    "state-created-in-call",
    "config-not-saved",
    "not-registered",
    "not-frozen",
    "still-frozen",
    "not-compiled",
    "not-recompiled",
    "loss-missing",
    "wrong-loss",
    "logits-mismatch",
    "loss-weights",
    "learning-rate-too-high",
    "learning-rate-too-low",
]


class Difference(Record):
    """One placed difference. ``student`` and ``reference`` are call indexes into the two graphs.

    ``where`` says the place in words ("after the second Conv2D"); ``message`` is the whole sentence. ``places`` says
    at how many places the same was found: the calls of ``where`` come first then, as many for each place.
    """

    kind: DifferenceKind
    where: str
    message: str
    expected: str = ""
    found: str = ""
    student: tuple[int, ...] = ()
    reference: tuple[int, ...] = ()
    places: int = 1


def more_text(rest: Sequence[Difference]) -> str:
    """Say how many differences are not shown, and of which kinds: "and 3 more: 2 wrong-config, 1 extra-layer"."""
    kinds = Counter(difference.kind for difference in rest)
    return f"and {len(rest)} more: {', '.join(f'{number} {kind}' for kind, number in kinds.most_common())}"


class Diagnosis(Record):
    """A misconception found in a submission; ``hints`` go from nudge to near-solution."""

    id: str
    title: str
    explanation: str
    symptom: str = ""
    fix: str = ""
    hints: tuple[str, ...] = ()
    unit: str = ""


class Counts(Record):
    """Scalar parameters of a model."""

    total: int
    trainable: int
    non_trainable: int

    def __str__(self) -> str:
        """Write the counts as a report does."""
        return f"{self.total:,} in total: {self.trainable:,} trainable, {self.non_trainable:,} non-trainable"


class WeightOrder(Record):
    """One of the student's weights is the reference's with ``axis`` permuted: ``order[i]`` stands at ``i``."""

    weight: int
    axis: int
    order: tuple[int, ...]


class Behaviour(Record):
    """What runs of two models with the same weights showed, where their graphs differ.

    ``runs`` were made, in inference and in training mode. Outputs lie at most ``gap`` apart where those of
    different inputs lie ``spread`` apart, in the outputs' unit; ``tolerance`` is the part of the spread that
    counts as equal. ``same`` says that they compute the same, and that the runs could have shown otherwise;
    ``doubt`` says why they could not. ``failed`` says which model could not be run, and why: then nothing was
    shown, neither that they compute the same nor that they do not, and there are no numbers.
    """

    same: bool
    runs: int
    gap: float = 0.0
    spread: float = 0.0
    tolerance: float = 0.0
    doubt: str = ""
    failed: str = ""

    @property
    def shows_nothing(self) -> str:
        """Say in a sentence why nothing can be said of what the models compute; nothing where it can."""
        if self.failed:
            return f"Outputs could not be compared, so they show nothing: {self.failed}."
        return f"Outputs were compared too, but that shows nothing: {self.doubt}." if self.doubt else ""


class Comparison(Record):
    """The result of comparing a student's graph with the reference's.

    ``matched`` pairs call indexes (student, reference) that correspond. ``in_common`` says in a sentence how much
    agrees, where that is little: then the differences are many, and mending them one by one is not the way.
    ``same_wiring`` is true
    when what feeds what agrees, whatever the layers' settings. ``parameter_detail`` traces counts that differ to
    the layers, with the arithmetic. ``weight_map`` gives, when
    ``equivalent``, for each weight of the student the index of the reference's weight;
    ``weight_orders`` say which of them are permuted along an axis. ``behaviour`` is there when the graphs
    differ and both models were run: where it is ``same``, the comparison is ``equivalent``. ``unseen`` names steps
    of an equivalent model whose code cannot be read, and whose outputs were not compared either; ``tables`` names
    weights of an equivalent model's own classes that no training changes and that hold other numbers: nothing tells
    whether these are drawn at random.
    """

    equivalent: bool
    differences: tuple[Difference, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    student: ModelGraph
    reference: ModelGraph
    matched: tuple[tuple[int, int], ...] = ()
    in_common: str = ""
    same_wiring: bool
    student_counts: Counts
    reference_counts: Counts
    parameter_detail: str = ""
    weight_map: tuple[int, ...] | None = None
    weight_orders: tuple[WeightOrder, ...] = ()
    behaviour: Behaviour | None = None
    unseen: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say what was found, in lines: the verdict, what differs, parameters, connectivity, and what it is called."""
        return "\n".join(self._lines())

    __repr__ = __str__

    @property
    def tables_text(self) -> str:
        """What to look at in ``tables``, in a sentence; nothing where there are none."""
        if not self.tables:
            return ""
        return (
            f"Look at the numbers in {' and '.join(self.tables)}: they are not the expected ones, and no training "
            "changes them. Only where they are drawn at random is that as it should be."
        )

    def _lines(self) -> Iterator[str]:
        ran = self.behaviour
        if self.equivalent and ran is not None and self.weight_map is None:
            yield (
                f"Equivalent: written otherwise, and the same function. With the same weights, {ran.runs} runs in "
                f"inference and training mode gave outputs at most {ran.gap:.1g} apart."
            )
        elif self.equivalent and self.unseen:
            yield (
                "Equivalent, as far as can be seen: the same architecture. What is computed inside "
                f"{' and '.join(self.unseen)} is in code that cannot be read, and was compared by name and settings."
            )
        elif self.equivalent:
            yield "Equivalent: the same architecture."
        else:
            yield "Not equivalent:"
        if self.tables:
            yield f"  {self.tables_text}"
        if self.in_common:
            yield f"  {self.in_common}"
        for number, difference in enumerate(self.differences[:_MOST_SHOWN], start=1):
            yield f"  {number}. {difference.message}"
        if len(self.differences) > _MOST_SHOWN:
            yield f"  … {more_text(self.differences[_MOST_SHOWN:])}."
        if self.student_counts != self.reference_counts:
            yield f"Parameters: {self.student_counts}; expected {self.reference_counts}."
            if self.parameter_detail:
                yield f"  {self.parameter_detail[:1].upper()}{self.parameter_detail[1:]}."
        if not self.equivalent:
            yield f"Connectivity: {'as expected' if self.same_wiring else 'differs'}."
            if ran is not None and ran.shows_nothing:
                yield ran.shows_nothing
        for diagnosis in self.diagnoses:
            yield f"{diagnosis.id}: {diagnosis.title}. {diagnosis.fix}"
