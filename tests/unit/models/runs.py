"""Runs of models on JAX, compiled and call by call; in a worker process."""

import keras
import numpy as np
from keras import layers

from grader.behaviour import draw
from grader.models.describe import describe
from grader.models.lazy_tensorflow import tensorflow_not_imported
from grader.models.probe import run_steadily


class InNumPy(layers.Layer):
    """Cannot be compiled: the values themselves are asked for."""

    def call(self, x):
        return x * float(np.mean(keras.ops.convert_to_numpy(x)))

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape, x.dtype)


def recurrent(x):
    return layers.Dense(2)(layers.Bidirectional(layers.LSTM(3))(x))


def normalised(x):
    return layers.Dropout(0.5)(layers.BatchNormalization()(layers.Dense(3)(x)))


def regularised(x):
    return layers.Dense(2, kernel_regularizer="l2", activity_regularizer="l1")(x)


def in_numpy(x):
    return layers.Dense(2)(InNumPy()(x))


WRITTEN = (recurrent, normalised, regularised, in_numpy)


def both_ways(name):
    """Run one model both ways, in both modes: whether it was compiled, and how far the runs lie apart."""
    write = next(write for write in WRITTEN if write.__name__ == name)
    x = keras.Input((5, 4))
    with tensorflow_not_imported():  # Bidirectional copies itself through its config
        model = keras.Model(x, write(x))
    before = [np.array(weight) for weight in model.weights]
    apart, changed, penalties = 0.0, [], []
    for training in (False, True):
        compiled, plain = describe(model), describe(model)
        plain.compiled_runs.usable = False
        drawn = draw(compiled.graph, (1,), 0, 1.0)
        ours, theirs = [
            run_steadily(one, drawn.weights, drawn.inputs, training=training) for one in (compiled, plain)
        ]
        arrays = [(*ran.outputs, *ran.changed.values()) for ran in (ours, theirs)]
        apart = max(apart, *(float(np.max(np.abs(a - b))) for a, b in zip(*arrays, strict=True)))
        changed.append([sorted(ours.changed), sorted(theirs.changed)])
        penalties.append([round(ours.penalty, 4), round(theirs.penalty, 4)])
    kept = all(np.array_equal(own, weight) for own, weight in zip(before, model.weights, strict=True))
    return {
        "compiled": compiled.compiled_runs.usable,
        "apart": apart,
        "changed": changed,
        "penalties": penalties,
        "kept": kept,
    }


def statistics():
    """Run a model of ``Normalization`` with a mean of 1 and a variance of 4, on 5: what comes out, there and after."""
    x = keras.Input((1,))
    model = keras.Model(x, layers.Normalization()(x))
    described = describe(model)
    given = {"mean": [1.0], "variance": [4.0], "count": 3}
    weights = [np.asarray(given[weight.name], weight.dtype) for weight in described.graph.weights]
    inputs = [np.array([[5.0]], "float32")]
    ran = run_steadily(described, weights, inputs, training=False)
    own = keras.ops.convert_to_numpy(model(inputs[0]))
    return {"borrowed": float(ran.outputs[0][0, 0]), "own": float(own[0, 0])}
