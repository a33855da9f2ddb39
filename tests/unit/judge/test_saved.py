"""A task that asks for a model which survives saving and loading."""

from __future__ import annotations

import pytest

from grader.evidence import Case, CaseEvidence, Evidence
from grader.graph import Lost, ModelGraph, SavedObject
from grader.judge import judge
from grader.keys import TaskKey
from grader.tasks import Architecture, Expectation, PublicTask, Saved
from grader.verdict import Outcome, Row, Verdict
from tests.blueprints import Blueprint

WHOLE = SavedObject(name="Block", registered=True)
FORGETFUL = SavedObject(name="Block", registered=True, lost=(Lost(name="rate", default=0.1),))
UNKNOWN = SavedObject(name="Block", registered=False)


def model(*saved: SavedObject, units: int = 4, nested_in: str = "", api: str = "functional") -> ModelGraph:
    """A Dense of a class of one's own, alone or in what ``nested_in`` names."""
    plan = Blueprint()
    x = plan.input(3)
    layer = plan.layer("Dense", (3, units), (units,), units=units)
    graph = plan.graph(plan.call(layer, x, shape=(units,)))
    (dense,), (call,) = graph.layers, graph.calls
    dense = dense.model_copy(update={"saved": saved})
    if not nested_in:
        return graph.model_copy(update={"layers": (dense,), "api": api})
    origin = "keras.layers" if nested_in == "Sequential" else "custom"
    holder = dense.model_copy(update={"class_name": nested_in, "origin": origin, "saved": ()})
    inside = call.model_copy(update={"scope": (1,)})
    return graph.model_copy(update={"layers": (dense, holder), "calls": (inside,), "api": api})


def verdict(student: ModelGraph, *expects: Expectation) -> Verdict:
    expects = expects or (Architecture(points=2), Saved(points=1))
    task = PublicTask(id="block", title="A block", expects=expects, hints=("Look.",))

    def evidence(graph: ModelGraph) -> Evidence:
        case = CaseEvidence(kind="model", graph=graph)
        return Evidence(task="block", backend="torch", keras="3", cases=(case,))

    key = TaskKey(task=task, cases=(Case(),), visible=1, evidence=evidence(model(WHOLE)))
    return judge(key, evidence(student))


def row(found: Verdict) -> Row:
    return next(row for row in found.rows if row.name == "Saved")


def test_a_model_that_survives_gets_the_points() -> None:
    """Registered, and every argument in its config."""
    found = verdict(model(WHOLE))
    assert (Outcome.CORRECT, 3.0, True) == (found.outcome, found.score, row(found).passed)


@pytest.mark.parametrize(
    ("fact", "mistake", "said"),
    [
        (
            FORGETFUL,
            "config-not-saved",
            ("A loaded Block does not get `rate` back: get_config does not say what was given, and rate=0.1 takes "
            "its place."),
        ),
        (UNKNOWN, "not-registered", "Loading does not find Block, which is not registered with Keras."),
    ],
)  # fmt: skip
def test_what_is_lost_is_named(fact: SavedObject, mistake: str, said: str) -> None:
    """The row and the message name the argument or class; the diagnosis comes with its hints."""
    found = verdict(model(fact))
    assert (Outcome.PARTIAL, 2.0, said) == (found.outcome, found.score, found.message)
    assert ([mistake], said, False) == ([d.id for d in found.diagnoses], row(found).detail, row(found).passed)
    assert found.hints == found.diagnoses[0].hints


def test_a_wrong_architecture_comes_first() -> None:
    """What the model is comes before what becomes of it."""
    found = verdict(model(UNKNOWN, units=5))
    assert ["wrong-config", "not-registered"] == [diagnosis.id for diagnosis in found.diagnoses]


def test_nobody_is_told_who_was_not_asked() -> None:
    """Without the expectation a class that cannot be saved is as good as another."""
    found = verdict(model(UNKNOWN), Architecture(points=2))
    assert (Outcome.CORRECT, ()) == (found.outcome, found.diagnoses)
    assert "Saved" not in {row.name for row in found.rows}


@pytest.mark.parametrize(
    ("nested_in", "api", "right"),
    [
        ("Sequential", "functional", False),  # the file holds its layers one by one
        ("Holder", "functional", True),  # a class whose constructor makes the layer again
        ("", "subclassed", True),
        ("", "sequential", False),
    ],
)
def test_only_what_the_file_holds_has_to_be_found(nested_in: str, api: str, right: bool) -> None:
    """What a constructor makes is made again by it."""
    found = verdict(model(UNKNOWN, nested_in=nested_in, api=api), Saved(points=1))
    assert right == row(found).passed


def test_the_class_of_the_model_has_to_be_found_too() -> None:
    """A subclassed model is an object of a class like its layers."""
    graph = model(api="subclassed").model_copy(update={"saved": (FORGETFUL,)})
    found = verdict(graph, Saved(points=1))
    assert (["config-not-saved"], False) == ([d.id for d in found.diagnoses], row(found).passed)


def test_weights_that_the_model_does_not_own_are_not_saved() -> None:
    """They are in no file, whatever the classes are."""
    graph = model(WHOLE)
    weights = tuple(weight.model_copy(update={"untracked": True}) for weight in graph.weights)
    found = verdict(graph.model_copy(update={"weights": weights}), Saved(points=1))
    assert (["state-created-in-call"], False) == ([d.id for d in found.diagnoses], row(found).passed)


def test_work_that_gives_no_model_is_not_saved() -> None:
    """There is nothing to save."""
    task = PublicTask(id="block", title="A block", expects=(Saved(points=1),), hints=("Look.",))
    wanted = CaseEvidence(kind="model", graph=model(WHOLE))
    given = CaseEvidence(kind="value", value=3)
    key, student = (
        Evidence(task="block", backend="torch", keras="3", cases=(case,)) for case in (wanted, given)
    )
    found = judge(TaskKey(task=task, cases=(Case(),), visible=1, evidence=key), student)
    assert (0.0, "no model") == (found.score, row(found).found)
