"""Branches and merges: Inception blocks, gates, towers, and the operators that stand for layers."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()


def _conv(x, filters, size):
    return layers.Conv2D(filters, size, padding="same", activation="relu")(x)


def _inception() -> keras.Model:
    image = keras.Input((8, 8, 3))
    narrow = _conv(image, 4, 1)
    middle = _conv(_conv(image, 2, 1), 4, 3)
    wide = _conv(_conv(image, 2, 1), 3, 5)
    pooled = _conv(layers.MaxPooling2D(3, strides=1, padding="same")(image), 2, 1)
    x = layers.Concatenate()([narrow, middle, wide, pooled])
    return keras.Model(image, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))


def _three_experts() -> keras.Model:
    table = keras.Input((6,))
    experts = [layers.Dense(8, activation=name)(table) for name in ("relu", "tanh", "sigmoid")]
    return keras.Model(table, layers.Dense(1)(layers.Add()(experts)))


def _gated() -> keras.Model:
    table = keras.Input((6,))
    value = layers.Dense(8)(table)
    gate = layers.Dense(8, activation="sigmoid")(table)
    return keras.Model(table, layers.Dense(2)(layers.Multiply()([value, gate])))


@PAIRS.accepted("02_functional")
def inception_branches_in_another_order():
    """The branches are written and concatenated in another order; only the next layers' rows change places."""

    def student():
        image = keras.Input((8, 8, 3))
        pooled = _conv(layers.MaxPooling2D(3, strides=1, padding="same")(image), 2, 1)
        wide = _conv(_conv(image, 2, 1), 3, 5)
        middle = _conv(_conv(image, 2, 1), 4, 3)
        x = layers.Concatenate()([pooled, wide, middle, _conv(image, 4, 1)])
        return keras.Model(image, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))

    return student, _inception


@PAIRS.accepted("02_functional")
def inception_branches_as_stacks():
    """Every branch is a small Sequential model, and the models are called in a loop."""

    def student():
        def conv(filters, size):
            return layers.Conv2D(filters, (size, size), padding="same", activation="relu")

        pool = layers.MaxPooling2D(pool_size=(3, 3), strides=(1, 1), padding="same")
        branches = [[conv(4, 1)], [conv(2, 1), conv(4, 3)], [conv(2, 1), conv(3, 5)], [pool, conv(2, 1)]]
        image = keras.Input((8, 8, 3))
        x = ops.concatenate([keras.Sequential(branch)(image) for branch in branches], axis=-1)
        return keras.Model(image, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))

    return student, _inception


@PAIRS.accepted("02_functional")
def inception_concatenated_in_pairs():
    """Four branches are joined two by two, and then the two joints."""

    def student():
        image = keras.Input((8, 8, 3))
        left = layers.concatenate([_conv(image, 4, 1), _conv(_conv(image, 2, 1), 4, 3)])
        pooled = layers.MaxPooling2D(3, strides=1, padding="same")(image)
        right = layers.concatenate([_conv(_conv(image, 2, 1), 3, 5), _conv(pooled, 2, 1)], axis=3)
        x = layers.GlobalAveragePooling2D()(layers.concatenate([left, right]))
        return keras.Model(inputs=[image], outputs=[layers.Dense(5)(x)])

    return student, _inception


@PAIRS.accepted("02_functional")
def inception_averaged_before_it_is_joined():
    """Every branch is averaged over the image first; the joint of the averages is the average of the joint."""

    def student():
        image = keras.Input((8, 8, 3))
        pooled = layers.MaxPooling2D(3, strides=1, padding="same")(image)
        maps = [_conv(image, 4, 1), _conv(_conv(image, 2, 1), 4, 3), _conv(_conv(image, 2, 1), 3, 5)]
        vectors = [layers.GlobalAveragePooling2D()(one) for one in [*maps, _conv(pooled, 2, 1)]]
        return keras.Model(image, layers.Dense(5)(layers.Concatenate()(vectors)))

    return student, _inception


@PAIRS.accepted("02_functional")
def three_summands_with_plus():
    """Three branches are added by two plus signs, in another order."""

    def student():
        table = keras.Input((6,))
        tanh = ops.tanh(layers.Dense(8)(table))
        sigmoid = keras.activations.sigmoid(layers.Dense(8)(table))
        relu = layers.ReLU()(layers.Dense(8)(table))
        return keras.Model(table, layers.Dense(1)(sigmoid + (tanh + relu)))

    return student, _three_experts


@PAIRS.accepted("02_functional")
def summed_with_the_builtin():
    """Python's sum adds the branches, starting from zero."""

    def student():
        table = keras.Input((6,))
        functions = ("sigmoid", "relu", "tanh")
        x = sum(layers.Activation(name)(layers.Dense(8)(table)) for name in functions)
        return keras.Model(table, layers.Dense(1)(x))

    return student, _three_experts


@PAIRS.accepted("02_functional")
def added_up_along_a_new_axis():
    """The branches are stacked and summed over the axis that stacking made."""

    def student():
        table = keras.Input((6,))
        experts = [layers.Dense(8, activation=name)(table) for name in ("relu", "tanh", "sigmoid")]
        return keras.Model(table, layers.Dense(1)(ops.sum(ops.stack(experts, axis=1), axis=1)))

    return student, _three_experts


