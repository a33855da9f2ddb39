"""Configs sent beside a graph to have something else run, or nothing judged: refused, bounded, and shown to a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.evidence import Evidence, Reply, RunFacts
from grader.execution.clean_worker import CleanWorkers
from grader.execution.examination import Examined, Examiner
from grader.execution.rebuilder import Rebuilder
from grader.execution.zygotes import FOLDER_VARIABLE, shut_down
from grader.json_text import DEEPEST
from grader.verdict import Verdict
from tests.attacks.test_hostile_files import CONFIGS, layer, model
from tests.unit.execution.test_examination import sent
from tests.unit.judge.test_judge import compute, linear, private_key

NOT_HOSTILE = {"one layer several times in a stack"}


def without_units(class_name: str, name: str, **settings: Any) -> dict[str, Any]:
    entry = layer(class_name, name=name, **settings)
    del entry["config"]["units"]
    return entry


def fed(length: int, *layers: Any) -> dict[str, Any]:
    """A stack on an input of that length."""
    config = model(*layers)
    config["config"]["layers"][0]["config"]["batch_shape"] = [None, length]
    return config


class Untouched(CleanWorkers):
    """Workers that nobody may ask."""

    def lent(self, backend: str) -> Any:
        raise AssertionError(f"a process of {backend} was asked")


def examined(config: str, workers: CleanWorkers) -> tuple[Examined, Evidence]:
    given = sent(linear(2), linear(4), config=config)
    return Examiner(Rebuilder(workers)).examine(private_key(), given), given


def verdict(found: Examined, given: Evidence, reply: Reply | None) -> Verdict:
    return Examiner(Rebuilder(Untouched())).verdict(private_key(), given, found, reply, RunFacts())


TEXTS = {
    "no JSON": ("{", "is not JSON"),
    "no model": ("[]", "holds no model"),
    "deep": ('{"class_name":' + "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1) + "}", "is nested too deeply"),
    "very deep": ('{"class_name":' * 100_000 + "1" + "}" * 100_000, "is nested too deeply"),
    "a key twice": ('{"class_name": "Sequential", "class_name": "Functional"}', "twice"),
    "a number without end": (
        '{"class_name": "Sequential", "config": {"units": ' + "9" * 5000 + "}}",
        "digits",
    ),
    "units": (json.dumps(model(layer(units=10**13))), "expected a whole number of at most"),
    "shape": (json.dumps(fed(10**13, layer())), "expected a whole number of at most"),
}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        *TEXTS.values(),
        *((json.dumps(config), part) for name, (config, part) in CONFIGS.items() if name not in NOT_HOSTILE),
    ],
    ids=[*TEXTS, *(name for name in CONFIGS if name not in NOT_HOSTILE)],
)
def test_a_config_that_holds_more_than_a_model_is_given_to_nobody(text: str, part: str) -> None:
    """Lambdas, names outside Keras, huge sizes and deep nesting: refused unread, the field named, a person told."""
    found, given = examined(text, Untouched())
    assert ((), 2) == (found.confirmed, len(found.doubts))
    assert part in found.doubts[0]
    assert found.challenge is not None
    told = verdict(found, given, compute(found.challenge)).needs_look
    assert told is not None
    assert part in told


# ---- what passes the check is built where it can do no harm --------------------------------------


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CleanWorkers]:
    """Real processes with narrow limits."""
    folder: Path = tmp_path_factory.mktemp("zy")
    folder.chmod(0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(folder))
        found = CleanWorkers(seconds=20, memory=1_500_000_000)
        yield found
        found.end()
        shut_down(folder)


@pytest.mark.backends
@pytest.mark.parametrize(
    ("config", "part"),
    [
        (model(layer(units=10**8), layer(name="two", units=10**9)), "parameters; at most 100,000,000"),
        (model(without_units("RepeatVector", "many", n=10**8)), "numbers of one sample"),
        (fed(3, without_units("Reshape", "other", target_shape=[7])), "cannot be loaded by Keras"),
    ],
    ids=["parameters", "activations", "no model"],
)
def test_a_model_too_large_to_be_built_is_never_given_values(
    config: Any, part: str, workers: CleanWorkers
) -> None:
    """Its size is known before anything is allocated; its kernel is asked in its place, and the record says why."""
    found, _ = examined(json.dumps(config), workers)
    assert ((), ()) == (found.confirmed, found.doubts)
    assert ["The model of case 1 answered for itself", "The model of case 2 answered for itself"] == [
        note.split(":")[0] for note in found.notes
    ]
    assert part in found.notes[0]
    with workers.lent("torch") as worker:
        assert worker.answered > 0


@pytest.mark.backends
def test_a_build_that_eats_memory_is_ended(workers: CleanWorkers) -> None:
    """The process is gone, the kernel is asked, a person is told, and the next model is built."""
    hungry = fed(10**9, without_units("Normalization", "table", axis=-1))
    found, given = examined(json.dumps(hungry), workers)
    assert () == found.confirmed
    assert found.challenge is not None
    told = verdict(found, given, compute(found.challenge)).needs_look
    assert told is not None
    assert "of memory" in told
    after, _ = examined(json.dumps(fed(5, layer(units=2, activation="linear"))), workers)
    assert (0, 1) == after.confirmed


@pytest.mark.backends
def test_a_build_that_does_not_end_is_ended(workers: CleanWorkers) -> None:
    """A class's grading waits no longer than the limit."""
    endless = model(*(without_units("Identity", f"step_{number}") for number in range(450)))
    with workers.lent("torch") as worker:
        worker.ask({"configs": [], "challenge": None})
        worker._seconds = 0.05
    found, _ = examined(json.dumps(endless), workers)
    assert ("The models could not be built again: it took more than 0.05 seconds.",) == found.doubts


@pytest.mark.backends
def test_a_graph_with_another_models_config_is_judged_as_that_model(workers: CleanWorkers) -> None:
    """The reference's graph, copied from a public key, earns nothing that the config's model does not."""
    config = json.dumps(fed(5, layer(units=2, activation="tanh")))
    given = sent(linear(), linear(4), config=config)
    found = Examiner(Rebuilder(workers)).examine(private_key(), given)
    assert (0, 1) == found.confirmed
    told = verdict(found, given, None)
    assert told.score < 5
    assert told.rows[0].passed is False
    assert told.needs_look is not None
    assert "is not the one that its config builds" in told.needs_look


@pytest.mark.backends
def test_a_config_of_the_expected_model_is_the_work_itself(workers: CleanWorkers) -> None:
    """Whoever can write down the expected model for every case, hidden ones too, has built it.

    The kernel's own answer is not asked for: a stub there gains nothing.
    """
    configs = [json.dumps(fed(5, layer(units=units, activation="linear"))) for units in (3, 4)]
    given = sent(linear(), linear(4))
    cases = (
        case.model_copy(update={"config": config}) for case, config in zip(given.cases, configs, strict=True)
    )
    given = given.model_copy(update={"cases": tuple(cases)})
    found = Examiner(Rebuilder(workers)).examine(private_key(), given)
    assert ((0, 1), None) == (found.confirmed, found.challenge)
    assert 5.0 == verdict(found, given, None).score
