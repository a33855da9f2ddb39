"""What a model's graph says of its compile state, held against what Keras trains."""

import json

import pytest

from grader.errors import UnreadableModelError
from grader.graph import ModelGraph
from tests.blueprints import Blueprint
from tests.unit.models import conftest

pytestmark = pytest.mark.backends

MODULE = "tests.unit.models.compiled_models"
PLACED = [
    "one loss by name",
    "one loss in a list",
    "one loss as an object",
    "one for all",
    "a list",
    "a tuple",
    "a list with None",
    "names for a list",
    "a dict",
    "one of a dict",
    "a list for a dict",
    "a structure",
    "a flat list for a structure",
    "a dict of one",
    "a class",
    "weights of numpy",
]
HEAD = ["head/bias", "head/kernel"]
ALL = [
    "dense/bias",
    "dense/kernel",
    "head/bias",
    "head/kernel",
    "norm/beta",
    "norm/gamma",
]


@pytest.fixture(scope="module")
def records(workers):
    """Every record on PyTorch, by the name of its model."""
    return workers["torch"].run(MODULE, "records")


def terms(record):
    return [(loss["output"], loss["function"], loss["weight"]) for loss in record["losses"]]


@pytest.mark.parametrize("backend", [b for b in conftest.BACKENDS if b != "torch"])
def test_the_record_is_the_same_on_every_backend(workers, records, backend):
    """Losses, weights, rates, schedules and metrics read alike on TensorFlow, JAX and PyTorch."""
    found = workers[backend].run(MODULE, "records")
    assert [] == [name for name in records if found[name] != records[name]]


def test_an_uncompiled_model_has_no_record(workers):
    """A model that was not compiled is told from one compiled without a loss."""
    assert None is workers["torch"].run(MODULE, "uncompiled")


def test_a_loss_is_one_however_it_is_spelled(workers):
    """Short name, long name, class name, function and object give one name and one config."""
    found = workers["torch"].run(MODULE, "spelled")
    assert {name: [name] for name in found} == {
        name: sorted({function for function, _ in terms}) for name, terms in found.items()
    }
    configs = {
        name: {json.dumps(config, sort_keys=True) for _, config in terms} for name, terms in found.items()
    }
    assert [] == [name for name, texts in configs.items() if len(texts) != 1]


@pytest.mark.parametrize("name", PLACED)
def test_losses_stand_where_keras_puts_them(workers, name):
    """Each loss is on the output, and counts what it counts, in the step that Keras then takes."""
    unchanged, ours, held = workers["torch"].run(MODULE, "placed_by_keras", name=name)
    assert unchanged
    assert held == ours


def test_a_list_of_losses_for_a_dict_follows_the_keys_in_order(records):
    """Keras pairs a list with a dict's outputs by the sorted keys, and so does the record."""
    assert [("box", "mean_absolute_error", 2.0), ("digit", "mean_squared_error", 1.0)] == terms(
        records["a list for a dict"]
    )


def test_losses_come_in_the_order_of_the_outputs(records):
    """However they are written down, the record is one."""
    assert ["box", "digit"] == [output for output, *_ in terms(records["a dict"])]


def test_an_optimizer_that_wraps_others_is_looked_into(records):
    """What scales the loss has no rate of its own to tell; several optimizers have no one rate."""
    assert ("Adam", 1e-5) == (records["scaled"]["optimizer"], records["scaled"]["learning_rate"])
    several = records["several optimizers"]
    assert ("MultiOptimizer", None, None) == (
        several["optimizer"],
        several["learning_rate"],
        several["schedule"],
    )


def test_an_output_without_a_loss_has_no_term(records):
    """None in a list leaves its output out."""
    assert [("1", "mean_absolute_error", 1.0)] == terms(records["a list with None"])


def test_what_fit_would_refuse_is_told_as_far_as_it_goes(records):
    """A dict that names too few outputs, or others, is placed by name; what cannot be placed is listed."""
    assert [("0", "mean_squared_error", 1.0)] == terms(records["a key too few"])
    wrong = records["a key that is no output"]
    assert [("digit", "mean_squared_error", 1.0)] == terms(wrong)
    assert ["bx"] == wrong["unplaced"]
    assert ["digit", "box"] == records["a list for a class by name"]["unplaced"]
    assert [] == terms(records["a list too short for a dict"])


def test_settings_of_a_loss_are_written_out(records):
    """Defaults and given settings stand side by side, and the two names of the mean over the batch are one."""
    (term,) = records["one loss as an object"]["losses"]
    mean = "sum_over_batch_size"
    assert {"from_logits": False, "ignore_class": 1, "axis": -1, "reduction": mean} == term["config"]
    assert {"reduction": "sum"} == records["a sum"]["losses"][0]["config"]
    assert {"reduction": mean} == records["a mean"]["losses"][0]["config"]


def test_functions_of_the_students_own_are_named_as_such(records):
    """A function of one's own is opaque, and told from Keras's by its name."""
    assert "custom:mine" == records["a class"]["losses"][1]["function"]
    assert "custom:mine" == records["metrics by name"]["metrics"][1]["name"]


def test_a_crossentropy_to_be_chosen_by_the_labels_stays_open(records):
    """Which one Keras takes is decided by labels that nobody has given yet."""
    assert "crossentropy" == records["by the labels"]["losses"][0]["function"]


