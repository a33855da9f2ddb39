"""Shared weights where sequences are read: one Embedding, one cell, tied vocabularies."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()
UNIT = "05_weight_sharing"


def _texts() -> list:
    return [keras.Input((7,), dtype="int32"), keras.Input((5,), dtype="int32")]


def _question_and_answer() -> keras.Model:
    embed, read = layers.Embedding(30, 6, mask_zero=True), layers.LSTM(8)
    texts = _texts()
    x = layers.Concatenate()([read(embed(text)) for text in texts])
    return keras.Model(texts, layers.Dense(1, activation="sigmoid")(x))


def _tied_language_model() -> keras.Model:
    tokens = keras.Input((7,), dtype="int32")
    embed = layers.ReversibleEmbedding(20, 6)
    return keras.Model(tokens, embed(layers.GRU(6, return_sequences=True)(embed(tokens)), reverse=True))


def _unrolled() -> keras.Model:
    """Three steps of a network with memory, written out: two layers, each called three times."""
    series = keras.Input((3, 4))
    look, remember = layers.Dense(5), layers.Dense(5, use_bias=False)
    state = ops.tanh(look(series[:, 0]))
    for step in (1, 2):
        state = ops.tanh(look(series[:, step]) + remember(state))
    return keras.Model(series, layers.Dense(2)(state))


@PAIRS.accepted(UNIT)
def reader_as_a_stack():
    """Embedding and LSTM make one Sequential model for texts of any length, called on two."""

    def student():
        reader = keras.Sequential(
            [keras.Input((None,)), layers.Embedding(30, 6, mask_zero=True), layers.LSTM(8)]
        )
        question, answer = _texts()
        x = layers.concatenate([reader(question), reader(answer)])
        return keras.Model([question, answer], ops.sigmoid(layers.Dense(1)(x)))

    return student, _question_and_answer


@PAIRS.accepted(UNIT)
def reader_for_any_length():
    """The reader is a Functional model of texts of any length, and the codes are joined backwards."""

    def student():
        text = keras.Input((None,), dtype="int32")
        reader = keras.Model(text, layers.LSTM(8)(layers.Embedding(30, 6, mask_zero=True)(text)))
        question, answer = _texts()
        x = layers.Concatenate()([reader(answer), reader(question)])
        return keras.Model([question, answer], layers.Dense(1, activation="sigmoid")(x))

    return student, _question_and_answer


@PAIRS.accepted(UNIT)
def vocabulary_tied_in_a_layer():
    """A small layer is given the Embedding and multiplies by its table."""

    class Tied(layers.Layer):
        def __init__(self, embedding):
            super().__init__()
            self.embedding = embedding

        def call(self, states):
            return ops.matmul(states, ops.transpose(self.embedding.embeddings))

    def student():
        tokens = keras.Input((7,), dtype="int32")
        embed = layers.Embedding(20, 6)
        return keras.Model(tokens, Tied(embed)(layers.GRU(6, return_sequences=True)(embed(tokens))))

    return student, _tied_language_model


@PAIRS.accepted(UNIT)
def unrolled_over_unstacked_steps():
    """The steps are taken apart by unstack, and the two summands stand the other way round."""

    def student():
        series = keras.Input((3, 4))
        look, remember = layers.Dense(5, name="look"), layers.Dense(5, use_bias=False, name="remember")
        first, *rest = ops.unstack(series, axis=1)
        state = layers.Activation("tanh")(look(first))
        for step in rest:
            state = layers.Activation("tanh")(layers.Add()([remember(state), look(step)]))
        return keras.Model(series, layers.Dense(2)(state))

    return student, _unrolled


@PAIRS.accepted(UNIT)
def unrolled_in_a_class():
    """A subclassed model runs the steps in the loop of its call."""

    class Unrolled(keras.Model):
        def __init__(self):
            super().__init__()
            self.look, self.remember = layers.Dense(5), layers.Dense(5, use_bias=False)
            self.head = layers.Dense(2)

        def call(self, series):
            state = None
            for step in range(series.shape[1]):
                seen = self.look(series[:, step, :])
                state = ops.tanh(seen if state is None else seen + self.remember(state))
            return self.head(state)

    def student():
        model = Unrolled()
        model(keras.Input((3, 4)))
        return model

    return student, _unrolled


@PAIRS.accepted(UNIT)
def every_frame_by_one_network():
    """The frames of a film are taken out and encoded in a loop, where TimeDistributed would do it."""

    def student():
        film = keras.Input((3, 6, 6, 1))
        see = keras.Sequential([layers.Conv2D(2, 3, activation="relu"), layers.GlobalMaxPooling2D()])
        codes = ops.stack([see(film[:, frame]) for frame in range(3)], axis=1)
        return keras.Model(film, layers.Dense(1)(layers.GRU(4)(codes)))

    def reference():
        film = keras.Input((3, 6, 6, 1))
        see = keras.Sequential([layers.Conv2D(2, 3, activation="relu"), layers.GlobalMaxPooling2D()])
        return keras.Model(film, layers.Dense(1)(layers.GRU(4)(layers.TimeDistributed(see)(film))))

    return student, reference


@PAIRS.accepted(UNIT)
def set_encoder_over_rows():
    """A set is encoded by one layer per element and summed; the layer may see all elements at once."""

    def student():
        elements = keras.Input((4, 3))
        encode = layers.Dense(6, activation="relu")
        total = layers.Add()([encode(elements[:, place]) for place in range(4)])
        return keras.Model(elements, layers.Dense(1)(total))

    def reference():
        elements = keras.Input((4, 3))
        codes = layers.Dense(6, activation="relu")(elements)
        return keras.Model(elements, layers.Dense(1)(ops.sum(codes, axis=1)))

    return student, reference


@PAIRS.accepted(UNIT)
def one_block_for_all_depths():
    """As in ALBERT, one encoder block is applied three times: a layer class in one, loose layers in the other."""

    class Block(layers.Layer):
        def __init__(self):
            super().__init__()
            self.attention, self.norm = layers.MultiHeadAttention(2, 4), layers.LayerNormalization()

        def call(self, x):
            return self.norm(self.attention(x, x) + x)

    def student():
        series = x = keras.Input((5, 8))
        block = Block()
        for _ in range(3):
            x = block(x)
        return keras.Model(series, layers.Dense(2)(layers.GlobalAveragePooling1D()(x)))

    def reference():
        series = x = keras.Input((5, 8))
        attention, norm = layers.MultiHeadAttention(2, 4), layers.LayerNormalization()
        for _ in range(3):
            x = norm(layers.Add()([x, attention(x, x)]))
        return keras.Model(series, layers.Dense(2)(layers.GlobalAveragePooling1D()(x)))

    return student, reference


@PAIRS.rejected(UNIT, "weights-not-shared")
def embedding_made_for_each_text():
    """The LSTM is shared, but each text has an Embedding of its own."""

    def student():
        read, texts = layers.LSTM(8), _texts()
        codes = [read(layers.Embedding(30, 6, mask_zero=True)(text)) for text in texts]
        return keras.Model(texts, layers.Dense(1, activation="sigmoid")(layers.Concatenate()(codes)))

    return student, _question_and_answer


@PAIRS.rejected(UNIT, "weights-not-shared")
def reader_made_for_each_text():
    """The Embedding is shared, but each text is read by an LSTM of its own."""

    def student():
        embed, texts = layers.Embedding(30, 6, mask_zero=True), _texts()
        x = layers.Concatenate()([layers.LSTM(8)(embed(text)) for text in texts])
        return keras.Model(texts, layers.Dense(1, activation="sigmoid")(x))

    return student, _question_and_answer


@PAIRS.rejected(UNIT, "wrong-shape", also=("missing-input",))
def stack_bound_to_the_first_length():
    """The Sequential reader has no Input of its own, takes the question's length for good, and refuses the answer."""

    def student():
        reader = keras.Sequential([layers.Embedding(30, 6, mask_zero=True), layers.LSTM(8)])
        question, answer = _texts()
        x = layers.concatenate([reader(question), reader(answer)])
        return keras.Model([question, answer], layers.Dense(1, activation="sigmoid")(x))

    return student, _question_and_answer


