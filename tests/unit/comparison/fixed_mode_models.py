"""Layers that are called in one mode, in classes and in Functional models: what is said, and what Keras does."""

import keras
import numpy as np
from keras import layers

import grader

ROWS = np.random.default_rng(0).normal(3.0, 2.0, (16, 6)).astype("float32")


class Net(keras.Model):
    """``drop`` and ``norm`` are the modes that the two calls are given, ``...`` for none."""

    def __init__(self, drop=..., norm=...):
        super().__init__()
        self.hidden, self.head = layers.Dense(8), layers.Dense(2)
        self.drop, self.norm = layers.Dropout(0.5), layers.BatchNormalization()
        self.modes = [{} if mode is ... else {"training": mode} for mode in (drop, norm)]

    def call(self, x, training=None):
        x = self.norm(self.hidden(x), **self.modes[1])
        return self.head(self.drop(x, **self.modes[0]))


class TwoDrops(keras.Model):
    """Only the first of two dropouts is given a mode, or the second is given its own."""

    def __init__(self, pass_on):
        super().__init__()
        self.first, self.second, self.pass_on = layers.Dropout(0.5), layers.Dropout(0.5), pass_on

    def call(self, x, training=None):
        x = self.first(x, training=False)
        return self.second(x, training=training) if self.pass_on else self.second(x)


class WithBase(keras.Model):
    """A backbone that is called in a mode, or with ``passed``, in the one that ``call`` is given."""

    def __init__(self, **mode):
        super().__init__()
        self.base, self.head, self.mode = backbone(), layers.Dense(2), mode

    def call(self, x, training=None):
        mode = {"training": training} if "passed" in self.mode else self.mode
        return self.head(self.base(x, **mode))


def built(model):
    model(ROWS)
    return model


def backbone():
    x = keras.Input((6,))
    return keras.Model(x, layers.ReLU()(layers.BatchNormalization()(layers.Dense(5)(x))))


def fine_tuned(**mode):
    """A Functional model around a backbone that is called in a mode."""
    x = keras.Input((6,))
    return keras.Model(x, layers.Dense(2)(backbone()(x, **mode)))


def functional(**mode):
    x = keras.Input((6,))
    y = layers.BatchNormalization()(layers.Dense(8)(x))
    return keras.Model(x, layers.Dense(2)(layers.Dropout(0.5)(y, **mode)))


def same_dropout_backbone(**mode):
    """A Functional model around one with a dropout, and no normalisation."""
    x = keras.Input((6,))
    base = keras.Model(x, layers.Dropout(0.5)(layers.Dense(5)(x)))
    return keras.Model(x, layers.Dense(2)(base(x, **mode)))


def steady_backbone(**mode):
    """A Functional model around one in which nothing depends on the mode."""
    x = keras.Input((6,))
    base = keras.Model(x, layers.ReLU()(layers.Dense(5)(x)))
    return keras.Model(x, layers.Dense(2)(base(x, **mode)))


class MonteCarlo(keras.Model):
    """A dropout that always drops, behind a Dense."""

    def __init__(self):
        super().__init__()
        self.hidden, self.drop, self.head = layers.Dense(5), layers.Dropout(0.5), layers.Dense(2)

    def call(self, x):
        return self.head(self.drop(self.hidden(x), training=True))


def monte_carlo(**mode):
    x = keras.Input((6,))
    return keras.Model(x, layers.Dense(2)(layers.Dropout(0.5)(layers.Dense(5)(x), **mode)))


def without_dropout():
    x = keras.Input((6,))
    return keras.Model(x, layers.Dense(2)(layers.BatchNormalization()(layers.Dense(8)(x))))


def resized(resize):
    """A layer whose ``call`` has ``training=True`` as a default, or an operation that does the same."""
    x = keras.Input((6, 6, 1))
    return keras.Model(x, layers.Dense(2)(layers.Flatten()(resize(x))))


