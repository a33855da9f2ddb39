"""Whole networks made of residual, dense and Inception blocks, written out, looped or subclassed."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()
UNIT = "04_residual_connections"


@PAIRS.accepted(UNIT)
def small_resnet_from_a_configuration():
    """A loop over (filters, blocks) with a helper; the reference is written out line by line."""

    def reference():
        x = keras.Input((16, 16, 1))
        a = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
        b = layers.Conv2D(4, 3, padding="same", activation="relu")(a)
        b = layers.Conv2D(4, 3, padding="same")(b)
        c = layers.ReLU()(layers.Add()([a, b]))
        d = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(c)
        d = layers.Conv2D(8, 3, padding="same")(d)
        s = layers.Conv2D(8, 1, strides=2)(c)
        e = layers.ReLU()(layers.Add()([s, d]))
        f = layers.GlobalAveragePooling2D()(e)
        return keras.Model(x, layers.Dense(10, activation="softmax")(f))

    def student():
        def block(t, filters):
            stride = 1 if filters == t.shape[-1] else 2
            y = layers.ReLU()(layers.Conv2D(filters, 3, stride, "same")(t))
            y = layers.Conv2D(filters, 3, 1, "same")(y)
            if stride != 1:
                t = layers.Conv2D(filters, 1, stride)(t)
            return ops.relu(t + y)

        inputs = keras.Input((16, 16, 1))
        t = layers.ReLU()(layers.Conv2D(4, 3, padding="same")(inputs))
        for filters, count in [(4, 1), (8, 1)]:
            for _ in range(count):
                t = block(t, filters)
        t = ops.mean(t, axis=(1, 2))
        return keras.Model(inputs, ops.softmax(layers.Dense(10)(t)))

    return student, reference


@PAIRS.accepted(UNIT)
def stages_as_nested_models():
    """Each stage is a model of its own, made by a function from a shape, and the stages stand in a Sequential."""

    def reference():
        x = keras.Input((8, 8, 4))
        y = x
        for filters in (4, 6):
            y = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(y)
            z = layers.Conv2D(filters, 3, padding="same", activation="relu")(y)
            y = layers.Add()([y, z])
        return keras.Model(x, layers.Dense(3)(layers.Flatten()(y)))

    def student():
        def stage(shape, filters):
            inside = keras.Input(shape)
            down = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(inside)
            kept = layers.Conv2D(filters, 3, padding="same", activation="relu")(down)
            return keras.Model(inside, layers.Add()([kept, down]))

        return keras.Sequential(
            [
                keras.Input((8, 8, 4)),
                stage((8, 8, 4), 4),
                stage((4, 4, 4), 6),
                layers.Reshape((-1,)),
                layers.Dense(3),
            ]
        )

    return student, reference


@PAIRS.accepted(UNIT)
def network_of_subclassed_blocks():
    """A subclassed network holds subclassed blocks that decide in build whether to project."""

    class Block(layers.Layer):
        def __init__(self, filters, stride=1):
            super().__init__()
            self.main = layers.Conv2D(filters, 3, stride, padding="same", use_bias=False)
            self.norm = layers.BatchNormalization()
            self.filters, self.stride, self.project = filters, stride, None

        def build(self, shape):
            if shape[-1] != self.filters or self.stride != 1:
                self.project = layers.Conv2D(self.filters, 1, self.stride, use_bias=False)
                self.project.build(shape)
            self.main.build(shape)
            self.norm.build(self.main.compute_output_shape(shape))

        def call(self, x):
            shortcut = x if self.project is None else self.project(x)
            return ops.relu(self.norm(self.main(x)) + shortcut)

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.blocks = [Block(4), Block(8, 2)]
            self.pool = layers.GlobalMaxPooling2D()
            self.head = layers.Dense(5)

        def call(self, x):
            for block in self.blocks:
                x = block(x)
            return self.head(self.pool(x))

    def student():
        net = Net()
        net(keras.Input((8, 8, 4)))
        return net

    def reference():
        x = keras.Input((8, 8, 4))
        y = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same", use_bias=False)(x))
        y = layers.ReLU()(layers.Add()([y, x]))
        z = layers.BatchNormalization()(layers.Conv2D(8, 3, 2, padding="same", use_bias=False)(y))
        z = layers.ReLU()(layers.Add()([z, layers.Conv2D(8, 1, 2, use_bias=False)(y)]))
        return keras.Model(x, layers.Dense(5)(layers.GlobalMaxPooling2D()(z)))

    return student, reference


@PAIRS.accepted(UNIT)
def dense_block_that_keeps_a_list():
    """A DenseNet block collects its features in a list and concatenates the newest first."""

    def reference():
        x = keras.Input((8, 8, 4))
        y = x
        for _ in range(3):
            z = layers.Conv2D(2, 3, padding="same")(layers.ReLU()(layers.BatchNormalization()(y)))
            y = layers.Concatenate()([y, z])
        y = layers.BatchNormalization()(y)
        y = layers.Conv2D(3, 1)(y)
        return keras.Model(x, layers.AveragePooling2D(2)(y))

    def student():
        x = keras.Input((8, 8, 4))
        features = [x]
        for _ in range(3):
            joined = ops.concatenate(features, axis=-1) if len(features) > 1 else features[0]
            new = layers.Activation("relu")(layers.BatchNormalization()(joined))
            features.insert(0, layers.Conv2D(2, 3, padding="same")(new))
        y = layers.Conv2D(3, 1)(layers.BatchNormalization()(layers.concatenate(features)))
        return keras.Model(x, layers.AveragePooling2D((2, 2), strides=2)(y))

    return student, reference


@PAIRS.accepted(UNIT)
def inception_towers_joined_in_another_order():
    """An Inception block's towers are joined in another order; only a 1x1 convolution follows."""

    def reference():
        x = keras.Input((8, 8, 6))
        a = layers.Conv2D(2, 1, activation="relu")(x)
        b = layers.Conv2D(3, 3, padding="same", activation="relu")(layers.Conv2D(2, 1, activation="relu")(x))
        c = layers.Conv2D(2, 5, padding="same", activation="relu")(layers.Conv2D(1, 1, activation="relu")(x))
        d = layers.Conv2D(2, 1, activation="relu")(layers.MaxPooling2D(3, 1, padding="same")(x))
        joined = layers.Concatenate()([a, b, c, d])
        return keras.Model(x, layers.Conv2D(4, 1)(joined))

    def student():
        x = keras.Input((8, 8, 6))

        def tower(*steps):
            t = x
            for step in steps:
                t = step(t)
            return t

        towers = {
            "pool": tower(
                layers.MaxPooling2D((3, 3), strides=(1, 1), padding="same"),
                layers.Conv2D(2, 1, activation="relu"),
            ),
            "1x1": tower(layers.Conv2D(2, 1, activation="relu")),
            "5x5": tower(
                layers.Conv2D(1, 1, activation="relu"), layers.Conv2D(2, 5, padding="same", activation="relu")
            ),
            "3x3": tower(
                layers.Conv2D(2, 1, activation="relu"), layers.Conv2D(3, 3, padding="same", activation="relu")
            ),
        }
        return keras.Model(x, layers.Conv2D(4, 1)(layers.Concatenate(axis=3)(list(towers.values()))))

    return student, reference


