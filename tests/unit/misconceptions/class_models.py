"""Models made with classes of one's own, student and reference, for each mistake; built in a worker process.

``TRIGGERS`` are pairs in which the mistake was made, ``NEAR_MISSES`` pairs that look like it and are not it.
"""

import keras
import numpy as np
from keras import layers, ops

from grader.errors import UnreadableModelError
from grader.models import describe
from grader.models.failures import failure_of

ROWS = np.ones((2, 6), "float32")


class Holder:
    """An object of no class of Keras, in which Keras does not look for layers."""

    def __init__(self, layer):
        self.layer = layer


def stack(*between, features=6, heads=2):
    return lambda: keras.Sequential([keras.Input((features,)), *(make() for make in between), dense(heads)()])


def dense(units, activation=None):
    return lambda: layers.Dense(units, activation=activation)


def relu():
    return layers.ReLU()


def dropout():
    return layers.Dropout(0.4)


def norm():
    return layers.BatchNormalization()


def model_of(call, setup=lambda model: None, build=None):
    """Return a builder of a subclassed model with a head, called once on numbers."""

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.head = layers.Dense(2)
            setup(self)

        def call(self, x, training=None):
            return self.head(call(self, x, training))

    if build is not None:
        Net.build = build

    def made():
        net = Net()
        net(ROWS)
        return net

    return made


def block_of(call, setup=lambda block: None, build=None):
    """Return a builder of a Functional model around one block of a class of one's own."""

    class Block(layers.Layer):
        def __init__(self):
            super().__init__()
            setup(self)

        def call(self, x, training=None):
            return call(self, x, training)

    if build is not None:
        Block.build = build

    def made():
        table = keras.Input((6,))
        return keras.Model(table, layers.Dense(2)(Block()(table)))

    return made


def kept(**made):
    """Return a setup that keeps what is made as attributes."""

    def setup(owner):
        for name, make in made.items():
            setattr(owner, name, make())

    return setup


def lazily(owner, x, training):
    if owner.hidden is None:
        owner.hidden = layers.Dense(8)
    return owner.hidden(x)


def weight_lazily(owner, x, training):
    if owner.scale is None:
        owner.scale = owner.add_weight(shape=(6,), initializer="ones")
    return x * owner.scale


class Scale(layers.Layer):
    def build(self, shape):
        self.scale = self.add_weight(shape=(6,), initializer="ones")

    def call(self, x):
        return x * self.scale


def in_build(self, shape):
    self.hidden = layers.Dense(8)
    self.hidden.build(shape)


def global_layer():
    outside = layers.Dense(8)
    return model_of(lambda self, x, training: outside(x))()


def global_weight():
    outside = keras.Variable(np.ones((6,), "float32"))
    table = keras.Input((6,))
    return keras.Model(table, layers.Dense(2)(table * outside))


def in_a_lambda():
    outside = layers.Dense(8)

    def call_it(x):
        return outside(x)

    return stack(lambda: layers.Lambda(call_it))()


def the_same_twice():
    """Return a model that keeps one layer under two names, and uses it under both."""
    shared = layers.Dense(6)
    return model_of(
        lambda self, x, training: self.second(self.first(x)),
        kept(first=lambda: shared, second=lambda: shared),
    )()


def shared_stack():
    shared = layers.Dense(6)
    return keras.Sequential([keras.Input((6,)), shared, shared, layers.Dense(2)])


