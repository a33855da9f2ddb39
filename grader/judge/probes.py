"""What the reference computes: weights and inputs drawn for it, and what is kept of its answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from grader.behaviour import DRAWS, STRENGTHS, Drawn, draw, least_spread, weakened
from grader.errors import CourseError
from grader.evidence import Array, Challenge, Evidence, Question, Reply, ReplyPart
from grader.keys import Probe

__all__ = ["LEAST_SPREAD", "Draws", "ask", "drawn", "probes_from", "questions", "tells"]

LEAST_SPREAD = 1e-2  # of the largest output: well above what float32 loses on the way


@dataclass(frozen=True)
class _Run:
    """One run of the reference: which case, which draw, how strong, in which mode."""

    case: int
    draw: int
    strength: float
    training: bool


def _runs(reference: Evidence, glance: float | None) -> Iterator[_Run]:
    for case, given in enumerate(reference.cases):
        if given.graph is None or given.graph.dynamic is not None:
            continue
        if glance is not None:
            yield _Run(case, 0, glance, training=False)
            continue
        for number in range(DRAWS):
            for strength in STRENGTHS:
                yield _Run(case, number, strength, training=False)
                yield _Run(case, number, strength, training=True)


def drawn(reference: Evidence, seed: int, case: int, number: int, strength: float) -> Drawn:
    """Draw the weights and inputs of one run again; see ``grader.behaviour.draw``."""
    graph = reference.cases[case].graph
    if graph is None:
        raise CourseError(f"Case {case} of {reference.task!r} has no graph to draw weights for.")
    return draw(graph, (seed, case, *reference.task.encode()), number, strength)


class Draws:
    """What is drawn for runs of a reference: of a large model, drawing takes longer than running.

    The last few draws are kept, packed as questions hold them; runs of all strengths and modes have them in common.
    """

    _MOST = DRAWS

    def __init__(self, reference: Evidence) -> None:
        self._reference = reference
        self._made: dict[tuple[int, int, int], tuple[Drawn, tuple[Array, ...], tuple[Array, ...]]] = {}

    def question(self, seed: int, run: _Run | Probe, *, reactions: bool = False) -> Question:
        """Ask for a run of the reference, or one like it."""
        key = (seed, run.case, run.draw)
        if key not in self._made:
            while len(self._made) >= self._MOST:
                del self._made[next(iter(self._made))]
            made = drawn(self._reference, seed, run.case, run.draw, 1.0)
            self._made[key] = made, tuple(map(Array.of, made.weights)), tuple(map(Array.of, made.inputs))
        made, weights, inputs = self._made[key]
        graph = self._reference.cases[run.case].graph
        if graph is not None:
            weaker = weakened(graph, made, run.strength).weights
            weights = tuple(
                kept if other is own else Array.of(other)
                for own, kept, other in zip(made.weights, weights, weaker, strict=True)
            )
        return Question(
            case=run.case, weights=weights, inputs=inputs, training=run.training, reactions=reactions
        )


def questions(
    reference: Evidence, seed: int, *, glance: float | None = None, draws: Draws | None = None
) -> Iterator[Question]:
    """Yield the questions of ``ask`` one by one: a large model's weights take memory for each of them."""
    draws = draws or Draws(reference)
    for run in _runs(reference, glance):
        reactions = glance is None and run.draw == 0 and not run.training
        yield draws.question(seed, run, reactions=reactions)


def ask(reference: Evidence, seed: int, *, glance: float | None = None) -> Challenge:
    """Ask the reference itself, with drawn weights and inputs; the same seed draws the same.

    ``glance`` asks for one run of each case alone, of that strength.

    Each case is asked several times, with the weights in front of the outputs ever weaker: a softmax that
    is fed large numbers gives one class for every input, and from that no wrong model could be told.
    ``probes_from`` keeps the best.
    """
    return Challenge(task=reference.task, questions=tuple(questions(reference, seed, glance=glance)))


def probes_from(
    reference: Evidence, seed: int, reply: Reply, *, strict: bool = True, glance: float | None = None
) -> tuple[Probe, ...]:
    """Keep what the reference answered: for each case and draw the most telling strength, in both modes.

    ``glance`` is what ``ask`` was given.

    Raises:
        CourseError: the reference gave no answer; or, when ``strict``, outputs so even that no wrong model
            could be told from them.
    """
    asked = list(_runs(reference, glance))
    probes: list[Probe] = []
    for number, run in enumerate(asked):
        part = reply.parts[number] if number < len(reply.parts) else None
        if part is None or part.case != run.case or part.failure is not None or not part.outputs:
            reason = part.failure if part is not None and part.failure else "no outputs came back"
            raise CourseError(
                f"The reference solution of {reference.task!r} could not be run on case {run.case}: {reason}"
            )
        probes.append(
            Probe(
                case=run.case,
                seed=seed,
                draw=run.draw,
                strength=run.strength,
                training=run.training,
                outputs=part.outputs,
                changed=part.changed,
                state=part.state,
                penalty=part.penalty,
                silent=part.silent,
            )
        )
    kept: list[Probe] = []
    for case, group in groupby(probes, key=lambda probe: probe.case):
        of_case = _best(list(group))
        if strict and not tells(of_case[0]):
            raise CourseError(
                f"The reference solution of {reference.task!r} gives the same output for every input of "
                f"case {case}, so a wrong model could not be told from it."
            )
        kept += of_case
    return tuple(kept)


def tells(probe: Probe | ReplyPart) -> bool:
    """Say whether a model that computes something else would be noticed: its outputs differ between inputs."""
    return least_spread([array.numpy() for array in probe.outputs]) >= LEAST_SPREAD


def _best(probes: list[Probe]) -> list[Probe]:
    """Keep, of each draw of one case, the strength whose outputs spread most; the most telling draw first."""
    unheard = [set(p.silent) for p in probes if p.draw == 0 and not p.training and tells(p)]
    silent = tuple(sorted(set.intersection(*unheard))) if unheard else ()
    found: list[tuple[float, list[Probe]]] = []
    for _, group in groupby(probes, key=lambda probe: probe.draw):
        pairs: list[tuple[float, list[Probe]]] = []
        for _, modes in groupby(group, key=lambda probe: probe.strength):
            both = [probe.model_copy(update={"silent": silent}) for probe in modes]
            pairs.append((least_spread([a.numpy() for a in both[0].outputs]), both))
        found.append(max(pairs, key=lambda pair: pair[0]))
    found.sort(key=lambda pair: -pair[0])
    return [probe for _, both in found for probe in both]
