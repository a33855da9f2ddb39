"""Blocks and models written as classes, and what goes wrong inside them."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()


def called(model: keras.Model, *shape: int) -> keras.Model:
    """Build a subclassed model by calling it once."""
    model(ops.zeros((2, *shape)))
    return model


def mixer_reference(rate=0.1) -> keras.Model:
    """Return two blocks that mix tokens and then channels, in the Functional API."""
    x = keras.Input((6, 8))
    h = x
    for _ in range(2):
        y = layers.Permute((2, 1))(layers.LayerNormalization()(h))
        y = layers.Dense(6)(layers.Dense(12, activation="gelu")(y))
        h = layers.Add()([h, layers.Permute((2, 1))(y)])
        y = layers.Dense(8)(layers.Dense(12, activation="gelu")(layers.LayerNormalization()(h)))
        h = layers.Add()([h, layers.Dropout(rate)(y)])
    return keras.Model(x, layers.Dense(3)(layers.GlobalAveragePooling1D()(h)))


def mlp(depth=3, width=6) -> keras.Model:
    """Return a stack of equal hidden layers with a head of two."""
    x = h = keras.Input((6,))
    for _ in range(depth):
        h = layers.Dense(width, activation="relu")(h)
    return keras.Model(x, layers.Dense(2)(h))


@keras.saving.register_keras_serializable("blind")
class Tower(layers.Layer):
    """Hidden layers of given widths, as a block with a configuration."""

    def __init__(self, widths, activation="relu", **kwargs):
        super().__init__(**kwargs)
        self.widths = list(widths)
        self.activation = keras.activations.get(activation)
        self.stack = [layers.Dense(width) for width in self.widths]

    def build(self, input_shape):
        for layer in self.stack:
            layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)
        self.built = True

    def call(self, x):
        for layer in self.stack:
            x = self.activation(layer(x))
        return x

    def get_config(self):
        activation = keras.activations.serialize(self.activation)
        return {**super().get_config(), "widths": self.widths, "activation": activation}


@PAIRS.accepted("03_subclassing")
def mixer_as_a_model():
    """The mixing blocks are layers in a list of a subclassed model, called with training."""

    class MixerBlock(layers.Layer):
        def __init__(self, tokens, channels, hidden, rate):
            super().__init__()
            self.before_tokens, self.before_channels = (layers.LayerNormalization() for _ in range(2))
            self.tokens = keras.Sequential([layers.Dense(hidden, activation="gelu"), layers.Dense(tokens)])
            self.widen = layers.Dense(hidden)
            self.narrow = layers.Dense(channels)
            self.drop = layers.Dropout(rate)

        def call(self, x, training=None):
            y = ops.swapaxes(self.before_tokens(x), 1, 2)
            x = x + ops.swapaxes(self.tokens(y), 1, 2)
            y = self.narrow(keras.activations.gelu(self.widen(self.before_channels(x))))
            return x + self.drop(y, training=training)

    class Mixer(keras.Model):
        def __init__(self):
            super().__init__()
            self.blocks = [MixerBlock(6, 8, 12, 0.1) for _ in range(2)]
            self.head = layers.Dense(3)

        def call(self, x, training=None):
            for block in self.blocks:
                x = block(x, training=training)
            return self.head(ops.mean(x, axis=1))

    return lambda: called(Mixer(), 6, 8), mixer_reference


@PAIRS.accepted("03_subclassing")
def block_class_wired_functionally():
    """A registered block with a configuration stands in a Functional model."""

    def student():
        x = keras.Input((6,))
        return keras.Model(x, layers.Dense(2)(Tower([6, 6, 6])(x)))

    return student, mlp


@PAIRS.accepted("03_subclassing")
def dense_made_from_its_weights():
    """The dense layer is the learner's own, made of a matrix product and a bias."""

    class Linear(layers.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units

        def build(self, input_shape):
            self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="glorot_uniform")
            self.b = self.add_weight(shape=(self.units,), initializer="zeros")

        def call(self, x):
            return ops.matmul(x, self.w) + self.b

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    def student():
        x = h = keras.Input((6,))
        for _ in range(3):
            h = ops.relu(Linear(6)(h))
        return keras.Model(x, Linear(2)(h))

    return student, mlp


