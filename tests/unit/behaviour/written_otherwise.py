"""Models whose graphs differ: some compute the same, some do not; runs in a backend's process."""

# ruff: noqa: PLW0108 - a lambda makes a new layer each time; the layer alone would be shared

import keras
import numpy as np
from keras import layers, ops

import grader

IMAGE = (6, 6, 4)
STEPS = (5, 4)
ROW = (6,)


def _gate(x, rearranged, *, rate=0.0, activation="relu", **settings):
    """A highway layer: g·h + (1 - g)·x, or x + g·(h - x), which is the same."""
    h = layers.Dense(6, activation=activation, **settings)(x)
    h = layers.Dropout(rate)(h) if rate else h
    g = layers.Dense(6, activation="sigmoid")(x)
    return x + g * (h - x) if rearranged else g * h + (1 - g) * x


def _normalised(x, rearranged, **settings):
    y = layers.BatchNormalization(**settings)(layers.Conv2D(3, 3)(x))
    if rearranged:
        return layers.Flatten()(layers.MaxPooling2D()(layers.ReLU()(y)))
    return layers.Flatten()(layers.ReLU()(layers.MaxPooling2D()(y)))


def _deep(x, rearranged):
    """Twenty residual blocks, normalised without a scale that could make up for small variances."""
    for _ in range(20):
        x = x + layers.ReLU()(layers.BatchNormalization(scale=False)(layers.Conv2D(4, 1, use_bias=False)(x)))
    return layers.Dense(3, activation="softmax")(_normalised(x, rearranged))


def _attention(x, order="qkv"):
    """Two heads of width 2, written out; ``order`` is the order in which the projections are made."""
    made = {name: layers.Dense(4) for name in "qkv"}
    q, k, v = ({name: made[name](x) for name in order}[name] for name in "qkv")
    q, k, v = (ops.transpose(ops.reshape(t, (-1, 5, 2, 2)), (0, 2, 1, 3)) for t in (q, k, v))
    scores = ops.softmax(ops.matmul(q, ops.transpose(k, (0, 1, 3, 2))) / 2**0.5)
    joined = ops.reshape(ops.transpose(ops.matmul(scores, v), (0, 2, 1, 3)), (-1, 5, 4))
    return layers.Dense(4)(joined)


class Rounds(keras.Layer):
    """Applies one layer a number of times that is decided while it runs."""

    def __init__(self, rounds):
        super().__init__()
        self.rounds, self.step = rounds, layers.Dense(6, activation="tanh")

    def build(self, shape):
        self.step.build(shape)

    def call(self, x):
        return ops.fori_loop(0, self.rounds, lambda _, y: self.step(y), x)


def _rounds(x, rounds):
    step = layers.Dense(6, activation="tanh")
    for _ in range(rounds):
        x = step(x)
    return x


def _looked_up(x, written_out):
    """The second projection is the key, the third the value; the Attention layer wants the value first."""
    q, k, v = (layers.Dense(4)(x) for _ in "qkv")
    if written_out:
        return ops.matmul(ops.softmax(ops.matmul(q, ops.swapaxes(k, 1, 2))), v)
    return layers.Attention()([q, v, k])


def _rearranged_gelu(x, rearranged, approximate):
    y = ops.gelu(_gate(x, rearranged), approximate=approximate)
    return layers.Dense(3)(y)


def _other_gate(x):
    h, g = layers.Dense(6, activation="relu")(x), layers.Dense(6, activation="sigmoid")(x)
    return h + g * (x - h)


def _once(x):
    layer = layers.Dense(6)
    return layer(x) - layer(x * 2)


class Sample(keras.Layer):
    """Draws from a normal distribution of the given mean and deviation."""

    def __init__(self, rearranged):
        super().__init__()
        self.rearranged, self.seeds = rearranged, keras.random.SeedGenerator(1)

    def call(self, mean, deviation):
        noise = keras.random.normal(ops.shape(mean), seed=self.seeds)
        return (mean / deviation + noise) * deviation if self.rearranged else mean + deviation * noise


def _sampled(x, rearranged):
    mean, deviation = layers.Dense(6)(x), layers.Dense(6, activation="softplus")(x)
    return layers.Dense(3)(Sample(rearranged)(mean, deviation + 0.1))


def _dead(x, activation):
    return layers.Dense(6)(x) + 0.0 * layers.Dense(6, activation=activation)(x)


