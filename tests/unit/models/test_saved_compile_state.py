"""What a saved model was compiled with is read from its file, without trusting the file."""

import pytest

pytestmark = pytest.mark.backends

MODULE = "tests.unit.models.saved_compiled_models"


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_a_saved_compile_state_is_read(workers, backend):
    """Optimizer, schedule, losses and their weights come back, whichever backend wrote the file."""
    record, *_ = workers[backend].run(MODULE, "read_back")
    assert ("SGD", 0.9) == (record["optimizer"], record["settings"]["momentum"])
    assert ("CosineDecay", 1e-3) == (
        record["schedule"]["class_name"],
        record["schedule"]["config"]["initial_learning_rate"],
    )
    assert [("box", "mean_squared_error", 5.0), ("digit", "sparse_categorical_crossentropy", 1.0)] == [
        (loss["output"], loss["function"], loss["weight"]) for loss in record["losses"]
    ]
    assert not record["started"]


HOSTILE = {
    "a function of Keras": {
        "module": "keras.config",
        "class_name": "set_floatx",
        "config": {"value": "float64"},
    },
    "a module of Python": {"module": "os", "class_name": "system", "config": {"command": "true"}},
    "a layer": {"module": "keras.layers", "class_name": "Lambda", "config": {}},
    "a class of one's own": {
        "module": "mine",
        "class_name": "Adam",
        "config": {},
        "registered_name": "mine>Adam",
    },
    "a function of losses": {"module": "keras.losses", "class_name": "serialize", "config": {}},
    "a name that is none": {"module": "keras.optimizers", "class_name": ["Adam"], "config": {}},
    "no config": {"module": "keras.optimizers", "class_name": "Adam", "config": "learning_rate"},
    "settings it does not have": {"module": "keras.optimizers", "class_name": "Adam", "config": {"x": 1}},
    "a hidden layer": {
        "module": "keras.optimizers",
        "class_name": "Adam",
        "config": {
            "learning_rate": {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}}
        },
    },
    "too long": {"module": "keras.optimizers", "class_name": "Adam", "config": {"name": "x" * 100_000}},
}


@pytest.mark.parametrize("optimizer", HOSTILE.values(), ids=HOSTILE)
def test_anything_else_leaves_the_model_uncompiled(workers, optimizer):
    """Nothing but Keras's own optimizers, schedules and losses is made; the model itself is read all the same."""
    assert [None, 2, "float32"] == workers["torch"].run(MODULE, "read_back", optimizer=optimizer)


@pytest.mark.parametrize(
    "loss", [{"digit": {"module": "keras", "class_name": "__lambda__", "config": {}}}, [[[]]], 3]
)
def test_a_loss_that_is_none_does_no_harm(workers, loss):
    """Whatever stands in place of the losses, the model is read."""
    record, calls, _ = workers["torch"].run(MODULE, "read_back", loss=loss)
    assert (2, []) == (calls, record["losses"] if record else [])


def test_metrics_are_not_made(workers):
    """A metric that would fill the memory is not made."""
    metric = {"module": "keras.metrics", "class_name": "MeanIoU", "config": {"num_classes": 10**6}}
    record, *_ = workers["torch"].run(MODULE, "read_back", metrics=[metric])
    assert [] == record["metrics"]
