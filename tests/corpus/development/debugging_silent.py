"""Models that build without a word and are not the ones meant."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()
UNIT = "09_debugging"


def _three_branches() -> keras.Model:
    x = keras.Input((8, 8, 2))
    found = [layers.Conv2D(3, size, padding="same", activation="relu")(x) for size in (1, 3, 5)]
    return keras.Model(x, layers.Conv2D(4, 1)(layers.Concatenate()(found)))


def _compare_texts() -> keras.Model:
    a, b = keras.Input((6,), dtype="int32"), keras.Input((6,), dtype="int32")
    embedding, reader = layers.Embedding(20, 4), layers.GRU(5)
    both = [reader(embedding(a)), reader(embedding(b))]
    return keras.Model([a, b], layers.Dense(1, activation="sigmoid")(layers.Concatenate()(both)))


@PAIRS.rejected(UNIT, "dead-branch", also=("missing-layer",))
def branch_computed_and_left_out():
    """The 5x5 branch is made and not put into the list that Concatenate joins."""

    def student():
        x = keras.Input((8, 8, 2))
        a = layers.Conv2D(3, 1, padding="same", activation="relu")(x)
        b = layers.Conv2D(3, 3, padding="same", activation="relu")(x)
        _c = layers.Conv2D(3, 5, padding="same", activation="relu")(x)
        return keras.Model(x, layers.Conv2D(4, 1)(layers.Concatenate()([a, b])))

    return student, _three_branches


@PAIRS.rejected(UNIT, "dead-branch")
def layer_of_a_class_never_called():
    """__init__ makes and builds a gate that call() forgets; its weights count all the same."""

    class Block(layers.Layer):
        def __init__(self):
            super().__init__()
            self.main, self.gate = layers.Dense(4), layers.Dense(4, activation="sigmoid")

        def build(self, shape):
            self.main.build(shape)
            self.gate.build(shape)

        def call(self, x):
            return self.main(x)

    def student():
        x = keras.Input((4,))
        return keras.Model(x, layers.Dense(1)(Block()(x)))

    return student, lambda: keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.Dense(1)])


@PAIRS.rejected(UNIT, "dead-branch", also=("missing-layer",))
def result_of_a_layer_dropped():
    """Dropout is called and its result thrown away; the next layer takes the tensor from before."""

    def student():
        x = keras.Input((10,))
        y = layers.Dense(6, activation="relu")(x)
        layers.Dropout(0.5)(y)
        return keras.Model(x, layers.Dense(1)(y))

    return student, lambda: keras.Sequential(
        [keras.Input((10,)), layers.Dense(6, activation="relu"), layers.Dropout(0.5), layers.Dense(1)]
    )


@PAIRS.rejected(UNIT, "unused-input", also=("wrong-connection",))
def second_input_silently_idle():
    """Two Inputs are listed, and by a slip of the variable both towers read the first."""

    def build(second):
        a, b = keras.Input((5,), name="a"), keras.Input((5,), name="b")
        left = layers.Dense(3, activation="relu")(a)
        right = layers.Dense(3, activation="tanh")(b if second else a)
        return keras.Model([a, b], layers.Dense(1)(layers.Concatenate()([left, right])))

    return lambda: build(False), lambda: build(True)


@PAIRS.rejected(UNIT, "weights-not-shared")
def reader_made_for_each_text():
    """The embedding is shared and the GRU is not: it is made inside the comprehension."""

    def student():
        texts = [keras.Input((6,), dtype="int32") for _ in range(2)]
        embedding = layers.Embedding(20, 4)
        both = [layers.GRU(5)(embedding(text)) for text in texts]
        return keras.Model(texts, layers.Dense(1, activation="sigmoid")(layers.Concatenate()(both)))

    return student, _compare_texts


@PAIRS.rejected(UNIT, "weights-wrongly-shared")
def list_multiplied():
    """[Dense(4)] * 2 is one layer twice; two layers were asked for."""

    def build(hidden):
        return keras.Sequential([keras.Input((4,)), *hidden, layers.Dense(1)])

    return (
        lambda: build([layers.Dense(4, activation="relu")] * 2),
        lambda: build([layers.Dense(4, activation="relu") for _ in range(2)]),
    )


@PAIRS.rejected(UNIT, "wrong-connection")
def loop_that_always_reads_the_input():
    """In the loop the layer is called on x, not on y, so the second layer does not follow the first."""

    def reference():
        x = keras.Input((6,))
        first = layers.Dense(6, activation="relu")(x)
        second = layers.Dense(6, activation="tanh")(first)
        return keras.Model(x, [first, second])

    def student():
        x = keras.Input((6,))
        made = [layers.Dense(6, activation=function)(x) for function in ("relu", "tanh")]
        return keras.Model(x, made)

    return student, reference


@PAIRS.rejected(UNIT, "missing-connection")
def sum_without_its_third_tensor():
    """The sum of three tensors lacks one, whose layer still feeds another head."""

    def build(tensors):
        x = keras.Input((6,))
        a, b, c = (
            layers.Dense(4)(x),
            layers.Dense(4, activation="relu")(x),
            layers.Dense(4, activation="tanh")(x),
        )
        total = layers.Add()([(a, b, c)[i] for i in tensors])
        return keras.Model(x, [layers.Dense(1)(total), layers.Dense(2)(c)])

    return lambda: build((0, 1)), lambda: build((0, 1, 2))


@PAIRS.rejected(UNIT, "extra-connection")
def raw_features_joined_as_well():
    """The join takes the raw input beside the two summaries that were asked for."""

    def build(raw):
        x = keras.Input((6,))
        parts = [layers.Dense(4, activation="relu")(x), layers.Dense(4, activation="tanh")(x)]
        return keras.Model(x, layers.Dense(1)(layers.Concatenate()([*parts, x] if raw else parts)))

    return lambda: build(True), lambda: build(False)


@PAIRS.rejected(UNIT, "wrong-config")
def joined_along_the_wrong_axis():
    """Concatenate joins the rows of two images, not their channels; pooling afterwards hides it."""

    def build(axis):
        x = keras.Input((8, 8, 2))
        y = [layers.Conv2D(3, size, padding="same")(x) for size in (1, 3)]
        y = layers.Concatenate(axis=axis)(y)
        return keras.Model(x, layers.GlobalMaxPooling2D()(layers.Conv2D(3, 1)(y)))

    return lambda: build(1), lambda: build(-1)


@PAIRS.rejected(UNIT, "wrong-connection")
def query_and_memory_exchanged():
    """Cross-attention is called with its two sequences the wrong way round; they have one shape."""

    def build(turned):
        text, image = keras.Input((5, 8)), keras.Input((5, 8))
        query, memory = (image, text) if turned else (text, image)
        y = layers.MultiHeadAttention(2, 4)(query, memory)
        return keras.Model([text, image], layers.Dense(1)(layers.GlobalAveragePooling1D()(y)))

    return lambda: build(True), lambda: build(False)


@PAIRS.rejected(UNIT, "wrong-config", also=("wrong-activation",))
def softmax_over_the_wrong_axis():
    """Attention weights should add up over the steps; they add up over the features."""

    def build(axis):
        x = keras.Input((5, 4))
        weights = layers.Softmax(axis=axis)(layers.Dense(4)(x))
        return keras.Model(x, ops.sum(weights * x, axis=1))

    return lambda: build(-1), lambda: build(1)


@PAIRS.rejected(UNIT, "wrong-shape")
def picture_of_another_size():
    """The Input says 28 by 28 by 3; the pictures are grey. Pooling lets the rest of the model fit both."""

    def build(*shape):
        x = keras.Input(shape)
        y = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(x))
        return keras.Model(x, layers.Dense(2)(y))

    return lambda: build(28, 28, 3), lambda: build(28, 28, 1)


@PAIRS.rejected(UNIT, "wrong-config")
def mask_not_asked_for():
    """Padding should be masked: mask_zero is left at False, with the same shapes and weights."""

    def build(**settings):
        x = keras.Input((7,), dtype="int32")
        y = layers.LSTM(4)(layers.Embedding(20, 5, **settings)(x))
        return keras.Model(x, layers.Dense(1, activation="sigmoid")(y))

    return build, lambda: build(mask_zero=True)


@PAIRS.rejected(UNIT, "wrong-config")
def convolution_that_sees_the_future():
    """A forecaster's convolution is padded on both sides; causal was asked for."""

    def build(padding):
        x = keras.Input((12, 2))
        y = layers.Conv1D(4, 3, padding=padding, activation="relu")(x)
        return keras.Model(x, layers.Dense(1)(y))

    return lambda: build("same"), lambda: build("causal")
