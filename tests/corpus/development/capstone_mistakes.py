"""Larger systems with one thing wrong, and models in an API that the task rules out."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()
UNIT = "10_choosing_an_api"


def _block(width: int) -> keras.Model:
    x = keras.Input((width,))
    y = layers.Dense(width, activation="relu")(x)
    return keras.Model(x, layers.ReLU()(layers.Add()([x, layers.Dense(width)(y)])))


def _hospital(*, skip=True, share=True, vitals_twice=False, swap=False, activation="sigmoid") -> keras.Model:
    """Return two scans through one encoder, vitals beside them, and two answers."""
    before, after, vitals = keras.Input((8, 8, 1)), keras.Input((8, 8, 1)), keras.Input((6,))
    encoders = [layers.Conv2D(4, 3, activation="relu") for _ in range(1 if share else 2)]
    scans = [
        layers.GlobalAveragePooling2D()(encoders[i % len(encoders)](s)) for i, s in enumerate((before, after))
    ]
    hidden = layers.Dense(6, activation="relu")(layers.Dense(6, activation="relu")(vitals))
    joined = layers.Add()([hidden, vitals]) if skip else hidden
    both = layers.Concatenate()([*scans, joined, vitals] if vitals_twice else [*scans, joined])
    y = layers.Dense(8, activation="relu")(both)
    outputs = [layers.Dense(1, activation=activation)(y), layers.Dense(3)(y)]
    return keras.Model([before, after, vitals], outputs[::-1] if swap else outputs)


@PAIRS.rejected(UNIT, "static-graph-subclassed", asks=("functional",))
def straight_classifier_as_a_class():
    """A plain classifier is a subclassed Model, where the task asks for the Functional API."""

    class Classifier(keras.Model):
        def __init__(self):
            super().__init__()
            self.steps = [layers.Flatten(), layers.Dense(6, activation="relu"), layers.Dense(10)]

        def call(self, x):
            for step in self.steps:
                x = step(x)
            return x

    def student():
        model = Classifier()
        model(keras.Input((4, 4, 1)))
        return model

    def reference():
        x = keras.Input((4, 4, 1))
        y = layers.Dense(6, activation="relu")(layers.Flatten()(x))
        return keras.Model(x, layers.Dense(10)(y))

    return student, reference


@PAIRS.rejected(UNIT, "static-graph-subclassed", asks=("functional",))
def fixed_number_of_steps_as_a_class():
    """A loop over a constant number of blocks with two heads; nothing depends on a value."""

    class Net(keras.Model):
        def __init__(self, depth):
            super().__init__()
            self.blocks = [layers.Dense(5, activation="relu") for _ in range(depth)]
            self.heads = [layers.Dense(1), layers.Dense(3, activation="softmax")]

        def call(self, x, training=False):
            for block in self.blocks:
                x = x + block(x)
            return [head(x) for head in self.heads]

    def student():
        model = Net(2)
        model(keras.Input((5,)))
        return model

    def reference():
        x = y = keras.Input((5,))
        for _ in range(2):
            y = layers.Add()([y, layers.Dense(5, activation="relu")(y)])
        return keras.Model(x, [layers.Dense(1)(y), layers.Dense(3, activation="softmax")(y)])

    return student, reference


@PAIRS.rejected(UNIT, "sequential-cannot-branch")
def growing_model_left_sequential():
    """The stack got a second input by calling add on a tensor."""

    def student():
        model = keras.Sequential([keras.Input((8,)), layers.Dense(6, activation="relu")])
        extra = keras.Input((3,))
        model.add(layers.Concatenate()([model.outputs[0], extra]))
        model.add(layers.Dense(1))
        return model

    def reference():
        x, extra = keras.Input((8,)), keras.Input((3,))
        y = layers.Dense(6, activation="relu")(x)
        return keras.Model([x, extra], layers.Dense(1)(layers.Concatenate()([y, extra])))

    return student, reference


@PAIRS.rejected(UNIT, "missing-skip")
def vitals_without_their_shortcut():
    """One shortcut of a large system is left out; the raw vitals no longer reach the join."""
    return lambda: _hospital(skip=False), _hospital


@PAIRS.rejected(UNIT, "weights-not-shared")
def scans_encoded_separately():
    """The two scans pass two convolutions of the same settings."""
    return lambda: _hospital(share=False), _hospital


@PAIRS.rejected(UNIT, "extra-connection")
def vitals_joined_raw_as_well():
    """The raw vitals go into the join beside the residual ones."""
    return lambda: _hospital(vitals_twice=True), _hospital


@PAIRS.rejected(UNIT, "outputs-swapped")
def answers_in_the_other_order():
    """The three scores come first, the probability second."""
    return lambda: _hospital(swap=True), _hospital


@PAIRS.rejected(UNIT, "wrong-head-activation")
def probability_without_bounds():
    """The first answer should be a probability; its head is linear."""
    return lambda: _hospital(activation=None), _hospital


@PAIRS.rejected(UNIT, "weights-wrongly-shared")
def one_block_called_for_the_whole_depth():
    """The residual block is made once, outside the loop, so that the three stages have one set of weights."""

    def build(shared):
        x = y = keras.Input((6,))
        blocks = [_block(6)] * 3 if shared else [_block(6) for _ in range(3)]
        for block in blocks:
            y = block(y)
        return keras.Model(x, layers.Dense(1)(y))

    return lambda: build(True), lambda: build(False)


@PAIRS.rejected(UNIT, "weights-not-shared")
def recurrent_refinement_unrolled_with_new_layers():
    """A step should be applied three times with one set of weights; each turn makes a new one."""

    def build(step_of):
        x = y = keras.Input((6,))
        for _ in range(3):
            y = layers.Add()([x, step_of()(y)])
        return keras.Model(x, y)

    def reference():
        step = layers.Dense(6, activation="tanh")
        return build(lambda: step)

    return lambda: build(lambda: layers.Dense(6, activation="tanh")), reference


@PAIRS.rejected(UNIT, "wrong-connection")
def critic_reads_the_observation():
    """The value head hangs on the observation, not on the shared trunk, with fitting shapes."""

    def build(wrong):
        x = keras.Input((8,))
        y = layers.Dense(8, activation="tanh")(x)
        policy, value = layers.Dense(4, activation="softmax")(y), layers.Dense(1)(x if wrong else y)
        return keras.Model(x, [policy, value])

    return lambda: build(True), lambda: build(False)


@PAIRS.rejected(UNIT, "wrong-layer")
def gru_for_an_lstm():
    """The sequence tower has another kind of cell."""

    def build(cell):
        text, extra = keras.Input((7,), dtype="int32"), keras.Input((2,))
        y = cell(5)(layers.Embedding(20, 4)(text))
        return keras.Model([text, extra], layers.Dense(1)(layers.Concatenate()([y, extra])))

    return lambda: build(layers.GRU), lambda: build(layers.LSTM)


@PAIRS.rejected(UNIT, "wrong-layer")
def experts_joined_by_their_maximum():
    """The two experts should be averaged; the higher of each two numbers is taken."""

    def build(best):
        x = keras.Input((6,))
        experts = [layers.Dense(3, activation="relu")(x), layers.Dense(3, activation="tanh")(x)]
        joined = layers.Maximum()(experts) if best else layers.Average()(experts)
        return keras.Model(x, layers.Dense(1)(joined))

    return lambda: build(True), lambda: build(False)


@PAIRS.rejected(UNIT, "dead-branch", also=("missing-layer",))
def attention_computed_and_not_used():
    """The attended sequence is computed; the pooling goes on with the plain one."""

    def build(use):
        x = keras.Input((6, 8))
        y = layers.Dense(8, activation="relu")(x)
        attended = layers.MultiHeadAttention(2, 4)(y, y)
        y = layers.GlobalMaxPooling1D()(attended if use else y)
        return keras.Model(x, layers.Dense(1)(y))

    return lambda: build(False), lambda: build(True)


@PAIRS.rejected(UNIT, "wrong-connection")
def difference_the_wrong_way_round():
    """Before minus after, where after minus before was asked for: Subtract minds the order."""

    def build(turned):
        before, after = keras.Input((5,)), keras.Input((5,))
        encoder = layers.Dense(4, activation="relu")
        a, b = encoder(before), encoder(after)
        change = ops.subtract(a, b) if turned else layers.Subtract()([b, a])
        return keras.Model([before, after], layers.Activation("tanh")(change))

    return lambda: build(True), lambda: build(False)
