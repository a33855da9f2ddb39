"""Score the engine on pairs of models: is each decided rightly, and is the mistake named rightly.

``python -m tests.corpus.score blind`` prints what went wrong and the score. The usual list check
(``[class, output shape, parameters]`` of ``model.layers``, zipped) is run on the same pairs.

``--only TEXT`` scores the pairs whose module or name holds the text. ``--evidence FOLDER`` keeps what was
collected there and reads it the next time, so that a change of the comparison is scored in seconds; it is
out of date as soon as the pairs or ``grader.models`` change, and then the folder has to go.
"""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras

from grader.comparison import analyse
from grader.evidence import Case, Challenge, Evidence, Reply, parse_evidence
from grader.judge import Answers, compare_behaviour, judge
from grader.keys import TaskKey
from grader.models.collect import collect, replied
from grader.models.describe import describe
from grader.tasks import Api, Architecture, CompareOptions, Task
from grader.verdict import Outcome
from tests.corpus.pairs import Pair

__all__ = ["Finding", "findings_of", "read_pairs", "score_pair", "score_set", "summary"]

HERE = Path(__file__).parent
CASE = Case()


@dataclass(frozen=True)
class Finding:
    """What was said of one pair: ``accepted``, the first ``diagnosis``, and ``error`` where the engine failed."""

    pair: str
    wanted: str | None
    accepted: bool
    diagnosis: str | None
    named: bool
    listed: bool
    error: str | None = None

    @property
    def decided(self) -> bool:
        """Whether the verdict is right, whatever it is called."""
        return self.error is None and self.accepted == (self.wanted is None)

    @property
    def right(self) -> bool:
        """Whether the verdict is right, and the mistake named rightly where there is one."""
        return self.decided and (self.wanted is None or self.named)


def read_pairs(name: str, only: str = "") -> Iterator[Pair]:
    """Return the pairs of one set, module by module: all, or those whose module or name holds ``only``."""
    for path in sorted((HERE / name).glob("*.py")):
        for pair in importlib.import_module(f"tests.corpus.{name}.{path.stem}").PAIRS:
            if only in path.stem or only in pair.name:
                yield pair


@dataclass(frozen=True)
class Collected:
    """What was read of a pair: the student's and the reference's evidence, and what the list check said."""

    student: Evidence
    reference: Evidence
    listed: bool

    @classmethod
    def of(cls, pair: Pair) -> Collected:
        """Build both models and read them."""
        keras.utils.clear_session(free_memory=False)
        student, reference = pair.builders()
        wanted = collect("pair", reference, (CASE,))
        return cls(collect("pair", student, (CASE,)), wanted, _list_check(student, reference))

    @classmethod
    def kept(cls, pair: Pair, folder: Path) -> Collected:
        """Read what an earlier run kept in the folder, or collect it and keep it."""
        path = folder / f"{pair.name}.json"
        if not path.exists():
            found = cls.of(pair)
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps([found.student.to_json(), found.reference.to_json(), found.listed]))
        student, reference, listed = json.loads(path.read_text())
        return cls(parse_evidence(student), parse_evidence(reference), listed)


def score_pair(pair: Pair, folder: Path | None = None) -> Finding:
    """Judge one pair as a check would, and by the list check; ``folder`` keeps what was collected."""
    options = CompareOptions(**{name: True for name in pair.asks if name in CompareOptions.model_fields})
    expects: list[Any] = [Architecture(points=1, options=options)]
    if "functional" in pair.asks:
        expects.append(Api(points=1, api="functional"))
    task = Task(id="pair", title=pair.name, expects=tuple(expects), hints=("Look.",))
    accepted, diagnosis, error, listed = False, None, None, False
    try:
        found = Collected.of(pair) if folder is None else Collected.kept(pair, folder)
        listed = found.listed
        key = TaskKey(task=task.public, cases=(CASE,), visible=1, evidence=found.reference)
        if key.evidence.cases[0].kind != "model":
            raise ValueError(f"the reference gives {key.evidence.cases[0]}"[:500])
        verdict = judge(key, found.student, answers=_tried_out(pair, found, options))
        accepted = verdict.outcome is Outcome.CORRECT
        diagnosis = verdict.diagnoses[0].id if verdict.diagnoses else None
    except Exception as problem:
        error = f"{type(problem).__name__}: {problem}"[:300]
    named = diagnosis in (pair.diagnosis, *pair.also)
    return Finding(pair.name, pair.diagnosis, accepted, diagnosis, named, listed, error)


def _tried_out(pair: Pair, found: Collected, options: CompareOptions) -> Answers:
    """Run both models where their graphs differ, as a check in a notebook does."""
    graphs = [evidence.cases[0].graph for evidence in (found.student, found.reference)]
    if graphs[0] is None or graphs[1] is None:
        return Answers()
    student, reference = pair.builders()
    built: dict[Any, Any] = {}

    def answer(build: Any) -> Any:
        def answered(challenge: Challenge) -> Reply:
            if build not in built:
                built[build] = describe(build())
            return replied(challenge, {0: built[build]})

        return answered

    analysis = analyse(graphs[0], graphs[1], options)
    behaviour = compare_behaviour(analysis, options, answer(student), answer(reference))
    return Answers(behaviours={} if behaviour is None else {0: behaviour})


def score_set(name: str, only: str = "", folder: Path | None = None) -> list[Finding]:
    """Score the pairs of a set."""
    return [score_pair(pair, folder) for pair in read_pairs(name, only)]


def findings_of(name: str, module: str) -> list[dict[str, Any]]:
    """Score one module of a set; for a test to ask for in a process of a backend."""
    pairs = importlib.import_module(f"tests.corpus.{name}.{module}").PAIRS
    return [{**asdict(found), "right": found.right} for found in map(score_pair, pairs)]


def _list_check(student: Any, reference: Any) -> bool:
    """Compare as published graders do: zip two lists of ``[class, output shape, parameters]``."""

    def rows(build: Any) -> list[list[Any]]:
        found = []
        for layer in build().layers:
            output = getattr(layer, "output", None) if layer._inbound_nodes else None
            shape = [tuple(t.shape) for t in keras.tree.flatten(output)] if output is not None else None
            found.append([type(layer).__name__, shape, layer.count_params()])
        return found

    try:
        return all(ours == theirs for ours, theirs in zip(rows(student), rows(reference), strict=False))
    except Exception:
        return False


def summary(findings: list[Finding]) -> dict[str, float]:
    """Count what went right and wrong."""
    right = [f for f in findings if f.wanted is None]
    wrong = [f for f in findings if f.wanted is not None]
    return {
        "pairs": len(findings),
        "errors": sum(f.error is not None for f in findings),
        "false rejects": sum(f.error is None and not f.accepted for f in right),
        "false accepts": sum(f.accepted for f in wrong),
        "rejected and rightly named": sum(not f.accepted and f.named for f in wrong),
        "to be rejected": len(wrong),
        "list check: false rejects": sum(not f.listed for f in right),
        "list check: false accepts": sum(f.listed for f in wrong),
    }


def main() -> None:
    """Print the findings that are not as they should be, then the counts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="+", choices=("blind", "development"))
    parser.add_argument("--only", default="", metavar="TEXT")
    parser.add_argument("--evidence", type=Path, metavar="FOLDER")
    asked = parser.parse_args()
    for name in asked.sets:
        findings = score_set(name, asked.only, asked.evidence and asked.evidence / name)
        for finding in findings:
            if not finding.right:
                print(json.dumps(asdict(finding)))
        for what, count in summary(findings).items():
            print(f"{name}: {what}: {count}")


if __name__ == "__main__":
    main()
