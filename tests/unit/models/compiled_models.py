"""Models as students compile them; each function is run in a worker process and returns JSON values."""

import json

import keras
import numpy as np
from keras import layers

from grader.models import describe
from grader.models.structures import leaves


def crossentropy(**config):
    return keras.losses.SparseCategoricalCrossentropy(**config)


def stack():
    return keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="softmax")])


def heads(pack):
    """Return a model with a class head and a box head; ``pack`` puts them in the structure it returns."""
    x = keras.Input((4,))
    digit = layers.Dense(3, activation="softmax", name="digit")(x)
    return keras.Model(x, pack(digit, layers.Dense(2, name="box")(x)))


def as_list():
    return heads(lambda digit, box: [digit, box])


def as_dict():
    return heads(lambda digit, box: {"digit": digit, "box": box})


def nested():
    return heads(lambda digit, box: {"both": [digit, box]})


def lone_in_a_dict():
    return heads(lambda digit, box: {"digit": digit})


class Detector(keras.Model):
    def __init__(self):
        super().__init__()
        self.digit, self.box = layers.Dense(3, activation="softmax"), layers.Dense(2)

    def call(self, x):
        return [self.digit(x), self.box(x)]


def subclassed():
    model = Detector()
    model(np.zeros((1, 4), "float32"))
    return model


def mine(y_true, y_pred):
    return keras.ops.mean(keras.ops.abs(y_true - y_pred))


SPARSE = "sparse_categorical_crossentropy"

# What Keras trains with; each entry is a model and what it is compiled with.
TRAINABLE = {
    "one loss by name": (stack, {"loss": SPARSE}),
    "one loss in a list": (stack, {"loss": [SPARSE]}),
    "one loss as an object": (stack, {"loss": crossentropy(ignore_class=1)}),
    "one for all": (as_list, {"loss": "mse"}),
    "a list": (as_list, {"loss": ["mae", "mse"], "loss_weights": [1, 0.5]}),
    "a tuple": (as_list, {"loss": ("mae", "mse")}),
    "a list with None": (as_list, {"loss": [None, "mae"]}),
    "names for a list": (
        as_list,
        {"loss": {"box": "mse", "digit": "mae"}, "loss_weights": {"box": 3, "digit": 1}},
    ),
    "a dict": (as_dict, {"loss": {"digit": "mae", "box": "mse"}, "loss_weights": {"digit": 1.0, "box": 5.0}}),
    "one of a dict": (as_dict, {"loss": {"box": "mse"}}),
    "a list for a dict": (as_dict, {"loss": ["mae", "mse"], "loss_weights": [2.0, 1.0]}),
    "a structure": (nested, {"loss": {"both": ["mae", keras.losses.Huber(2.0)]}}),
    "a flat list for a structure": (nested, {"loss": ["mae", "mse"]}),
    "a dict of one": (lone_in_a_dict, {"loss": {"digit": SPARSE}}),
    "a class": (subclassed, {"loss": ["mse", mine]}),
    "weights of numpy": (as_list, {"loss": ["mse", "mae"], "loss_weights": [np.float32(2), np.int64(3)]}),
}
SPELLINGS = {
    "mean_squared_error": ["mse", "MSE", "mean_squared_error", "MeanSquaredError"],
    "mean_absolute_error": ["mae", "MAE", "mean_absolute_error", "MeanAbsoluteError"],
    "binary_crossentropy": ["bce", "BCE", "binary_crossentropy", "BinaryCrossentropy"],
    "categorical_crossentropy": ["categorical_crossentropy", "CategoricalCrossentropy"],
    "sparse_categorical_crossentropy": ["sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"],
    "kl_divergence": ["kld", "kl_divergence", "KLDivergence"],
    "huber": ["huber", "Huber"],
    "cosine_similarity": ["cosine_similarity", "CosineSimilarity"],
}


