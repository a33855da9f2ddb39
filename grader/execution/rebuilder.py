"""Have models built from checked configs and asked, and keep what comes of it for the next who sends the same.

Most of a class build the same few models. What is kept depends on the config and the question alone, so that who
came first makes no difference.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from pydantic import JsonValue

from grader.evidence import Challenge, Question, ReplyPart, parse_reply
from grader.execution.clean_worker import CleanWorkers, WorkerError
from grader.execution.kept import Kept
from grader.execution.plain_names import PlainConfig, plainly_named
from grader.graph import ModelGraph

__all__ = ["REBUILDER", "Rebuilder", "Rebuilding", "runs_of"]

Answers = tuple[ReplyPart, ...]


class Rebuilder:
    """Builds models with the help of clean workers, and remembers."""

    def __init__(self, workers: CleanWorkers | None = None) -> None:
        self.workers = workers or CleanWorkers()
        self.graphs: Kept[str] = Kept()
        self.answers: Kept[str] = Kept()

    def of(self, backend: str, configs: Sequence[JsonValue]) -> Rebuilding:
        """Take the configs of one piece of evidence."""
        return Rebuilding(self, backend, [plainly_named(config) for config in configs])


class Rebuilding:
    """The models of some configs on one backend; a model is named by its config's place."""

    def __init__(self, owner: Rebuilder, backend: str, configs: Sequence[PlainConfig]) -> None:
        self._owner, self._backend, self._configs = owner, backend, configs
        self._keys = [_digest(backend, json.dumps(config.config, sort_keys=True)) for config in configs]

    def graphs(self) -> list[ModelGraph | str]:
        """Return the graph of each model, or a predicate that says why it could not be built.

        Raises:
            WorkerError: no process that builds models gave an answer.
        """
        found = {key: self._owner.graphs.get(key) for key in self._keys}
        missing = [place for place, key in enumerate(self._keys) if found[key] is None]
        failures: dict[int, str] = {}
        if missing:
            built = self._ask([self._configs[place].config for place in missing], None)["built"]
            for place, one in zip(missing, built, strict=True):
                if "graph" in one:
                    found[self._keys[place]] = graph = str(one["graph"])
                    self._owner.graphs.keep(self._keys[place], graph, len(graph))
                else:
                    failures[place] = self._configs[place].put_back_text(str(one["failure"]))
        graphs: list[ModelGraph | str] = []
        for place, key in enumerate(self._keys):
            text = found[key]
            graphs.append(
                self._configs[place].put_back(ModelGraph.from_json(text))
                if text is not None
                else failures[place]
            )
        return graphs

    def answers(self, questions: Sequence[Question]) -> list[Answers]:
        """Return the answers to each question, whose case is a config's place.

        Raises:
            WorkerError, EvidenceError: no process that builds models gave an answer that can be read.
        """
        keys = [self._question_key(question) for question in questions]
        found: dict[int, Answers] = {}
        for number, (question, key) in enumerate(zip(questions, keys, strict=True)):
            text = self._owner.answers.get(key)
            if text is not None:
                parts = parse_reply(text).parts
                found[number] = tuple(part.model_copy(update={"case": question.case}) for part in parts)
        missing = [number for number in range(len(questions)) if number not in found]
        if missing:
            found |= self._asked({number: questions[number] for number in missing}, keys)
        return [found[number] for number in range(len(questions))]

    def _asked(self, questions: dict[int, Question], keys: list[str]) -> dict[int, Answers]:
        places = sorted({question.case for question in questions.values()})
        asked = [
            question.model_copy(update={"case": places.index(question.case)})
            for question in questions.values()
        ]
        challenge = Challenge(task="rebuilt", questions=tuple(asked))
        answer = self._ask([self._configs[place].config for place in places], challenge)
        if "reply" not in answer:
            raise WorkerError("a model was built once and not again")
        reply = parse_reply(answer["reply"])
        parts = list(reply.parts)
        if len(parts) != sum(map(runs_of, asked)):
            raise WorkerError("it gave other answers than were asked for")
        found: dict[int, Answers] = {}
        for number, question in questions.items():
            own, parts = parts[: runs_of(question)], parts[runs_of(question) :]
            if all(part.failure is None for part in own):
                text = reply.model_copy(update={"parts": tuple(own)}).to_json()
                self._owner.answers.keep(keys[number], text, len(text))
            found[number] = tuple(part.model_copy(update={"case": question.case}) for part in own)
        return found

    def _ask(self, configs: list[JsonValue], challenge: Challenge | None) -> dict[str, Any]:
        request = {"configs": configs, "challenge": challenge and challenge.to_json()}
        runs = sum(map(runs_of, challenge.questions)) if challenge is not None else 0
        try:
            with self._owner.workers.lent(self._backend) as worker:
                return worker.ask(request, runs=runs)
        except WorkerError as error:
            if error.exceeded:
                raise
        with self._owner.workers.lent(self._backend) as worker:  # it may have been gone before it was asked
            return worker.ask(request, runs=runs)

    def _question_key(self, question: Question) -> str:
        return _digest(self._keys[question.case], question.model_copy(update={"case": 0}).to_json())


def runs_of(question: Question) -> int:
    """Return how many answers a question has."""
    return max(1, len(question.orders))


def _digest(*texts: str) -> str:
    found = hashlib.blake2b(digest_size=24)
    for text in texts:
        found.update(len(text).to_bytes(8, "little") + text.encode("utf-8", "surrogatepass"))
    return found.hexdigest()


REBUILDER = Rebuilder()
"""That of this process."""