@PAIRS.rejected(UNIT, "unused-input", also=("wrong-connection",))
def question_read_twice():
    """Both codes come from the question; the answer goes nowhere."""

    def student():
        embed, read = layers.Embedding(30, 6, mask_zero=True), layers.LSTM(8)
        question, answer = _texts()
        x = layers.Concatenate()([read(embed(question)), read(embed(question))])
        return keras.Model([question, answer], layers.Dense(1, activation="sigmoid")(x))

    return student, _question_and_answer


@PAIRS.rejected(UNIT, "weights-not-shared")
def vocabulary_with_a_table_of_its_own():
    """The scores come from a Dense layer without bias, not from the table of the Embedding."""

    def student():
        tokens = keras.Input((7,), dtype="int32")
        states = layers.GRU(6, return_sequences=True)(layers.ReversibleEmbedding(20, 6)(tokens))
        return keras.Model(tokens, layers.Dense(20, use_bias=False)(states))

    return student, _tied_language_model


@PAIRS.rejected(UNIT, "weights-not-shared")
def new_layers_at_every_step():
    """The layers are made inside the loop, so every step has weights of its own."""

    def student():
        series = keras.Input((3, 4))
        state = ops.tanh(layers.Dense(5)(series[:, 0]))
        remember = layers.Dense(5, use_bias=False)
        for step in (1, 2):
            state = ops.tanh(layers.Dense(5)(series[:, step]) + remember(state))
        return keras.Model(series, layers.Dense(2)(state))

    return student, _unrolled


