"""What is judged of a piece of evidence, and what its kernel is still asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from grader.evidence import Array, CaseEvidence, Evidence, Question, Reply, ReplyPart, RunFacts
from grader.execution.clean_worker import WorkerError
from grader.execution.examination import Examiner
from grader.graph import ModelGraph
from grader.verdict import Outcome
from tests.attacks.test_hostile_files import layer, model
from tests.unit.judge.test_judge import compute, evidence, linear, private_key

CONFIG = json.dumps(model(layer()))


class Models:
    """Stands in for the models that a clean process would build: graphs, and how they answer."""

    def __init__(self, *graphs: ModelGraph | str, scale: float = 1.0, fails: bool = False) -> None:
        self._graphs, self._scale, self._fails = graphs, scale, fails
        self.asked: list[Question] = []
        self.configs: list[Any] = []

    def of(self, backend: str, configs: Any) -> Models:
        self.configs += configs
        return self

    def graphs(self) -> list[ModelGraph | str]:
        if self._fails:
            raise WorkerError("it took more than 30 seconds")
        return list(self._graphs)

    def answers(self, questions: Any) -> list[tuple[ReplyPart, ...]]:
        self.asked += questions
        reply = compute(_challenge(questions), self._scale)
        return [(part,) for part in reply.parts]


def _challenge(questions: Any) -> Any:
    from grader.evidence import Challenge

    return Challenge(task="block", questions=tuple(questions))


def sent(*graphs: ModelGraph, config: str | None = CONFIG, backend: str = "torch") -> Evidence:
    cases = (CaseEvidence(kind="model", graph=graph, config=config) for graph in graphs)
    return evidence(*cases).model_copy(update={"backend": backend})


def verdict(models: Models, given: Evidence, reply: Reply | None = None) -> Any:
    examiner, key = Examiner(models), private_key()  # type: ignore[arg-type]
    return examiner.verdict(key, given, examiner.examine(key, given), reply, RunFacts())


def test_a_confirmed_model_is_asked_in_the_clean_process_alone() -> None:
    """The kernel has nothing left to answer, and the verdict needs nobody's look."""
    models, given = Models(linear(), linear(4)), sent(linear(), linear(4))
    examined = Examiner(models).examine(private_key(), given)  # type: ignore[arg-type]
    assert (None, (0, 1), 2) == (examined.challenge, examined.confirmed, len(models.asked))
    found = verdict(models, given)
    assert (Outcome.CORRECT, None, ()) == (found.outcome, found.needs_look, found.remarks)


def test_what_is_asked_is_drawn_from_the_campaigns_seed() -> None:
    """Weights and inputs are those that the reference was asked with, hidden cases included."""
    models, key = Models(linear(), linear(4)), private_key().model_copy(update={"visible": 1})
    Examiner(models).examine(key, sent(linear(), linear(4)))  # type: ignore[arg-type]
    other = key.model_copy(
        update={"probes": tuple(probe.model_copy(update={"seed": 12}) for probe in key.probes)}
    )
    Examiner(models).examine(other, sent(linear(), linear(4)))  # type: ignore[arg-type]
    assert [0, 1, 0, 1] == [question.case for question in models.asked]
    for position in (0, 1):
        assert models.asked[position].inputs != models.asked[position + 2].inputs


def test_a_model_that_computes_otherwise_is_not_believed() -> None:
    """The graph is that of the rebuilt model, and the outputs still have to be the reference's."""
    found = verdict(Models(linear(), linear(4), scale=1.01), sent(linear(), linear(4)))
    assert (Outcome.INCORRECT, 0.0) == (found.outcome, found.score)


def test_a_forged_graph_is_judged_as_what_its_config_builds() -> None:
    """The reference's graph beside another model's config earns what that model earns, and a look."""
    forged = verdict(Models(linear(2), linear(2)), sent(linear(), linear(4)))
    honest = verdict(Models(linear(2), linear(2)), sent(linear(2), linear(2)))
    assert (honest.outcome, honest.score, honest.message) == (forged.outcome, forged.score, forged.message)
    assert honest.needs_look is None
    assert "Case 1: the model that was described is not the one that its config builds" in forged.needs_look


@pytest.mark.parametrize("built", ["has 200,000,000 parameters; at most 100,000,000 are built again.", None])
def test_a_model_that_cannot_be_built_again_answers_for_itself(built: str | None) -> None:
    """A failure of ours costs a correct model nothing: its kernel is asked, and the record says so."""
    models = Models(built, built) if built else Models(fails=True)
    given, key = sent(linear(), linear(4)), private_key()
    examined = Examiner(models).examine(key, given)  # type: ignore[arg-type]
    assert examined.challenge is not None
    found = verdict(models, given, compute(examined.challenge))
    assert (Outcome.CORRECT, 5.0) == (found.outcome, found.score)
    if built:
        assert f"The model of case 1 answered for itself: built again, it {built}" in found.remarks
    else:
        assert found.needs_look == "The models could not be built again: it took more than 30 seconds."


