"""Classes that cannot be followed symbolically: what a run on arrays shows, and what it leaves alone."""

import pytest

pytestmark = pytest.mark.backends

MODULE = "tests.unit.models.run_programs"


@pytest.fixture(params=["tensorflow", "jax", "torch"])
def ask(request, workers):
    """Ask the functions of ``run_programs.py`` on each backend."""
    return lambda fact, **given: workers[request.param].run(MODULE, fact, **given)


@pytest.fixture
def ask_one(workers):
    """Ask on one backend, where another test holds the backends equal."""
    return lambda fact, **given: workers["torch"].run(MODULE, fact, **given)


SEEN = {
    "between": ["Dense", "Unseen", "Dense"],
    "at_the_start": ["Unseen", "Dense", "Dense"],
    "at_the_end": ["Dense", "Dense", "Unseen"],
    "in_one_branch": ["Dense", "Unseen", "Dense", "Add"],
    "with_state": ["Dense", "Unseen", "BatchNormalization", "Dropout", "Dense"],
    "prints": ["Dense", "Unseen", "Dense"],
}


@pytest.mark.parametrize("kind", ["whole", "inside"])
@pytest.mark.parametrize("way", SEEN)
def test_layers_around_a_backends_function_are_seen(ask, way, kind):
    """The layers stand in the graph in order, an unseen step where the function is; nothing is dynamic."""
    assert [SEEN[way], False, True] == ask("read", way=way, kind=kind)


@pytest.mark.parametrize("way", ["by_cond", "refined"])
def test_a_way_chosen_by_values_stays_dynamic(ask, way):
    """One way is shown, ends in an unseen step that may choose another, and the model stays dynamic."""
    assert [["Dense", "Dense", "Unseen"], True, True] == ask("read", way=way)


@pytest.mark.parametrize(
    ("way", "seen"),
    [("by_if", ["Dense", "Dense", "Unseen"]), ("in_numpy", ["Dense", "Unseen", "Dense", "Unseen"])],
)
def test_a_branch_on_values_is_not_excluded(workers, way, seen):
    """An ``if``, and NumPy where one may hide, leave the model dynamic; where Keras refuses it, it stays refused."""
    read = {
        backend: workers[backend].run(MODULE, "read", way=way) for backend in ("tensorflow", "jax", "torch")
    }
    assert {"tensorflow": None, "jax": None, "torch": [seen, True, True]} == read


@pytest.mark.parametrize("way", ["by_while", "in_place", "raises", "a_function_of_its_own"])
def test_what_a_run_cannot_show_stays_one_call(ask_one, way):
    """Rounds that values count, changes in place, errors on values and calls without layers leave an opaque call."""
    assert [["Whole"], True, False] == ask_one("read", way=way)


def test_an_unseen_step_reads_what_it_depends_on(ask):
    """The function in one branch reads that branch alone."""
    expected = [
        ["Dense", ["input"]],
        ["Unseen", ["Dense"]],
        ["Dense", ["input"]],
        ["Add", ["Dense", "Unseen"]],
    ]
    assert expected == ask("joined", way="in_one_branch")


@pytest.mark.parametrize("way", ["between", "with_state", "with_noise", "by_cond", "in_numpy", "in_place"])
def test_a_run_changes_nothing(ask, way):
    """Weights, statistics, seeds, optimizer, node lists, random numbers and Keras are as they were."""
    if ask("read", way=way) is not None:
        assert [] == ask("left_alone", way=way)


@pytest.mark.parametrize("kind", ["whole", "inside"])
@pytest.mark.parametrize("way", ["between", "prints"])
def test_a_right_layer_with_a_backends_function_is_accepted(ask, way, kind):
    """Dense, the backend's relu, Dense computes what the reference does: outputs decide, not the graph."""
    assert [True, True, []] == ask("compared", way=way, kind=kind)


@pytest.mark.parametrize("kind", ["whole", "inside"])
def test_a_right_model_with_cond_is_accepted(ask, kind):
    """``ops.cond`` that takes the expected way for every input is accepted by its outputs."""
    assert [True, True, []] == ask("compared", way="by_cond", kind=kind)


def test_a_wrong_function_is_rejected_at_its_place(ask):
    """Where the reference has a tanh, the unseen step that computes a relu is the only difference."""
    expected = ["wrong-layer", "After the first Dense, expected a tanh, found an unseen step."]
    assert [False, True, [expected]] == ask("compared", way="between", activation="tanh")


@pytest.mark.parametrize("kind", ["whole", "inside"])
def test_a_wrong_layer_beside_an_unseen_step_is_named(ask, kind):
    """The units of the layer inside are the only difference told, in the class that holds it."""
    place = {"whole": "The", "inside": "In Inside (your layer), the"}[kind]
    expected = ["wrong-config", f"{place} first Dense has units=5, expected units=7."]
    assert [False, False, [expected]] == ask("compared", way="between", kind=kind, units=7)


def test_unseen_steps_of_two_functions_are_not_alike(ask_one):
    """Graphs with the same layers around code of two kinds differ, as do those with other layers around the same."""
    assert [True, False, False] == [
        ask_one("same_by_graph", one="between", two="between"),
        ask_one("same_by_graph", one="between", two="prints"),
        ask_one("same_by_graph", one="between", two="between", units=7),
    ]


def test_ways_that_runs_took_tell_no_classes_apart(ask_one):
    """Two models of one class that decide while they run are the same, whichever way was seen; of two, they differ."""
    assert [True, False, False] == [
        ask_one("same_dynamic", one="by_if", two="by_if"),
        ask_one("same_dynamic", one="by_if", two="by_cond"),
        ask_one("same_dynamic", one="by_if", two="by_if", units=7),
    ]


@pytest.mark.parametrize("kind", ["whole", "inside"])
@pytest.mark.parametrize("way", ["between", "in_one_branch", "unfelt", "by_cond", "by_if", "in_numpy"])
def test_every_weight_counts(ask_one, way, kind):
    """Layers of the way not taken, and those that seem to lead nowhere, are read by an unseen step."""
    assert ask_one("every_weight_is_read", way=way, kind=kind)


def test_the_picture_says_what_was_not_seen(ask_one):
    """The box says whose code it is, and a note what that means."""
    picture = ask_one("drawn", way="between")
    assert "unseen step" in picture
    assert "in Whole" in picture
    assert "the layers around it were seen in a run" in picture.replace("\n", " ")


def test_code_that_never_ends_is_left(ask):
    """A run is given up when its time is over."""
    assert "the run takes too long" == ask("stopped")