@PAIRS.rejected(UNIT, "wrong-connection")
def last_step_read_first():
    """The steps of the series are gone through backwards; every shape and number of parameters is right."""

    def student():
        series = keras.Input((3, 4))
        look, remember = layers.Dense(5), layers.Dense(5, use_bias=False)
        state = ops.tanh(look(series[:, 2]))
        for step in (1, 0):
            state = ops.tanh(look(series[:, step]) + remember(state))
        return keras.Model(series, layers.Dense(2)(state))

    return student, _unrolled


@PAIRS.rejected(UNIT, "weights-wrongly-shared")
def both_directions_by_one_layer():
    """One GRU object reads the series and its reverse, where each direction needs weights of its own."""

    def student():
        series = keras.Input((6, 3))
        read = layers.GRU(4)
        x = layers.Concatenate()([read(series), read(ops.flip(series, axis=1))])
        return keras.Model(series, layers.Dense(2)(x))

    def reference():
        series = keras.Input((6, 3))
        x = layers.Concatenate()([layers.GRU(4)(series), layers.GRU(4)(ops.flip(series, axis=1))])
        return keras.Model(series, layers.Dense(2)(x))

    return student, reference


@PAIRS.rejected(UNIT, "weights-wrongly-shared")
def encoder_and_decoder_by_one_lstm():
    """The decoder is the encoder's layer, called again."""

    def student():
        source, target = keras.Input((6, 4)), keras.Input((6, 4))
        lstm = layers.LSTM(8, return_sequences=True, return_state=True)
        _, hidden, cell = lstm(source)
        x, _, _ = lstm(target, initial_state=[hidden, cell])
        return keras.Model([source, target], layers.Dense(2)(x))

    def reference():
        source, target = keras.Input((6, 4)), keras.Input((6, 4))
        encode = layers.LSTM(8, return_sequences=True, return_state=True)
        decode = layers.LSTM(8, return_sequences=True, return_state=True)
        _, hidden, cell = encode(source)
        x, _, _ = decode(target, initial_state=[hidden, cell])
        return keras.Model([source, target], layers.Dense(2)(x))

    return student, reference
