"""One residual block, or a few, as they are written by people with different habits."""

from __future__ import annotations

import functools

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()
UNIT = "04_residual_connections"


def _identity_block() -> keras.Model:
    x = keras.Input((8, 8, 4))
    y = layers.Conv2D(4, 3, padding="same")(x)
    y = layers.BatchNormalization()(y)
    y = layers.ReLU()(y)
    y = layers.Conv2D(4, 3, padding="same")(y)
    y = layers.BatchNormalization()(y)
    y = layers.Add()([y, x])
    return keras.Model(x, layers.ReLU()(y))


@PAIRS.accepted(UNIT)
def sum_with_plus_and_activations_as_functions():
    """The sum is a plus sign, one relu comes from keras.ops and one from keras.activations."""

    def student():
        image = keras.Input((8, 8, 4), name="photo")
        out = keras.activations.relu(layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(image)))
        out = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(out))
        return keras.Model(image, ops.relu(image + out))

    return student, _identity_block


@PAIRS.accepted(UNIT)
def branch_as_sequential():
    """F(x) is a Sequential model of its own, called inside a Functional one."""

    def student():
        branch = keras.Sequential(name="residual")
        branch.add(layers.Conv2D(4, (3, 3), strides=(1, 1), padding="same", use_bias=True))
        branch.add(layers.BatchNormalization(axis=3))
        branch.add(layers.Activation("relu"))
        branch.add(layers.Conv2D(4, (3, 3), strides=(1, 1), padding="same", use_bias=True))
        branch.add(layers.BatchNormalization(axis=3))
        x = keras.Input((8, 8, 4))
        return keras.Model(x, layers.Activation(keras.activations.relu)(layers.add([x, branch(x)])))

    return student, _identity_block


@PAIRS.accepted(UNIT)
def block_as_a_layer_of_its_own():
    """The block is a Layer whose sub-layers are made in build, called on the Input."""

    class Residual(layers.Layer):
        def __init__(self, filters, **kwargs):
            super().__init__(**kwargs)
            self.filters = filters

        def build(self, input_shape):
            self.conv_1 = layers.Conv2D(self.filters, 3, padding="same")
            self.norm_1 = layers.BatchNormalization()
            self.conv_2 = layers.Conv2D(input_shape[-1], 3, padding="same")
            self.norm_2 = layers.BatchNormalization()
            for layer in (self.conv_1, self.norm_1, self.conv_2, self.norm_2):
                layer.build((*input_shape[:-1], self.filters) if layer is not self.conv_1 else input_shape)

        def call(self, x, training=False):
            y = ops.relu(self.norm_1(self.conv_1(x), training=training))
            y = self.norm_2(self.conv_2(y), training=training)
            return ops.relu(x + y)

    def student():
        x = keras.Input((8, 8, 4))
        return keras.Model(x, Residual(4)(x))

    return student, _identity_block


@PAIRS.accepted(UNIT)
def projection_block_with_the_shortcut_made_first():
    """The strided projection is written before the main branch, and the block is wrapped as a nested model."""

    def reference():
        x = keras.Input((8, 8, 4))
        y = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x)
        y = layers.BatchNormalization()(y)
        y = layers.ReLU()(y)
        y = layers.Conv2D(8, 3, padding="same", use_bias=False)(y)
        y = layers.BatchNormalization()(y)
        shortcut = layers.Conv2D(8, 1, strides=2, use_bias=False)(x)
        shortcut = layers.BatchNormalization()(shortcut)
        y = layers.Add()([y, shortcut])
        return keras.Model(x, layers.ReLU()(y))

    def student():
        def conv_norm(t, filters, size, stride=1):
            t = layers.Conv2D(filters, size, stride, padding="same", use_bias=False)(t)
            return layers.BatchNormalization()(t)

        inner = keras.Input((8, 8, 4))
        shortcut = conv_norm(inner, 8, 1, 2)
        main = conv_norm(layers.Activation("relu")(conv_norm(inner, 8, 3, 2)), 8, 3)
        block = keras.Model(inner, layers.ReLU()(shortcut + main), name="down_block")
        x = keras.Input((8, 8, 4))
        return keras.Model(x, block(x))

    return student, reference


@PAIRS.accepted(UNIT)
def bottleneck_from_a_list_of_layers():
    """The three convolutions of a bottleneck stand in a list that a loop walks through."""

    def reference():
        x = keras.Input((6, 6, 16))
        y = layers.Conv2D(4, 1, activation="relu")(x)
        y = layers.Conv2D(4, 3, padding="same", activation="relu")(y)
        y = layers.Conv2D(16, 1)(y)
        return keras.Model(x, layers.ReLU()(layers.Add()([x, y])))

    def student():
        steps = [
            layers.Conv2D(4, 1),
            layers.ReLU(),
            layers.Conv2D(4, 3, padding="same"),
            layers.ReLU(),
            layers.Conv2D(16, 1, activation=None),
        ]
        x = keras.Input((6, 6, 16))
        return keras.Model(x, ops.relu(ops.add(functools.reduce(lambda t, step: step(t), steps, x), x)))

    return student, reference