def test_of_two_models_only_the_unconfirmed_one_is_asked_in_the_kernel() -> None:
    """Answers of both processes come together in the order of the questions."""
    models, given, key = Models(linear(), "no"), sent(linear(), linear(4)), private_key()
    examined = Examiner(models).examine(key, given)  # type: ignore[arg-type]
    assert examined.challenge is not None
    assert [1] == [question.case for question in examined.challenge.questions]
    reply = compute(examined.challenge)
    assert Outcome.CORRECT == Examiner(models).verdict(key, given, examined, reply, RunFacts()).outcome  # type: ignore[arg-type]
    assert Outcome.INCORRECT == Examiner(models).verdict(key, given, examined, None, RunFacts()).outcome  # type: ignore[arg-type]


def test_an_answer_that_failed_in_the_clean_process_is_asked_for_in_the_kernel() -> None:
    """What a clean process cannot run, the student's kernel may."""

    class Failing(Models):
        def answers(self, questions: Any) -> list[tuple[ReplyPart, ...]]:
            return [(ReplyPart(case=question.case, failure="no memory"),) for question in questions]

    examined = Examiner(Failing(linear(), linear(4))).examine(private_key(), sent(linear(), linear(4)))  # type: ignore[arg-type]
    assert examined.challenge is not None
    assert [0, 1] == [question.case for question in examined.challenge.questions]


@pytest.mark.parametrize("without", ["config", "backend"])
def test_a_model_without_config_is_asked_in_its_kernel(without: str) -> None:
    """Custom classes send none; a backend that nobody knows is not started."""
    given = sent(linear(), linear(4), **({"config": None} if without == "config" else {"backend": "mine"}))  # type: ignore[arg-type]
    models = Models()
    examined = Examiner(models).examine(private_key(), given)  # type: ignore[arg-type]
    assert ([], ()) == (models.configs, examined.confirmed)
    assert examined.challenge is not None


def test_a_refused_config_is_never_built_and_a_person_is_told() -> None:
    """The kernel's own check would have kept such a config back."""
    bad = json.dumps(model(layer(units=10**13)))
    models = Models()
    given = sent(linear(), linear(4), config=bad)
    examined = Examiner(models).examine(private_key(), given)  # type: ignore[arg-type]
    assert [] == models.configs
    assert examined.challenge is not None
    found = verdict(models, given, compute(examined.challenge))
    assert (Outcome.CORRECT, 5.0) == (found.outcome, found.score)
    assert found.needs_look.startswith(
        "Case 1: the config that was sent with the model is refused: it is not used: at"
    )


def test_evidence_that_came_too_late_is_examined_when_it_is_judged() -> None:
    """A kernel that died right after its check was never asked; the clean process is."""
    models, given = Models(linear(), linear(4)), sent(linear(), linear(4))
    found = Examiner(models).verdict(private_key(), given, None, None, RunFacts())  # type: ignore[arg-type]
    assert Outcome.CORRECT == found.outcome


def test_a_reply_with_too_few_parts_does_not_shift_the_others() -> None:
    """A missing answer is missing where it was asked for."""
    models, given, key = Models("no", linear(4)), sent(linear(), linear(4)), private_key()
    examined = Examiner(models).examine(key, given)  # type: ignore[arg-type]
    merged = examined.replied(Reply(task="block", parts=()))
    assert merged is not None
    assert ["no answer came back", None] == [part.failure for part in merged.parts]
    assert isinstance(merged.parts[1].outputs[0], Array)


def test_evidence_that_was_sent_once_more_is_examined_anew() -> None:
    """What was found of an earlier message is not said of the last, which is the one that counts."""
    first, last = sent(linear(2), linear(2)), sent(linear(), linear(4))
    examiner, key = Examiner(Models(linear(2), linear(2))), private_key()  # type: ignore[arg-type]
    found = examiner.examine(key, first)
    examiner._rebuilder = Models(linear(), linear(4))  # type: ignore[assignment]
    assert Outcome.CORRECT == examiner.verdict(key, last, found, None, RunFacts()).outcome


def test_the_same_evidence_is_examined_once() -> None:
    """What another sent before is not built and asked again, and the verdict is the same; it is of the one given."""
    models, key = Models(linear(), linear(4)), private_key()
    examiner = Examiner(models)  # type: ignore[arg-type]
    first = examiner.examine(key, sent(linear(), linear(4)))
    asked = len(models.asked)
    again = sent(linear(), linear(4))
    second = examiner.examine(key, again)
    assert (asked, again) == (len(models.asked), second.given)
    assert second.given is again
    assert first == second
    assert Outcome.CORRECT == examiner.verdict(key, again, second, None, RunFacts()).outcome


def test_other_evidence_and_another_key_are_examined_anew() -> None:
    """One layer more in the graph, or another campaign's task, is nothing that was seen before."""
    models, key = Models(linear(), linear(4)), private_key()
    examiner = Examiner(models)  # type: ignore[arg-type]
    examiner.examine(key, sent(linear(), linear(4)))
    examiner.examine(key, sent(linear(2), linear(2)))
    assert 4 == len(models.configs)
    examiner.examine(private_key(), sent(linear(), linear(4)))
    assert 6 == len(models.configs)


def test_what_could_not_be_built_is_tried_again() -> None:
    """A process that was out of breath costs one submission a look, not all that are like it."""
    models, key = Models(linear(), linear(4), fails=True), private_key()
    examiner, given = Examiner(models), sent(linear(), linear(4))  # type: ignore[arg-type]
    assert 1 == len(examiner.examine(key, given).doubts)
    models._fails = False
    assert ((), (0, 1)) == ((found := examiner.examine(key, given)).doubts, found.confirmed)
