"""Mistakes in branching models: wiring, joints, and tensors that lead nowhere or come from nowhere."""

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
    pooled = _conv(layers.MaxPooling2D(3, strides=1, padding="same")(image), 2, 1)
    x = layers.Concatenate()([narrow, middle, pooled])
    return keras.Model(image, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))


def _two_tables() -> keras.Model:
    person, order = keras.Input((4,), name="person"), keras.Input((3,), name="order")
    left = layers.Dense(6, activation="relu")(person)
    right = layers.Dense(6, activation="relu")(order)
    return keras.Model([person, order], layers.Dense(1)(layers.Concatenate()([left, right])))


def _gated() -> keras.Model:
    table = keras.Input((6,))
    value, gate = layers.Dense(8)(table), layers.Dense(8, activation="sigmoid")(table)
    return keras.Model(table, layers.Dense(2)(layers.Multiply()([value, gate])))


@PAIRS.rejected("02_functional", "dead-branch", also=("missing-connection", "missing-layer"))
def branch_left_out_of_the_joint():
    """The middle branch of an Inception block is written, and not named where the branches are joined."""

    def student():
        image = keras.Input((8, 8, 3))
        narrow = _conv(image, 4, 1)
        _conv(_conv(image, 2, 1), 4, 3)
        pooled = _conv(layers.MaxPooling2D(3, strides=1, padding="same")(image), 2, 1)
        x = layers.Concatenate()([narrow, pooled])
        return keras.Model(image, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))

    return student, _inception


@PAIRS.rejected("02_functional", "wrong-connection")
def branch_started_from_another_branch():
    """The 3x3 branch begins at the result of the narrow branch, not at the block's input."""

    def student():
        image = keras.Input((8, 8, 3))
        narrow = x = _conv(image, 4, 1)
        x = _conv(_conv(x, 2, 1), 4, 3)
        pooled = _conv(layers.MaxPooling2D(3, strides=1, padding="same")(image), 2, 1)
        x = layers.Concatenate()([narrow, x, pooled])
        return keras.Model(image, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))

    return student, _inception


@PAIRS.rejected("02_functional", "wrong-config")
def branch_shrinks_the_image():
    """The 3x3 convolution has valid padding, so that its map is smaller and cannot be joined."""

    def student():
        image = keras.Input((8, 8, 3))
        narrow = _conv(image, 4, 1)
        middle = layers.Conv2D(4, 3, activation="relu")(_conv(image, 2, 1))
        pooled = _conv(layers.MaxPooling2D(3, strides=1, padding="same")(image), 2, 1)
        x = layers.Concatenate()([narrow, middle, pooled])
        return keras.Model(image, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))

    return student, _inception


@PAIRS.rejected("02_functional", "missing-layer")
def no_reduction_before_the_three_by_three():
    """The 1x1 convolution that makes the 3x3 one cheap is missing."""

    def student():
        image = keras.Input((8, 8, 3))
        narrow, middle = _conv(image, 4, 1), _conv(image, 4, 3)
        pooled = _conv(layers.MaxPooling2D(3, strides=1, padding="same")(image), 2, 1)
        x = layers.Concatenate()([narrow, middle, pooled])
        return keras.Model(image, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))

    return student, _inception


@PAIRS.rejected("02_functional", "wrong-config")
def pooling_with_its_default_stride():
    """The pooling branch keeps the default stride, which is the pool's size, and the maps do not fit."""

    def student():
        image = keras.Input((8, 8, 3))
        narrow = _conv(image, 4, 1)
        middle = _conv(_conv(image, 2, 1), 4, 3)
        pooled = _conv(layers.MaxPooling2D(3, padding="same")(image), 2, 1)
        x = layers.Concatenate()([narrow, middle, pooled])
        return keras.Model(image, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))

    return student, _inception


@PAIRS.rejected("02_functional", "wrong-layer")
def branches_added_where_they_should_be_joined():
    """The maps of two branches are added; the head was to see them side by side."""

    def student():
        image = keras.Input((8, 8, 3))
        x = layers.Add()([_conv(image, 4, 1), _conv(image, 4, 3)])
        return keras.Model(image, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))

    def reference():
        image = keras.Input((8, 8, 3))
        x = layers.Concatenate()([_conv(image, 4, 1), _conv(image, 4, 3)])
        return keras.Model(image, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))

    return student, reference


@PAIRS.rejected("02_functional", "wrong-config")
def joined_along_the_rows():
    """Two maps are put above each other, axis 1, and not channel by channel."""

    def student():
        image = keras.Input((8, 8, 3))
        x = layers.Concatenate(axis=1)([_conv(image, 4, 1), _conv(image, 4, 3)])
        return keras.Model(image, layers.GlobalAveragePooling2D()(x))

    def reference():
        image = keras.Input((8, 8, 3))
        x = layers.Concatenate()([_conv(image, 4, 1), _conv(image, 4, 3)])
        return keras.Model(image, layers.GlobalAveragePooling2D()(x))

    return student, reference


