"""Residual blocks that are not: shortcuts left out, joined, started or activated wrongly."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()
UNIT = "04_residual_connections"


def _classic() -> keras.Model:
    x = keras.Input((8, 8, 4))
    y = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(x))
    y = layers.ReLU()(y)
    y = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(y))
    return keras.Model(x, layers.ReLU()(layers.Add()([x, y])))


def _down() -> keras.Model:
    x = keras.Input((8, 8, 4))
    y = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(x)
    y = layers.Conv2D(8, 3, padding="same")(y)
    shortcut = layers.Conv2D(8, 1, strides=2)(x)
    return keras.Model(x, layers.ReLU()(layers.Add()([y, shortcut])))


def _two_blocks() -> keras.Model:
    x = keras.Input((6, 6, 1))
    stem = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    y = layers.Add()([stem, layers.Conv2D(4, 3, padding="same", activation="relu")(stem)])
    z = layers.Add()([y, layers.Conv2D(4, 3, padding="same", activation="relu")(y)])
    return keras.Model(x, layers.Dense(10)(layers.GlobalAveragePooling2D()(z)))


@PAIRS.rejected(UNIT, "missing-skip")
def layers_stacked_without_the_sum():
    """The layers of the block follow one another; nothing is added."""

    def student():
        return keras.Sequential(
            [
                keras.Input((8, 8, 4)),
                layers.Conv2D(4, 3, padding="same"),
                layers.BatchNormalization(),
                layers.ReLU(),
                layers.Conv2D(4, 3, padding="same"),
                layers.BatchNormalization(),
                layers.ReLU(),
            ]
        )

    return student, _classic


@PAIRS.rejected(UNIT, "missing-skip")
def shortcut_kept_but_never_added():
    """call() puts the input away and returns the branch alone."""

    class Block(layers.Layer):
        def __init__(self):
            super().__init__()
            self.convs = [layers.Conv2D(4, 3, padding="same") for _ in range(2)]
            self.norms = [layers.BatchNormalization() for _ in range(2)]

        def call(self, x):
            shortcut = x  # noqa: F841
            y = ops.relu(self.norms[0](self.convs[0](x)))
            y = self.norms[1](self.convs[1](y))
            return ops.relu(y)

    def student():
        x = keras.Input((8, 8, 4))
        return keras.Model(x, Block()(x))

    return student, _classic


@PAIRS.rejected(UNIT, "missing-skip")
def second_block_without_its_sum():
    """Of two blocks only the first adds its input."""

    def student():
        x = keras.Input((6, 6, 1))
        stem = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
        y = stem + layers.Conv2D(4, 3, padding="same", activation="relu")(stem)
        z = layers.Conv2D(4, 3, padding="same", activation="relu")(y)
        return keras.Model(x, layers.Dense(10)(layers.GlobalAveragePooling2D()(z)))

    return student, _two_blocks


@PAIRS.rejected(UNIT, "skip-from-wrong-tensor")
def variable_overwritten_before_the_sum():
    """The variable x is assigned anew in the first line, so what is added is the first convolution's result."""

    def student():
        inputs = x = keras.Input((8, 8, 4))
        x = layers.Conv2D(4, 3, padding="same")(x)
        y = layers.ReLU()(layers.BatchNormalization()(x))
        y = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(y))
        return keras.Model(inputs, layers.ReLU()(layers.Add()([x, y])))

    return student, _classic


@PAIRS.rejected(UNIT, "skip-from-wrong-tensor")
def every_block_adds_the_stem():
    """Both blocks add the stem's result; the second should add the first block's."""

    def student():
        x = keras.Input((6, 6, 1))
        stem = y = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
        for _ in range(2):
            y = layers.Add()([stem, layers.Conv2D(4, 3, padding="same", activation="relu")(y)])
        return keras.Model(x, layers.Dense(10)(layers.GlobalAveragePooling2D()(y)))

    return student, _two_blocks


@PAIRS.rejected(UNIT, "skip-from-wrong-tensor")
def projection_of_the_branch_itself():
    """The 1x1 projection is called on the middle of the branch, where its stride is undone by hand."""

    def student():
        x = keras.Input((8, 8, 4))
        y = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(x)
        shortcut = layers.Conv2D(8, 1)(y)
        y = layers.Conv2D(8, 3, padding="same")(y)
        return keras.Model(x, layers.ReLU()(layers.Add()([y, shortcut])))

    return student, _down


