"""The second round: random weights and inputs for a kernel to compute with, and what its reply says.

A graph that came out of a student's process is only a claim. The judge draws weights and inputs, the
reference and the student's kernel both compute, and the outputs must agree. Whoever can answer has a
model that computes the reference's function. And a model whose graph differs is asked whether it computes
the same all the same, with its weights in each order worth trying. Where a graph differs and earns points in part, its
model has to take weights of the sizes that the graph names, and to give outputs of its shapes.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np

from grader.behaviour import draw, may_be_one_function, weight_maps
from grader.canonical import shows_in_outputs
from grader.comparison import Analysis, Comparison, summarize
from grader.comparison.records import Behaviour
from grader.evidence import Array, Challenge, Evidence, Question, Reply, ReplyPart
from grader.graph import ModelGraph, Shape
from grader.judge.analyses import analysed
from grader.judge.probes import Draws
from grader.judge.replies import behaviour_of, failed_run, fit_fault, proof_fault, worst_of
from grader.keys import Probe, TaskKey
from grader.tasks import CompareOptions

__all__ = ["Answers", "challenge_for", "transplanted", "try_out", "weigh"]


_MOST_NUMBERS = 30_000_000  # drawn for a graph that nobody has confirmed


@dataclass(frozen=True)
class Answers:
    """What a kernel's answers showed.

    ``faults``: where a graph is the expected one and the answer was not, question by question.
    ``behaviours``: by case, what the runs of a model with another graph showed. ``doubts``: where a model could not be
    run to show that it fits its graph.
    """

    faults: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    behaviours: dict[int, Behaviour] = field(default_factory=dict)


def challenge_for(key: TaskKey, evidence: Evidence, confirmed: Collection[int] = ()) -> Challenge | None:
    """Turn the key's probes into questions; ``None`` when there is nothing to ask.

    A case whose graph is the expected one has to prove it: one run, with the weights in the student's order.
    A case whose graph differs, and that might compute the same, is asked for all runs, with its weights in
    each order worth trying. Of those that are ``confirmed``, the graph is known to be their model's.
    """
    draws = Draws(key.evidence)
    plans = _plans(key, evidence, confirmed)
    questions = [question for plan in plans for question in plan.questions(draws)]
    return Challenge(task=evidence.task, questions=tuple(questions)) if questions else None


def weigh(key: TaskKey, evidence: Evidence, reply: Reply | None, confirmed: Collection[int] = ()) -> Answers:
    """Compare a reply to ``challenge_for(key, evidence, confirmed)`` with what the reference computed."""
    faults: list[str] = []
    doubts: list[str] = []
    behaviours: dict[int, Behaviour] = {}
    parts = list(reply.parts) if reply is not None else []
    for plan in _plans(key, evidence, confirmed):
        count = len(plan.probes) * max(1, len(plan.maps))
        own, parts = parts[:count], parts[count:]
        fitting = own if len(own) == count and all(part.case == plan.case for part in own) else None
        if plan.maps:
            behaviours[plan.case] = (
                failed_run("the model", "no answer came back")
                if fitting is None
                else behaviour_of(plan.probes, plan.maps, fitting)
            )
            continue
        if not plan.probes:
            doubts.append(f"Case {plan.case + 1} earns points in part and is too large to be run.")
            continue
        part = fitting[0] if fitting is not None else None
        fault = plan.fault(part) if part is not None else "no answer came back"
        if fault:
            faults.append(f"case {plan.case + 1}: {fault}")
        elif part is not None and part.failure:
            doubts.append(
                f"Case {plan.case + 1} earns points in part and could not be run: {part.failure[:300]}"
            )
    return Answers(tuple(faults), tuple(doubts), behaviours)


def try_out(
    key: TaskKey, evidence: Evidence, answer: Callable[[Challenge], Reply], draws: Draws | None = None
) -> Answers:
    """Find which cases compute the same though their graphs differ, asking a model that is at hand.

    ``answer`` runs it, for one question at a time: a large model's weights take memory for each. Nothing is
    proved. Orders of weights that differ in the first run are not asked again. ``draws`` are of ``key.evidence``.
    """
    draws = draws or Draws(key.evidence)
    behaviours: dict[int, Behaviour] = {}
    for plan in _plans(key, evidence, range(len(evidence.cases)), at_hand=True):
        if not plan.maps:
            continue
        first, others = replace(plan, probes=plan.probes[:1]), plan.probes[1:]
        parts = dict(zip(plan.maps, _asked(first, answer, draws), strict=True))
        agreeing = [m for m, part in parts.items() if worst_of(first.probes, [part], m).complete]
        if not agreeing:
            behaviours[plan.case] = behaviour_of(first.probes, plan.maps, list(parts.values()))
            continue
        rest = _asked(replace(plan, maps=tuple(agreeing), probes=others), answer, draws)
        # Whether the order of a run that failed would have agreed is not known: it stays among those tried.
        failed = [m for m, part in parts.items() if part.failure is not None]
        asked = [parts[m] for m in (*agreeing, *failed)]
        for start in range(0, len(rest), len(agreeing)):
            asked += [*rest[start : start + len(agreeing)], *(parts[m] for m in failed)]
        behaviours[plan.case] = behaviour_of(plan.probes, [*agreeing, *failed], asked)
    return Answers(behaviours=behaviours)


def _asked(plan: _Plan, answer: Callable[[Challenge], Reply], draws: Draws) -> list[ReplyPart]:
    """Ask the questions of a plan one by one."""
    task = plan.key.evidence.task
    challenges = (Challenge(task=task, questions=(question,)) for question in plan.questions(draws))
    return [part for challenge in challenges for part in answer(challenge).parts]


@dataclass(frozen=True)
class _Plan:
    """What one case is asked.

    ``maps`` are the orders of the student's weights to try; empty where the graph is the expected one, which
    has to be proved with the weights of ``comparison``. ``inputs`` and ``outputs`` then say which of the
    reference's each of the student's is, in the student's order. ``claimed`` is a graph that differs, and that its
    model has to fit; without ``probes`` it is too large to ask.
    """

    key: TaskKey
    case: int
    probes: tuple[Probe, ...]
    maps: tuple[tuple[int, ...], ...] = ()
    comparison: Comparison | None = None
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    claimed: ModelGraph | None = None

    def questions(self, draws: Draws) -> Iterator[Question]:
        """Ask one question for each probe."""
        if self.claimed is not None and self.probes:
            seed = (self.probes[0].seed, self.case, *self.key.task.id.encode())
            made = draw(self.claimed, seed, 0, 1.0)
            weights, inputs = tuple(map(Array.of, made.weights)), tuple(map(Array.of, made.inputs))
            yield Question(case=self.case, weights=weights, inputs=inputs)
            return
        for probe in self.probes:
            question = draws.question(probe.seed, probe)
            if self.comparison is not None:
                moved = transplanted(self.comparison, question.weights)
                inputs = tuple(question.inputs[position] for position in self.inputs)
                yield question.model_copy(update={"weights": moved, "inputs": inputs})
            else:
                yield question.model_copy(update={"orders": self.maps})

    def fault(self, part: ReplyPart) -> str | None:
        """Say what an answer shows to be untrue."""
        return proof_fault(self.wanted(), part) if self.claimed is None else fit_fault(self.claimed, part)

    def wanted(self) -> Probe:
        """Return what a proof is held against, with the outputs in the student's order."""
        probe = self.probes[0]
        return probe.model_copy(update={"outputs": tuple(probe.outputs[place] for place in self.outputs)})