class Unreadable(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return mine(y_true, y_pred)

    def get_config(self):
        raise RuntimeError("not today")


class Odd(keras.optimizers.SGD):
    def get_config(self):
        raise RuntimeError("not today")


class OwnStep(keras.Model):
    def train_step(self, *args, **kwargs):
        raise NotImplementedError


def own_step():
    x = keras.Input((4,))
    return OwnStep(x, layers.Dense(1)(x))


def _schedule():
    return keras.optimizers.schedules.ExponentialDecay(1e-3, decay_steps=100, decay_rate=0.9)


def _several():
    return keras.optimizers.MultiOptimizer(keras.optimizers.OptimizerMap(keras.optimizers.Adam(1e-3)))


# What only has to be described.
OTHERS = {
    "no loss": (stack, {"optimizer": "sgd"}),
    "another optimizer": (
        stack,
        {"optimizer": keras.optimizers.AdamW(1e-5, weight_decay=0.01), "loss": "mse"},
    ),
    "a schedule": (stack, {"optimizer": keras.optimizers.SGD(_schedule(), momentum=0.9), "loss": "mse"}),
    "a rate of one's own": (stack, {"optimizer": keras.optimizers.Adam(lambda: 1e-3), "loss": "mse"}),
    "by the labels": (as_list, {"loss": ["crossentropy", "mse"]}),
    "metrics": (as_list, {"loss": "mse", "metrics": [["acc"], ["mae", keras.metrics.mean_squared_error]]}),
    "metrics by name": (
        as_dict,
        {"loss": "mse", "metrics": {"box": [keras.metrics.MeanAbsoluteError(), mine]}},
    ),
    "weighted metrics": (stack, {"loss": "mse", "weighted_metrics": ["accuracy"]}),
    "a key too few": (as_list, {"loss": {"digit": "mse"}}),
    "a key that is no output": (as_dict, {"loss": {"digit": "mse", "bx": "mae"}}),
    "a list for a class by name": (subclassed, {"loss": {"digit": "mse", "box": "mse"}}),
    "a weight that is no number": (as_list, {"loss": ["mse", "mae"], "loss_weights": [1.0, float("nan")]}),
    "code that raises": (stack, {"optimizer": Odd(0.1), "loss": Unreadable()}),
    "a step of its own": (own_step, {"loss": "mse"}),
    "scaled": (
        stack,
        {"optimizer": keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(1e-5)), "loss": "mse"},
    ),
    "several optimizers": (stack, {"optimizer": _several(), "loss": "mse"}),
    "a list too short for a dict": (as_dict, {"loss": ["mse"]}),
    "a sum": (stack, {"loss": keras.losses.MeanSquaredError(reduction="sum")}),
    "a mean": (stack, {"loss": keras.losses.MeanSquaredError(reduction="mean")}),
}


def _built(name):
    keras.utils.clear_session(free_memory=False)
    build, given = (TRAINABLE | OTHERS)[name]
    model = build()
    model.compile(**{"optimizer": keras.optimizers.Adam(1e-5), **given})
    return model


def _record(model):
    compiled = describe(model).graph.compiled
    return None if compiled is None else json.loads(compiled.to_json())


def records():
    """The record of every model above, by name."""
    return {name: _record(_built(name)) for name in TRAINABLE | OTHERS}


def uncompiled():
    return _record(stack())


def spelled():
    """What is recorded of each spelling of a loss: the name, the function and the object, by the name expected."""
    found = {}
    for name, spellings in SPELLINGS.items():
        given = [keras.losses.get(spelling) for spelling in spellings]
        found[name] = []
        for loss in (*spellings, *given):
            model = stack()
            model.compile("sgd", loss=loss)
            (term,) = _record(model)["losses"]
            found[name].append([term["function"], term["config"]])
    return found


def _train(model):
    """Take one step of training on zeros, in the structure of the model's outputs."""
    x = np.zeros((2, 4), "float32")
    targets = keras.tree.map_structure(
        lambda output: np.zeros((2, *output.shape[1:]), "float32"), model.call(keras.KerasTensor((None, 4)))
    )
    if len(keras.tree.flatten(targets)) == 1:  # the models with one output classify
        targets = keras.tree.map_structure(lambda target: target[:, 0].astype("int32"), targets)
    model.train_on_batch(x, targets)


