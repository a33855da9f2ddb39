"""Count, mutation by mutation, how many differences are told and whether one is at the place."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from grader.comparison import Analysis, analyse
from tests.random_models.drawing import draw_plan
from tests.random_models.mutation import Mutated
from tests.random_models.mutations import MUTATIONS, mutate
from tests.random_models.oracle import networkx_says
from tests.random_models.plans import Plan
from tests.random_models.writing import Written, write

__all__ = ["Draw", "Row", "draw", "draws", "table", "tally"]

MOST = 3  # differences that one mutation may give
_INTERFACE = {"inputs": "input", "outputs": "output"}


@dataclass(frozen=True)
class Draw:
    """One mutation of one plan, and what the engine said of it."""

    seed: int
    name: str
    plan: Plan
    mutated: Mutated
    student: Written
    reference: Written
    analysis: Analysis

    @property
    def few(self) -> bool:
        """Whether there are at most three differences."""
        return len(self.analysis.differences) <= MOST

    def at_place(self, *, beside: bool = True) -> bool:
        """Whether a difference names a call that was changed or, ``beside``, a direct neighbour of one.

        Inputs are no calls, and the number of outputs is no call's: where the model's inputs or outputs were
        changed, a difference that says so in its place is at the place as well.
        """
        touched = set(self.mutated.touched)
        near = touched | (self.plan.beside(touched) | self.mutated.plan.beside(touched) if beside else set())
        for one in self.analysis.differences:
            named = self.student.steps_of(one.student) | self.reference.steps_of(one.reference)
            if named & near:
                return True
            if any(
                getattr(self.mutated, port) and word in one.kind + one.where.lower()
                for port, word in _INTERFACE.items()
            ):
                return True
        return False


def draw(name: str, seed: int) -> Draw | None:
    """Draw a plan, mutate it and compare; ``None`` where the mutation does not apply or changes nothing."""
    chance = random.Random(f"{name} {seed}")
    plan = draw_plan(chance)
    mutated = mutate(name, plan, chance)
    if mutated is None:
        return None
    reference, student = write(plan, chance), write(mutated.plan, chance)
    if networkx_says(student.graph, reference.graph, ordered=False):
        return None
    return Draw(seed, name, plan, mutated, student, reference, analyse(student.graph, reference.graph))


def draws(name: str, seeds: Iterable[int], most: int) -> Iterator[Draw]:
    """Yield the draws of one mutation, ``most`` of them, passing over seeds with which it changes nothing."""
    return islice((found for seed in seeds if (found := draw(name, seed)) is not None), most)


@dataclass
class Row:
    """The counts of one mutation."""

    name: str
    draws: int = 0
    equal: int = 0
    told: int = 0
    few: int = 0
    placed: int = 0
    exactly: int = 0
    good: int = 0
    bad_seeds: list[int] = field(default_factory=list)

    def count(self, one: Draw) -> None:
        """Add one draw."""
        self.draws += 1
        self.equal += one.analysis.same
        self.told += len(one.analysis.differences)
        self.few += one.few
        self.placed += one.at_place()
        self.exactly += one.at_place(beside=False)
        good = one.few and one.at_place() and not one.analysis.same
        self.good += good
        if not good:
            self.bad_seeds.append(one.seed)


def table(rows: Iterable[Row]) -> str:
    """Write the counts as text."""
    lines = [f"{'mutation':26} draws equal  mean  <=3   placed exact  good"]
    for row in rows:
        n = max(row.draws, 1)
        shares = [f"{100 * count / n:5.1f}%" for count in (row.few, row.placed, row.exactly, row.good)]
        lines.append(f"{row.name:26} {row.draws:5} {row.equal:5} {row.told / n:5.2f} {' '.join(shares)}")
    return "\n".join(lines)


def tally(seeds: Iterable[int], most: int) -> list[Row]:
    """Count ``most`` draws of every mutation; the last row is the sum."""
    seeds, rows, total = list(seeds), [], Row("all")
    for name in MUTATIONS:
        row = Row(name)
        for one in draws(name, seeds, most):
            row.count(one)
            total.count(one)
        rows.append(row)
    return [*rows, total]
