"""One computation written in two styles, and near-misses that are another; runs in a backend's process."""

# ruff: noqa: PLW0108 - a lambda makes a new layer each time; the layer alone would be shared

import keras
import numpy as np
from keras import layers, ops

from grader.comparison import compare_graphs
from grader.evidence import Array
from grader.judge.challenge import transplanted
from grader.models import describe

IMAGE = (6, 6, 4)
STEPS = (5, 4)


def _average(x):
    a, b, c = (layers.Dense(3)(x) for _ in range(3))
    return a, b, c


SAME = {
    "x / 4 and Rescaling": (STEPS, lambda x: x / 4, lambda x: layers.Rescaling(0.25)(x)),
    "steps of arithmetic and one Rescaling": (
        STEPS,
        lambda x: 1 - (x * 2 - 3) / 4,
        lambda x: layers.Rescaling(-0.5, offset=1.75)(x),
    ),
    "a sum divided and Average": (
        STEPS,
        lambda x: sum(_average(x)) / 3,
        lambda x: layers.Average()(_average(x)),
    ),
    "minus and a Rescaling": (STEPS, lambda x: -x, lambda x: layers.Rescaling(-1.0)(x)),
    "nested and flat concatenation": (
        STEPS,
        lambda x: layers.concatenate([x, layers.concatenate([layers.Dense(2)(x), layers.Dense(3)(x)])]),
        lambda x: layers.concatenate([x, layers.Dense(2)(x), layers.Dense(3)(x)]),
    ),
    "zeros around and same padding": (
        IMAGE,
        lambda x: layers.Conv2D(3, 3)(layers.ZeroPadding2D(1)(x)),
        lambda x: layers.Conv2D(3, 3, padding="same")(x),
    ),
    "zeros for a stride and same padding": (
        IMAGE,
        lambda x: layers.Conv2D(3, 3, strides=2)(layers.ZeroPadding2D(((0, 1), (0, 1)))(x)),
        lambda x: layers.Conv2D(3, 3, strides=2, padding="same")(x),
    ),
    "zeros around a row": (
        STEPS,
        lambda x: layers.Conv1D(3, 3, dilation_rate=2)(layers.ZeroPadding1D(2)(x)),
        lambda x: layers.Conv1D(3, 3, dilation_rate=2, padding="same")(x),
    ),
    "kept axes and a reshape": (
        IMAGE,
        lambda x: layers.GlobalAveragePooling2D(keepdims=True)(x),
        lambda x: layers.Reshape((1, 1, 4))(layers.GlobalAveragePooling2D()(x)),
    ),
    "max over space and the pooling": (
        IMAGE,
        lambda x: ops.max(x, axis=(1, 2)),
        lambda x: layers.GlobalMaxPooling2D()(x),
    ),
    "two reshapes and the last": (
        IMAGE,
        lambda x: layers.Reshape((9, 16))(layers.Flatten()(x)),
        lambda x: layers.Reshape((9, -1))(x),
    ),
    "expand_dims and a reshape": (
        STEPS,
        lambda x: ops.expand_dims(x, -1),
        lambda x: layers.Reshape((5, 4, 1))(x),
    ),
    "last step with and without the rest": (STEPS, lambda x: x[:, -1], lambda x: x[:, 4, :]),
    "last channel by an ellipsis": (STEPS, lambda x: x[..., -1], lambda x: x[:, :, 3]),
    "an axis of length 1 dropped": (
        STEPS,
        lambda x: layers.Dense(2)(layers.Flatten()(x[:, 1:2])),
        lambda x: layers.Dense(2)(x[:, 1:2][:, 0]),
    ),
    "the last of one": (
        STEPS,
        lambda x: layers.Dense(2)(ops.squeeze(x[:, 1:2], axis=1)),
        lambda x: layers.Dense(2)(x[:, 1:2][:, -1, :]),
    ),
    "a new axis by an index": (STEPS, lambda x: x[..., None], lambda x: ops.expand_dims(x, -1)),
    "a new axis in between": (STEPS, lambda x: x[:, None], lambda x: layers.Reshape((1, 5, 4))(x)),
    "a slice to the end": (STEPS, lambda x: x[:, 1:], lambda x: x[:, -4:5]),
    "mean along an axis counted from the end": (
        STEPS,
        lambda x: ops.mean(x, axis=-1),
        lambda x: ops.mean(x, axis=2),
    ),
    "Dense on every step": (
        STEPS,
        lambda x: layers.TimeDistributed(layers.Dense(3, activation="relu"))(x),
        lambda x: layers.ReLU()(layers.Dense(3)(x)),
    ),
    "transpose and Permute": (
        STEPS,
        lambda x: ops.transpose(x, (0, 2, 1)),
        lambda x: layers.Permute((2, 1))(x),
    ),
    "the sign of a distance": (
        STEPS,
        lambda x: ops.abs(x - layers.Dense(4)(x)),
        lambda x: ops.abs(layers.Subtract()([layers.Dense(4)(x), x])),
    ),
}

