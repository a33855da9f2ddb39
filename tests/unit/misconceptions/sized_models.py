"""Functions that are right with the arguments shown, and with others not; and what only looks like it."""

import keras
from keras import layers, ops

from grader.evidence import Case, InputSpec
from grader.models.collect import collect

IMAGE = InputSpec(shape=(8, 8, 4))


def cases(*arguments, inputs=()):
    """The first case is the one that is shown."""
    return [Case(arguments=given, inputs=inputs) for given in arguments]


def classifier(units, classes):
    x = keras.Input((10,))
    return keras.Model(
        x, layers.Dense(classes, activation="softmax")(layers.Dense(units, activation="relu")(x))
    )


def classifier_of_ten(units, classes):
    x = keras.Input((10,))
    return keras.Model(x, layers.Dense(10, activation="softmax")(layers.Dense(units, activation="relu")(x)))


def classifier_as_a_stack(units, classes):
    return keras.Sequential(
        [keras.Input((10,)), layers.Dense(units, "relu"), layers.Dense(classes, "softmax")]
    )


def classifier_of_ten_and_tanh(units, classes):
    x = keras.Input((10,))
    return keras.Model(x, layers.Dense(10, activation="softmax")(layers.Dense(units, activation="tanh")(x)))


CLASSIFIERS = cases({"units": 16, "classes": 10}, {"units": 16, "classes": 4}, {"units": 9, "classes": 7})


def deep(depth):
    x = y = keras.Input((6,))
    for _ in range(depth):
        y = layers.Dense(6, activation="relu")(y)
    return keras.Model(x, layers.Dense(1)(y))


def three_deep(depth):
    x = keras.Input((6,))
    y = layers.Dense(6, activation="relu")(x)
    y = layers.Dense(6, activation="relu")(y)
    y = layers.Dense(6, activation="relu")(y)
    return keras.Model(x, layers.Dense(1)(y))


DEPTHS = cases({"depth": 3}, {"depth": 5}, {"depth": 1})


def block(x, filters, stride=1):
    """A residual block that projects where it has to."""
    y = layers.Conv2D(filters, 3, strides=stride, padding="same", activation="relu")(x)
    y = layers.Conv2D(filters, 3, padding="same")(y)
    if stride != 1 or x.shape[-1] != filters:
        x = layers.Conv2D(filters, 1, strides=stride)(x)
    return layers.ReLU()(layers.Add()([x, y]))


def block_that_never_projects(x, filters, stride=1):
    y = layers.Conv2D(filters, 3, strides=stride, padding="same", activation="relu")(x)
    y = layers.Conv2D(filters, 3, padding="same")(y)
    return layers.ReLU()(layers.Add()([x, y]))


def block_of_four_channels(x, filters, stride=1):
    y = layers.Conv2D(4, 3, strides=stride, padding="same", activation="relu")(x)
    y = layers.Conv2D(4, 3, padding="same")(y)
    if stride != 1 or x.shape[-1] != 4:
        x = layers.Conv2D(4, 1, strides=stride)(x)
    return layers.ReLU()(layers.Add()([x, y]))


def block_by_operators(x, filters, stride=1):
    y = ops.relu(layers.Conv2D(filters, 3, strides=stride, padding="same")(x))
    y = layers.Conv2D(filters, 3, padding="same")(y)
    shortcut = x if x.shape[-1] == filters and stride == 1 else layers.Conv2D(filters, 1, strides=stride)(x)
    return ops.relu(y + shortcut)


BLOCKS = cases({"filters": 4}, {"filters": 6}, {"filters": 8, "stride": 2}, inputs=(IMAGE,))


def decoder(side):
    x = keras.Input((5,))
    y = layers.Dense(side * side, activation="sigmoid")(x)
    return keras.Model(x, layers.Reshape((side, side, 1))(y))


def decoder_of_eight(side):
    """The reshape refuses every other size."""
    x = keras.Input((5,))
    y = layers.Dense(side * side, activation="sigmoid")(x)
    return keras.Model(x, layers.Reshape((8, 8, 1))(y))


SIDES = cases({"side": 8}, {"side": 6})


def chosen(activation):
    x = keras.Input((5,))
    return keras.Model(x, layers.Dense(2)(layers.Dense(4, activation=activation)(x)))


def always_relu(activation):
    x = keras.Input((5,))
    return keras.Model(x, layers.Dense(2)(layers.Dense(4, activation="relu")(x)))


ACTIVATIONS = cases({"activation": "relu"}, {"activation": "tanh"})

TRIGGERS = {
    "hard-coded-size": [
        (classifier_of_ten, classifier, CLASSIFIERS),
        (three_deep, deep, DEPTHS),
        (block_of_four_channels, block, BLOCKS),
        (decoder_of_eight, decoder, SIDES),
        (always_relu, chosen, ACTIVATIONS),
    ]
}
NEAR_MISSES = {
    "hard-coded-size": [
        (classifier_as_a_stack, classifier, CLASSIFIERS, None),
        (block_by_operators, block, BLOCKS, None),
        (classifier_of_ten_and_tanh, classifier, CLASSIFIERS, "wrong-activation"),
        (block_that_never_projects, block, BLOCKS, "missing-projection"),
        (three_deep, deep, cases({"depth": 2}, {"depth": 3}), "extra-layer"),
    ]
}


def evidence(table):
    """What was collected of a table's pairs, as JSON: student, reference, cases, and what is told first."""

    def seen(build, given):
        keras.utils.clear_session(free_memory=False)
        return collect("sized", build, given).to_json()

    return [
        [seen(student, given), seen(reference, given), [case.to_json() for case in given], *wanted]
        for student, reference, given, *wanted in {"TRIGGERS": TRIGGERS, "NEAR_MISSES": NEAR_MISSES}[table][
            "hard-coded-size"
        ]
    ]
