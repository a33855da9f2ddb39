"""Examine the evidence of one run: build again what was described, and ask the kernel for what cannot be.

White-box evidence is not believed on its word. A model of Keras's own layers is built again from its config in a
clean process, which describes it and answers for it; any other answers a challenge in the student's kernel.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from grader.errors import EvidenceError, UnreadableModelError
from grader.evidence import Challenge, Evidence, Question, Reply, ReplyPart, RunFacts
from grader.execution.clean_worker import BACKENDS, WorkerError
from grader.execution.kept import Kept
from grader.execution.rebuilder import REBUILDER, Rebuilder, Rebuilding, runs_of
from grader.judge import TryParity, challenge_for, confirm, judge
from grader.keys import TaskKey
from grader.saved_config import checked_text
from grader.verdict import Verdict

__all__ = ["EXAMINER", "Examined", "Examiner"]


@dataclass(frozen=True)
class Examined:
    """What was found of one task's evidence.

    ``given`` is the evidence as it came, ``evidence`` what is judged; ``questions`` what was asked of it, and ``answers`` those that a clean process gave,
    by their place. The rest is asked of the kernel. ``notes`` and ``doubts`` are those of ``RunFacts``.
    """

    given: Evidence
    evidence: Evidence
    questions: tuple[Question, ...] = ()
    answers: dict[int, tuple[ReplyPart, ...]] = field(default_factory=dict)
    confirmed: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def challenge(self) -> Challenge | None:
        """What the kernel is asked; nothing where all is answered."""
        left = tuple(q for place, q in enumerate(self.questions) if place not in self.answers)
        return Challenge(task=self.evidence.task, questions=left) if left else None

    def replied(self, reply: Reply | None) -> Reply | None:
        """Put the kernel's answers among those that are there, in the order of the questions."""
        if not self.answers:
            return reply
        parts: list[ReplyPart] = []
        theirs = list(reply.parts) if reply is not None else []
        for place, question in enumerate(self.questions):
            count = runs_of(question)
            if place in self.answers:
                parts += self.answers[place]
            else:  # one that is missing would shift those behind it
                own, theirs = theirs[:count], theirs[count:]
                missing = ReplyPart(case=question.case, failure="no answer came back")
                parts += own + [missing] * (count - len(own))
        return Reply(task=self.evidence.task, parts=tuple(parts))


class Examiner:
    """Examines evidence with the help of a rebuilder."""

    def __init__(self, rebuilder: Rebuilder = REBUILDER) -> None:
        self._rebuilder = rebuilder
        # The key's task is kept with what was found, so that no other takes its identity.
        self._known: Kept[tuple[TaskKey, Examined]] = Kept()

    def examine(self, held: TaskKey, evidence: Evidence) -> Examined:
        """Say what is to be judged, and what the kernel still has to answer.

        What others sent before is not examined again: most of a class hand in the same few models.
        """
        text = evidence.to_json()
        key = (id(held), text)
        known = self._known.get(key)
        if known is not None:
            return replace(known[1], given=evidence)
        notes: list[str] = []
        doubts: list[str] = []
        try:
            examined = self._examined(held, evidence, notes, doubts)
        except (WorkerError, EvidenceError) as error:
            doubts.append(f"The models could not be built again: {error}.")
            return _unasked(held, evidence, notes, doubts)  # not kept: another time they may be
        self._known.keep(key, (held, examined), len(text) + _size(examined))
        return examined

    def _examined(self, held: TaskKey, evidence: Evidence, notes: list[str], doubts: list[str]) -> Examined:
        configs: dict[int, Any] = {}
        for case, given in enumerate(evidence.cases):
            if given.graph is None or given.config is None:
                continue
            try:
                configs[case] = checked_text(given.config)
            except UnreadableModelError as error:  # an honest kernel has checked it in the same way
                doubts.append(
                    f"Case {case + 1}: the config that was sent with the model is refused: it {error}"
                )
        if not configs or evidence.backend not in BACKENDS or len(evidence.cases) != len(held.cases):
            return _unasked(held, evidence, notes, doubts)
        models = self._rebuilder.of(evidence.backend, list(configs.values()))
        return _rebuilt(models, held, evidence, list(configs), notes, doubts)

    def verdict(
        self,
        held: TaskKey,
        evidence: Evidence | None,
        examined: Examined | None,
        reply: Reply | None,
        facts: RunFacts,
        parity: TryParity | None = None,
    ) -> Verdict:
        """Judge a task; evidence that was not examined while the kernel lived is examined now."""
        if evidence is None:
            return judge(held, None, reply, facts)
        if examined is None or examined.given is not evidence:
            examined = self.examine(held, evidence)
        facts = facts.model_copy(
            update={
                "notes": (*facts.notes, *examined.notes),
                "doubts": (*facts.doubts, *examined.doubts),
                "confirmed": examined.confirmed,
            }
        )
        return judge(held, examined.evidence, examined.replied(reply), facts, parity=parity)


def _size(examined: Examined) -> int:
    """Return how many characters the numbers take that are asked and answered."""
    asked = [array for question in examined.questions for array in (*question.weights, *question.inputs)]
    answered = [array for parts in examined.answers.values() for part in parts for array in part.outputs]
    return sum(len(array.data) for array in asked + answered)


def _unasked(
    held: TaskKey, evidence: Evidence, notes: list[str], doubts: list[str], confirmed: tuple[int, ...] = ()
) -> Examined:
    """Return evidence with the questions that it raises, none of them answered."""
    challenge = challenge_for(held, evidence, confirmed)
    return Examined(
        given=evidence,
        evidence=evidence,
        questions=challenge.questions if challenge is not None else (),
        confirmed=confirmed,
        notes=tuple(notes),
        doubts=tuple(doubts),
    )


def _rebuilt(
    models: Rebuilding,
    held: TaskKey,
    evidence: Evidence,
    sent: list[int],
    notes: list[str],
    doubts: list[str],
) -> Examined:
    """Hold evidence against the models of its configs; ``sent`` are the cases that have one."""
    cases = list(evidence.cases)
    confirmed = []
    for case, built in zip(sent, models.graphs(), strict=True):
        claimed = cases[case].graph
        if isinstance(built, str) or claimed is None:
            notes.append(f"The model of case {case + 1} answered for itself: built again, it {built}")
            continue
        found = confirm(claimed, built)
        if found.doubt:
            doubts.append(f"Case {case + 1}: {found.doubt}.")
        if found.graph is None:
            notes.append(f"The model of case {case + 1} answered for itself: {found.note}.")
            continue
        confirmed.append(case)
        cases[case] = cases[case].model_copy(update={"graph": found.graph})
    judged = evidence.model_copy(update={"cases": tuple(cases)})
    examined = replace(_unasked(held, judged, notes, doubts, tuple(confirmed)), given=evidence)
    own = {place: q for place, q in enumerate(examined.questions) if q.case in confirmed}
    asked = [question.model_copy(update={"case": sent.index(question.case)}) for question in own.values()]
    answers = {
        place: tuple(part.model_copy(update={"case": own[place].case}) for part in parts)
        for place, parts in zip(own, models.answers(asked), strict=True)
        if all(part.failure is None for part in parts)  # else the kernel is asked, which may do better
    }
    return replace(examined, answers=answers)


EXAMINER = Examiner()
"""That of this process."""
