"""Stacks of residual blocks in which one slip was made in every block; built in a worker process."""

import keras
from keras import layers, ops

from grader.models import describe

BLOCKS = (2, 3, 6)


def network(blocks, slip="", *, project=False):
    """A stem, residual blocks, and a head; ``project``: each shortcut goes through a 1×1 convolution."""
    inputs = keras.Input((14, 14, 1))
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    filters = 12 if slip == "filters" else 8
    function = "tanh" if slip == "function" else "relu"
    norm = layers.Identity if slip == "norm" else layers.BatchNormalization
    for _ in range(blocks):
        shortcut = layers.Conv2D(8, 1)(x) if project and slip != "projection" else x
        y = layers.Activation(function)(norm()(layers.Conv2D(filters, 3, padding="same")(x)))
        y = norm()(layers.Conv2D(8, 3, padding="same")(y))
        if slip == "early":
            x = layers.Add()([ops.relu(y), shortcut])
        elif slip == "skip":
            x = layers.ReLU()(y)
        elif slip == "concatenate":
            x = layers.ReLU()(layers.Concatenate()([y, shortcut]))
        elif slip == "bare":
            x = layers.Add()([y, shortcut])
        elif slip == "twice":
            x = layers.ReLU()(layers.Add()([ops.relu(y), shortcut]))
        else:
            x = layers.ReLU()(layers.Add()([y, shortcut]))
    return keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


# The slip, whether the shortcuts are projected, and the id that is told first.
SLIPS = (
    ("early", False, "activation-before-add"),
    ("early", True, "activation-before-add"),
    ("skip", False, "missing-skip"),
    ("skip", True, "missing-skip"),
    ("concatenate", False, "concatenate-instead-of-add"),
    ("projection", True, "missing-projection"),
    ("norm", False, "missing-layer"),
    ("norm", True, "missing-layer"),
    ("function", False, "wrong-activation"),
    ("filters", False, "wrong-config"),
    ("filters", True, "wrong-config"),
    ("bare", False, "wrong-activation"),
    ("twice", False, "wrong-activation"),
)


def graphs():
    """Student's and reference's graphs with the id that is told first, by slip and number of blocks."""
    found = {}
    for slip, project, wanted in SLIPS:
        for blocks in BLOCKS:
            keras.utils.clear_session(free_memory=False)
            pair = [network(blocks, what, project=project) for what in (slip, "")]
            what = f"{slip}, {'projected' if project else 'as it is'}, {blocks} blocks"
            found[what] = [*(describe(model).graph.to_json() for model in pair), wanted]
    return found
