"""Texts and series: recurrence, attention, masks and embeddings."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()


def tagger(mask_zero=True) -> keras.Model:
    """Return a tagger of words that reads in both directions."""
    return keras.Sequential(
        [
            keras.Input((9,), dtype="int32"),
            layers.Embedding(30, 6, mask_zero=mask_zero),
            layers.Bidirectional(layers.LSTM(5, return_sequences=True)),
            layers.TimeDistributed(layers.Dense(4, activation="softmax")),
        ]
    )


def forecaster(return_sequences=False) -> keras.Model:
    """Return a forecaster of two stacked recurrent layers."""
    x = keras.Input((12, 3))
    h = layers.GRU(6, return_sequences=True)(x)
    h = layers.GRU(6, return_sequences=return_sequences)(h)
    return keras.Model(x, layers.Dense(2)(h))


def transformer(heads=2, key_dim=4, second_skip=True) -> keras.Model:
    """Return one encoder block of a transformer with the normalisation after each addition."""
    x = keras.Input((7, 8))
    attended = layers.MultiHeadAttention(num_heads=heads, key_dim=key_dim)(x, x)
    h = layers.LayerNormalization()(layers.Add()([x, layers.Dropout(0.1)(attended)]))
    y = layers.Dense(8)(layers.Dense(16, activation="relu")(h))
    y = layers.Add()([h, y]) if second_skip else y
    return keras.Model(x, layers.LayerNormalization()(y))


def translator(swap=False) -> keras.Model:
    """Return an encoder and a decoder joined by the encoder's two states."""
    source, target = keras.Input((6, 4)), keras.Input((5, 4))
    _, hidden, cell = layers.LSTM(7, return_state=True)(source)
    states = [cell, hidden] if swap else [hidden, cell]
    decoded = layers.LSTM(7, return_sequences=True)(target, initial_state=states)
    return keras.Model([source, target], layers.Dense(4, activation="softmax")(decoded))


@PAIRS.accepted("01_sequential")
def cells_in_a_generic_loop():
    """The recurrent layers are cells wrapped in RNN, in a stack that grows by add."""

    def student():
        model = keras.Sequential([keras.Input((12, 3))])
        model.add(layers.RNN(layers.GRUCell(6), return_sequences=True))
        model.add(layers.RNN(layers.GRUCell(6)))
        model.add(layers.Dense(2))
        return model

    return student, forecaster


@PAIRS.accepted("02_functional")
def last_step_cut_out():
    """The second layer returns every step and a slice keeps the last one."""

    def student():
        x = keras.Input((12, 3))
        h = x
        for units in (6, 6):
            h = layers.GRU(units, return_sequences=True, reset_after=True)(h)
        return keras.Model(x, layers.Dense(2, activation=None)(h[:, -1, :]))

    return student, forecaster


@PAIRS.accepted("02_functional")
def two_directions_by_hand():
    """Reading in both directions is written as two layers, one of them backwards, and a concatenation."""

    def student():
        x = keras.Input((8, 3))
        forwards = layers.LSTM(4, return_sequences=True)(x)
        backwards = layers.LSTM(4, return_sequences=True, go_backwards=True)(x)
        both = layers.Concatenate()([forwards, ops.flip(backwards, axis=1)])
        return keras.Model(x, layers.Dense(2, activation="softmax")(layers.GlobalMaxPooling1D()(both)))

    def reference():
        return keras.Sequential(
            [
                keras.Input((8, 3)),
                layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
                layers.GlobalMaxPooling1D(),
                layers.Dense(2, activation="softmax"),
            ]
        )

    return student, reference


@PAIRS.accepted("01_sequential")
def dense_without_its_wrapper():
    """The tagger is Functional, and its Dense layer needs no TimeDistributed to act on every word."""

    def student():
        words = keras.Input((9,), dtype="int32", name="words")
        h = layers.Embedding(input_dim=30, output_dim=6, mask_zero=True)(words)
        forward = layers.LSTM(5, return_sequences=True)
        h = layers.Bidirectional(forward, merge_mode="concat")(h)
        return keras.Model(words, layers.Dense(4, activation="softmax")(h))

    return student, tagger


@PAIRS.accepted("03_subclassing")
def transformer_block_class():
    """The block is a subclassed layer that writes its shortcuts with + and passes training on."""

    class Block(layers.Layer):
        def __init__(self, dim, heads, hidden, **kwargs):
            super().__init__(**kwargs)
            self.attend = layers.MultiHeadAttention(heads, dim // heads, name="self_attention")
            self.feed = keras.Sequential([layers.Dense(hidden), layers.ReLU(), layers.Dense(dim)])
            self.norms = [layers.LayerNormalization(), layers.LayerNormalization()]
            self.drop = layers.Dropout(0.1)

        def call(self, x, training=None):
            attended = self.attend(query=x, value=x, key=x, training=training)
            x = self.norms[0](self.drop(attended, training=training) + x)
            return self.norms[1](self.feed(x) + x)

    def student():
        x = keras.Input((7, 8))
        return keras.Model(x, Block(8, 2, 16)(x))

    return student, transformer


@PAIRS.accepted("02_functional")
def attention_from_products():
    """Dot-product attention is written with matrix products and a softmax."""

    def student():
        q, v = keras.Input((5, 4)), keras.Input((6, 4))
        queries, values = layers.Dense(4)(q), layers.Dense(4)(v)
        weights = ops.softmax(queries @ ops.transpose(values, (0, 2, 1)), axis=-1)
        return keras.Model([q, v], layers.Dense(2)(ops.matmul(weights, values)))

    def reference():
        q, v = keras.Input((5, 4)), keras.Input((6, 4))
        queries, values = layers.Dense(4)(q), layers.Dense(4)(v)
        return keras.Model([q, v], layers.Dense(2)(layers.Attention()([queries, values])))

    return student, reference


@PAIRS.rejected("01_sequential", "wrong-config")
def every_step_returned():
    """The second recurrent layer returns its whole sequence."""
    return lambda: forecaster(return_sequences=True), forecaster


@PAIRS.rejected("01_sequential", "wrong-config")
def padding_is_read():
    """The embedding does not mask the padding, which leaves every shape and parameter as it was."""
    return lambda: tagger(mask_zero=False), tagger


@PAIRS.rejected("02_functional", "wrong-config")
def heads_and_width_exchanged():
    """Number of heads and width of a head are exchanged, which keeps the number of parameters."""
    return lambda: transformer(heads=4, key_dim=2), transformer


@PAIRS.rejected("04_residual_connections", "missing-skip")
def feed_forward_without_shortcut():
    """The feed-forward half of the transformer block has no shortcut."""
    return lambda: transformer(second_skip=False), transformer


@PAIRS.rejected("02_functional", "wrong-connection")
def states_exchanged():
    """The two states of the encoder, of equal shapes, are given to the decoder in the wrong order."""
    return lambda: translator(swap=True), translator
