"""Pairs of models of which the sentences are read, by name; runs in a backend's process."""

import keras
import numpy as np
from keras import layers

import grader


def told(pair, **options):
    """Whether two models are the same, what is said of them, and each diagnosis's last hint."""
    student, reference = PAIRS[pair]
    found = grader.compare(student(), reference(), **options)
    return [
        found.equivalent,
        [difference.message for difference in found.differences],
        [diagnosis.hints[-1] for diagnosis in found.diagnoses],
    ]


def _stack(first=None, last=None):
    inputs = keras.Input((8,))
    x = layers.Dense(4, name=first)(inputs) + 1
    return keras.Model(inputs, layers.ReLU(name=last)(layers.Dense(2)(x)))


def _heads(*, inputs, outputs):
    """A model of two inputs and two heads, each in a list or a dict."""
    title, body = keras.Input((8,), name="title"), keras.Input((6,), name="body")
    joined = layers.Concatenate()([layers.Dense(4)(title), layers.Dense(5)(body)])
    priority = layers.Dense(1, activation="sigmoid", name="priority")(joined)
    department = layers.Dense(3, activation="softmax", name="department")(joined)
    return keras.Model(
        {"title": title, "body": body} if inputs is dict else [title, body],
        {"priority": priority, "department": department} if outputs is dict else [priority, department],
    )


def _around(between):
    """A Dense layer, what stands between, and another Dense layer."""
    inputs = keras.Input((6, 4))
    return keras.Model(inputs, layers.Dense(3)(between(layers.Dense(4)(inputs))))


def _between(student, reference):
    return (lambda: _around(student), lambda: _around(reference))


def _two_blocks(first_relu):
    """Two residual blocks in one: the sum takes what the first or the second activation gives."""
    inputs = keras.Input((8, 8, 4))
    stem = layers.ReLU()(layers.Conv2D(4, 3, padding="same")(inputs))
    block = layers.ReLU()(layers.Conv2D(4, 3, padding="same")(stem))
    x = layers.ReLU()(layers.Conv2D(4, 3, padding="same")(block))
    x = layers.Conv2D(4, 3, padding="same")(x)
    return keras.Model(inputs, layers.ReLU()(layers.Add()([x, stem if first_relu else block])))


class Sampling(layers.Layer):
    def __init__(self, noise=True, **options):
        super().__init__(**options)
        self.noise = noise
        self.seed_generator = keras.random.SeedGenerator(1)

    def call(self, inputs):
        mean, log_variance = inputs
        width = keras.ops.exp(0.5 * log_variance)
        if not self.noise:
            return mean + width
        return mean + width * keras.random.normal(keras.ops.shape(mean), seed=self.seed_generator)


class SamplingByAnotherName(Sampling):
    """The same, so that its name says nothing."""


class Net(keras.Model):
    def __init__(self, penalised):
        super().__init__()
        self.hidden = layers.Dense(4, activation="relu")
        self.last = layers.Dense(3)
        self.penalised = penalised

    def call(self, inputs):
        hidden = self.hidden(inputs)
        if self.penalised:
            self.add_loss(keras.ops.mean(hidden * hidden))
        return self.last(hidden)


def _net(penalised):
    model = Net(penalised)
    model(np.ones((2, 8), "float32"))
    return model


class Shaking(layers.Layer):
    def __init__(self, shakes, **options):
        super().__init__(**options)
        self.shakes = shakes
        self.strength = 1.0
        self.seed_generator = keras.random.SeedGenerator(1)

    def call(self, inputs):
        if not self.shakes:
            return inputs
        noise = keras.random.normal(keras.ops.shape(inputs), seed=self.seed_generator)
        return inputs + self.strength * noise


def _shaking_more():
    layer = Shaking(True)
    layer.strength = 3.0  # in its code, and not in its settings
    return layer


def _without_noise(inputs):
    mean, log_variance = inputs
    return mean + keras.ops.exp(0.5 * log_variance)


def beside():
    """What the classes of models do beside giving tensors, and whether Keras is as it was."""
    functions = [keras.random.normal, keras.Layer.add_loss]
    models = [_encoder(), _encoder(sampling=Sampling(noise=False)), _net(True), _net(False), _stack()]
    told = [
        [layer.beside for layer in grader.describe(model).layers if layer.origin == "custom"]
        for model in models
    ]
    return [told, functions == [keras.random.normal, keras.Layer.add_loss]]


def _encoder(taken="mv", given="mvz", sampling=None):
    """Mean and logarithmic variance, by letter, in the order in which they are sampled and given."""
    inputs = keras.Input((8,))
    made = {
        "m": layers.Dense(2, name="z_mean")(inputs),
        "v": layers.Dense(2, name="z_log_var")(inputs),
    }
    made["z"] = (sampling or Sampling())([made[letter] for letter in taken])
    return keras.Model(inputs, [made[letter] for letter in given])