def _plans(
    key: TaskKey, evidence: Evidence, confirmed: Collection[int] = (), *, at_hand: bool = False
) -> Iterator[_Plan]:
    """Plan what each case is asked; one that is at hand has nothing to prove, and shows what no graph can."""
    options = next((e.options for e in key.task.expects if e.kind == "architecture"), CompareOptions())
    for case, group in groupby(key.probes, key=lambda probe: probe.case):
        graphs = _graphs(key, evidence, case)
        if graphs is None:
            continue
        probes, analysis = tuple(group), analysed(*graphs, options)
        if analysis.same and not (at_hand and analysis.unseen):
            comparison = summarize(analysis)
            # Where what is free shows in the outputs, there is nothing to hold them against.
            proves = not shows_in_outputs(options.free_settings)
            if proves and comparison.weight_map is not None and -1 not in comparison.weight_map:
                inputs, outputs = _ports(analysis)
                yield _Plan(key, case, probes[:1], comparison=comparison, inputs=inputs, outputs=outputs)
        elif may_be_one_function(analysis, options):
            maps = tuple(weight_maps(analysis))
            if maps:
                yield _Plan(key, case, probes, maps)
                continue
        unknown = case not in confirmed and graphs[0].dynamic is None
        if not analysis.same and unknown and _earns_in_part(key):
            small = _numbers(graphs[0]) <= _MOST_NUMBERS
            yield _Plan(key, case, probes[:1] if small else (), claimed=graphs[0])


def _earns_in_part(key: TaskKey) -> bool:
    """Say whether a model that is not the expected one can earn points."""
    return any(e.points > 0 and e.kind not in ("architecture", "answer") for e in key.task.expects)


def _numbers(graph: ModelGraph) -> int:
    """Count the numbers that are drawn for a run of a graph."""
    sizes: list[Shape] = [weight.shape for weight in graph.weights]
    sizes += [graph.tensors[port.tensor].shape for port in graph.inputs]
    return sum(math.prod(10 if length is None else length for length in size) for size in sizes)


def _ports(analysis: Analysis) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Say which of the reference's inputs and outputs each of the student's is, where the graphs are the same."""
    pairs, reference = analysis.pairs, analysis.reference
    at = {node: position for position, (_, node) in enumerate(reference.inputs)}
    places = defaultdict(list)
    for position, (_, node, output) in enumerate(reference.outputs):
        places[node, output].append(position)
    return (
        tuple(at[pairs[node]] for _, node in analysis.student.inputs),
        tuple(places[pairs[node], output].pop(0) for _, node, output in analysis.student.outputs),
    )


def _graphs(key: TaskKey, evidence: Evidence, case: int) -> tuple[ModelGraph, ModelGraph] | None:
    if case >= len(evidence.cases):
        return None
    student, reference = evidence.cases[case].graph, key.evidence.cases[case].graph
    return None if student is None or reference is None else (student, reference)


def transplanted(comparison: Comparison, weights: tuple[Array, ...]) -> tuple[Array, ...]:
    """Put the reference's weights into the student's order, permuted where the comparison says so."""
    found = [weights[counterpart] for counterpart in comparison.weight_map or ()]
    for moved in comparison.weight_orders:
        array = found[moved.weight].numpy()
        found[moved.weight] = Array.of(np.take(array, moved.order, axis=moved.axis))
    return tuple(found)
