"""Mistakes in Functional models that a run does not show: lost inputs, dropped states, forgotten steps."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()


def _encoder_block() -> keras.Model:
    series = keras.Input((7, 8))
    x = layers.MultiHeadAttention(num_heads=2, key_dim=4, dropout=0.1)(series, series)
    x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([series, x]))
    y = layers.Dense(16, activation="relu")(x)
    y = layers.Dropout(0.1)(layers.Dense(8)(y))
    return keras.Model(series, layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, y])))


def _seq_to_seq() -> keras.Model:
    source, target = keras.Input((6, 3)), keras.Input((5, 4))
    _, state = layers.GRU(8, return_state=True)(source)
    x = layers.GRU(8, return_sequences=True)(target, initial_state=state)
    return keras.Model([source, target], layers.Dense(2, activation="softmax")(x))


@PAIRS.rejected("02_functional", "missing-skip", also=("missing-layer",))
def attention_without_its_residual_sum():
    """The attention's result is normalized alone; the series is not added to it."""

    def student():
        series = keras.Input((7, 8))
        x = layers.MultiHeadAttention(num_heads=2, key_dim=4, dropout=0.1)(series, series)
        x = layers.LayerNormalization(epsilon=1e-6)(x)
        y = layers.Dense(16, activation="relu")(x)
        y = layers.Dropout(0.1)(layers.Dense(8)(y))
        return keras.Model(series, layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, y])))

    return student, _encoder_block


@PAIRS.rejected("02_functional", "skip-from-wrong-tensor", also=("wrong-connection",))
def second_sum_starts_at_the_series():
    """The second residual sum takes the block's input again, not the result of the first half."""

    def student():
        series = keras.Input((7, 8))
        x = layers.MultiHeadAttention(num_heads=2, key_dim=4, dropout=0.1)(series, series)
        x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([series, x]))
        y = layers.Dense(16, activation="relu")(x)
        y = layers.Dropout(0.1)(layers.Dense(8)(y))
        return keras.Model(series, layers.LayerNormalization(epsilon=1e-6)(layers.Add()([series, y])))

    return student, _encoder_block


@PAIRS.rejected("02_functional", "wrong-config")
def epsilon_left_at_its_default():
    """Both normalizations keep Keras's epsilon of 0.001; 1e-6 was asked for."""

    def student():
        series = keras.Input((7, 8))
        x = layers.MultiHeadAttention(num_heads=2, key_dim=4, dropout=0.1)(series, series)
        x = layers.LayerNormalization()(layers.Add()([series, x]))
        y = layers.Dense(16, activation="relu")(x)
        y = layers.Dropout(0.1)(layers.Dense(8)(y))
        return keras.Model(series, layers.LayerNormalization()(layers.Add()([x, y])))

    return student, _encoder_block


@PAIRS.rejected("02_functional", "unused-input")
def decoder_without_the_encoders_state():
    """The decoder is not given the encoder's state, so that the source has no say."""

    def student():
        source, target = keras.Input((6, 3)), keras.Input((5, 4))
        _, _state = layers.GRU(8, return_state=True)(source)
        x = layers.GRU(8, return_sequences=True)(target)
        return keras.Model([source, target], layers.Dense(2, activation="softmax")(x))

    return student, _seq_to_seq


@PAIRS.rejected("02_functional", "wrong-activation")
def scores_left_unnormalized():
    """The decoder's head gives scores; probabilities were asked for."""

    def student():
        source, target = keras.Input((6, 3)), keras.Input((5, 4))
        _, state = layers.GRU(8, return_state=True)(source)
        x = layers.GRU(8, return_sequences=True)(target, initial_state=state)
        return keras.Model([source, target], layers.Dense(2)(x))

    return student, _seq_to_seq


@PAIRS.rejected("02_functional", "missing-layer")
def scores_not_scaled_by_the_width():
    """Attention written out forgets to divide by the square root of the width."""

    def student():
        query, value = keras.Input((5, 4)), keras.Input((6, 4))
        scores = ops.matmul(query, ops.transpose(value, (0, 2, 1)))
        return keras.Model([query, value], ops.matmul(ops.softmax(scores), value))

    def reference():
        query, value = keras.Input((5, 4)), keras.Input((6, 4))
        scores = ops.matmul(query, ops.transpose(value, (0, 2, 1))) / 2.0
        return keras.Model([query, value], ops.matmul(ops.softmax(scores), value))

    return student, reference


@PAIRS.rejected("02_functional", "wrong-activation", also=("wrong-config",))
def softmax_over_the_questions():
    """The attention's weights add up to one over the queries, axis 1, and not over what is looked at."""

    def student():
        query, value = keras.Input((5, 4)), keras.Input((6, 4))
        scores = ops.matmul(query, ops.transpose(value, (0, 2, 1)))
        return keras.Model([query, value], ops.matmul(ops.softmax(scores, axis=1), value))

    def reference():
        query, value = keras.Input((5, 4)), keras.Input((6, 4))
        scores = ops.matmul(query, ops.transpose(value, (0, 2, 1)))
        return keras.Model([query, value], ops.matmul(ops.softmax(scores), value))

    return student, reference


@PAIRS.rejected("02_functional", "missing-connection")
def attention_to_padding():
    """The attention is not given the mask of the padding, which comes as an input of its own."""

    def student():
        series, mask = keras.Input((5, 8)), keras.Input((5,), dtype="bool")
        x = layers.MultiHeadAttention(2, 4)(series, series)
        return keras.Model([series, mask], layers.GlobalAveragePooling1D()(x, mask=mask))

    def reference():
        series, mask = keras.Input((5, 8)), keras.Input((5,), dtype="bool")
        x = layers.MultiHeadAttention(2, 4)(series, series, attention_mask=mask[:, None, :])
        return keras.Model([series, mask], layers.GlobalAveragePooling1D()(x, mask=mask))

    return student, reference