@PAIRS.rejected("02_functional", "unused-input")
def order_listed_and_never_read():
    """Both branches read the person; the order is listed among the inputs and leads nowhere."""

    def student():
        person, order = keras.Input((4,), name="person"), keras.Input((3,), name="order")
        left = layers.Dense(6, activation="relu")(person)
        right = layers.Dense(6, activation="relu")(person)
        return keras.Model([person, order], layers.Dense(1)(layers.Concatenate()([left, right])))

    return student, _two_tables


@PAIRS.rejected("02_functional", "unused-input")
def second_branch_forgotten_at_the_end():
    """The second table has its branch, but the head reads the first one alone."""

    def student():
        person, order = keras.Input((4,)), keras.Input((3,))
        left = layers.Dense(6, activation="relu")(person)
        layers.Dense(6, activation="relu")(order)
        return keras.Model([person, order], layers.Dense(1)(left))

    return student, _two_tables


@PAIRS.rejected("02_functional", "input-not-listed")
def only_the_first_input_listed():
    """The output comes from both tables, the model names one."""

    def student():
        person, order = keras.Input((4,)), keras.Input((3,))
        left = layers.Dense(6, activation="relu")(person)
        right = layers.Dense(6, activation="relu")(order)
        return keras.Model(person, layers.Dense(1)(layers.Concatenate()([left, right])))

    return student, _two_tables


@PAIRS.rejected("02_functional", "input-not-listed")
def input_made_twice_under_one_name():
    """A cell was run twice: the branches hang on the first Input, the model is given the second."""

    def student():
        person, order = keras.Input((4,), name="person"), keras.Input((3,), name="order")
        left = layers.Dense(6, activation="relu")(person)
        right = layers.Dense(6, activation="relu")(order)
        person = keras.Input((4,), name="person")
        return keras.Model([person, order], layers.Dense(1)(layers.Concatenate()([left, right])))

    return student, _two_tables


@PAIRS.rejected("02_functional", "wrong-connection")
def inputs_listed_the_other_way_round():
    """The model takes the order first and the person second; whoever calls it does the opposite."""

    def student():
        first, second = keras.Input((3,)), keras.Input((3,))
        x = layers.Dense(4, activation="relu")(second)
        return keras.Model([first, second], layers.Dense(1)(layers.Concatenate()([x, first])))

    def reference():
        first, second = keras.Input((3,)), keras.Input((3,))
        x = layers.Dense(4, activation="relu")(first)
        return keras.Model([first, second], layers.Dense(1)(layers.Concatenate()([x, second])))

    return student, reference


@PAIRS.rejected("02_functional", "missing-input")
def tables_joined_before_the_model():
    """One wide Input stands for the two tables, as if they had been joined outside."""

    def student():
        both = keras.Input((7,))
        left = layers.Dense(6, activation="relu")(both[:, :4])
        right = layers.Dense(6, activation="relu")(both[:, 4:])
        return keras.Model(both, layers.Dense(1)(layers.Concatenate()([left, right])))

    return student, _two_tables


@PAIRS.rejected("02_functional", "wrong-layer")
def gate_added_to_the_value():
    """The gate is added to the value that it should weigh."""

    def student():
        table = keras.Input((6,))
        value, gate = layers.Dense(8)(table), layers.Dense(8, activation="sigmoid")(table)
        return keras.Model(table, layers.Dense(2)(value + gate))

    return student, _gated


@PAIRS.rejected("02_functional", "wrong-connection")
def value_gated_by_itself():
    """The gate is computed from the value, not from the input."""

    def student():
        table = keras.Input((8,))
        value = layers.Dense(8)(table)
        gate = layers.Dense(8, activation="sigmoid")(value)
        return keras.Model(table, layers.Dense(2)(layers.Multiply()([value, gate])))

    def reference():
        table = keras.Input((8,))
        value = layers.Dense(8)(table)
        gate = layers.Dense(8, activation="sigmoid")(table)
        return keras.Model(table, layers.Dense(2)(layers.Multiply()([value, gate])))

    return student, reference


@PAIRS.rejected("02_functional", "wrong-connection")
def difference_the_other_way_round():
    """What was expected minus what was seen, where seen minus expected was asked for."""

    def student():
        seen, expected = keras.Input((4,)), keras.Input((4,))
        return keras.Model([seen, expected], layers.Dense(2)(layers.ReLU()(expected - seen)))

    def reference():
        seen, expected = keras.Input((4,)), keras.Input((4,))
        return keras.Model([seen, expected], layers.Dense(2)(layers.ReLU()(seen - expected)))

    return student, reference