def test_rates_are_the_ones_written(records):
    """1e-5 reads 1e-5, though float32 stores another number; a schedule is kept with its settings."""
    assert 1e-5 == records["a list"]["learning_rate"]
    kept = records["a schedule"]
    assert None is kept["learning_rate"]
    assert "ExponentialDecay" == kept["schedule"]["class_name"]
    assert 1e-3 == kept["schedule"]["config"]["initial_learning_rate"]
    assert (None, "custom:<lambda>") == (
        records["a rate of one's own"]["learning_rate"],
        records["a rate of one's own"]["schedule"],
    )


def test_optimizers_are_named_with_their_settings(records):
    """The class is Keras's name for it, and what it is set to is kept."""
    kept = records["another optimizer"]
    assert ("AdamW", 0.01) == (kept["optimizer"], kept["settings"]["weight_decay"])
    assert 0.9 == records["a schedule"]["settings"]["momentum"]


def test_metrics_are_kept_by_output(records):
    """Names, functions and objects of metrics are told by class or function, output by output."""
    found = [(metric["output"], metric["name"]) for metric in records["metrics"]["metrics"]]
    assert [("0", "accuracy"), ("1", "MeanAbsoluteError"), ("1", "mean_squared_error")] == found
    assert [True] == [metric["weighted"] for metric in records["weighted metrics"]["metrics"]]


def test_a_weight_that_is_no_number_is_left_open(records):
    """NaN does not travel in JSON."""
    assert [1.0, None] == [loss["weight"] for loss in records["a weight that is no number"]["losses"]]


def test_code_that_raises_does_not_stop_the_reading(records):
    """An optimizer and a loss whose get_config raises are still named."""
    kept = records["code that raises"]
    assert ("custom:Odd", "custom:Unreadable") == (kept["optimizer"], kept["losses"][0]["function"])


def test_a_step_of_the_models_own_is_noted(records):
    """A class that overrides train_step need not minimise what compile was given."""
    assert ["a step of its own"] == [name for name, record in records.items() if record["own_step"]]


def test_describing_builds_nothing(workers):
    """The optimizer and the losses of a compiled model are as unbuilt after describing, and names count on."""
    built, losses_built, name, held = workers["torch"].run(MODULE, "left_alone")
    assert (False, False, "mean") == (built, losses_built, name)
    assert 2 == held  # the step counter and the rate


@pytest.mark.parametrize(
    ("story", "expected", "now", "started"),
    [
        ("frozen_then_compiled", HEAD, HEAD, False),
        ("compiled_then_frozen", ALL, HEAD, False),
        ("trained", HEAD, HEAD, True),
        ("opened_after_training", HEAD, ALL, True),
        ("opened_and_compiled_again", ALL, ALL, False),
        ("compiled_with_the_old_optimizer", HEAD, ALL, True),
        ("opened_before_the_first_step", ALL, ALL, True),
        (
            "one_weight_frozen",
            [p for p in ALL if p != "dense/kernel"],
            [p for p in ALL if p != "dense/kernel"],
            False,
        ),
        ("flags_set_as_they_were", ALL, ALL, False),
        ("whole_model_frozen", [], ALL, False),
        ("one_layer_opened_in_a_frozen_model", [], [], False),
    ],
)
@pytest.mark.parametrize("backend", conftest.BACKENDS)
def test_what_training_is_set_up_for_is_known(workers, backend, story, expected, now, started):
    """On every backend: what the optimizer took over at its first step, or what could be trained at compile."""
    assert [expected, now, started] == workers[backend].run(MODULE, "set_up", story=story)


def compiled_graph(**state):
    plan = Blueprint()
    graph = plan.graph(plan.dense(plan.input(4), 2))
    text = json.loads(graph.to_json())
    text["compiled"] = {"optimizer": "Adam", **state}
    return json.dumps(text)


def test_a_record_comes_back_from_json():
    """What was written is read, losses and weights included."""
    text = compiled_graph(
        learning_rate=1e-5,
        losses=[{"output": "0", "function": "huber", "config": {"delta": 2.0}}],
        trained=[0, 1],
    )
    graph = ModelGraph.from_json(text)
    assert graph == ModelGraph.from_json(graph.to_json())
    assert (1e-5, (0, 1), 1.0) == (
        graph.compiled.learning_rate,
        graph.compiled.trained,
        graph.compiled.losses[0].weight,
    )


@pytest.mark.parametrize(
    ("state", "part"),
    [
        ({"trained": [2]}, "a weight outside the 2"),
        ({"trained": [-1]}, "a weight outside the 2"),
        ({"losses": [{"output": "1", "function": "huber"}]}, "the output '1', which there is not"),
        ({"losses": [{"output": "0", "function": "mse"}] * 1001}, "compiled.losses"),
        ({"losses": [{"output": "0", "function": "x" * 201}]}, "compiled.losses.0.function"),
        ({"learning_rate": "fast"}, "compiled.learning_rate"),
        ({"momentum": 0.9}, "compiled.momentum"),
    ],
)
def test_a_record_that_does_not_fit_is_refused(state, part):
    """Indexes, outputs, lengths and types are checked before anything is believed."""
    with pytest.raises(UnreadableModelError) as refusal:
        ModelGraph.from_json(compiled_graph(**state))
    assert part in str(refusal.value)
