"""Calls that a layer refuses because of a shape."""

import keras
from keras import layers

from tests.unit.explain.programs.table import broken


@broken(
    "unlike-shapes",
    "`y`, the output of Conv2D, of shape (None, 4, 4, 8)",
    "the Input `x` of shape (None, 8, 8, 4)",
    "along axis 1 their lengths are 4 and 8",
    "[missing-projection]",
)
def sum_of_unlike_shapes():
    x = keras.Input((8, 8, 4))
    y = layers.Conv2D(8, 3, strides=2, padding="same")(x)
    layers.Add()([y, x])


@broken("unlike-shapes", "along axis 1 their lengths are 4 and 8", "Down.call", "self.conv(x) + x")
def operator_in_a_class():
    class Down(layers.Layer):
        def __init__(self):
            super().__init__()
            self.conv = layers.Conv2D(8, 3, strides=2, padding="same")

        def call(self, x):
            return self.conv(x) + x

    Down()(keras.Input((8, 8, 4)))


@broken("unlike-shapes", "`near`, the output of Conv2D", "`wide`, the output of Conv2D", "8 and 4")
def join_of_unlike_shapes():
    x = keras.Input((8, 8, 2))
    near = layers.Conv2D(3, 3, padding="same")(x)
    wide = layers.Conv2D(3, 5)(x)
    layers.Concatenate()([near, wide])


@broken("wrong-rank", "at least 4 axes", "which has 2", "Flatten took axes away")
def dense_after_flatten_before_conv():
    layers.Conv2D(4, 3)(layers.Flatten()(keras.Input((10, 10, 1))))


@broken("wrong-rank", "LSTM needs 3 axes", "`return_sequences=True` in the GRU", "[wrong-config]")
def recurrent_after_recurrent():
    layers.LSTM(4)(layers.GRU(5)(keras.Input((6, 3))))


@broken("wrong-length", "Dense takes the length 8 along axis 1", "where it is 5")
def shared_dense_of_another_width():
    head = layers.Dense(3)
    head(keras.Input((8,)))
    head(keras.Input((5,)))


@broken("wrong-length", "the length 8 along axis 1", "the Input `larger`", "where it is 10")
def encoder_of_another_size():
    x = keras.Input((8, 8, 1))
    encoder = keras.Model(x, layers.Dense(4)(layers.Flatten()(x)))
    larger = keras.Input((10, 10, 1))
    encoder(larger)


@broken("unknown-length", "the length of axis 1 is not known (None)", "the output of Flatten")
def flattened_none():
    layers.Dense(3)(layers.Flatten()(keras.Input((None, 4))))


@broken("unknown-length")
def dense_on_none():
    layers.Dense(3)(keras.Input((None,)))


@broken("window-too-large", "a window of length 7 along axis 1 (`kernel_size`)", "only 5 are left")
def kernel_too_large():
    layers.Conv2D(4, 7)(keras.Input((5, 5, 1)))


@broken("window-too-large", "a window of length 5", "the output of MaxPooling2D", "only 3 are left")
def kernel_too_large_in_a_stack():
    keras.Sequential([keras.Input((6, 6, 1)), layers.MaxPooling2D(), layers.Conv2D(2, 3, dilation_rate=2)])


@broken("wrong-size", "Reshape to (4, 4, 3) needs 48 numbers", "which has 32")
def reshape_of_another_size():
    layers.Reshape((4, 4, 3))(keras.Input((32,)))


@broken("wrong-size", "a multiple of 3 numbers", "which has 10")
def reshape_in_a_stack():
    keras.Sequential([keras.Input((10,)), layers.Reshape((3, -1))])


@broken("wrong-rank", "TimeDistributed needs at least 3 axes", "`return_sequences=True` in the LSTM")
def steps_after_the_last_step():
    layers.TimeDistributed(layers.Dense(3))(layers.LSTM(4)(keras.Input((5, 3))))


@broken("wrong-rank", "TimeDistributed needs at least 3 axes", "the Input `x` of shape (None, 4)")
def steps_of_a_vector():
    x = keras.Input((4,))
    layers.TimeDistributed(layers.Dense(3))(x)


@broken(
    "wrong-unpacking",
    "The line has 3 names for what LSTM gives, which is one tensor",
    "`LSTM(..., return_state=True)`",
)
def states_that_were_not_asked_for():
    x = keras.Input((5, 3))
    y, h, c = layers.LSTM(4)(x)
    return y, h, c


@broken("wrong-unpacking", "2 names for what GRU gives, which is one tensor", "`GRU(..., return_state=True)`")
def state_of_a_tensor():
    steps = layers.GRU(4)(keras.Input((5, 3)))
    y, state = steps
    return y, state


@broken("wrong-unpacking", "2 names for what LSTM gives", "It then gives 3 tensors: `output, h, c`")
def too_few_states_that_were_not_asked_for():
    lstm = layers.LSTM(4, return_sequences=True)
    y, h = lstm(keras.Input((5, 3)))
    return y, h


@broken(
    "wrong-unpacking",
    "3 names for what Bidirectional(LSTM) gives, which is 5 tensors",
    "`output, forward_h, forward_c, backward_h, backward_c = ...`",
)
def states_of_both_directions():
    x = keras.Input((5, 3))
    y, h, c = layers.Bidirectional(layers.LSTM(4, return_state=True))(x)
    return y, h, c
