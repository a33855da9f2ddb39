"""Broken models put right, each by another repair than the reference's."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()
UNIT = "09_debugging"


@PAIRS.accepted(UNIT)
def shape_given_by_build():
    """The stack that had no Input is given its shape by build() in place of a first line."""

    def stack():
        return [layers.Conv2D(4, 3, activation="relu"), layers.GlobalMaxPooling2D(), layers.Dense(3)]

    def student():
        model = keras.Sequential(stack())
        model.build((None, 8, 8, 1))
        return model

    return student, lambda: keras.Sequential([keras.Input((8, 8, 1)), *stack()])


@PAIRS.accepted(UNIT)
def shape_given_by_a_first_call():
    """A subclassed model is called once on an array of zeros, so that its shapes are known."""

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden, self.out = layers.Dense(6, activation="relu"), layers.Dense(2)

        def call(self, x):
            return self.out(self.hidden(x))

    def student():
        model = Net()
        model(ops.zeros((1, 5)))
        return model

    def reference():
        x = keras.Input((5,))
        return keras.Model(x, layers.Dense(2)(layers.Dense(6, activation="relu")(x)))

    return student, reference


@PAIRS.accepted(UNIT)
def both_inputs_listed_by_name():
    """The forgotten input is listed; the inputs are found again through the output's own history."""

    def build(collect):
        words, numbers = keras.Input((7,), dtype="int32", name="a"), keras.Input((3,), name="b")
        y = layers.Concatenate()([layers.GRU(4)(layers.Embedding(20, 5)(words)), numbers])
        return keras.Model(collect(words, numbers), layers.Dense(1)(y))

    return lambda: build(lambda a, b: sorted([b, a], key=lambda t: t.name)), lambda: build(
        lambda a, b: (a, b)
    )


@PAIRS.accepted(UNIT)
def mismatch_repaired_by_padding():
    """Two branches disagreed in size: one repair is padding same, the other two rows of zeros on each side."""

    def build(fix):
        x = keras.Input((9, 9, 2))
        fine = layers.Conv2D(4, 3, strides=2, padding="same")(x)
        return keras.Model(x, layers.Add()([fine, fix(x)]))

    return (
        lambda: build(lambda x: layers.Conv2D(4, 5, strides=2)(layers.ZeroPadding2D(((2, 2), (2, 2)))(x))),
        lambda: build(layers.Conv2D(4, 5, strides=2, padding="same")),
    )


@PAIRS.accepted(UNIT)
def choice_on_a_tensor_as_a_mask():
    """The `if` on a tensor became ops.where; the branches are given in the order that a turned sign needs."""

    def reference():
        x = keras.Input((4,))
        a, b = layers.Dense(4)(x), layers.Dense(4)(x)
        return keras.Model(x, ops.where(ops.mean(x, axis=1, keepdims=True) > 0, a, b))

    def student():
        x = keras.Input((4,))
        negative, positive = layers.Dense(4), layers.Dense(4)
        mean = ops.mean(x, axis=-1, keepdims=True)
        return keras.Model(x, ops.where(mean <= 0, negative(x), positive(x)))

    return student, reference


@PAIRS.accepted(UNIT)
def twin_layers_made_in_a_loop():
    """Two branches that shared one Dense by accident now have two; a list comprehension calls the class twice."""

    def reference():
        a, b = keras.Input((5,)), keras.Input((5,))
        c = layers.Concatenate()(
            [layers.Dense(3, activation="tanh")(a), layers.Dense(3, activation="tanh")(b)]
        )
        return keras.Model([a, b], layers.Dense(1)(c))

    def student():
        inputs = [keras.Input((5,)) for _ in range(2)]
        found = [ops.tanh(layers.Dense(3)(x)) for x in inputs]
        return keras.Model(inputs, layers.Dense(1)(layers.concatenate(found)))

    return student, reference


@PAIRS.accepted(UNIT)
def broken_model_read_back_from_its_config():
    """The repaired model is the old one's config with one setting exchanged, built anew."""

    def model(function):
        return keras.Sequential(
            [
                keras.Input((6,)),
                layers.Dense(5, activation=function),
                layers.Dropout(0.3),
                layers.Dense(2, activation="softmax"),
            ]
        )

    def student():
        config = model("softmax").get_config()
        hidden = next(entry for entry in config["layers"] if entry["class_name"] == "Dense")
        hidden["config"]["activation"] = "relu"
        return keras.Sequential.from_config(config)

    return student, lambda: model("relu")


@PAIRS.accepted(UNIT)
def state_moved_out_of_call():
    """The layer that was made in call() is made once in __init__; the other model names its layers one by one."""

    class Block(layers.Layer):
        def __init__(self, width):
            super().__init__()
            self.inner = keras.Sequential([layers.Dense(width, "relu"), layers.LayerNormalization()])

        def call(self, x):
            return layers.concatenate([x, self.inner(x)])

    def student():
        x = keras.Input((6,))
        return keras.Model(x, layers.Dense(2)(Block(4)(x)))

    def reference():
        x = keras.Input((6,))
        y = layers.LayerNormalization()(layers.Dense(4, activation="relu")(x))
        return keras.Model(x, layers.Dense(2)(layers.Concatenate()([x, y])))

    return student, reference