@PAIRS.accepted(UNIT)
def preactivation_block_with_identity_branch():
    """A pre-activation block whose unchanged shortcut goes through layers.Identity, as PyTorch users write it."""

    def reference():
        x = keras.Input((8, 8, 8))
        y = x
        for _ in range(2):
            y = layers.BatchNormalization()(y)
            y = layers.ReLU()(y)
            y = layers.Conv2D(8, 3, padding="same", use_bias=False)(y)
        return keras.Model(x, layers.Add()([x, y]))

    def student():
        x = keras.Input((8, 8, 8))
        downsample = layers.Conv2D(8, 1) if x.shape[-1] != 8 else layers.Identity()
        y = layers.ReLU()(layers.BatchNormalization()(x))
        y = layers.Conv2D(8, 3, padding="same", use_bias=False)(y)
        y = layers.ReLU()(layers.BatchNormalization()(y))
        y = layers.Conv2D(8, 3, padding="same", use_bias=False)(y)
        y = layers.Dropout(0.0)(y)
        return keras.Model(x, y + downsample(x))

    return student, reference


@PAIRS.accepted(UNIT)
def three_branches_summed_pairwise():
    """A shortcut and two branches: one Add of three against two additions in another order."""

    def reference():
        x = keras.Input((10, 6))
        wide = layers.Conv1D(6, 5, padding="same", activation="relu")(x)
        narrow = layers.Conv1D(6, 3, padding="same", activation="relu")(x)
        return keras.Model(x, layers.Dense(2)(layers.Add()([x, wide, narrow])))

    def student():
        x = keras.Input((10, 6))
        narrow = layers.Conv1D(6, 3, padding="same")(x)
        wide = layers.Conv1D(6, 5, padding="same")(x)
        total = layers.Add()([layers.Activation("relu")(wide), layers.Activation("relu")(narrow)])
        return keras.Model(x, layers.Dense(2)(total + x))

    return student, reference


@PAIRS.accepted(UNIT)
def builtin_sum_over_a_comprehension():
    """ResNeXt-like paths made in a comprehension and added with Python's sum."""

    def reference():
        x = keras.Input((6, 6, 8))
        a = layers.Conv2D(8, 3, padding="same")(layers.Conv2D(2, 1, activation="relu")(x))
        b = layers.Conv2D(8, 3, padding="same")(layers.Conv2D(2, 1, activation="relu")(x))
        c = layers.Conv2D(8, 3, padding="same")(layers.Conv2D(2, 1, activation="relu")(x))
        return keras.Model(x, layers.Add()([x, a, b, c]))

    def student():
        x = keras.Input((6, 6, 8))
        paths = [
            layers.Conv2D(8, 3, padding="same")(layers.Conv2D(2, 1, activation="relu")(x)) for _ in range(3)
        ]
        return keras.Model(x, x + sum(paths))

    return student, reference


@PAIRS.accepted(UNIT)
def explicit_padding_before_a_valid_convolution():
    """ZeroPadding2D and a valid convolution, as in the published ResNet code, where the reference says same."""

    def reference():
        x = keras.Input((8, 8, 4))
        y = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
        return keras.Model(x, layers.Add()([x, y]))

    def student():
        x = keras.Input((8, 8, 4))
        y = layers.Conv2D(4, 3, activation="relu")(layers.ZeroPadding2D(1)(x))
        return keras.Model(x, layers.Add()([x, y]))

    return student, reference


@PAIRS.accepted(UNIT)
def squeeze_and_excite_without_reshape():
    """The channel gates keep their axes through keepdims; the reference pools flat and reshapes."""

    def reference():
        x = keras.Input((6, 6, 8))
        y = layers.Conv2D(8, 3, padding="same")(x)
        gate = layers.GlobalAveragePooling2D()(y)
        gate = layers.Dense(2, activation="relu")(gate)
        gate = layers.Dense(8, activation="sigmoid")(gate)
        gate = layers.Reshape((1, 1, 8))(gate)
        y = layers.Multiply()([y, gate])
        return keras.Model(x, layers.Add()([x, y]))

    def student():
        x = keras.Input((6, 6, 8))
        y = layers.Conv2D(8, 3, padding="same")(x)
        gate = layers.GlobalAveragePooling2D(keepdims=True)(y)
        gate = layers.Dense(8, activation="sigmoid")(layers.Dense(2, activation="relu")(gate))
        return keras.Model(x, x + y * gate)

    return student, reference


@PAIRS.accepted(UNIT)
def highway_gate_regrouped():
    """The highway layer's t * h + (1 - t) * x is written as x + t * (h - x), the same number."""

    def reference():
        x = keras.Input((12,))
        h = layers.Dense(12, activation="tanh")(x)
        t = layers.Dense(12, activation="sigmoid")(x)
        return keras.Model(x, t * h + (1.0 - t) * x)

    def student():
        x = keras.Input((12,))
        t = layers.Dense(12, activation="sigmoid", name="transform_gate")(x)
        h = layers.Dense(12, activation="tanh", name="candidate")(x)
        return keras.Model(x, x + t * (h - x))

    return student, reference