@PAIRS.accepted(UNIT)
def inception_resnet_with_convolution_pairs():
    """An Inception-ResNet block; the factorised 1x7 and 7x1 pair comes from a helper with keyword defaults."""

    def reference():
        x = keras.Input((8, 8, 8))
        a = layers.Conv2D(4, 1, activation="relu")(x)
        b = layers.Conv2D(4, 1, activation="relu")(x)
        b = layers.Conv2D(4, (1, 7), padding="same", activation="relu")(b)
        b = layers.Conv2D(4, (7, 1), padding="same", activation="relu")(b)
        up = layers.Conv2D(8, 1)(layers.Concatenate()([a, b]))
        return keras.Model(x, layers.ReLU()(layers.Add()([x, up])))

    def student():
        def conv(t, filters, size=1, *, activation="relu"):
            t = layers.Conv2D(filters, size, padding="same", kernel_initializer="he_normal")(t)
            return layers.Activation(activation)(t) if activation else t

        x = keras.Input((8, 8, 8))
        tall = conv(conv(conv(x, 4), 4, (1, 7)), 4, (7, 1))
        mixed = layers.Concatenate()([conv(x, 4), tall])
        return keras.Model(x, layers.Activation("relu")(conv(mixed, 8, activation=None) + x))

    return student, reference


@PAIRS.accepted(UNIT)
def temporal_convolutions_with_growing_dilation():
    """A temporal convolutional network; dilations are 2 ** i, the shortcut joins through ops.add."""

    def reference():
        x = keras.Input((16, 3))
        y = layers.Conv1D(4, 1)(x)
        for rate in (1, 2, 4):
            z = layers.Conv1D(4, 3, dilation_rate=rate, padding="causal", activation="relu")(y)
            z = layers.SpatialDropout1D(0.1)(z)
            y = layers.Add()([y, z])
        return keras.Model(x, layers.Dense(1)(y[:, -1, :]))

    def student():
        x = keras.Input((16, 3))
        y = layers.Conv1D(4, kernel_size=(1,))(x)
        for i in range(3):
            z = layers.ReLU()(layers.Conv1D(4, 3, 1, "causal", dilation_rate=2**i)(y))
            y = ops.add(layers.SpatialDropout1D(0.1)(z), y)
        return keras.Model(x, layers.Dense(1)(y[:, -1]))

    return student, reference


