"""Models whose concatenations stand in another order; runs in a backend's process."""

import keras
import numpy as np
from keras import layers

from grader.comparison import compare_graphs
from grader.evidence import Array
from grader.judge.challenge import transplanted
from grader.models import describe


def _branches(x):
    left = layers.Conv2D(2, 3, padding="same", activation="relu")(x)
    right = layers.Conv2D(3, 1)(x)
    return left, right


def convolution(swapped):
    x = keras.Input((6, 6, 2))
    left, right = _branches(x)
    y = layers.Concatenate()([right, left] if swapped else [left, right])
    return keras.Model(x, layers.Conv2D(4, 3)(layers.MaxPooling2D()(y)))


def normalised_and_flattened(swapped):
    x = keras.Input((6, 6, 2))
    left, right = _branches(x)
    y = layers.Concatenate()([right, left] if swapped else [left, right])
    y = layers.ReLU()(layers.BatchNormalization()(layers.DepthwiseConv2D(3)(y)))
    return keras.Model(x, layers.Dense(3)(layers.Flatten()(y)))


def nested(swapped):
    x = keras.Input((6, 6, 2))
    left, right = _branches(x)
    y = layers.Concatenate()([right, left] if swapped else [left, right])
    z = layers.Concatenate()([x, y] if swapped else [y, x])
    y = layers.Conv2DTranspose(2, 2)(layers.SeparableConv2D(4, 3)(z))
    return keras.Model(x, layers.GlobalAveragePooling2D()(y))


def grouped(swapped, groups=3):
    """Branches of two and four channels, in groups of two: whole groups change places."""
    x = keras.Input((6, 6, 2))
    left, right = layers.Conv2D(2, 3, padding="same", activation="relu")(x), layers.Conv2D(4, 1)(x)
    y = layers.Concatenate()([right, left] if swapped else [left, right])
    return keras.Model(x, layers.Conv2D(3, 2)(layers.GroupNormalization(groups)(y)))


def one_by_one(swapped):
    """Each channel is a group of its own."""
    return grouped(swapped, groups=-1)


def recurrent(swapped):
    x = keras.Input((5, 3))
    left, right = layers.Dense(2)(x), layers.Dense(4)(x)
    y = layers.Concatenate()([right, left] if swapped else [left, right])
    return keras.Model(x, layers.GRU(3)(y))


def gap(name):
    """Return whether the two are the same, how many weights are permuted, and the largest difference of outputs."""
    student, reference = (describe(globals()[name](swapped)) for swapped in (True, False))
    comparison = compare_graphs(student.graph, reference.graph)
    generator = np.random.default_rng(1)
    weights = [
        generator.uniform(0.2, 1.0, variable.shape).astype("float32") for variable in reference.variables
    ]
    for variable, weight in zip(reference.variables, weights, strict=True):
        variable.assign(weight)
    moved = transplanted(comparison, tuple(map(Array.of, weights)))
    for variable, array in zip(student.variables, moved, strict=True):
        variable.assign(array.numpy())
    (shape,) = [tensor.shape for tensor in reference.model.inputs]
    x = generator.standard_normal((4, *shape[1:])).astype("float32")
    ours, theirs = (keras.ops.convert_to_numpy(m.model(x, training=False)) for m in (student, reference))
    scale = float(np.max(np.abs(theirs)))
    return comparison.equivalent, len(comparison.weight_orders), float(np.max(np.abs(ours - theirs))) / scale