@PAIRS.accepted("03_subclassing")
def refined_until_done():
    """The loop of a step repeated a number of times that depends on the data is in the model or in a layer."""

    def refine(step, x):
        def go_on(i, h):
            return ops.logical_and(i < 4, ops.max(ops.abs(h)) > 0.5)

        return ops.while_loop(go_on, lambda i, h: (i + 1, 0.5 * step(h)), (ops.zeros((), "int32"), x))[1]

    class Refiner(keras.Model):
        def __init__(self):
            super().__init__()
            self.embed, self.step, self.head = (layers.Dense(n, activation="tanh") for n in (4, 4, 2))

        def build(self, input_shape):
            self.embed.build(input_shape)
            self.step.build((None, 4))
            self.head.build((None, 4))
            self.built = True

        def call(self, x):
            return self.head(refine(self.step, self.embed(x)))

    class Refine(layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.step = layers.Dense(4, activation="tanh")

        def build(self, input_shape):
            self.step.build(input_shape)
            self.built = True

        def call(self, x):
            return refine(self.step, x)

        def compute_output_shape(self, input_shape):
            return input_shape

    def reference():
        x = keras.Input((5,))
        h = Refine()(layers.Dense(4, activation="tanh")(x))
        return keras.Model(x, layers.Dense(2, activation="tanh")(h))

    return lambda: called(Refiner(), 5), reference


@PAIRS.accepted("10_choosing_an_api")
def traced_to_a_graph():
    """The subclassed model is turned into a Functional one by calling its call on an Input."""

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden = {f"layer_{i}": layers.Dense(6, activation="relu") for i in range(3)}
            self.out = layers.Dense(2)

        def call(self, x):
            for name in sorted(self.hidden):
                x = self.hidden[name](x)
            return self.out(x)

    def student():
        x = keras.Input((6,))
        return keras.Model(x, Net().call(x))

    return student, mlp


@PAIRS.rejected("03_subclassing", "python-branch-on-tensor")
def if_on_a_symbolic_mean():
    """A Python if asks for the mean of a symbolic tensor."""

    def student():
        x = keras.Input((6,))
        h = layers.Dense(4)(x)
        h = layers.Dense(4)(h) if ops.mean(h) > 0 else layers.Dense(4)(-h)
        return keras.Model(x, h)

    def reference():
        x = keras.Input((6,))
        h = layers.Dense(4)(x)
        return keras.Model(x, ops.where(ops.mean(h) > 0, layers.Dense(4)(h), layers.Dense(4)(-h)))

    return student, reference


@PAIRS.rejected("03_subclassing", "missing-super-init")
def block_without_super():
    """The block sets its layers without having called the constructor of Layer."""

    class Block(layers.Layer):
        def __init__(self, units):
            self.units = units
            self.dense = layers.Dense(units, activation="relu")

        def call(self, x):
            return self.dense(x)

    def student():
        x = keras.Input((6,))
        return keras.Model(x, layers.Dense(2)(Block(6)(x)))

    return student, lambda: mlp(depth=1)


@PAIRS.rejected("03_subclassing", "state-created-in-call")
def layers_made_while_calling():
    """Every call of the model makes new dense layers, so it has no weights."""

    class Net(keras.Model):
        def call(self, x):
            for _ in range(3):
                x = layers.Dense(6, activation="relu")(x)
            return layers.Dense(2)(x)

    return lambda: called(Net(), 6), mlp


@PAIRS.rejected("03_subclassing", "static-graph-subclassed", asks=("functional",))
def class_for_a_plain_stack():
    """Nothing in the subclassed model depends on its data, and a Functional model was asked for."""

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden = [layers.Dense(6, activation="relu") for _ in range(3)]
            self.out = layers.Dense(2)

        def call(self, x):
            for layer in self.hidden:
                x = layer(x)
            return self.out(x)

    return lambda: called(Net(), 6), mlp


@PAIRS.rejected("03_subclassing", "weights-wrongly-shared")
def one_layer_repeated():
    """The list of hidden layers is one layer three times."""

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden = [layers.Dense(6, activation="relu")] * 3
            self.out = layers.Dense(2)

        def call(self, x):
            for layer in self.hidden:
                x = layer(x)
            return self.out(x)

    return lambda: called(Net(), 6), mlp


@PAIRS.rejected("03_subclassing", "wrong-config")
def dropout_of_another_rate_in_a_block():
    """The dropout inside the mixing blocks has another rate, which no output at inference shows."""
    return lambda: mixer_reference(rate=0.2), mixer_reference