@PAIRS.accepted(UNIT)
def residual_perceptron_with_weights_carried_over():
    """A residual MLP rebuilt from an older model by looping over its layers, then given its weights."""

    def reference():
        x = keras.Input((10,))
        y = layers.Dense(10, activation="relu", kernel_regularizer=keras.regularizers.L2(0.001))(x)
        y = layers.Dense(10, kernel_regularizer=keras.regularizers.L2(0.001))(y)
        return keras.Model(x, layers.Dense(1, activation="sigmoid")(layers.Add()([x, y])))

    def student():
        plain = keras.Sequential(
            [
                keras.Input((10,)),
                layers.Dense(10, activation="relu", kernel_regularizer=keras.regularizers.l2(1e-3)),
                layers.Dense(10, kernel_regularizer=keras.regularizers.l2(1e-3)),
                layers.Dense(1, activation="sigmoid"),
            ]
        )
        x = keras.Input((10,))
        y = x
        for layer in plain.layers[:-1]:
            copy = layer.__class__.from_config(layer.get_config())
            y = copy(y)
            copy.set_weights(layer.get_weights())
        return keras.Model(x, layers.Dense(1, activation="sigmoid")(y + x))

    return student, reference


@PAIRS.accepted(UNIT)
def shortcut_that_pools_before_projecting():
    """A ResNet-D shortcut (average, then 1x1), and channels_last written out everywhere."""

    def reference():
        x = keras.Input((8, 8, 4))
        y = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu")(x)
        y = layers.Conv2D(6, 3, padding="same")(y)
        s = layers.Conv2D(6, 1)(layers.AveragePooling2D(2)(x))
        return keras.Model(x, layers.GlobalAveragePooling2D()(layers.ReLU()(layers.Add()([y, s]))))

    def student():
        last = {"data_format": "channels_last"}
        x = keras.Input((8, 8, 4))
        s = layers.AveragePooling2D((2, 2), padding="valid", **last)(x)
        s = layers.Conv2D(6, (1, 1), **last)(s)
        y = layers.Conv2D(6, (3, 3), strides=(2, 2), padding="same", activation="relu", **last)(x)
        y = layers.Conv2D(6, (3, 3), padding="same", activation="linear", **last)(y)
        y = layers.Add()((s, y))
        return keras.Model([x], [layers.GlobalAveragePooling2D(**last)(layers.Activation("relu")(y))])

    return student, reference


@PAIRS.accepted(UNIT)
def stochastic_depth_written_as_dropout_of_a_branch():
    """Dropout with a noise_shape drops whole branches; one says it with None, the other with numbers."""

    def reference():
        x = keras.Input((4, 4, 6))
        y = layers.Conv2D(6, 3, padding="same", activation="relu")(x)
        y = layers.Dropout(0.2, noise_shape=(None, 1, 1, 1))(y)
        return keras.Model(x, layers.Add()([x, y]))

    def student():
        x = keras.Input((4, 4, 6), name="features")
        y = layers.ReLU()(layers.Conv2D(6, 3, padding="same", bias_initializer="ones")(x))
        y = layers.Dropout(rate=1 / 5, noise_shape=[None, 1, 1, 1], seed=7, name="drop_path")(y)
        return keras.Model(x, x + y)

    return student, reference


@PAIRS.accepted(UNIT)
def vision_transformer_encoder_loop():
    """Patches, positions and two pre-norm encoder blocks; the student's blocks are a Layer with its own call."""

    class Encoder(layers.Layer):
        def __init__(self, width, **kwargs):
            super().__init__(**kwargs)
            self.norms = [layers.LayerNormalization(), layers.LayerNormalization()]
            self.attention = layers.MultiHeadAttention(2, 4)
            self.inner, self.outer = layers.Dense(width * 2, "gelu"), layers.Dense(width)

        def call(self, x):
            y = self.norms[0](x)
            x = x + self.attention(y, y)
            return x + self.outer(self.inner(self.norms[1](x)))

    def student():
        image = keras.Input((8, 8, 1))
        x = layers.Reshape((-1, 8))(layers.Conv2D(8, 4, strides=4)(image))
        for block in [Encoder(8), Encoder(8)]:
            x = block(x)
        return keras.Model(image, layers.Dense(10)(layers.GlobalAveragePooling1D()(x)))

    def reference():
        image = keras.Input((8, 8, 1))
        x = layers.Reshape((4, 8))(layers.Conv2D(8, 4, 4)(image))
        for _ in range(2):
            y = layers.LayerNormalization()(x)
            x = layers.Add()([x, layers.MultiHeadAttention(2, 4)(y, y)])
            y = layers.Dense(16, activation="gelu")(layers.LayerNormalization()(x))
            x = layers.Add()([x, layers.Dense(8)(y)])
        return keras.Model(image, layers.Dense(10)(layers.GlobalAveragePooling1D()(x)))

    return student, reference