@PAIRS.rejected(UNIT, "skip-from-wrong-tensor")
def branch_added_to_itself():
    """The sum is y + y: the block's input is nowhere in it."""

    def student():
        x = keras.Input((8, 8, 4))
        y = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(x)))
        y = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(y))
        return keras.Model(x, ops.relu(y + y))

    return student, _classic


@PAIRS.rejected(UNIT, "skip-from-wrong-tensor")
def attention_added_to_the_normed_tensor():
    """In a pre-norm transformer block the sum takes the normalised tensor in place of the raw one."""

    def reference():
        x = keras.Input((5, 8))
        y = layers.LayerNormalization()(x)
        z = layers.Add()([x, layers.MultiHeadAttention(2, 4)(y, y)])
        return keras.Model(x, layers.Dense(2)(z))

    def student():
        x = keras.Input((5, 8))
        y = layers.LayerNormalization()(x)
        return keras.Model(x, layers.Dense(2)(y + layers.MultiHeadAttention(2, 4)(y, y)))

    return student, reference


@PAIRS.rejected(UNIT, "concatenate-instead-of-add")
def channels_stacked_at_the_end():
    """Input and branch are concatenated, so the block's channels double."""

    def student():
        x = keras.Input((8, 8, 4))
        y = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(x)))
        y = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(y))
        return keras.Model(x, layers.ReLU()(ops.concatenate([x, y], axis=-1)))

    return student, _classic


@PAIRS.rejected(UNIT, "concatenate-instead-of-add")
def concatenate_and_squeeze():
    """The first block concatenates and brings the channels back with a 1x1 convolution."""

    def student():
        x = keras.Input((6, 6, 1))
        stem = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
        y = layers.Concatenate()([stem, layers.Conv2D(4, 3, padding="same", activation="relu")(stem)])
        y = layers.Conv2D(4, 1)(y)
        z = layers.Add()([y, layers.Conv2D(4, 3, padding="same", activation="relu")(y)])
        return keras.Model(x, layers.Dense(10)(layers.GlobalAveragePooling2D()(z)))

    return student, _two_blocks


@PAIRS.rejected(UNIT, "missing-projection")
def add_refuses_the_raw_input():
    """The branch halves the image and doubles the channels; the raw input is handed to Add."""

    def student():
        x = keras.Input((8, 8, 4))
        y = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(x)
        y = layers.Conv2D(8, 3, padding="same")(y)
        return keras.Model(x, layers.ReLU()(layers.Add()([y, x])))

    return student, _down


@PAIRS.rejected(UNIT, "missing-projection")
def plus_refuses_the_raw_input():
    """The same with the plus sign, inside a Layer's call."""

    class Down(layers.Layer):
        def __init__(self, filters):
            super().__init__()
            self.first = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")
            self.second = layers.Conv2D(filters, 3, padding="same")

        def call(self, x):
            return ops.relu(self.second(self.first(x)) + x)

    def student():
        x = keras.Input((8, 8, 4))
        return keras.Model(x, Down(8)(x))

    return student, _down


@PAIRS.rejected(UNIT, "missing-projection")
def one_channel_broadcasts_silently():
    """The image has one channel, so adding it to four raises nothing and copies it."""

    def reference():
        x = keras.Input((8, 8, 1))
        y = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
        return keras.Model(x, layers.Add()([layers.Conv2D(4, 1)(x), y]))

    def student():
        x = keras.Input((8, 8, 1))
        y = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
        return keras.Model(x, layers.Add()([x, y]))

    return student, reference


@PAIRS.rejected(UNIT, "missing-projection", also=("wrong-layer",))
def padded_where_it_should_be_projected():
    """A vector block: the input is padded with zeros to the wide branch's length, not projected."""

    def reference():
        x = keras.Input((6,))
        y = layers.Dense(9)(layers.Dense(9, activation="relu")(x))
        return keras.Model(x, layers.ReLU()(layers.Add()([y, layers.Dense(9, use_bias=False)(x)])))

    def student():
        x = keras.Input((6,))
        y = layers.Dense(9)(layers.Dense(9, activation="relu")(x))
        return keras.Model(x, layers.ReLU()(y + ops.pad(x, [[0, 0], [0, 3]])))

    return student, reference


