"""Plain recurrent stacks: tokens or measurements in, one answer or one per step out."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()


def _reviews() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((12,), dtype="int32"),
            layers.Embedding(50, 8, mask_zero=True),
            layers.LSTM(6),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def _forecast() -> keras.Model:
    return keras.Sequential(
        [keras.Input((10, 3)), layers.GRU(8, return_sequences=True), layers.GRU(4), layers.Dense(2)]
    )


@PAIRS.accepted("01_sequential")
def reviews_with_every_default_of_the_lstm():
    """The LSTM's activations and biases are written out as they are anyway."""

    def student():
        model = keras.Sequential([keras.Input((12,), dtype="int32")])
        model.add(layers.Embedding(input_dim=50, output_dim=8, mask_zero=True))
        model.add(
            layers.LSTM(
                6,
                activation="tanh",
                recurrent_activation="sigmoid",
                use_bias=True,
                unit_forget_bias=True,
                dropout=0.0,
                return_sequences=False,
            )
        )
        model.add(layers.Dense(1, activation="sigmoid"))
        return model

    return student, _reviews


@PAIRS.accepted("01_sequential")
def reviews_with_the_mask_passed_by_hand():
    """The mask of the padding is computed and given to the LSTM, instead of travelling with the tensor."""

    def student():
        tokens = keras.Input((12,), dtype="int32")
        x = layers.Embedding(50, 8)(tokens)
        x = layers.LSTM(6)(x, mask=ops.not_equal(tokens, 0))
        return keras.Model(tokens, layers.Dense(1, activation="sigmoid")(x))

    return student, _reviews


@PAIRS.accepted("01_sequential")
def tokens_given_as_floats():
    """The Input keeps its default dtype: Embedding makes whole numbers of them itself."""

    def student():
        return keras.Sequential(
            [
                keras.Input((12,)),
                layers.Embedding(50, 8, mask_zero=True),
                layers.LSTM(6),
                layers.Dense(1, activation="sigmoid"),
            ]
        )

    return student, _reviews


@PAIRS.accepted("01_sequential")
def forecast_from_cells():
    """RNN runs a GRUCell, which is what the GRU layer does."""

    def student():
        return keras.Sequential(
            [
                keras.Input((10, 3)),
                layers.RNN(layers.GRUCell(8), return_sequences=True),
                layers.RNN(layers.GRUCell(4)),
                layers.Dense(2),
            ]
        )

    return student, _forecast


@PAIRS.accepted("01_sequential")
def last_step_taken_by_a_slice():
    """The second GRU returns every step, and the last one is cut out of them."""

    def student():
        series = keras.Input((10, 3))
        x = layers.GRU(8, return_sequences=True)(series)
        x = layers.GRU(4, return_sequences=True)(x)
        return keras.Model(series, layers.Dense(2)(x[:, -1]))

    return student, _forecast


@PAIRS.accepted("01_sequential")
def series_of_any_length():
    """A loop adds the recurrent layers; the length of the series is left open in both."""

    def student():
        model = keras.Sequential([keras.Input(shape=(None, 4))])
        for number, units in enumerate((8, 8, 4)):
            model.add(layers.SimpleRNN(units, return_sequences=number < 2, name=f"rnn_{number}"))
        model.add(layers.Dense(1))
        return model

    def reference():
        series = keras.Input((None, 4))
        x = layers.SimpleRNN(8, return_sequences=True)(series)
        x = layers.SimpleRNN(8, return_sequences=True)(x)
        return keras.Model(series, layers.Dense(1)(layers.SimpleRNN(4)(x)))

    return student, reference


@PAIRS.accepted("01_sequential")
def dense_at_every_step():
    """A Dense layer on a sequence acts on every step, with or without TimeDistributed around it."""

    def student():
        steps = [layers.GRU(6, return_sequences=True), layers.TimeDistributed(layers.Dense(5, "softmax"))]
        return keras.Sequential([keras.Input((7, 4)), *steps])

    def reference():
        steps = [layers.GRU(6, return_sequences=True), layers.Dense(5, activation="softmax")]
        return keras.Sequential([keras.Input((7, 4)), *steps])

    return student, reference