class Affine(keras.Layer):
    """A dense layer made of its weights."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], self.units))
        self.b = self.add_weight(shape=(self.units,))

    def call(self, x):
        return x @ self.w + self.b


def _bounded(x, bound):
    """Two dense layers with something between them that may cut off."""
    return layers.Dense(3)(bound(layers.Dense(8)(x)))


SAME = {
    "a bound that is never reached, written otherwise": (
        ROW,
        lambda x: _bounded(x, lambda y: ops.clip(ops.relu(y), 0, 100)),
        lambda x: _bounded(x, layers.ReLU(max_value=100)),
    ),
    "a relu6 written out": (
        ROW,
        lambda x: _bounded(x, lambda y: ops.clip(ops.relu(y), 0, 6)),
        lambda x: _bounded(x, ops.relu6),
    ),
    "an einsum that leaves a length open": (
        STEPS,
        lambda x: layers.EinsumDense("bsd,de->bse", output_shape=(None, 5), bias_axes="e")(x),
        lambda x: layers.Dense(5)(x),
    ),
    "a gate rearranged": (ROW, lambda x: _gate(x, True), lambda x: _gate(x, False)),
    "dropout in a rearranged gate": (
        ROW,
        lambda x: _gate(x, True, rate=0.3),
        lambda x: _gate(x, False, rate=0.3),
    ),
    "a regularized kernel in a rearranged gate": (
        ROW,
        lambda x: _gate(x, True, kernel_regularizer="l2"),
        lambda x: _gate(x, False, kernel_regularizer="l2"),
    ),
    "dropout on either side of a relu": (
        ROW,
        lambda x: layers.Dense(3)(layers.ReLU()(layers.Dropout(0.5)(layers.Dense(8)(x)))),
        lambda x: layers.Dense(3)(layers.Dropout(0.5)(layers.ReLU()(layers.Dense(8)(x)))),
    ),
    "relu on either side of pooling, after BatchNorm": (
        IMAGE,
        lambda x: _normalised(x, True),
        lambda x: _normalised(x, False),
    ),
    "behind twenty residual blocks": (IMAGE, lambda x: _deep(x, True), lambda x: _deep(x, False)),
    "attention written out": (
        STEPS,
        lambda x: _attention(x),
        lambda x: layers.MultiHeadAttention(2, 2)(x, x),
    ),
    "attention written out, the value first": (
        STEPS,
        lambda x: _attention(x, "vqk"),
        lambda x: layers.MultiHeadAttention(2, 2)(x, x),
    ),
    "attention on projections that are alike": (
        STEPS,
        lambda x: _looked_up(x, True),
        lambda x: _looked_up(x, False),
    ),
    "a separable convolution in two steps": (
        IMAGE,
        lambda x: layers.Conv2D(5, 1)(layers.DepthwiseConv2D(3, use_bias=False)(x)),
        lambda x: layers.SeparableConv2D(5, 3)(x),
    ),
    "a loop and its rounds": (ROW, lambda x: Rounds(3)(x), lambda x: _rounds(x, 3)),
    "a dense layer of one's own": (
        ROW,
        lambda x: Affine(3)(layers.ReLU()(Affine(4)(x))),
        lambda x: layers.Dense(3)(layers.Dense(4, activation="relu")(x)),
    ),
    "a sampled latent regrouped": (ROW, lambda x: _sampled(x, True), lambda x: _sampled(x, False)),
}
DIFFERENT = {
    "a bound that is never reached": (
        ROW,
        lambda x: _bounded(x, layers.ReLU(max_value=100)),
        lambda x: _bounded(x, layers.ReLU()),
    ),
    "a clipping that is never reached": (
        ROW,
        lambda x: _bounded(x, lambda y: ops.clip(y, -50, 50)),
        lambda x: _bounded(x, lambda y: y),
    ),
    "another bound that is never reached": (
        ROW,
        lambda x: _bounded(x, lambda y: ops.where(y > 50.0, 50.0, y)),
        lambda x: _bounded(x, lambda y: ops.minimum(y, 60.0)),
    ),
    "a gradient that is not stopped": (
        ROW,
        lambda x: layers.Dense(2)(layers.Dense(4)(x)),
        lambda x: layers.Dense(2)(ops.stop_gradient(layers.Dense(4)(x))),
    ),
    "another dropout rate": (
        ROW,
        lambda x: _gate(x, True, rate=0.3),
        lambda x: _gate(x, False, rate=0.4),
    ),
    "no dropout": (ROW, lambda x: _gate(x, True), lambda x: _gate(x, False, rate=0.4)),
    "dropout on the other side of a layer": (
        ROW,
        lambda x: layers.Dense(3)(layers.Dense(6)(layers.Dropout(0.5)(x)) * 1),
        lambda x: layers.Dense(3)(layers.Dropout(0.5)(layers.Dense(6)(x))),
    ),
    "another regularizer": (
        ROW,
        lambda x: _gate(x, True, kernel_regularizer=keras.regularizers.L2(0.02)),
        lambda x: _gate(x, False, kernel_regularizer=keras.regularizers.L2(0.01)),
    ),
    "no constraint": (
        ROW,
        lambda x: _gate(x, True),
        lambda x: _gate(x, False, kernel_constraint="non_neg"),
    ),
    "relu6 and relu": (
        ROW,
        lambda x: _gate(x, True, activation="relu6"),
        lambda x: _gate(x, False, activation="relu"),
    ),
    "the approximate gelu": (
        ROW,
        lambda x: _rearranged_gelu(x, True, approximate=True),
        lambda x: _rearranged_gelu(x, False, approximate=False),
    ),
    "another momentum": (
        IMAGE,
        lambda x: _normalised(x, True, momentum=0.9),
        lambda x: _normalised(x, False, momentum=0.99),
    ),
    "another epsilon": (
        IMAGE,
        lambda x: _normalised(x, True, epsilon=1e-5),
        lambda x: _normalised(x, False, epsilon=1e-3),
    ),
    "statistics taken after the pooling": (
        IMAGE,
        lambda x: layers.Flatten()(
            layers.BatchNormalization()(layers.MaxPooling2D()(layers.Conv2D(3, 3)(x)))
        ),
        lambda x: layers.Flatten()(
            layers.MaxPooling2D()(layers.BatchNormalization()(layers.Conv2D(3, 3)(x)))
        ),
    ),
    "attention without the scale": (
        STEPS,
        lambda x: layers.Dense(4)(layers.Attention()([layers.Dense(4)(x) for _ in range(3)])),
        lambda x: layers.MultiHeadAttention(1, 4)(x, x),
    ),
    "one round more": (ROW, lambda x: Rounds(4)(x), lambda x: _rounds(x, 3)),
    "the gate the other way round": (
        ROW,
        lambda x: _other_gate(x),
        lambda x: _gate(x, False),
    ),
    "a dense layer of one's own in double precision": (
        ROW,
        lambda x: layers.Dense(3)(Affine(4, dtype="float64")(x)),
        lambda x: layers.Dense(3)(layers.Dense(4)(x)),
    ),
    "one layer where two are asked for": (
        ROW,
        lambda x: _once(x),
        lambda x: layers.Dense(6)(x) - layers.Dense(6)(x * 2),
    ),
}
DOUBTFUL = {
    "a branch that is multiplied by nothing": (
        ROW,
        lambda x: _dead(x, "tanh"),
        lambda x: _dead(x, "sigmoid"),
    ),
    "one class": (
        ROW,
        lambda x: layers.Dense(1, activation="softmax")(layers.Dense(4, activation="tanh")(x)),
        lambda x: layers.Dense(1, activation="softmax")(layers.Dense(4, activation="relu")(x)),
    ),
}


def compared(table, name):
    """What ``compare`` says, and whether both models were left with the weights they had."""
    shape, student, reference = globals()[table][name]
    models = []
    for build in (student, reference):
        x = keras.Input(shape, batch_size=4)
        models.append(keras.Model(x, build(x)))
    before = [_weights(model) for model in models]
    found = grader.compare(*models)
    left = all(
        np.array_equal(own, now)
        for model, owned in zip(models, before, strict=True)
        for own, now in zip(owned, _weights(model), strict=True)
    )
    behaviour = found.behaviour
    return {
        "equivalent": found.equivalent,
        "differences": len(found.differences),
        "runs": behaviour.runs if behaviour else 0,
        "same": bool(behaviour and behaviour.same),
        "closeness": behaviour.gap / behaviour.spread if behaviour and behaviour.spread else None,
        "doubt": behaviour.doubt if behaviour else "",
        "left as found": left,
    }


def _weights(model):
    return [np.array(ops.convert_to_numpy(weight)) for weight in model.weights]