def placed_by_keras(name):
    """The losses of a model as recorded before a step, as recorded after it, and as Keras then holds them."""
    model = _built(name)
    before = _record(model)["losses"]
    _train(model)
    after = _record(model)["losses"]
    outputs = model.call(keras.KerasTensor((None, 4)))
    keys = [key for key, _ in leaves(outputs)]
    held = []
    for path, loss, weight, _ in model._compile_loss._flat_losses:
        key = ".".join(map(str, path)) or keys[0]
        function = getattr(loss, "fn", loss)
        held.append([key, function.__name__, 1.0 if weight is None else float(weight)])
    ours = [[term["output"], term["function"].removeprefix("custom:"), term["weight"]] for term in after]
    return [before == after, sorted(ours), sorted(held)]


def left_alone():
    """What describing a compiled model leaves behind: nothing of it is built, and names count on as before."""
    model = _built("a list")
    describe(model)
    metric = keras.metrics.Mean().name
    return [model.optimizer.built, model._compile_loss.built, metric, len(model.optimizer.variables)]


def backbone():
    x = keras.Input((4,))
    y = layers.BatchNormalization(name="norm")(layers.Dense(3, name="dense")(x))
    return keras.Model(x, y, name="backbone")


def _classifier():
    base = backbone()
    x = keras.Input((4,))
    return keras.Model(x, layers.Dense(3, activation="softmax", name="head")(base(x))), base


def _step(model):
    model.train_on_batch(np.zeros((2, 4), "float32"), np.zeros((2,), "int32"))


def _compile(model, optimizer=None):
    model.compile(optimizer or keras.optimizers.Adam(1e-3), loss=SPARSE)


def frozen_then_compiled(model, base):
    base.trainable = False
    _compile(model)


def compiled_then_frozen(model, base):
    _compile(model)
    base.trainable = False


def trained(model, base):
    frozen_then_compiled(model, base)
    _step(model)


def opened_after_training(model, base):
    trained(model, base)
    base.trainable = True


def opened_and_compiled_again(model, base):
    opened_after_training(model, base)
    _compile(model)


def compiled_with_the_old_optimizer(model, base):
    opened_after_training(model, base)
    _compile(model, model.optimizer)


def opened_before_the_first_step(model, base):
    frozen_then_compiled(model, base)
    base.trainable = True
    _step(model)


def one_weight_frozen(model, base):
    base.get_layer("dense").kernel.trainable = False
    _compile(model)


def flags_set_as_they_were(model, base):
    _compile(model)
    base.trainable = False
    base.trainable = True


def whole_model_frozen(model, base):
    model.trainable = False
    _compile(model)
    model.trainable = True


def one_layer_opened_in_a_frozen_model(model, base):
    """Keras trains nothing of a model that is frozen itself, whatever its layers say."""
    model.trainable = False
    base.get_layer("dense").trainable = True
    _compile(model)


STORIES = {
    story.__name__: story
    for story in (
        frozen_then_compiled,
        compiled_then_frozen,
        trained,
        opened_after_training,
        opened_and_compiled_again,
        compiled_with_the_old_optimizer,
        opened_before_the_first_step,
        one_weight_frozen,
        flags_set_as_they_were,
        whole_model_frozen,
        one_layer_opened_in_a_frozen_model,
    )
}


def set_up(story):
    """The names of the weights training is set up for, of those that can be trained now, and whether it began."""
    keras.utils.clear_session(free_memory=False)
    model, base = _classifier()
    STORIES[story](model, base)
    described = describe(model)
    compiled, paths = described.graph.compiled, [variable.path for variable in described.variables]
    return [
        sorted(paths[index] for index in compiled.trained),
        sorted(variable.path for variable in model.trainable_weights),
        compiled.started,
    ]