DIFFERENT = {
    "another factor": (STEPS, lambda x: x / 4, lambda x: layers.Rescaling(0.5)(x)),
    "minus on the other side": (STEPS, lambda x: 1 - x, lambda x: x - 1),
    "one divided by x": (STEPS, lambda x: 4 / (x * x + 1), lambda x: (x * x + 1) / 4),
    "a sum divided by another number": (
        STEPS,
        lambda x: sum(_average(x)) / 2,
        lambda x: layers.Average()(_average(x)),
    ),
    "too few zeros": (
        IMAGE,
        lambda x: layers.Conv2D(3, 5)(layers.ZeroPadding2D(1)(x)),
        lambda x: layers.Conv2D(3, 5, padding="same")(x),
    ),
    "zeros on the wrong side": (
        IMAGE,
        lambda x: layers.Conv2D(3, 3, strides=2)(layers.ZeroPadding2D(((1, 0), (1, 0)))(x)),
        lambda x: layers.Conv2D(3, 3, strides=2, padding="same")(x),
    ),
    "zeros around a pooling": (
        IMAGE,
        lambda x: layers.MaxPooling2D(3, strides=1)(layers.ZeroPadding2D(1)(x)),
        lambda x: layers.MaxPooling2D(3, strides=1, padding="same")(x),
    ),
    "max along one axis": (IMAGE, lambda x: ops.max(x, axis=1), lambda x: ops.max(x, axis=2)),
    "another step": (STEPS, lambda x: x[:, -2], lambda x: x[:, -1]),
    "every second step": (STEPS, lambda x: x[:, ::2], lambda x: x[:, :3]),
    "the sign of a difference": (
        STEPS,
        lambda x: x - layers.Dense(4)(x),
        lambda x: layers.Dense(4)(x) - x,
    ),
    "Permute and Reshape": (STEPS, lambda x: layers.Permute((2, 1))(x), lambda x: layers.Reshape((4, 5))(x)),
    "one below the other and side by side": (
        STEPS,
        lambda x: layers.Flatten()(layers.Concatenate(axis=1)([x, x * 2])),
        lambda x: layers.Flatten()(layers.Concatenate(axis=2)([x, x * 2])),
    ),
}


def _model(shape, function):
    x = keras.Input(shape)
    return describe(keras.Model(x, function(x)))


def equivalent(kind, name):
    """Return whether the two styles are taken for the same."""
    shape, first, second = {"same": SAME, "different": DIFFERENT}[kind][name]
    return compare_graphs(_model(shape, first).graph, _model(shape, second).graph).equivalent


def gap(kind, name):
    """Return how far the outputs lie apart with the same weights, as a part of the largest."""
    shape, first, second = {"same": SAME, "different": DIFFERENT}[kind][name]
    student, reference = _model(shape, first), _model(shape, second)
    generator = np.random.default_rng(1)
    weights = [
        generator.uniform(0.2, 1.0, variable.shape).astype("float32") for variable in reference.variables
    ]
    comparison = compare_graphs(student.graph, reference.graph)
    moved = [a.numpy() for a in transplanted(comparison, tuple(map(Array.of, weights)))] or weights
    for variables, arrays in ((reference.variables, weights), (student.variables, moved)):
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
    x = generator.standard_normal((3, *shape)).astype("float32")
    ours, theirs = (
        keras.ops.convert_to_numpy(model.model(x, training=False)) for model in (student, reference)
    )
    if ours.shape != theirs.shape:
        return float("inf")
    return float(np.max(np.abs(ours - theirs)) / np.max(np.abs(theirs)))
