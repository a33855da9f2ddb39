"""The mistakes in classes of one's own: each is named where it was made, first, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from grader.behaviour import may_be_one_function
from grader.comparison import Comparison, analyse, summarize
from grader.comparison.parameters import parameter_detail
from grader.graph import ModelGraph
from grader.misconceptions import CATALOGUE, diagnose
from grader.tasks import CompareOptions
from tests.backends.worker import Workers

pytestmark = pytest.mark.backends

BACKENDS = ("tensorflow", "jax", "torch")
STATE = "state-created-in-call"
MISTAKES = (STATE,)
AT_LEAST = 3


@dataclass(frozen=True)
class Model:
    """A graph, and what Keras counts of the model it was read from."""

    graph: ModelGraph
    parameters: int


Pairs = dict[str, list[tuple[Model, Model]]]


def built(workers: Workers, backend: str, which: str) -> Pairs:
    texts = workers[backend].run("tests.unit.misconceptions.class_models", "graphs", which=which)
    assert isinstance(texts, dict)
    return {
        mistake: [tuple(Model(ModelGraph.from_json(text), count) for text, count in pair) for pair in pairs]
        for mistake, pairs in texts.items()
    }


@pytest.fixture(scope="module", params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Run the test once on each backend."""
    return request.param


@pytest.fixture(scope="module")
def triggers(workers: Workers, backend: str) -> Pairs:
    """Pairs in which the mistake was made, by its id."""
    return built(workers, backend, "triggers")


@pytest.fixture(scope="module")
def near_misses(workers: Workers, backend: str) -> Pairs:
    """Pairs that look like the mistake and are not it, by its id."""
    return built(workers, backend, "near misses")


def compared(student: Model, reference: Model, options: CompareOptions | None = None) -> Comparison:
    analysis = analyse(student.graph, reference.graph, options)
    return summarize(analysis, diagnose(analysis))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_first(triggers: Pairs, mistake: str) -> None:
    """Whoever made it is told so before anything else."""
    found = [compared(*pair) for pair in triggers[mistake]]
    assert len(found) >= AT_LEAST
    assert [mistake] * len(found) == [next((d.id for d in one.diagnoses), None) for one in found]
    assert not any(one.equivalent for one in found)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_looks_like_it_is_not_called_so(near_misses: Pairs, mistake: str) -> None:
    """No near-miss gets the name, and equal work gets none."""
    found = [compared(*pair) for pair in near_misses[mistake]]
    assert len(found) >= AT_LEAST
    assert not [one for one in found if mistake in {diagnosis.id for diagnosis in one.diagnoses}]
    assert [bool(one.diagnoses) for one in found] == [not one.equivalent for one in found]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_whoever_does_as_the_student_is_right(triggers: Pairs, mistake: str) -> None:
    """Each model compared with itself is equivalent, mistaken as it may be."""
    assert all(compared(model, model).equivalent for pair in triggers[mistake] for model in pair)


def test_parameters_are_counted_as_keras_counts_them(triggers: Pairs, near_misses: Pairs) -> None:
    """What the model does not own is not counted, what it owns is."""
    models = [
        model for pairs in (*triggers.values(), *near_misses.values()) for pair in pairs for model in pair
    ]
    assert [model.parameters for model in models] == [model.graph.count_weights() for model in models]


def test_equal_work_is_equivalent(near_misses: Pairs) -> None:
    """Layers in lists and dicts, made lazily or in build, kept twice, without state: all but the last are right."""
    found = [compared(*pair).equivalent for pair in near_misses[STATE]]
    assert [*[True] * (len(found) - 1), False] == found


def test_runs_are_not_asked_about_what_they_cannot_show(triggers: Pairs) -> None:
    """A layer in a global variable computes what it should; it is not trained all the same."""
    analyses = [analyse(student.graph, reference.graph) for student, reference in triggers[STATE]]
    assert not any(may_be_one_function(analysis, CompareOptions()) for analysis in analyses)


def test_trainable_flags_are_not_told_of_what_the_model_does_not_own(triggers: Pairs) -> None:
    """Nobody froze it: it is not the model's to train."""
    asked = CompareOptions(trainable=True)
    found = [compared(*pair, asked) for pair in triggers[STATE]]
    assert not [one for one in found if {"still-frozen", "not-frozen"} & {d.kind for d in one.differences}]


@pytest.mark.parametrize(
    ("position", "said"),
    [
        (
            0,
            ("The first Dense is made while the model is called, anew each time: its 56 parameters are not among "
            "the model's, and never trained or saved."),
        ),
        (
            3,
            ("The Dropout is made while the model is called, anew each time: its state is not among the model's, "
            "and never trained or saved."),
        ),
        (
            4,
            ("The first Dense is none of the model's own: its 56 parameters are never counted, trained or saved "
            "with it."),
        ),
        (6, "The Multiply with a weight is none of the model's own: its 6 parameters are never counted, trained or saved with it."),
    ],
)  # fmt: skip
def test_the_sentence_says_what_is_lost(triggers: Pairs, position: int, said: str) -> None:
    """Which layer, how it came about, and how many parameters go astray."""
    first = compared(*triggers[STATE][position]).differences[0]
    assert said == first.message.partition(" Expected ")[0]


def test_the_parameters_are_traced_to_the_layer(triggers: Pairs) -> None:
    """The arithmetic of the layer that is not the model's, and what the counts lack."""
    student, reference = triggers[STATE][0]
    detail = parameter_detail(analyse(student.graph, reference.graph))
    assert "the first Dense: 6×8 + 8 = 56, not the model's own; together 56 fewer than expected" == detail


def test_what_is_said_of_it_happens(workers: Workers, backend: str) -> None:
    """A Dense made in a call answers otherwise each time; a Dropout made in a call cannot be trained on TensorFlow."""
    dense, dropout = (
        workers[backend].run("tests.unit.misconceptions.class_models", "fits", position=position)
        for position in (0, 3)
    )
    trains = backend != "tensorflow"
    assert ([False, trains], [True, trains]) == (dense, dropout)


@pytest.mark.parametrize("mistake", [STATE, "missing-super-init", "config-not-saved", "not-registered"])
def test_words_are_complete(mistake: str) -> None:
    """Each mistake has a title, an explanation, a symptom, a fix, three hints and a unit."""
    (found,) = [entry for entry in CATALOGUE if entry.id == mistake]
    assert all((found.title, found.explanation, found.symptom, found.fix, found.unit))
    assert 3 == len(set(found.hints))
    assert all(hint.strip() for hint in found.hints)


def test_an_if_on_a_tensor_is_told_of_a_model_that_only_saw_numbers(workers: Workers, backend: str) -> None:
    """PyTorch keeps the shape it was called on; on the others the same cause is found, not that it was never called."""
    text, how, what = workers[backend].run("tests.unit.misconceptions.class_models", "branching")
    if backend == "torch":
        assert (None, "if") == (text, what)
    else:
        assert ("read", "value-needed", "if") == (how, what["kind"], what["how"])
        assert "asks for the value of a tensor" in text