@PAIRS.rejected(UNIT, "activation-before-add")
def branch_activated_then_added():
    """The second activation stands in the branch; the sum is returned as it is."""

    def student():
        x = keras.Input((8, 8, 4))
        y = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(x)))
        y = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(y)))
        return keras.Model(x, layers.Add()([x, y]))

    return student, _classic


@PAIRS.rejected(UNIT, "activation-before-add")
def both_arms_activated_then_added():
    """Branch and projection are both activated by their convolution, and nothing follows the sum."""

    def student():
        x = keras.Input((8, 8, 4))
        y = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(x)
        y = layers.Conv2D(8, 3, padding="same", activation="relu")(y)
        shortcut = layers.Conv2D(8, 1, strides=2, activation="relu")(x)
        return keras.Model(x, layers.Add()([y, shortcut]))

    return student, _down


@PAIRS.rejected(UNIT, "wrong-activation")
def shortcut_projection_activated():
    """Everything is right but the projection, which has a relu of its own as well."""

    def student():
        x = keras.Input((8, 8, 4))
        y = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(x)
        y = layers.Conv2D(8, 3, padding="same")(y)
        shortcut = layers.Conv2D(8, 1, strides=2, activation="relu")(x)
        return keras.Model(x, layers.ReLU()(layers.Add()([y, shortcut])))

    return student, _down


@PAIRS.rejected(UNIT, "wrong-activation")
def sum_left_without_activation():
    """The last relu is forgotten."""

    def student():
        x = keras.Input((8, 8, 4))
        y = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(x)))
        y = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(y))
        return keras.Model(x, x + y)

    return student, _classic


@PAIRS.rejected(UNIT, "wrong-layer")
def product_for_a_sum():
    """Multiply joins branch and shortcut."""

    def student():
        x = keras.Input((8, 8, 4))
        y = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(x)))
        y = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(y))
        return keras.Model(x, layers.ReLU()(layers.Multiply()([x, y])))

    return student, _classic


@PAIRS.rejected(UNIT, "missing-layer")
def second_normalisation_forgotten():
    """The second convolution goes into the sum without its BatchNormalization."""

    def student():
        x = keras.Input((8, 8, 4))
        y = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(x)))
        y = layers.Conv2D(4, 3, padding="same")(y)
        return keras.Model(x, ops.relu(x + y))

    return student, _classic


@PAIRS.rejected(UNIT, "wrong-connection")
def activation_before_normalisation():
    """Relu and BatchNormalization stand the wrong way round in the branch."""

    def student():
        x = keras.Input((8, 8, 4))
        y = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same", activation="relu")(x))
        y = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(y))
        return keras.Model(x, layers.ReLU()(layers.Add()([x, y])))

    return student, _classic


@PAIRS.rejected(UNIT, "weights-wrongly-shared")
def one_convolution_called_twice():
    """One Conv2D object is made before the loop and called in both steps."""

    def student():
        x = y = keras.Input((8, 8, 4))
        conv = layers.Conv2D(4, 3, padding="same")
        y = layers.ReLU()(layers.BatchNormalization()(conv(y)))
        y = layers.BatchNormalization()(conv(y))
        return keras.Model(x, layers.ReLU()(layers.Add()([x, y])))

    return student, _classic


@PAIRS.rejected(UNIT, "wrong-config")
def bottleneck_without_a_neck():
    """The inner convolutions keep all sixteen channels where four were asked for."""

    def block(inner):
        x = keras.Input((4, 4, 16))
        y = layers.Conv2D(inner, 1, activation="relu")(x)
        y = layers.Conv2D(inner, 3, padding="same", activation="relu")(y)
        return keras.Model(x, layers.Add()([x, layers.Conv2D(16, 1)(y)]))

    return lambda: block(16), lambda: block(4)


@PAIRS.rejected(UNIT, "sequential-cannot-branch")
def add_inside_a_stack():
    """Add stands in a Sequential model, where it is given a single tensor."""

    def student():
        model = keras.Sequential([keras.Input((8, 8, 4))])
        for _ in range(2):
            model.add(layers.Conv2D(4, 3, padding="same"))
            model.add(layers.BatchNormalization())
        model.add(layers.Add())
        model.add(layers.ReLU())
        return model

    return student, _classic