PAIRS = {
    "a default that trains": (
        lambda: resized(layers.Resizing(3, 3)),
        lambda: resized(lambda x: keras.ops.image.resize(x, (3, 3))),
    ),
    "on in a Functional model": (lambda: functional(training=True), functional),
    "on in a Functional reference": (functional, lambda: functional(training=True)),
    "on in both Functional models": (lambda: functional(training=True), lambda: functional(training=True)),
    "on in a class and in a Functional model": (
        lambda: monte_carlo(training=True),
        lambda: built(MonteCarlo()),
    ),
    "on in a Functional model and in a class": (
        lambda: built(MonteCarlo()),
        lambda: monte_carlo(training=True),
    ),
    "dropout backbone on": (lambda: same_dropout_backbone(training=True), same_dropout_backbone),
    "steady backbone on": (lambda: steady_backbone(training=True), steady_backbone),
    "dropout off": (lambda: built(Net(drop=False)), functional),
    "dropout on": (lambda: built(Net(drop=True)), functional),
    "norm off": (lambda: built(Net(norm=False, drop=None)), functional),
    "base off": (lambda: built(WithBase(training=False)), lambda: built(WithBase())),
    "base on the model's mode": (lambda: built(WithBase()), lambda: built(WithBase(training=False))),
    "base off in both": (
        lambda: built(WithBase(training=False)),
        lambda: built(WithBase(training=False)),
    ),
    "no mode given": (lambda: built(Net()), functional),
    "off in a Functional model": (lambda: functional(training=False), functional),
    "base off in a Functional model": (lambda: fine_tuned(training=False), fine_tuned),
    "base off in a Functional reference": (fine_tuned, lambda: fine_tuned(training=False)),
    "dropout off where none is expected": (lambda: built(Net(drop=False)), without_dropout),
}


def said():
    """What is said of each pair: the ids, and the sentences."""
    found = {}
    for name, (student, reference) in PAIRS.items():
        comparison = grader.compare(student(), reference())
        found[name] = [
            [diagnosis.id for diagnosis in comparison.diagnoses],
            [difference.message for difference in comparison.differences],
            comparison.equivalent,
        ]
    return found


def _random_in_training(model):
    first, second = (keras.ops.convert_to_numpy(model(ROWS, training=True)) for _ in range(2))
    return bool(np.abs(first - second).max() > 1e-6)


def _random(call):
    first, second = (keras.ops.convert_to_numpy(call(ROWS)) for _ in range(2))
    return bool(np.abs(first - second).max() > 1e-6)


def _drifts(model, norm):
    """Whether fit moves the statistics of a BatchNormalization."""
    before = np.array(keras.ops.convert_to_numpy(norm.moving_mean))
    model.compile("sgd", loss="mse")
    model.fit(ROWS, np.zeros((16, 2), "float32"), batch_size=8, verbose=0)
    return bool(np.abs(keras.ops.convert_to_numpy(norm.moving_mean) - before).max() > 1e-6)


def seen():
    """What Keras does, for each fact that the sentences rest on."""
    fixed, inherited, passed = built(Net(drop=False)), built(TwoDrops(False)), built(TwoDrops(True))
    normed, base_off = built(Net(norm=False, drop=None)), built(WithBase(training=False))
    always, off = functional(training=True), functional(training=False)
    base_on, tuned = built(WithBase(passed=True)), fine_tuned(training=False)
    return {
        "called with training=True in a Functional model it drops in a plain call": _random(always),
        "called with training=True in a Functional model it drops in predict": _random(
            lambda rows: always.predict(rows, verbose=0)
        ),
        "called with training=False in a Functional model it drops in a plain call": _random(off),
        "a dropout with training=False drops": _random_in_training(fixed),
        "a layer after it that is given no mode drops": _random_in_training(inherited),
        "a layer after it that is given the mode drops": _random_in_training(passed),
        "in a Functional model it drops": _random_in_training(functional(training=False)),
        "a normalisation with training=False drifts": _drifts(normed, normed.norm),
        "a backbone called with training=False in a class drifts": _drifts(base_off, base_off.base.layers[2]),
        "a backbone called in the mode of the model drifts": _drifts(base_on, base_on.base.layers[2]),
        "a backbone called with training=False in a Functional model drifts": _drifts(
            tuned, tuned.layers[1].layers[2]
        ),
    }
