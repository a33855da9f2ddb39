"""Feedforward stacks for tables of numbers, and the mistakes made in them."""

from __future__ import annotations

import keras
from keras import constraints, layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()


def _regression() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(16, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(1),
        ]
    )


def _regularized() -> keras.Model:
    model = keras.Sequential([keras.Input((12,))])
    for units in (16, 8):
        model.add(layers.Dense(units, kernel_regularizer="l2"))
        model.add(layers.BatchNormalization())
        model.add(layers.Activation("silu"))
        model.add(layers.Dropout(0.3))
    model.add(layers.Dense(1, activation="sigmoid"))
    return model


@PAIRS.accepted("01_sequential")
def hidden_layers_from_a_list_of_sizes():
    """The hidden layers come out of a loop, the head's activation is called linear."""

    def student():
        model = keras.Sequential([keras.Input(shape=(6,))])
        for units in [16] * 2:
            model.add(layers.Dense(units=units, activation="relu", kernel_initializer="he_uniform"))
        model.add(layers.Dense(units=1, activation="linear", use_bias=True))
        return model

    return student, _regression


@PAIRS.accepted("01_sequential")
def steps_that_change_nothing():
    """An Identity, a Dropout of zero and a Reshape to the same shape stand between the layers."""

    def student():
        return keras.Sequential(
            [
                keras.Input((6,)),
                layers.Identity(),
                layers.Dense(16, activation="relu"),
                layers.Dropout(0.0),
                layers.Dense(16, activation="relu"),
                layers.Reshape((16,)),
                layers.Flatten(),
                layers.Dense(1, activation=None),
                layers.Activation("linear"),
            ]
        )

    return student, _regression


@PAIRS.accepted("01_sequential")
def a_function_that_makes_stacks():
    """A helper makes a small stack per hidden layer; the model stacks the stacks."""

    def student():
        def hidden(units):
            return keras.Sequential([layers.Dense(units), layers.ReLU()])

        return keras.Sequential([keras.Input((6,)), hidden(16), hidden(16), layers.Dense(1)])

    return student, _regression


@PAIRS.accepted("01_sequential")
def stack_given_its_shape_by_build():
    """No Input is written: build is called with the shape of a batch."""

    def student():
        model = keras.Sequential([layers.Dense(16, "relu"), layers.Dense(16, "relu"), layers.Dense(1)])
        model.build((None, 6))
        return model

    return student, _regression


@PAIRS.accepted("01_sequential")
def swish_for_silu():
    """The activation has its other name, the regularizer its class, and one block is a Functional model."""

    def student():
        table = keras.Input((12,))
        x = layers.Dense(16, kernel_regularizer=keras.regularizers.L2(0.01))(table)
        x = layers.BatchNormalization(axis=1)(x)
        x = layers.Dropout(0.3, noise_shape=None)(keras.activations.swish(x))
        first = keras.Model(table, x)
        return keras.Sequential(
            [
                first,
                layers.Dense(8, kernel_regularizer=keras.regularizers.L2()),
                layers.BatchNormalization(),
                layers.Activation("swish"),
                layers.Dropout(0.3),
                layers.Dense(1),
                layers.Activation("sigmoid"),
            ]
        )

    return student, _regularized


@PAIRS.accepted("01_sequential")
def relu_as_a_lambda_layer():
    """The activation is applied by a Lambda layer around the function of Keras."""

    def student():
        return keras.Sequential(
            [
                keras.Input((6,)),
                layers.Dense(16),
                layers.Lambda(keras.activations.relu),
                layers.Dense(16),
                layers.Lambda(lambda x: ops.maximum(x, 0)),
                layers.Dense(1),
            ]
        )

    return student, _regression


@PAIRS.accepted("01_sequential")
def constraint_by_its_full_name():
    """Constraint, activity regularizer and slope are given as objects or as names."""

    def student():
        model = keras.Sequential([keras.Input((5,))])
        model.add(layers.Dense(4, kernel_constraint=constraints.NonNeg(), activity_regularizer="l1"))
        model.add(layers.LeakyReLU(negative_slope=0.1))
        model.add(layers.ELU(alpha=1.0))
        return model

    def reference():
        return keras.Sequential(
            [
                keras.Input((5,)),
                layers.Dense(
                    4, kernel_constraint="non_neg", activity_regularizer=keras.regularizers.L1(0.01)
                ),
                layers.ReLU(negative_slope=0.1),
                layers.Activation("elu"),
            ]
        )

    return student, reference


@PAIRS.accepted("01_sequential")
def window_flattened_by_hand():
    """A window of measurements is made a vector by Reshape with its length counted out."""

    def student():
        window = [keras.Input((8, 3)), layers.Reshape(target_shape=(24,))]
        return keras.Sequential([*window, layers.Dense(8, activation="tanh"), layers.Dense(2)])

    def reference():
        window = [keras.Input((8, 3)), layers.Flatten()]
        return keras.Sequential([*window, layers.Dense(8, activation="tanh"), layers.Dense(2)])

    return student, reference


@PAIRS.rejected("01_sequential", "missing-layer", also=("wrong-config",))
def one_hidden_layer_of_two():
    """Only one hidden layer was written."""

    def student():
        return keras.Sequential([keras.Input((6,)), layers.Dense(16, activation="relu"), layers.Dense(1)])

    return student, _regression


