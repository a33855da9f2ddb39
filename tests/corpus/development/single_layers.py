"""One step at a time: each layer written in another way that is the same, and in one that is not."""

# ruff: noqa: PLW0108 - a lambda makes a new layer each time; the layer alone would be shared

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()
WORDS = "eight whole numbers"


def _builder(shape, body):
    def build():
        x = keras.Input((8,), dtype="int32") if shape == WORDS else keras.Input(shape)
        return keras.Model(x, body(x))

    return build


def _of(tensor, function):
    return function(tensor)


def _pair(name, shape, student, reference):
    def builders():
        return _builder(shape, student), _builder(shape, reference)

    builders.__name__ = name.replace(" ", "_").replace("-", "_")
    builders.__doc__ = f"{name[:1].upper()}{name[1:]}."
    return builders


SAME = {
    "a seed for dropout": (
        (8,),
        lambda x: layers.Dense(2)(layers.Dropout(0.5, seed=1)(x)),
        lambda x: layers.Dense(2)(layers.Dropout(0.5)(x)),
    ),
    "an unrolled recurrence": ((5, 4), lambda x: layers.LSTM(3, unroll=True)(x), lambda x: layers.LSTM(3)(x)),
    "a recurrence without the library's kernel": (
        (5, 4),
        lambda x: layers.LSTM(3, use_cudnn=False)(x),
        lambda x: layers.LSTM(3)(x),
    ),
    "attention without the flash kernel": (
        (5, 4),
        lambda x: layers.MultiHeadAttention(2, 2, flash_attention=False)(x, x),
        lambda x: layers.MultiHeadAttention(2, 2)(x, x),
    ),
    "the width of values written out": (
        (5, 4),
        lambda x: layers.MultiHeadAttention(2, 2, value_dim=2)(x, x),
        lambda x: layers.MultiHeadAttention(2, 2)(x, x),
    ),
    "the axis of LayerNormalization written out": (
        (5, 4),
        lambda x: layers.LayerNormalization(axis=2)(x),
        lambda x: layers.LayerNormalization()(x),
    ),
    "the axis of BatchNormalization written out": (
        (5, 5, 4),
        lambda x: layers.BatchNormalization(axis=3)(x),
        lambda x: layers.BatchNormalization()(x),
    ),
    "the axis of GroupNormalization written out": (
        (5, 5, 4),
        lambda x: layers.GroupNormalization(groups=1)(x),
        lambda x: layers.GroupNormalization(1, axis=-1)(x),
    ),
    "the stride of a pooling written out": (
        (8, 8, 4),
        lambda x: layers.MaxPooling2D(2, strides=2)(x),
        lambda x: layers.MaxPooling2D()(x),
    ),
    "upsampling as two repeats": (
        (8, 8, 4),
        lambda x: layers.UpSampling2D((2, 2))(x),
        lambda x: ops.repeat(ops.repeat(x, 2, axis=1), 2, axis=2),
    ),
    "a regularizer by name and as an object": (
        (8,),
        lambda x: layers.Dense(3, kernel_regularizer="l2")(x),
        lambda x: layers.Dense(3, kernel_regularizer=keras.regularizers.L2(0.01))(x),
    ),
    "an L1L2 whose L1 is nothing": (
        (8,),
        lambda x: layers.Dense(3, kernel_regularizer=keras.regularizers.L1L2(l1=0.0, l2=0.01))(x),
        lambda x: layers.Dense(3, kernel_regularizer=keras.regularizers.L2(0.01))(x),
    ),
    "another initializer": (
        (8,),
        lambda x: layers.Dense(3, kernel_initializer="he_normal")(x),
        lambda x: layers.Dense(3)(x),
    ),
    "an initializer with a seed": (
        (8,),
        lambda x: layers.Dense(3, kernel_initializer=keras.initializers.HeNormal(seed=3))(x),
        lambda x: layers.Dense(3)(x),
    ),
    "an activation as a function": (
        (8,),
        lambda x: layers.Dense(3, activation=keras.activations.relu)(x),
        lambda x: layers.Dense(3, activation="relu")(x),
    ),
    "an activation from keras ops": (
        (8,),
        lambda x: layers.Dense(3, activation=ops.relu)(x),
        lambda x: layers.Dense(3, activation="relu")(x),
    ),
    "a layer as an activation": (
        (8,),
        lambda x: layers.Dense(3, activation=layers.ReLU())(x),
        lambda x: layers.Dense(3, activation="relu")(x),
    ),
    "an Activation layer given a function": (
        (8,),
        lambda x: layers.Activation(ops.tanh)(layers.Dense(3)(x)),
        lambda x: layers.Dense(3, activation="tanh")(x),
    ),
    "relu as a maximum": (
        (8,),
        lambda x: ops.maximum(layers.Dense(3)(x), 0.0),
        lambda x: layers.Dense(3, activation="relu")(x),
    ),
    "relu as a maximum with a whole zero": (
        (8,),
        lambda x: ops.maximum(0, layers.Dense(3)(x)),
        lambda x: layers.Dense(3, activation="relu")(x),
    ),
    "relu as a choice": (
        (8,),
        lambda x: _of(layers.Dense(3)(x), lambda y: ops.where(y > 0, y, 0.0)),
        lambda x: layers.Dense(3, activation="relu")(x),
    ),
    "relu6 as a clip": (
        (8,),
        lambda x: ops.clip(layers.Dense(3)(x), 0, 6),
        lambda x: layers.Dense(3, activation="relu6")(x),
    ),
    "relu6 as a bounded ReLU": (
        (8,),
        lambda x: layers.ReLU(max_value=6.0)(layers.Dense(3)(x)),
        lambda x: layers.Dense(3, activation="relu6")(x),
    ),
    "padding around a kernel of one": (
        (8, 8, 4),
        lambda x: layers.Conv2D(3, 1, padding="same")(x),
        lambda x: layers.Conv2D(3, 1)(x),
    ),
    "a kernel of one as a Dense": ((8, 8, 4), lambda x: layers.Conv2D(3, 1)(x), lambda x: layers.Dense(3)(x)),
    "a depthwise convolution as groups": (
        (8, 8, 4),
        lambda x: layers.Conv2D(4, 3, groups=4)(x),
        lambda x: layers.DepthwiseConv2D(3)(x),
    ),
    "causal padding by ops pad": (
        (8, 4),
        lambda x: layers.Conv1D(4, 3)(ops.pad(x, [[0, 0], [2, 0], [0, 0]])),
        lambda x: layers.Conv1D(4, 3, padding="causal")(x),
    ),
    "causal padding by a layer": (
        (8, 4),
        lambda x: layers.Conv1D(4, 3)(layers.ZeroPadding1D((2, 0))(x)),
        lambda x: layers.Conv1D(4, 3, padding="causal")(x),
    ),
    "a mask that nothing reads": (
        WORDS,
        lambda x: layers.Flatten()(layers.Embedding(10, 4)(x)),
        lambda x: layers.Flatten()(layers.Embedding(10, 4, mask_zero=True)(x)),
    ),
    "an Embedding as a Dense on one hot rows": (
        WORDS,
        lambda x: layers.Dense(4, use_bias=False)(ops.one_hot(x, 10)),
        lambda x: layers.Embedding(10, 4)(x),
    ),
    "a mean of squares": (
        (8,),
        lambda x: ops.mean(ops.square(layers.Dense(3)(x)), -1),
        lambda x: _of(layers.Dense(3)(x), lambda y: ops.mean(y * y, axis=-1)),
    ),
    "a square as a power": (
        (8,),
        lambda x: layers.Dense(3)(x) ** 2,
        lambda x: ops.square(layers.Dense(3)(x)),
    ),
    "a sum over a stack": (
        (8,),
        lambda x: ops.sum(ops.stack([layers.Dense(3)(x), layers.Dense(3)(x)]), axis=0),
        lambda x: layers.Dense(3)(x) + layers.Dense(3)(x),
    ),
    "a tensor added to itself": (
        (8,),
        lambda x: _of(layers.Dense(3)(x), lambda y: y + y),
        lambda x: 2 * layers.Dense(3)(x),
    ),
    "an Identity": ((8,), lambda x: layers.Identity()(layers.Dense(3)(x)), lambda x: layers.Dense(3)(x)),
    "rescaling by arithmetic": (
        (8,),
        lambda x: (x - 127.5) / 127.5,
        lambda x: layers.Rescaling(1 / 127.5, offset=-1)(x),
    ),
    "a Normalization of known numbers": (
        (8,),
        lambda x: (x - 3.0) / 2.0,
        lambda x: layers.Normalization(mean=3.0, variance=4.0)(x),
    ),
    "resizing by an operation": (
        (8, 8, 3),
        lambda x: ops.image.resize(x, (4, 4)),
        lambda x: layers.Resizing(4, 4)(x),
    ),
    "the last of all steps": (
        (5, 4),
        lambda x: layers.LSTM(3, return_sequences=True)(x)[:, -1],
        lambda x: layers.LSTM(3)(x),
    ),
    "the last of all steps by a Lambda": (
        (5, 4),
        lambda x: layers.Lambda(lambda t: t[:, -1, :])(layers.LSTM(3, return_sequences=True)(x)),
        lambda x: layers.LSTM(3)(x),
    ),
    "a cell in an RNN": ((5, 4), lambda x: layers.RNN(layers.LSTMCell(3))(x), lambda x: layers.LSTM(3)(x)),
    "two directions summed by hand": (
        (5, 4),
        lambda x: layers.LSTM(3)(x) + layers.LSTM(3, go_backwards=True)(x),
        lambda x: layers.Bidirectional(layers.LSTM(3), merge_mode="sum")(x),
    ),
    "two directions joined by hand step by step": (
        (5, 4),
        lambda x: ops.concatenate(
            [
                layers.GRU(3, return_sequences=True)(x),
                ops.flip(layers.GRU(3, return_sequences=True, go_backwards=True)(x), 1),
            ],
            -1,
        ),
        lambda x: layers.Bidirectional(layers.GRU(3, return_sequences=True))(x),
    ),
    "flattened for each step": (
        (5, 4, 4),
        lambda x: layers.TimeDistributed(layers.Flatten())(x),
        lambda x: layers.Reshape((5, 16))(x),
    ),
    "a stack for each step": (
        (5, 4),
        lambda x: layers.TimeDistributed(keras.Sequential([layers.Dense(3, "relu"), layers.Dense(2)]))(x),
        lambda x: layers.Dense(2)(layers.Dense(3, "relu")(x)),
    ),
    "a row repeated": (
        (8,),
        lambda x: layers.RepeatVector(3)(x),
        lambda x: ops.repeat(ops.expand_dims(x, 1), 3, axis=1),
    ),
    "a row tiled": ((8,), lambda x: layers.RepeatVector(3)(x), lambda x: ops.tile(x[:, None], [1, 3, 1])),
    "pooled with axes kept and flattened": (
        (8, 8, 3),
        lambda x: layers.Flatten()(layers.GlobalAveragePooling2D(keepdims=True)(x)),
        lambda x: layers.GlobalAveragePooling2D()(x),
    ),
    "a gate from a split": (
        (8,),
        lambda x: _of(ops.split(layers.Dense(6)(x), 2, axis=-1), lambda y: y[0] * ops.sigmoid(y[1])),
        lambda x: _of(layers.Dense(6)(x), lambda y: y[:, :3] * ops.sigmoid(y[:, 3:])),
    ),
    "glu by its halves": (
        (8,),
        lambda x: keras.activations.glu(layers.Dense(6)(x)),
        lambda x: _of(layers.Dense(6)(x), lambda y: y[:, :3] * ops.sigmoid(y[:, 3:])),
    ),
    "nothing added": ((8,), lambda x: layers.Dense(3)(x) + 0, lambda x: layers.Dense(3)(x)),
    "elu by a layer": ((8,), lambda x: layers.ELU()(x), lambda x: layers.Activation("elu")(x)),
}
DIFFERENT = {
    "a GRU that resets before": (
        "wrong-config",
        (5, 4),
        lambda x: layers.GRU(3, reset_after=False)(x),
        lambda x: layers.GRU(3)(x),
    ),
    "another activation in a recurrence": (
        "wrong-config",
        (5, 4),
        lambda x: layers.SimpleRNN(3, activation="relu")(x),
        lambda x: layers.SimpleRNN(3)(x),
    ),
    "dropout in the attention": (
        "wrong-config",
        (5, 4),
        lambda x: layers.MultiHeadAttention(2, 2, dropout=0.1)(x, x),
        lambda x: layers.MultiHeadAttention(2, 2)(x, x),
    ),
    "more heads that are narrower": (
        "wrong-config",
        (5, 4),
        lambda x: layers.MultiHeadAttention(4, 1)(x, x),
        lambda x: layers.MultiHeadAttention(2, 2)(x, x),
    ),
    "attention that does not look ahead": (
        "wrong-config",
        (5, 4),
        lambda x: layers.MultiHeadAttention(2, 2)(x, x, use_causal_mask=True),
        lambda x: layers.MultiHeadAttention(2, 2)(x, x),
    ),
    "another epsilon": (
        "wrong-config",
        (5, 4),
        lambda x: layers.LayerNormalization()(x),
        lambda x: layers.LayerNormalization(epsilon=1e-06)(x),
    ),
    "statistics by row": (
        "wrong-config",
        (5, 5, 5),
        lambda x: layers.BatchNormalization(axis=1)(x),
        lambda x: layers.BatchNormalization()(x),
    ),
    "BatchNormalization without its scale": (
        "wrong-config",
        (5, 5, 5),
        lambda x: layers.BatchNormalization(scale=False)(x),
        lambda x: layers.BatchNormalization()(x),
    ),
    "an average for a maximum": (
        "wrong-layer",
        (8, 8, 4),
        lambda x: layers.AveragePooling2D(2)(x),
        lambda x: layers.MaxPooling2D()(x),
    ),
    "another interpolation": (
        "wrong-config",
        (8, 8, 4),
        lambda x: layers.UpSampling2D(interpolation="bilinear")(x),
        lambda x: layers.UpSampling2D()(x),
    ),
    "another deviation of the noise": (
        "wrong-config",
        (8,),
        lambda x: layers.Dense(3)(layers.GaussianNoise(0.1)(x)),
        lambda x: layers.Dense(3)(layers.GaussianNoise(0.2)(x)),
    ),
    "no noise": (
        "missing-layer",
        (8,),
        lambda x: layers.Dense(3)(x),
        lambda x: layers.Dense(3)(layers.GaussianNoise(0.2)(x)),
    ),
    "no dropout": (
        "missing-layer",
        (8,),
        lambda x: layers.Dense(3)(x),
        lambda x: layers.Dense(3)(layers.Dropout(0.2)(x)),
    ),
    "a regularizer nobody asked for": (
        "wrong-config",
        (8,),
        lambda x: layers.Dense(3, kernel_regularizer="l2")(x),
        lambda x: layers.Dense(3)(x),
    ),
    "softmax over the steps": (
        "wrong-activation",
        (5, 4),
        lambda x: layers.Softmax(axis=1)(layers.Dense(3)(x)),
        lambda x: layers.Softmax()(layers.Dense(3)(x)),
    ),
    "sigmoid for softmax": (
        "wrong-activation",
        (8,),
        lambda x: layers.Dense(3, activation="sigmoid")(x),
        lambda x: layers.Dense(3, activation="softmax")(x),
    ),
    "softmax on a single unit": (
        "wrong-activation",
        (8,),
        lambda x: layers.Dense(1, activation="softmax")(x),
        lambda x: layers.Dense(1, activation="sigmoid")(x),
    ),
    "a convolution in groups": (
        "wrong-config",
        (8, 8, 4),
        lambda x: layers.Conv2D(4, 3, groups=2)(x),
        lambda x: layers.Conv2D(4, 3)(x),
    ),
    "a dilated convolution": (
        "wrong-config",
        (8, 8, 4),
        lambda x: layers.Conv2D(4, 3, dilation_rate=2, padding="same")(x),
        lambda x: layers.Conv2D(4, 3, padding="same")(x),
    ),
    "flattened the other way round": (
        "extra-layer",
        (8, 4),
        lambda x: layers.Dense(2)(layers.Flatten()(layers.Permute((2, 1))(x))),
        lambda x: layers.Dense(2)(layers.Flatten()(x)),
    ),
    "a mask forgotten": (
        "wrong-config",
        WORDS,
        lambda x: layers.LSTM(3)(layers.Embedding(10, 4)(x)),
        lambda x: layers.LSTM(3)(layers.Embedding(10, 4, mask_zero=True)(x)),
    ),
    "a row too many in the table": (
        "wrong-config",
        WORDS,
        lambda x: layers.Flatten()(layers.Embedding(11, 4)(x)),
        lambda x: layers.Flatten()(layers.Embedding(10, 4)(x)),
    ),
    "a bias beside the table": (
        "missing-layer",
        WORDS,
        lambda x: layers.Dense(4)(ops.one_hot(x, 10)),
        lambda x: layers.Embedding(10, 4)(x),
    ),
    "two layers for one": (
        "weights-not-shared",
        (8,),
        lambda x: layers.Dense(3)(x) + layers.Dense(3)(x),
        lambda x: 2 * layers.Dense(3)(x),
    ),
    "a bias before BatchNormalization": (
        "wrong-config",
        (8,),
        lambda x: layers.BatchNormalization()(layers.Dense(3)(x)),
        lambda x: layers.BatchNormalization()(layers.Dense(3, use_bias=False)(x)),
    ),
    "two linear layers for one": (
        "extra-layer",
        (8,),
        lambda x: layers.Dense(3)(layers.Dense(4)(x)),
        lambda x: layers.Dense(3)(x),
    ),
    "an activity regularizer nobody asked for": (
        "wrong-config",
        (8,),
        lambda x: layers.Dense(3, activity_regularizer="l2")(x),
        lambda x: layers.Dense(3)(x),
    ),
    "whole channels dropped": (
        "wrong-layer",
        (8, 8, 3),
        lambda x: layers.Conv2D(3, 3)(layers.SpatialDropout2D(0.2)(x)),
        lambda x: layers.Conv2D(3, 3)(layers.Dropout(0.2)(x)),
    ),
    "two directions summed": (
        "wrong-config",
        (5, 4),
        lambda x: layers.Bidirectional(layers.LSTM(3), merge_mode="sum")(x),
        lambda x: layers.Bidirectional(layers.LSTM(3))(x),
    ),
    "a layer in half precision": (
        "wrong-dtype",
        (8,),
        lambda x: layers.Dense(3, dtype="mixed_float16")(x),
        lambda x: layers.Dense(3)(x),
    ),
    "a PReLU that shares its slopes": (
        "wrong-config",
        (4, 4, 3),
        lambda x: layers.PReLU(shared_axes=[1, 2])(x),
        lambda x: layers.PReLU()(x),
    ),
    "an elu of half the height": (
        "wrong-activation",
        (8,),
        lambda x: layers.ELU(alpha=0.5)(x),
        lambda x: layers.ELU()(x),
    ),
    "selu for elu": (
        "wrong-activation",
        (8,),
        lambda x: layers.Dense(3, "selu")(x),
        lambda x: layers.Dense(3, "elu")(x),
    ),
    "one wide layer as two narrow ones": (
        "wrong-config",
        (8,),
        lambda x: ops.concatenate([layers.Dense(3)(x), layers.Dense(2)(x)], -1),
        lambda x: layers.Dense(5)(x),
    ),
}
for _name, (_shape, _student, _reference) in SAME.items():
    PAIRS.accepted("10_choosing_an_api")(_pair(_name, _shape, _student, _reference))
for _name, (_diagnosis, _shape, _student, _reference) in DIFFERENT.items():
    PAIRS.rejected("10_choosing_an_api", _diagnosis)(_pair(_name, _shape, _student, _reference))