@PAIRS.accepted(UNIT)
def scaled_branch_with_rescaling_layer():
    """The branch is scaled down by a Rescaling layer; the reference multiplies by the number."""

    def reference():
        x = keras.Input((8, 8, 4))
        y = layers.Conv2D(4, 3, padding="same")(layers.Conv2D(2, 1, activation="relu")(x))
        return keras.Model(x, ops.relu(x + 0.25 * y))

    def student():
        x = keras.Input((8, 8, 4))
        y = layers.Conv2D(2, 1, activation="relu")(x)
        y = layers.Rescaling(0.25)(layers.Conv2D(4, 3, padding="same")(y))
        return keras.Model(x, layers.ReLU()(layers.Add()([x, y])))

    return student, reference


@PAIRS.accepted(UNIT)
def recurrent_layers_with_shortcuts():
    """Two GRUs with shortcuts: defaults spelled out, the loop unrolled by hand, the sum an operator."""

    def reference():
        x = keras.Input((7, 6))
        y = x
        for _ in range(2):
            y = layers.Add()([y, layers.GRU(6, return_sequences=True)(y)])
        return keras.Model(x, layers.Dense(3, activation="softmax")(layers.GRU(5)(y)))

    def student():
        x = keras.Input(shape=(7, 6), dtype="float32")
        first = layers.GRU(6, activation="tanh", recurrent_activation="sigmoid", return_sequences=True)(x)
        first = x + first
        second = layers.GRU(6, return_sequences=True, reset_after=True)(first) + first
        last = layers.GRU(5, return_sequences=False)(second)
        return keras.Model(inputs=x, outputs=layers.Softmax()(layers.Dense(units=3)(last)))

    return student, reference


@PAIRS.accepted(UNIT)
def transformer_block_with_keyword_arguments():
    """Attention is called with query= and value=; the feed-forward part is a small Sequential."""

    def reference():
        x = keras.Input((6, 8))
        y = layers.LayerNormalization()(layers.Add()([x, layers.MultiHeadAttention(2, 4)(x, x)]))
        z = layers.Dense(8)(layers.Dense(16, activation="gelu")(y))
        return keras.Model(x, layers.LayerNormalization()(layers.Add()([y, z])))

    def student():
        feed_forward = keras.Sequential([layers.Dense(16), layers.Activation("gelu"), layers.Dense(8)])
        x = keras.Input((6, 8))
        attended = layers.MultiHeadAttention(num_heads=2, key_dim=4)(query=x, value=x)
        y = layers.LayerNormalization(axis=-1)(attended + x)
        return keras.Model(x, layers.LayerNormalization(axis=-1)(y + feed_forward(y)))

    return student, reference


@PAIRS.accepted(UNIT)
def linear_bottleneck_with_relu6_as_layer():
    """A MobileNetV2 block: ReLU(max_value=6) where the reference names relu6, and epsilon given as a power."""

    def reference():
        x = keras.Input((8, 8, 4))
        y = layers.Conv2D(12, 1, use_bias=False)(x)
        y = layers.Activation("relu6")(layers.BatchNormalization(epsilon=0.001)(y))
        y = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(y)
        y = layers.Activation("relu6")(layers.BatchNormalization(epsilon=0.001)(y))
        y = layers.BatchNormalization(epsilon=0.001)(layers.Conv2D(4, 1, use_bias=False)(y))
        return keras.Model(x, layers.Add()([x, y]))

    def student():
        def norm(t, activate=True):
            t = layers.BatchNormalization(epsilon=1e-3, momentum=0.99)(t)
            return layers.ReLU(max_value=6.0)(t) if activate else t

        x = keras.Input((8, 8, 4))
        y = norm(layers.Conv2D(4 * 3, (1, 1), padding="same", use_bias=False)(x))
        y = norm(layers.DepthwiseConv2D((3, 3), padding="same", use_bias=False, depth_multiplier=1)(y))
        return keras.Model(x, norm(layers.Conv2D(4, (1, 1), use_bias=False)(y), activate=False) + x)

    return student, reference


@PAIRS.accepted(UNIT)
def subclassed_model_called_on_an_input():
    """The whole block is a subclassed Model with its layers in a list, called once on an Input."""

    class Block(keras.Model):
        def __init__(self, filters):
            super().__init__()
            self.steps = [
                layers.Conv2D(filters, 3, padding="same"),
                layers.BatchNormalization(),
                layers.ReLU(),
                layers.Conv2D(filters, 3, padding="same"),
                layers.BatchNormalization(),
            ]
            self.last = layers.ReLU()

        def call(self, inputs):
            x = inputs
            for step in self.steps:
                x = step(x)
            return self.last(layers.add([inputs, x]))

    def student():
        model = Block(4)
        model(keras.Input((8, 8, 4)))
        return model

    return student, _identity_block
