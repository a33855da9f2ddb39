"""One model with its inputs in a list or in a dict, fed both ways; runs in a backend's process."""

import warnings

import keras
import numpy as np
from keras import layers

from grader.comparison import compare_graphs
from grader.models import describe


def _model(names, keys):
    """Weight the first input otherwise than the second; ``keys``, or a list where there are none, hold them."""
    first, second = (keras.Input((3,), name=name) for name in names)
    x = layers.Dense(2, name="plain")(first) + layers.Dense(2, activation="tanh", name="bent")(second)
    if keys is None:
        return keras.Model([first, second], x)
    # Keras refuses a list where a dict's keys are not sorted.
    return keras.Model(dict(sorted(zip(keys, (first, second), strict=True))), x)


def verdict(student, reference):
    found = compare_graphs(describe(_model(*student)).graph, describe(_model(*reference)).graph)
    return [found.equivalent, [difference.message for difference in found.differences]]


def gap(student, reference, fed):
    """How far the outputs lie apart when both are fed the same arrays, in one of the reference's ways."""
    models = [_model(*student), _model(*reference)]
    for model in models:
        values = np.random.default_rng(0)
        for variable in sorted(model.trainable_weights, key=lambda weight: weight.path):
            variable.assign(values.normal(size=variable.shape))
    values = np.random.default_rng(1)
    arrays = [values.normal(size=(4, 3)).astype("float32") for _ in range(2)]
    given = arrays if fed == "list" else dict(zip(reference[1] or reference[0], arrays, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras warns of a list where a dict was, and takes it
        ours, theirs = (keras.ops.convert_to_numpy(model(given)) for model in models)
    return float(np.abs(ours - theirs).max())