@PAIRS.accepted("01_sequential")
def average_over_time_by_an_operation():
    """The steps are averaged with keras.ops.mean where a pooling layer is shown in the lesson."""

    def student():
        series = keras.Input((16, 3))
        x = layers.Conv1D(8, 5, padding="causal", activation="relu")(series)
        return keras.Model(series, layers.Dense(3)(ops.mean(x, axis=1)))

    def reference():
        return keras.Sequential(
            [
                keras.Input((16, 3)),
                layers.Conv1D(8, 5, padding="causal", activation="relu"),
                layers.GlobalAveragePooling1D(),
                layers.Dense(3),
            ]
        )

    return student, reference


@PAIRS.accepted("01_sequential")
def both_directions_with_defaults():
    """Bidirectional is told to concatenate, and wraps the layer by keyword."""

    def student():
        reader = layers.LSTM(5, name="reader")
        return keras.Sequential(
            [keras.Input((9, 4)), layers.Bidirectional(layer=reader, merge_mode="concat"), layers.Dense(2)]
        )

    def reference():
        return keras.Sequential([keras.Input((9, 4)), layers.Bidirectional(layers.LSTM(5)), layers.Dense(2)])

    return student, reference


@PAIRS.accepted("01_sequential")
def masking_in_functional_style():
    """Padding of measurements is masked with the value spelled out, in a Functional model."""

    def student():
        series = keras.Input((10, 3), name="series")
        x = layers.Masking(mask_value=0.0)(series)
        x = layers.GRU(4, reset_after=True, go_backwards=False)(x)
        return keras.Model(series, layers.Dense(1, activation=ops.sigmoid)(x))

    def reference():
        stack = [layers.Masking(), layers.GRU(4), layers.Dense(1, activation="sigmoid")]
        return keras.Sequential([keras.Input((10, 3)), *stack])

    return student, reference


@PAIRS.rejected("01_sequential", "wrong-config")
def sequence_lost_before_the_second_gru():
    """The first GRU gives its last step only, and the second one raises for want of a sequence."""

    def student():
        return keras.Sequential([keras.Input((10, 3)), layers.GRU(8), layers.GRU(4), layers.Dense(2)])

    return student, _forecast


@PAIRS.rejected("01_sequential", "wrong-config")
def answer_at_every_step():
    """The last recurrent layer returns all its steps, so there are ten answers for one."""

    def student():
        model = keras.Sequential([keras.Input((10, 3))])
        for units in (8, 4):
            model.add(layers.GRU(units, return_sequences=True))
        model.add(layers.Dense(2))
        return model

    return student, _forecast


@PAIRS.rejected("01_sequential", "wrong-layer")
def lstm_where_gru_was_asked():
    """The first recurrent layer is an LSTM."""

    def student():
        return keras.Sequential(
            [keras.Input((10, 3)), layers.LSTM(8, return_sequences=True), layers.GRU(4), layers.Dense(2)]
        )

    return student, _forecast


@PAIRS.rejected("01_sequential", "wrong-config")
def padding_read_as_a_word():
    """The Embedding does not mask zero, and the LSTM reads the padding."""

    def student():
        return keras.Sequential(
            [
                keras.Input((12,), dtype="int32"),
                layers.Embedding(50, 8),
                layers.LSTM(6),
                layers.Dense(1, activation="sigmoid"),
            ]
        )

    return student, _reviews


@PAIRS.rejected("01_sequential", "wrong-config")
def vocabulary_one_short():
    """The Embedding has one row too few: the padding's own was forgotten."""

    def student():
        model = keras.Sequential([keras.Input((12,), dtype="int32"), layers.Embedding(49, 8, mask_zero=True)])
        model.add(layers.LSTM(6))
        model.add(layers.Dense(1, activation="sigmoid"))
        return model

    return student, _reviews