@PAIRS.accepted("02_functional")
def gate_with_an_operator():
    """The gate is multiplied by a star, and stands before the value."""

    def student():
        table = keras.Input((6,))
        gate = ops.sigmoid(layers.Dense(8, name="gate")(table))
        value = layers.Dense(8, name="value")(table)
        return keras.Model(table, layers.Dense(2)(gate * value))

    return student, _gated


@PAIRS.accepted("02_functional")
def highway_gate():
    """Value and carry of a highway layer are weighed with operators in one, with operations in the other."""

    def student():
        table = keras.Input((6,))
        gate = layers.Dense(6, activation="sigmoid")(table)
        hidden = layers.Dense(6, activation="relu")(table)
        return keras.Model(table, layers.Add()([table * (1.0 - gate), gate * hidden]))

    def reference():
        table = keras.Input((6,))
        hidden = layers.Dense(6, activation="relu")(table)
        gate = layers.Dense(6, activation="sigmoid")(table)
        carry = ops.multiply(ops.subtract(1.0, gate), table)
        return keras.Model(table, layers.Multiply()([hidden, gate]) + carry)

    return student, reference


@PAIRS.accepted("02_functional")
def squeeze_and_excitation_by_broadcast():
    """The channel weights are reshaped to (1, 1, channels) in one, and kept so by the pooling in the other."""

    def student():
        image = keras.Input((6, 6, 8))
        weights = layers.GlobalAveragePooling2D()(image)
        weights = layers.Dense(2, activation="relu")(weights)
        weights = layers.Dense(8, activation="sigmoid")(weights)
        weights = layers.Reshape((1, 1, 8))(weights)
        return keras.Model(image, layers.Multiply()([image, weights]))

    def reference():
        image = keras.Input((6, 6, 8))
        weights = layers.GlobalAveragePooling2D(keepdims=True)(image)
        weights = layers.Dense(2, activation="relu")(weights)
        weights = layers.Dense(8, activation="sigmoid")(weights)
        return keras.Model(image, image * weights)

    return student, reference


@PAIRS.accepted("02_functional")
def mean_of_two_towers():
    """The average of two towers is their sum divided by two."""

    def student():
        table = keras.Input((5,))
        towers = [layers.Dense(4, activation=name)(table) for name in ("tanh", "relu")]
        return keras.Model(table, (towers[0] + towers[1]) / 2)

    def reference():
        table = keras.Input((5,))
        towers = [layers.Dense(4, activation=name)(table) for name in ("relu", "tanh")]
        return keras.Model(table, layers.Average()(towers))

    return student, reference


@PAIRS.accepted("02_functional")
def maximum_of_three_in_two_steps():
    """The largest of three features (maxout) is taken with keras.ops, two at a time."""

    def student():
        table = keras.Input((5,))
        first, second, third = (layers.Dense(4)(table) for _ in range(3))
        return keras.Model(table, ops.maximum(third, ops.maximum(first, second)))

    def reference():
        table = keras.Input((5,))
        return keras.Model(table, layers.Maximum()([layers.Dense(4)(table) for _ in range(3)]))

    return student, reference


@PAIRS.accepted("02_functional")
def split_and_treated_apart():
    """The columns of a table are taken apart by slices in one, by keras.ops.split in the other."""

    def student():
        table = keras.Input((6,))
        left, right = ops.split(table, 2, axis=1)
        x = layers.Concatenate()([layers.Dense(3, "relu")(left), layers.Dense(4, "tanh")(right)])
        return keras.Model(table, layers.Dense(1)(x))

    def reference():
        table = keras.Input((6,))
        left, right = table[:, :3], table[:, 3:]
        x = layers.Concatenate()([layers.Dense(3, "relu")(left), layers.Dense(4, "tanh")(right)])
        return keras.Model(table, layers.Dense(1)(x))

    return student, reference


@PAIRS.accepted("02_functional")
def densely_connected_in_another_order():
    """New features are put before the old ones, where the reference puts them after."""

    def student():
        image = x = keras.Input((6, 6, 4))
        for _ in range(3):
            x = layers.Concatenate()([layers.Conv2D(2, 3, padding="same", activation="relu")(x), x])
        return keras.Model(image, layers.Dense(3)(layers.GlobalMaxPooling2D()(x)))

    def reference():
        image = keras.Input((6, 6, 4))
        features = [image]
        for _ in range(3):
            x = features[0] if len(features) == 1 else layers.Concatenate()(features)
            features.append(layers.Conv2D(2, 3, padding="same", activation="relu")(x))
        x = layers.GlobalMaxPooling2D()(layers.Concatenate()(features))
        return keras.Model(image, layers.Dense(3)(x))

    return student, reference


@PAIRS.accepted("02_functional")
def joined_in_another_order_and_normalized():
    """What is joined in another order is normalized per feature and then read by a Dense layer."""

    def student():
        table = keras.Input((5,))
        wide, deep = layers.Dense(3)(table), layers.Dense(4, activation="relu")(table)
        x = layers.BatchNormalization()(layers.Concatenate()([deep, wide]))
        return keras.Model(table, layers.Dense(2)(layers.Dropout(0.2)(ops.relu(x))))

    def reference():
        table = keras.Input((5,))
        wide, deep = layers.Dense(3)(table), layers.Dense(4, activation="relu")(table)
        x = layers.BatchNormalization()(layers.Concatenate()([wide, deep]))
        return keras.Model(table, layers.Dense(2)(layers.Dropout(0.2)(layers.ReLU()(x))))

    return student, reference
