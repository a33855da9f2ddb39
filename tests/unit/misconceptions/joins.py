"""Models that join tensors otherwise than a residual block does: a U-Net, a DenseNet, towers, twins."""

import keras
from keras import layers, ops

from grader.models import describe


def conv(filters, size=3, **given):
    return layers.Conv2D(filters, size, padding="same", **given)


def u_net(join="concatenate"):
    """Down and up again; what was there before going down is put beside what comes up."""
    inputs = keras.Input((16, 16, 1))
    wide = conv(4, activation="relu")(inputs)
    deep = conv(8, activation="relu")(layers.MaxPooling2D()(wide))
    x = conv(4, activation="relu")(layers.UpSampling2D()(deep))
    join_them = {"concatenate": layers.Concatenate(), "add": layers.Add(), "none": lambda pair: pair[0]}[join]
    x = join_them([x, wide])
    return keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x))


def dense_net(join="concatenate", steps=3):
    """Each step sees everything that was made before it."""
    inputs = keras.Input((12, 12, 4))
    x = inputs
    for number in range(steps):
        new = conv(4, activation="relu")(x)
        x = layers.Concatenate()([x, new]) if join == "concatenate" or number else layers.Add()([x, new])
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(x))


def two_towers(join="add"):
    """A table and an image, each turned into a vector, and joined."""
    table, image = keras.Input((5,)), keras.Input((8, 8, 1))
    ours = layers.Dense(8, activation="relu")(table)
    theirs = layers.Dense(8)(layers.Flatten()(image))
    joined = {
        "add": lambda: layers.Add()([ours, theirs]),
        "concatenate": lambda: layers.Concatenate()([ours, theirs]),
        "multiply": lambda: layers.Multiply()([ours, theirs]),
        "twice": lambda: layers.Add()([ours, ours]),
    }[join]()
    return keras.Model([table, image], layers.Dense(1, activation="sigmoid")(joined))


def siamese(join="difference"):
    """One embedding called twice; the distance decides."""
    embedding = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(6)])
    one, two = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    a, b = embedding(one), embedding(two)
    joined = {
        "difference": lambda: ops.abs(a - b),
        "concatenate": lambda: layers.Concatenate()([a, b]),
        "add": lambda: layers.Add()([a, b]),
    }[join]()
    return keras.Model([one, two], layers.Dense(1, activation="sigmoid")(joined))


# Students' models and references that hold no residual sum on either side.
PAIRS = [
    (lambda: u_net("none"), u_net),
    (lambda: u_net("add"), u_net),
    (lambda: dense_net(steps=2), dense_net),
    (lambda: dense_net(steps=4), dense_net),
    (lambda: dense_net("add"), dense_net),
    (lambda: siamese("concatenate"), siamese),
    (lambda: siamese("add"), siamese),
    (siamese, lambda: siamese("concatenate")),
    (siamese, lambda: siamese("add")),
    (lambda: two_towers("concatenate"), two_towers),
    (lambda: two_towers("twice"), two_towers),
    (two_towers, lambda: two_towers("concatenate")),
    (lambda: two_towers("multiply"), two_towers),
]


def graphs():
    """The graphs of the pairs, as JSON."""

    def read(build):
        keras.utils.clear_session(free_memory=False)
        return describe(build()).graph.to_json()

    return [[read(student), read(reference)] for student, reference in PAIRS]