@PAIRS.rejected("01_sequential", "missing-layer")
def tokens_read_as_measurements():
    """There is no Embedding: the tokens themselves are reshaped into a sequence of numbers and read."""

    def student():
        tokens = keras.Input((12,), dtype="float32")
        x = layers.Reshape((12, 1))(tokens)
        return keras.Model(tokens, layers.Dense(1, activation="sigmoid")(layers.LSTM(6)(x)))

    def reference():
        tokens = keras.Input((12,), dtype="float32")
        x = layers.Embedding(50, 8)(tokens)
        return keras.Model(tokens, layers.Dense(1, activation="sigmoid")(layers.LSTM(6)(x)))

    return student, reference


@PAIRS.rejected("01_sequential", "wrong-config")
def series_read_backwards():
    """The recurrent layer goes from the last step to the first."""

    def student():
        return keras.Sequential([keras.Input((8, 2)), layers.LSTM(4, go_backwards=True), layers.Dense(1)])

    def reference():
        return keras.Sequential([keras.Input((8, 2)), layers.LSTM(4), layers.Dense(1)])

    return student, reference


@PAIRS.rejected("01_sequential", "wrong-config")
def directions_added_up():
    """The two directions are summed; the head was to see both."""

    def student():
        reader = layers.Bidirectional(layers.GRU(5), merge_mode="sum")
        return keras.Sequential([keras.Input((9, 4)), reader, layers.Dense(2)])

    def reference():
        return keras.Sequential([keras.Input((9, 4)), layers.Bidirectional(layers.GRU(5)), layers.Dense(2)])

    return student, reference


@PAIRS.rejected("01_sequential", "wrong-layer")
def read_in_one_direction_only():
    """The LSTM is not wrapped in Bidirectional, and has twice the units to make the shapes fit."""

    def student():
        return keras.Sequential([keras.Input((9, 4)), layers.LSTM(10), layers.Dense(2)])

    def reference():
        return keras.Sequential([keras.Input((9, 4)), layers.Bidirectional(layers.LSTM(5)), layers.Dense(2)])

    return student, reference


@PAIRS.rejected("01_sequential", "wrong-config")
def dropout_on_the_wrong_side_of_the_cell():
    """The cell drops what it receives; what it remembers was to be dropped."""

    def student():
        return keras.Sequential([keras.Input((9, 4)), layers.LSTM(5, dropout=0.2), layers.Dense(2)])

    def reference():
        return keras.Sequential([keras.Input((9, 4)), layers.LSTM(5, recurrent_dropout=0.2), layers.Dense(2)])

    return student, reference


@PAIRS.rejected("01_sequential", "wrong-config")
def convolution_that_sees_the_future():
    """The convolution over time has same padding; causal was asked for."""

    def student():
        return keras.Sequential([keras.Input((16, 2)), layers.Conv1D(4, 3, padding="same"), layers.GRU(3)])

    def reference():
        return keras.Sequential([keras.Input((16, 2)), layers.Conv1D(4, 3, padding="causal"), layers.GRU(3)])

    return student, reference


@PAIRS.rejected("01_sequential", "sequential-cannot-branch")
def state_returned_within_a_stack():
    """The encoder returns its state beside its answer, and a stack can hand on one tensor only."""

    def student():
        model = keras.Sequential([keras.Input((9, 4)), layers.LSTM(6, return_state=True)])
        model.add(layers.RepeatVector(5))
        model.add(layers.LSTM(6, return_sequences=True))
        return model

    def reference():
        series = keras.Input((9, 4))
        code, hidden, cell = layers.LSTM(6, return_state=True)(series)
        steps = layers.RepeatVector(5)(code)
        out = layers.LSTM(6, return_sequences=True)(steps, initial_state=[hidden, cell])
        return keras.Model(series, out)

    return student, reference


@PAIRS.rejected("01_sequential", "sequential-cannot-branch")
def attention_in_a_stack():
    """Self-attention needs its sequence twice, and a stack gives it once."""

    def student():
        model = keras.Sequential([keras.Input((9, 8))])
        model.add(layers.MultiHeadAttention(num_heads=2, key_dim=4))
        model.add(layers.GlobalAveragePooling1D())
        return model

    def reference():
        series = keras.Input((9, 8))
        x = layers.MultiHeadAttention(num_heads=2, key_dim=4)(series, series)
        return keras.Model(series, layers.GlobalAveragePooling1D()(x))

    return student, reference
