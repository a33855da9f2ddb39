"""Compare how two models behave that are both at hand, without a key made beforehand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from grader.behaviour import STRENGTHS, may_be_one_function, weight_maps
from grader.comparison import Analysis
from grader.comparison.records import Behaviour
from grader.errors import CourseError
from grader.evidence import Case, CaseEvidence, Challenge, Evidence, Reply, ReplyPart
from grader.graph import ModelGraph
from grader.judge.challenge import try_out
from grader.judge.probes import LEAST_SPREAD, Draws, probes_from, questions, tells
from grader.judge.replies import failed_run
from grader.keys import Probe, TaskKey
from grader.tasks import Architecture, CompareOptions, PublicTask

__all__ = ["compare_behaviour"]

Ask = Callable[[Challenge], Reply]


def compare_behaviour(
    analysis: Analysis, options: CompareOptions, ask_student: Ask, ask_reference: Ask
) -> Behaviour | None:
    """Run both models where their graphs differ and they might compute the same; ``None`` where not.

    ``ask_student`` and ``ask_reference`` run the models and answer as a kernel would.
    """
    if not may_be_one_function(analysis, options) or not weight_maps(analysis):
        return None
    # A model that decides by values is run like any other, where what decides cannot be read in either.
    reference = analysis.reference.source.model_copy(update={"dynamic": None})
    wanted, given = _evidence(reference), _evidence(analysis.student.source)
    expects = (Architecture(points=0, options=options),)
    task = PublicTask(id=wanted.task, title="", hints=(), expects=expects)
    key = TaskKey(task=task, cases=(Case(),), visible=1, evidence=wanted)
    draws = Draws(wanted)

    def tried(glance: float | None, given: Evidence = given, ask: Ask = ask_student) -> Behaviour | None:
        reply = _asked(wanted, glance, ask_reference, draws)
        if reply.parts and reply.parts[-1].failure is not None:
            return failed_run("the expected model", reply.parts[-1].failure)
        probes = probes_from(wanted, 0, reply, strict=False, glance=glance)
        found = try_out(key.model_copy(update={"probes": probes}), given, ask, draws).behaviours.get(0)
        failed = found is not None and bool(found.failed)
        decided = glance is None or failed or tells(probes[0]) or _clearly_apart(found, probes[0])
        return found if decided else None

    try:
        # One run shows most wrong models; what agrees in it is asked all there is to ask.
        first = next(filter(None, map(tried, STRENGTHS)), None)
        found = first if first is not None and not first.same else tried(None)
        if analysis.same and found is not None and not (found.same or found.shows_nothing):
            again = tried(STRENGTHS[0], wanted, ask_reference)
            if again is not None and not again.same:
                return failed_run("the expected model", "it gives other outputs each time it is run")
        return found
    except CourseError:
        return failed_run("the expected model", "no outputs came back")


def _asked(reference: Evidence, glance: float | None, answer: Ask, draws: Draws) -> Reply:
    """Ask the reference one question at a time, and for each weight only until outputs are seen to react to it."""
    parts: list[ReplyPart] = []
    count = len(reference.cases[0].graph.weights) if reference.cases[0].graph is not None else 0
    silent = set(range(count))
    for asked in questions(reference, 0, glance=glance, draws=draws):
        question = asked
        if question.reactions:
            felt = tuple(weight for weight in range(count) if weight not in silent)
            question = question.model_copy(update={"reactions": bool(silent), "felt": felt})
        (part,) = answer(Challenge(task=reference.task, questions=(question,))).parts
        parts.append(part)
        if part.failure is not None:
            break
        if question.reactions and tells(part):
            silent &= set(part.silent)
    return Reply(task=reference.task, parts=tuple(parts))


def _clearly_apart(found: Behaviour | None, probe: Probe) -> bool:
    """Say whether outputs differ by more than any rounding, however little they react to the inputs."""
    if found is None or found.same:
        return False
    largest = max(float(np.max(np.abs(array.numpy()), initial=0.0)) for array in probe.outputs)
    return found.gap >= LEAST_SPREAD * largest > 0


def _evidence(graph: ModelGraph) -> Evidence:
    case = CaseEvidence(kind="model", graph=graph)
    return Evidence(task="compare", backend="", keras="", cases=(case,))
