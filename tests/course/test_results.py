"""Unit rules that need Keras: what the solution, the untouched notebook and the samples earn on each backend."""

import pytest

from grader.graph import ModelGraph
from grader.judge import confirm, judge
from grader.keys import TaskKey
from grader.portability.grading import try_parity
from grader.verdict import Outcome
from tests.course.course_units import BACKENDS

pytestmark = pytest.mark.backends


def attempted(unit, sample):
    """The tasks whose function the sample writes itself."""
    return [task for task in unit.tasks.tasks if unit.checked_name(task) in unit.samples[sample].functions]


def said(verdict):
    """Everything a verdict names: misconceptions, and the kinds of the plain differences."""
    differences = () if verdict.comparison is None else verdict.comparison.differences
    return {diagnosis.id for diagnosis in verdict.diagnoses} | {difference.kind for difference in differences}


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_solution_earns_every_automatic_point(unit, judged, backend):
    """The reference solution gets full marks on every task, hidden cases included, on every backend."""
    verdicts = [judged(unit, task, None, backend) for task in unit.tasks.tasks]
    assert [(v.task, Outcome.CORRECT, v.max_score) for v in verdicts] == [
        (v.task, v.outcome, v.score) for v in verdicts
    ]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_untouched_assignment_is_not_attempted(unit, judged, backend):
    """What a student is handed scores zero and is called not attempted, not wrong, on every backend."""
    verdicts = [judged(unit, task, "untouched", backend) for task in unit.tasks.tasks]
    assert [(v.task, Outcome.NOT_ATTEMPTED, 0.0) for v in verdicts] == [
        (v.task, v.outcome, v.score) for v in verdicts
    ]


@pytest.mark.parametrize("backend", BACKENDS)
def test_correct_samples_earn_full_marks(unit, judged, backend):
    """Every correct sample gets every point of every task, in its own and the reference's code, on every backend."""
    correct = [name for name, sample in unit.samples.items() if sample.misconception is None]
    verdicts = {
        (name, task.id): judged(unit, task, name, backend) for name in correct for task in unit.tasks.tasks
    }
    assert {place: (Outcome.CORRECT, v.max_score) for place, v in verdicts.items()} == {
        place: (v.outcome, v.score) for place, v in verdicts.items()
    }


@pytest.mark.parametrize("backend", BACKENDS)
def test_wrong_samples_are_told_their_mistake(unit, judged, backend):
    """Every wrong sample loses points on each task it attempts and is told the mistake in its name, on every backend."""
    silent = {}
    for name, sample in unit.samples.items():
        if sample.misconception is not None:
            for task in attempted(unit, name):
                verdict = judged(unit, task, name, backend)
                if verdict.score == verdict.max_score or sample.misconception not in said(verdict):
                    silent[name, task.id] = (verdict.outcome, verdict.score, said(verdict))
    assert {} == silent


def test_every_expectation_matters(unit, evidence_of):
    """Taking any one expectation out of a task changes the outcome of some sample."""
    idle = []
    for task in unit.tasks.tasks:
        trials = [
            evidence_of(unit, task, name, "torch") for name in unit.samples if task in attempted(unit, name)
        ]

        def outcomes(expects, task=task, trials=trials):
            public = task.public.model_copy(update={"expects": expects})
            key = TaskKey(
                task=public,
                cases=unit.cases(task),
                visible=len(task.cases),
                evidence=evidence_of(unit, task, None, "torch"),
            )
            return [judge(key, trial, parity=try_parity).outcome for trial in trials]

        everything = outcomes(task.expects)
        for position, expectation in enumerate(task.expects):
            rest = task.expects[:position] + task.expects[position + 1 :]
            # With nothing left to expect, everything passes: then some sample must have failed before.
            without = outcomes(rest) if rest else [Outcome.CORRECT] * len(trials)
            if without == everything:
                idle.append((task.id, expectation.kind))
    assert [] == idle


@pytest.mark.parametrize("backend", BACKENDS)
def test_models_of_keras_layers_are_confirmed(unit, evidence_of, workers, backend):
    """Built again from its config, every model of the solution and of each sample is the one described."""
    collected = [
        (sample, task.id, case)
        for sample in (None, *unit.samples)
        for task in unit.tasks.tasks
        for case in evidence_of(unit, task, sample, backend).cases
        if case.config is not None
    ]
    if not collected:
        pytest.skip("no model of this unit is made of Keras's layers alone")
    graphs = workers[backend].run(
        "tests.course.submissions", "graphs_of", configs=[case.config for _, _, case in collected]
    )
    found = [
        (sample, task, confirm(case.graph, ModelGraph.from_json(graph)))
        for (sample, task, case), graph in zip(collected, graphs, strict=True)
    ]
    assert [] == [
        (sample, task, said.doubt or said.note)
        for sample, task, said in found
        if said.graph is None or said.doubt
    ]