@PAIRS.rejected("02_functional", "wrong-layer")
def largest_word_for_the_mean_word():
    """The words are pooled by their largest numbers, their mean was asked for."""

    def student():
        tokens = keras.Input((9,), dtype="int32")
        x = layers.GlobalMaxPooling1D()(layers.Embedding(20, 6)(tokens))
        return keras.Model(tokens, layers.Dense(2)(x))

    def reference():
        tokens = keras.Input((9,), dtype="int32")
        x = layers.GlobalAveragePooling1D()(layers.Embedding(20, 6)(tokens))
        return keras.Model(tokens, layers.Dense(2)(x))

    return student, reference


@PAIRS.rejected("02_functional", "extra-connection")
def label_leaks_into_the_features():
    """The third table is joined with the features too; only the last sum was to see it."""

    def student():
        first, second, third = (keras.Input((4,)) for _ in range(3))
        x = layers.Dense(4)(layers.Concatenate()([first, second, third]))
        return keras.Model([first, second, third], layers.Add()([x, third]))

    def reference():
        first, second, third = (keras.Input((4,)) for _ in range(3))
        x = layers.Dense(4)(layers.Concatenate()([first, second]))
        return keras.Model([first, second, third], layers.Add()([x, third]))

    return student, reference


@PAIRS.rejected("02_functional", "missing-connection")
def one_of_three_texts_not_joined():
    """Three codes are computed and used, but the joint takes two of them."""

    def student():
        inputs = [keras.Input((4,)) for _ in range(3)]
        codes = [layers.Dense(3, activation="relu")(one) for one in inputs]
        x = layers.Dense(3)(layers.Concatenate()(codes[:2]))
        return keras.Model(inputs, layers.Multiply()([x, codes[2]]))

    def reference():
        inputs = [keras.Input((4,)) for _ in range(3)]
        codes = [layers.Dense(3, activation="relu")(one) for one in inputs]
        x = layers.Dense(3)(layers.Concatenate()(codes))
        return keras.Model(inputs, layers.Multiply()([x, codes[2]]))

    return student, reference


@PAIRS.rejected("02_functional", "missing-output")
def features_not_returned():
    """The features were to be returned beside the prediction."""

    def student():
        table = keras.Input((5,))
        features = layers.Dense(4, activation="relu", name="features")(table)
        return keras.Model(table, layers.Dense(1)(features))

    def reference():
        table = keras.Input((5,))
        features = layers.Dense(4, activation="relu", name="features")(table)
        return keras.Model(table, [layers.Dense(1)(features), features])

    return student, reference


@PAIRS.rejected("02_functional", "wrong-connection", asks=("merge_order",))
def summands_in_the_other_order():
    """The order of the summands was asked for, and they stand the other way round."""

    def student():
        table = keras.Input((4,))
        x = layers.Dense(4, activation="relu")(table)
        return keras.Model(table, layers.Add()([table, x]))

    def reference():
        table = keras.Input((4,))
        x = layers.Dense(4, activation="relu")(table)
        return keras.Model(table, layers.Add()([x, table]))

    return student, reference


@PAIRS.rejected("02_functional", "wrong-config", asks=("names",))
def head_without_the_name_asked_for():
    """The head was to be called price, because other code looks it up by that name."""

    def student():
        table = keras.Input((4,), name="table")
        return keras.Model(table, layers.Dense(1, name="head")(table))

    def reference():
        table = keras.Input((4,), name="table")
        return keras.Model(table, layers.Dense(1, name="price")(table))

    return student, reference


@PAIRS.rejected("02_functional", "wrong-shape")
def frames_and_channels_exchanged():
    """The film's axes are in another order, so that the convolution runs over the frames."""

    def student():
        film = keras.Input((6, 6, 4, 1))
        x = layers.TimeDistributed(layers.Conv2D(2, 3))(film)
        return keras.Model(film, layers.GRU(3)(layers.TimeDistributed(layers.GlobalMaxPooling2D())(x)))

    def reference():
        film = keras.Input((4, 6, 6, 1))
        x = layers.TimeDistributed(layers.Conv2D(2, 3))(film)
        return keras.Model(film, layers.GRU(3)(layers.TimeDistributed(layers.GlobalMaxPooling2D())(x)))

    return student, reference


@PAIRS.rejected("02_functional", "wrong-config")
def numbers_added_up_over_the_batch():
    """A sum over axis 0 adds up the examples of a batch, where the steps of each were to be added."""

    def student():
        series = keras.Input((5, 4))
        return keras.Model(series, layers.Dense(4)(ops.sum(series, axis=0, keepdims=True)))

    def reference():
        series = keras.Input((5, 4))
        return keras.Model(series, layers.Dense(4)(ops.sum(series, axis=1, keepdims=True)))

    return student, reference


@PAIRS.rejected("02_functional", "wrong-config")
def joined_along_the_batch():
    """The operation concatenate joins along axis 0 unless told otherwise: the batch is twice as long."""

    def student():
        table = keras.Input((5,))
        halves = [layers.Dense(3, activation=name)(table) for name in ("relu", "tanh")]
        return keras.Model(table, ops.concatenate(halves))

    def reference():
        table = keras.Input((5,))
        halves = [layers.Dense(3, activation=name)(table) for name in ("relu", "tanh")]
        return keras.Model(table, layers.Concatenate()(halves))

    return student, reference