TRIGGERS = {
    "state-created-in-call": [
        (model_of(lambda self, x, training: layers.Dense(8)(x)), stack(dense(8))),
        (block_of(lambda self, x, training: layers.Dense(8, activation="relu")(x)), stack(dense(8, "relu"))),
        (model_of(lambda self, x, training: layers.BatchNormalization()(x)), stack(norm)),
        # Its random numbers have a state: TensorFlow refuses to train, the others draw from a new one each time.
        (model_of(lambda self, x, training: layers.Dropout(0.4)(x, training=training)), stack(dropout)),
        (
            model_of(
                lambda self, x, training: self.parts.layer(x), kept(parts=lambda: Holder(layers.Dense(8)))
            ),
            stack(dense(8)),
        ),
        (global_layer, stack(dense(8))),
        (global_weight, stack(Scale)),
        (in_a_lambda, stack(dense(8))),
        # Another difference beside it comes second.
        (model_of(lambda self, x, training: layers.Dense(8)(x)), stack(dense(8, "relu"), dropout)),
    ],
}
NEAR_MISSES = {
    "state-created-in-call": [
        (model_of(lambda self, x, training: layers.ReLU()(x)), stack(relu)),
        (
            model_of(lambda self, x, training: layers.Add()([x, self.hidden(x)]), kept(hidden=dense(6))),
            lambda: keras.Model(
                table := keras.Input((6,)), layers.Dense(2)(layers.Add()([table, layers.Dense(6)(table)]))
            ),
        ),
        (model_of(lambda self, x, training: layers.Dropout(0.0)(x, training=training)), stack()),
        (
            model_of(
                lambda self, x, training: self.parts["b"][0](self.parts["a"][0](x)),
                kept(parts=lambda: {"a": [layers.Dense(8)], "b": (layers.Dense(4),)}),
            ),
            stack(dense(8), dense(4)),
        ),
        (model_of(lazily, kept(hidden=lambda: None)), stack(dense(8))),
        (model_of(weight_lazily, kept(scale=lambda: None)), stack(Scale)),
        (block_of(lambda self, x, training: self.hidden(x), build=in_build), stack(dense(8))),
        (model_of(lambda self, x, training: self.noise(x), kept(noise=dropout)), stack(dropout)),
        (
            model_of(lambda self, x, training: self.norm(x, training=training), kept(norm=norm)),
            stack(norm),
        ),
        (the_same_twice, shared_stack),
        (stack(lambda: layers.Lambda(layers.Dense(8))), stack(dense(8))),  # which keeps it as an attribute
        (global_weight, global_weight),
        # A layer that is missing, or another one, is not one that nobody owns.
        (model_of(lambda self, x, training: layers.ReLU()(x)), stack(dense(8))),
    ],
}


class Around(layers.Layer):
    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(6, activation="relu")

    def call(self, x):
        return x + self.hidden(x)


class Wired(keras.Model):
    """A class that only gathers calls in its constructor: Keras makes it a Functional model."""

    def __init__(self):
        table = keras.Input((6,))
        super().__init__(table, layers.Dense(2)(layers.Dense(8)(table)))


def functional_around():
    table = keras.Input((6,))
    return keras.Model(table, layers.Dense(2)(Around()(table)))


def in_a_loop(self, x, training):
    for hidden in self.hidden:
        x = hidden(x)
    return x


def as_long_as_needed(self, x, training):
    return ops.while_loop(lambda y: ops.max(y) > 1.0, lambda y: (y / 2.0,), (x,))[0]


def one_of_two(self, x, training):
    return ops.cond(ops.mean(x) > 0.0, lambda: self.hidden(x), lambda: x)


def by_the_values(self, x, training):
    return self.hidden(x) if ops.mean(x) > 0.0 else x


# Models for which a task asked to use the Functional API: a class that is static, and what is none, or not static.
STATIC = [
    model_of(lambda self, x, training: self.hidden(x), kept(hidden=dense(8))),
    model_of(lambda self, x, training: x + self.hidden(x), kept(hidden=dense(6))),
    model_of(in_a_loop, kept(hidden=lambda: [layers.Dense(6), layers.Dense(6)])),
    model_of(lambda self, x, training: self.noise(x, training=training), kept(noise=dropout)),
    model_of(lambda self, x, training: self.around(x), kept(around=Around)),
    model_of(
        lambda self, x, training: ops.where(ops.mean(x) > 0.0, self.hidden(x), x), kept(hidden=dense(6))
    ),
]
FUNCTIONAL = [functional_around, Wired]
BY_OTHER_MEANS = [stack(dense(8)), model_of(as_long_as_needed), model_of(one_of_two, kept(hidden=dense(6)))]


def branching():
    """Return what is read of a model with an ``if`` in its call that was called on numbers, or what was raised."""
    try:
        graph = describe(model_of(by_the_values, kept(hidden=dense(6)))()).graph
    except UnreadableModelError as error:
        failure = failure_of(error)
        return [str(error), failure.stage, None if failure.cause is None else failure.cause.model_dump()]
    return [None, graph.dynamic, graph.value_asked]


def graphs(which):
    """The graphs of all triggers or near-misses, as JSON, by mistake, each with its number of parameters."""

    def read(build):
        keras.utils.clear_session(free_memory=False)
        model = build()
        return [describe(model).graph.to_json(), model.count_params()]

    pairs = {"triggers": TRIGGERS, "near misses": NEAR_MISSES}[which]
    return {
        mistake: [[read(build) for build in pair] for pair in listed] for mistake, listed in pairs.items()
    }


def fits(position):
    """Whether a trigger's model answers alike twice, and whether it can be trained."""
    student, _ = TRIGGERS["state-created-in-call"][position]
    model = student()
    same = bool(np.allclose(ops.convert_to_numpy(model(ROWS)), ops.convert_to_numpy(model(ROWS))))
    model.compile("sgd", "mse")
    try:
        model.train_on_batch(ROWS, np.ones((2, 2), "float32"))
    except ValueError:
        return [same, False]
    return [same, True]
