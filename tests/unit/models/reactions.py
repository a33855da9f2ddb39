"""Which weights the outputs of small models react to; runs in a backend's process."""

import keras
import numpy as np
from keras import layers, ops

from grader.behaviour import draw
from grader.models import describe
from grader.models.probe import silent_weights


def _dead(x):
    return layers.Dense(3, name="felt")(x) + 0.0 * layers.Dense(3, name="dead")(x)


def _mixed(x):
    y = layers.Dense(3)(x)
    return y - ops.mean(y, axis=0, keepdims=True)  # nothing is left of a sample by itself


def _behind(x):
    y = layers.Dense(3, name="before")(x)
    return layers.Dense(2, name="after")(layers.BatchNormalization()(y))


def _second_alone(x):
    return layers.Dense(3, name="always")(x) + ops.relu(-x[:, :1]) * layers.Dense(3, name="rarely")(x)


MODELS = {"dead": _dead, "mixed": _mixed, "behind": _behind, "second sample": _second_alone}


def silent(model, felt=()):
    """The names of the weights without a reaction, and whether the model kept its own."""
    x = keras.Input((6,))
    built = keras.Model(x, MODELS[model](x))
    described = describe(built)
    drawn = draw(described.graph, (1,), 0, 1.0)
    inputs = [np.array(drawn.inputs[0])]
    inputs[0][0, 0], inputs[0][1, 0] = 1.0, -1.0
    before = [np.array(ops.convert_to_numpy(weight)) for weight in built.weights]
    found = silent_weights(described, drawn.weights, inputs, felt)
    after = [ops.convert_to_numpy(weight) for weight in built.weights]
    names = [described.variables[index].path for index in found]
    return {"silent": names, "kept": all(map(np.array_equal, before, after))}