@PAIRS.rejected("02_functional", "wrong-connection")
def joint_that_is_itself_the_answer():
    """Two features are given side by side in the wrong order, and nothing follows that could undo it."""

    def student():
        table = keras.Input((5,))
        mean, spread = layers.Dense(2)(table), layers.Dense(2, activation="softplus")(table)
        return keras.Model(table, layers.Concatenate()([spread, mean]))

    def reference():
        table = keras.Input((5,))
        mean, spread = layers.Dense(2)(table), layers.Dense(2, activation="softplus")(table)
        return keras.Model(table, layers.Concatenate()([mean, spread]))

    return student, reference


@PAIRS.rejected("02_functional", "wrong-connection")
def answer_appended_before_the_question():
    """Two texts are joined along time in the wrong order and read by one LSTM, which minds the order."""

    def student():
        question, answer = keras.Input((4, 3)), keras.Input((6, 3))
        x = layers.Concatenate(axis=1)([answer, question])
        return keras.Model([question, answer], layers.Dense(1)(layers.LSTM(5)(x)))

    def reference():
        question, answer = keras.Input((4, 3)), keras.Input((6, 3))
        x = layers.Concatenate(axis=1)([question, answer])
        return keras.Model([question, answer], layers.Dense(1)(layers.LSTM(5)(x)))

    return student, reference


@PAIRS.rejected("02_functional", "wrong-connection")
def query_and_value_exchanged():
    """The source asks and the target answers, where the target was to ask."""

    def student():
        target, source = keras.Input((5, 8)), keras.Input((5, 8))
        x = layers.MultiHeadAttention(2, 4)(source, target)
        return keras.Model([target, source], layers.Dense(2)(x))

    def reference():
        target, source = keras.Input((5, 8)), keras.Input((5, 8))
        x = layers.MultiHeadAttention(2, 4)(target, source)
        return keras.Model([target, source], layers.Dense(2)(x))

    return student, reference


@PAIRS.rejected("02_functional", "wrong-config")
def decoder_sees_the_words_to_come():
    """The causal mask was not asked for in the call of the attention."""

    def student():
        series = keras.Input((5, 8))
        return keras.Model(series, layers.Add()([series, layers.MultiHeadAttention(2, 4)(series, series)]))

    def reference():
        series = keras.Input((5, 8))
        x = layers.MultiHeadAttention(2, 4)(series, series, use_causal_mask=True)
        return keras.Model(series, layers.Add()([series, x]))

    return student, reference


@PAIRS.rejected("02_functional", "wrong-config")
def one_wide_head():
    """One head of eight stands for two heads of four: the parameters are the same, the attention is not."""

    def student():
        series = keras.Input((5, 8))
        return keras.Model(series, layers.MultiHeadAttention(num_heads=1, key_dim=8)(series, series))

    def reference():
        series = keras.Input((5, 8))
        return keras.Model(series, layers.MultiHeadAttention(num_heads=2, key_dim=4)(series, series))

    return student, reference


@PAIRS.rejected("02_functional", "wrong-connection")
def decoder_started_from_half_the_state():
    """The decoder's memory starts from the encoder's answer; the encoder's memory is dropped."""

    def student():
        source, target = keras.Input((6, 3)), keras.Input((5, 4))
        _code, hidden, _cell = layers.LSTM(8, return_state=True)(source)
        x = layers.LSTM(8, return_sequences=True)(target, initial_state=[hidden, hidden])
        return keras.Model([source, target], layers.Dense(2)(x))

    def reference():
        source, target = keras.Input((6, 3)), keras.Input((5, 4))
        _code, hidden, cell = layers.LSTM(8, return_state=True)(source)
        x = layers.LSTM(8, return_sequences=True)(target, initial_state=[hidden, cell])
        return keras.Model([source, target], layers.Dense(2)(x))

    return student, reference


@PAIRS.rejected("02_functional", "missing-layer", also=("dead-branch",))
def positions_computed_once_and_for_all():
    """The Embedding of the positions is called on real numbers: a constant is added, and nothing learns it."""

    class Positions(layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.places = layers.Embedding(9, 6)

        def call(self, words):
            return words + self.places(ops.arange(9))

    def student():
        tokens = keras.Input((9,), dtype="int32")
        x = layers.Embedding(20, 6)(tokens) + layers.Embedding(9, 6)(ops.arange(9))
        return keras.Model(tokens, layers.Dense(1)(layers.Flatten()(x)))

    def reference():
        tokens = keras.Input((9,), dtype="int32")
        x = Positions()(layers.Embedding(20, 6)(tokens))
        return keras.Model(tokens, layers.Dense(1)(layers.Flatten()(x)))

    return student, reference
