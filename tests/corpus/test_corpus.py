"""Every pair of both corpora is decided rightly, and the mistake named rightly."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.backends.worker import Workers

HERE = Path(__file__).parent
SETS = {
    name: sorted(path.stem for path in (HERE / name).glob("*.py") if path.stem[0] != "_")
    for name in ("blind", "development")
}
# What is still said wrongly, and why. A pair that has been mended has to leave the list.
STILL_WRONG: dict[str, str] = {
    "result_of_the_second_thrown_away": "the layer whose result is lost is traced, and found on no way to an output",
}
LEAST_SHARE_NAMED = 0.97

Findings = Callable[[str, str], list[dict[str, Any]]]

pytestmark = pytest.mark.backends


@pytest.fixture(scope="module")
def findings(workers: Workers) -> Iterator[Findings]:
    """Score a module once, however many tests ask, in a process in which no other test has registered a class."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def of(name: str, module: str) -> list[dict[str, Any]]:
        if (name, module) not in found:
            found[name, module] = worker.run("tests.corpus.score", "findings_of", name=name, module=module)
        return found[name, module]

    with workers.alone("torch") as worker:
        yield of


@pytest.mark.parametrize(
    ("name", "module"), [(name, module) for name, modules in SETS.items() for module in modules]
)
def test_every_pair_is_decided_and_named_rightly(findings: Findings, name: str, module: str) -> None:
    """No correct model is refused, no wrong one accepted, and the first diagnosis is the right one."""
    pairs = findings(name, module)
    assert pairs
    wrong = {pair["pair"]: pair for pair in pairs if not pair["right"]}
    known = {pair["pair"] for pair in pairs} & STILL_WRONG.keys()
    assert known == wrong.keys(), [wrong[pair] for pair in wrong.keys() - known]


@pytest.mark.parametrize("name", SETS)
def test_the_scores_hold(findings: Findings, name: str) -> None:
    """At least as many pairs as a corpus must have; nothing decided wrongly; nearly all named rightly."""
    pairs = [pair for module in SETS[name] for pair in findings(name, module)]
    accept = [pair for pair in pairs if pair["wanted"] is None]
    reject = [pair for pair in pairs if pair["wanted"] is not None]
    least = 50 if name == "blind" else 150
    assert (len(accept) >= least, len(reject) >= least) == (True, True)
    assert [] == [pair for pair in pairs if pair["error"] is not None]
    assert [] == [pair["pair"] for pair in accept if not pair["accepted"]]
    assert [] == [pair["pair"] for pair in reject if pair["accepted"]]
    named = sum(pair["named"] for pair in reject)
    assert named >= LEAST_SHARE_NAMED * len(reject), f"{named} of {len(reject)} are named rightly"


def test_the_score_is_printed() -> None:
    """The command that the corpus's README names prints what is wrong and the counts."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.corpus.score", "blind", "--only", "if_on_a_symbolic"],
        env={"KERAS_BACKEND": "torch", "PATH": "", "PYTHONPATH": str(HERE.parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    counts = [line for line in done.stdout.splitlines() if line.startswith("blind: ")]
    assert "blind: pairs: 1" == counts[0]
    assert all(json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