@PAIRS.rejected("01_sequential", "wrong-config")
def two_columns_out():
    """The head gives two numbers, one was asked for."""

    def student():
        model = _regression()
        model.pop()
        model.add(layers.Dense(2))
        return model

    return student, _regression


@PAIRS.rejected("01_sequential", "wrong-activation")
def price_cut_off_by_relu():
    """The head of a regression has a relu, so that nothing negative can be predicted."""

    def student():
        model = _regression()
        model.add(layers.ReLU())
        return model

    return student, _regression


@PAIRS.rejected("01_sequential", "wrong-activation")
def tanh_in_the_hidden_layers():
    """Both hidden layers have tanh, relu was asked for."""

    def student():
        hidden = [layers.Dense(16, activation="tanh") for _ in range(2)]
        return keras.Sequential([keras.Input((6,)), *hidden, layers.Dense(1)])

    return student, _regression


@PAIRS.rejected("01_sequential", "missing-layer")
def second_block_not_normalized():
    """The second of two blocks has no BatchNormalization."""

    def student():
        model = keras.Sequential([keras.Input((12,))])
        model.add(layers.Dense(16, kernel_regularizer="l2"))
        model.add(layers.BatchNormalization())
        model.add(layers.Activation("silu"))
        model.add(layers.Dropout(0.3))
        model.add(layers.Dense(8, activation="silu", kernel_regularizer="l2"))
        model.add(layers.Dropout(0.3))
        model.add(layers.Dense(1, activation="sigmoid"))
        return model

    return student, _regularized


@PAIRS.rejected("01_sequential", "wrong-config")
def penalty_ten_times_too_small():
    """The regularizer's strength is 0.001, the one asked for is the default, 0.01."""

    def student():
        model = keras.Sequential([keras.Input((12,))])
        for units in (16, 8):
            model.add(layers.Dense(units, kernel_regularizer=keras.regularizers.L2(0.001)))
            model.add(layers.BatchNormalization())
            model.add(layers.Activation("silu"))
            model.add(layers.Dropout(0.3))
        model.add(layers.Dense(1, activation="sigmoid"))
        return model

    return student, _regularized


@PAIRS.rejected("01_sequential", "wrong-layer")
def normalized_along_the_row():
    """LayerNormalization stands where BatchNormalization was asked for."""

    def student():
        return keras.Sequential(
            [keras.Input((5,)), layers.Dense(8), layers.LayerNormalization(), layers.ReLU()]
        )

    def reference():
        return keras.Sequential(
            [keras.Input((5,)), layers.Dense(8), layers.BatchNormalization(), layers.ReLU()]
        )

    return student, reference


@PAIRS.rejected("01_sequential", "wrong-shape")
def rows_counted_as_columns():
    """The input's shape holds the number of rows of the table as well."""

    def student():
        return keras.Sequential([keras.Input((100, 6)), layers.Dense(16, activation="relu"), layers.Dense(1)])

    def reference():
        return keras.Sequential([keras.Input((6,)), layers.Dense(16, activation="relu"), layers.Dense(1)])

    return student, reference


@PAIRS.rejected("01_sequential", "wrong-connection")
def dropout_before_the_layer():
    """A dropout comes before the layer it should follow."""

    def student():
        stack = [layers.Dropout(0.2), layers.Dense(8, activation="relu")]
        return keras.Sequential([keras.Input((6,)), *stack, layers.Dense(1)])

    def reference():
        stack = [layers.Dense(8, activation="relu"), layers.Dropout(0.2)]
        return keras.Sequential([keras.Input((6,)), *stack, layers.Dense(1)])

    return student, reference


@PAIRS.rejected("01_sequential", "missing-input")
def summary_full_of_question_marks():
    """The stack was made for a summary and never told how wide a row is."""

    def student():
        return keras.Sequential([layers.Dense(16, "relu"), layers.Dense(16, "relu"), layers.Dense(1)])

    return student, _regression


@PAIRS.rejected("01_sequential", "weights-wrongly-shared")
def the_same_hidden_layer_twice():
    """One layer object stands twice in the list, and Keras shares it without a word."""

    def student():
        hidden = layers.Dense(16, activation="relu")
        return keras.Sequential([keras.Input((16,)), hidden, hidden, layers.Dense(1)])

    def reference():
        hidden = [layers.Dense(16, activation="relu") for _ in range(2)]
        return keras.Sequential([keras.Input((16,)), *hidden, layers.Dense(1)])

    return student, reference


@PAIRS.rejected("01_sequential", "sequential-cannot-branch")
def two_tables_in_one_stack():
    """Two inputs stand in one list, as if the stack could begin twice."""

    def student():
        model = keras.Sequential([keras.Input((4,)), keras.Input((3,))])
        model.add(layers.Concatenate())
        model.add(layers.Dense(1))
        return model

    def reference():
        tables = [keras.Input((4,)), keras.Input((3,))]
        return keras.Model(tables, layers.Dense(1)(layers.Concatenate()(tables)))

    return student, reference


@PAIRS.rejected("01_sequential", "wrong-config", asks=("initializers",))
def initializer_left_to_keras():
    """He initialization was asked for by name and left to the default."""

    def student():
        return keras.Sequential([keras.Input((6,)), layers.Dense(16, activation="relu"), layers.Dense(1)])

    def reference():
        hidden = layers.Dense(16, activation="relu", kernel_initializer="he_normal")
        return keras.Sequential([keras.Input((6,)), hidden, layers.Dense(1)])

    return student, reference
