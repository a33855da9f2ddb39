"""The cases of a grading campaign that nobody sees beforehand."""

from __future__ import annotations

import random

from grader.tasks import Answer, Case, Task


def task(**settings: object) -> Task:
    options = {"cases": (Case(arguments={"n": 0}),), **settings}
    return Task(id="any", title="Any", expects=(Answer(points=1),), hints=("one",), **options)  # type: ignore[arg-type]


def numbers(cases: tuple[Case, ...]) -> list[object]:
    return [case.arguments["n"] for case in cases]


def test_no_case_is_used_twice_where_another_can_be_drawn() -> None:
    """Neither a visible one nor one that was drawn before, for any seed."""
    few = task(draw=lambda rng: Case(arguments={"n": rng.choice([0, 1, 2])}), drawn=2)
    assert all({1, 2} == set(numbers(few.hidden_cases(seed))) for seed in range(50))


def test_where_no_other_can_be_drawn_the_number_of_cases_is_kept() -> None:
    """A task that draws one thing draws it as often as it was told to."""
    assert [0, 0] == numbers(task(draw=lambda _: Case(arguments={"n": 0}), drawn=2).hidden_cases(1))


def test_a_draw_may_give_several_cases_that_belong_together() -> None:
    """Each campaign has all of them, in the order in which they were returned."""

    def draw(rng: random.Random) -> tuple[Case, ...]:
        return tuple(Case(arguments={"n": n, "of": rng.random()}) for n in (1, 3))

    assert all([1, 3] == numbers(task(draw=draw, drawn=1).hidden_cases(seed)) for seed in range(5))


def test_the_same_seed_draws_the_same() -> None:
    """A run that goes on grades what it began with."""
    drawing = task(draw=lambda rng: Case(arguments={"n": rng.random()}), drawn=2)
    assert drawing.hidden_cases(3) == drawing.hidden_cases(3) != drawing.hidden_cases(4)