def _up_from(inner):
    """A small U-Net: its last step up starts at what the inner level gives, or at what that level was given."""
    inputs = keras.Input((8, 8, 3))
    first = layers.Conv2D(4, 3, padding="same")(inputs)
    second = layers.Conv2D(8, 3, padding="same")(layers.MaxPooling2D()(first))
    last = layers.Conv2D(16, 3, padding="same")(layers.MaxPooling2D()(second))
    joined = layers.Concatenate()([layers.UpSampling2D()(last), second])
    up = layers.UpSampling2D()(joined if inner else second)
    return keras.Model(inputs, layers.Conv2D(1, 1)(layers.Concatenate()([up, first])))


def _table(length, changed=0.0):
    numbers = np.arange(4.0 * length, dtype="float32").reshape(length, 4)
    numbers[-1, 2] += changed
    return numbers


def _swishing(x):
    return x * keras.ops.sigmoid(x * 1.7)


PAIRS = {
    "a shortcut from before the block": (lambda: _two_blocks(True), lambda: _two_blocks(False)),
    "a shortcut from inside the block": (lambda: _two_blocks(False), lambda: _two_blocks(True)),
    "sampled without noise": (lambda: _encoder(sampling=Sampling(noise=False)), _encoder),
    "sampled without noise under another name": (
        lambda: _encoder(sampling=SamplingByAnotherName(noise=False)),
        _encoder,
    ),
    "sampled without noise and a class": (lambda: _encoder(sampling=_without_noise), _encoder),
    "a loss that is not added": (lambda: _net(False), lambda: _net(True)),
    "a loss that is added": (lambda: _net(True), lambda: _net(False)),
    "a layer that does nothing": _between(Shaking(False), Shaking(True)),
    "a layer that does something else": _between(_shaking_more(), Shaking(True)),
    "sampled the wrong way round": (lambda: _encoder(taken="vm"), _encoder),
    "given the wrong way round": (lambda: _encoder(given="vmz"), _encoder),
    "a level of a U-Net that nothing uses": (lambda: _up_from(False), lambda: _up_from(True)),
    "a ReLU without its bound": _between(layers.ReLU(), layers.ReLU(max_value=20)),
    "a ReLU with a bound": _between(layers.ReLU(max_value=20), layers.ReLU()),
    "a ReLU with another threshold": _between(
        layers.ReLU(max_value=2, threshold=0.5), layers.ReLU(max_value=2, threshold=1)
    ),
    "other numbers in a small table": _between(lambda x: x + _table(6, 0.5), lambda x: x + _table(6)),
    "other numbers in a large table": _between(
        lambda x: keras.ops.reshape(x, (-1, 1, 24)) + np.tile(_table(6, 0.5), (4, 6)),
        lambda x: keras.ops.reshape(x, (-1, 1, 24)) + np.tile(_table(6), (4, 6)),
    ),
    "a tiny number added": _between(lambda x: x + 1e-12, lambda x: x + 1e-3),
    "scaled by one number, not shifted": _between(lambda x: x / 255.0, lambda x: x / 127.5 - 1),
    "not taken from one": _between(lambda x: x, lambda x: 1 - x),
    "the largest for the mean": _between(
        lambda x: keras.ops.max(x, 1, keepdims=True), lambda x: keras.ops.mean(x, 1, keepdims=True)
    ),
    "the mean not taken off": _between(lambda x: x, lambda x: x - keras.ops.mean(x, 1, keepdims=True)),
    "two means, one bent": _between(
        lambda x: layers.ReLU()(keras.ops.mean(x, 1, keepdims=True)) * keras.ops.max(x, 1, keepdims=True),
        lambda x: keras.ops.tanh(keras.ops.mean(x, 1, keepdims=True)) * keras.ops.max(x, 1, keepdims=True),
    ),
    "a Rescaling layer set otherwise": _between(layers.Rescaling(0.5), layers.Rescaling(0.25)),
    "a lambda as activation": _between(
        layers.Activation("gelu"), layers.Activation(lambda x: x * keras.ops.sigmoid(x * 1.7))
    ),
    "a function as activation": _between(layers.Activation("gelu"), layers.Activation(_swishing)),
    "named by Keras twice": (_stack, _stack),
    "named by Keras and by hand": (_stack, lambda: _stack("encoder")),
    "named by hand and by Keras": (lambda: _stack("encoder", "bend"), lambda: _stack("encoder")),
    "all in a dict for lists": (
        lambda: _heads(inputs=dict, outputs=dict),
        lambda: _heads(inputs=list, outputs=list),
    ),
    "outputs in a list for a dict": (
        lambda: _heads(inputs=list, outputs=list),
        lambda: _heads(inputs=list, outputs=dict),
    ),
}
