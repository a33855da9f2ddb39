"""Models that raise while they are built, or cannot be read: cut off, unshaped, stacked where they branch."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()
UNIT = "09_debugging"


def _digits() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((10, 10, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )


def _price() -> keras.Model:
    photo, facts = keras.Input((8, 8, 3), name="photo"), keras.Input((4,), name="facts")
    a = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, activation="relu")(photo))
    b = layers.Dense(4, activation="relu")(facts)
    y = layers.Concatenate()([a, b])
    return keras.Model([photo, facts], layers.Dense(1)(y))


@PAIRS.rejected(UNIT, "input-not-listed")
def only_the_photo_listed():
    """Photo and facts meet in Concatenate; Model is given the photo alone."""

    def student():
        photo, facts = keras.Input((8, 8, 3), name="photo"), keras.Input((4,), name="facts")
        a = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, activation="relu")(photo))
        y = layers.Concatenate()([a, layers.Dense(4, activation="relu")(facts)])
        return keras.Model(inputs=photo, outputs=layers.Dense(1)(y))

    return student, _price


@PAIRS.rejected(UNIT, "input-not-listed")
def input_made_twice():
    """A second Input replaces the first under the same variable after the first layer was called."""

    def student():
        x = keras.Input((10, 10, 1))
        y = layers.Conv2D(4, 3, activation="relu")(x)
        x = keras.Input((10, 10, 1))
        y = layers.Dense(10, activation="softmax")(layers.Flatten()(y))
        return keras.Model(x, y)

    return student, _digits


@PAIRS.rejected(UNIT, "input-not-listed")
def condition_of_a_generator_forgotten():
    """A conditional generator reads a label as well as the noise; the label is left out of a dict of inputs."""

    def build(names):
        inputs = {
            "noise": keras.Input((6,), name="noise"),
            "label": keras.Input((1,), dtype="int32", name="label"),
        }
        label = layers.Flatten()(layers.Embedding(10, 4)(inputs["label"]))
        y = layers.Dense(12, activation="relu")(layers.Concatenate()([inputs["noise"], label]))
        return keras.Model({name: inputs[name] for name in names}, layers.Dense(16)(y))

    return lambda: build(["noise"]), lambda: build(["noise", "label"])


@PAIRS.rejected(UNIT, "missing-input")
def stack_without_a_first_shape():
    """No Input, no build: the model has no weights, and nothing says what it takes."""

    def student():
        model = keras.Sequential()
        model.add(layers.Conv2D(4, 3, activation="relu"))
        model.add(layers.Flatten())
        model.add(layers.Dense(10, activation="softmax"))
        return model

    return student, _digits


@PAIRS.rejected(UNIT, "missing-input")
def parameters_counted_before_there_are_any():
    """The stack has no Input, and count_params is asked before any shape is known."""

    def student():
        model = keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(1)])
        model.count_params()
        return model

    return student, lambda: keras.Sequential(
        [keras.Input((4,)), layers.Dense(8, activation="relu"), layers.Dense(1)]
    )


@PAIRS.rejected(UNIT, "missing-input")
def layers_called_on_a_shape():
    """The first layer is called on a tuple, where a keras.Input of that shape belongs."""

    def student():
        x = (10, 10, 1)
        y = layers.Conv2D(4, 3, activation="relu")(x)
        return keras.Model(x, layers.Dense(10, activation="softmax")(layers.Flatten()(y)))

    return student, _digits


@PAIRS.rejected(UNIT, "missing-input")
def model_made_of_the_layers_themselves():
    """Model is given the output of an unbuilt stack, which has none before there is an Input."""

    def student():
        stack = keras.Sequential([layers.Conv2D(4, 3, activation="relu"), layers.Flatten()])
        y = layers.Dense(10, activation="softmax")(stack.outputs[0])
        return keras.Model(stack.inputs, y)

    return student, _digits


@PAIRS.rejected(UNIT, "sequential-cannot-branch")
def towers_joined_in_a_stack():
    """Two towers and a Concatenate stand in one list."""

    def student():
        tower = keras.Sequential([layers.Conv2D(4, 3, activation="relu"), layers.GlobalAveragePooling2D()])
        return keras.Sequential(
            [
                keras.Input((8, 8, 3)),
                tower,
                layers.Dense(4, activation="relu"),
                layers.Concatenate(),
                layers.Dense(1),
            ]
        )

    return student, _price


@PAIRS.rejected(UNIT, "sequential-cannot-branch")
def list_of_layers_as_a_step():
    """A list of parallel layers is put where one layer is expected."""

    def student():
        return keras.Sequential(
            [
                keras.Input((8, 8, 3)),
                [layers.Conv2D(4, 1), layers.Conv2D(4, 3, padding="same")],
                layers.Concatenate(),
                layers.GlobalAveragePooling2D(),
            ]
        )

    def reference():
        x = keras.Input((8, 8, 3))
        y = layers.Concatenate()([layers.Conv2D(4, 1)(x), layers.Conv2D(4, 3, padding="same")(x)])
        return keras.Model(x, layers.GlobalAveragePooling2D()(y))

    return student, reference


@PAIRS.rejected(UNIT, "sequential-cannot-branch")
def two_inputs_on_a_stack():
    """A Sequential model is given two Inputs one after the other."""

    def student():
        model = keras.Sequential()
        model.add(keras.Input((8, 8, 3)))
        model.add(keras.Input((4,)))
        model.add(layers.Dense(1))
        return model

    return student, _price


@PAIRS.rejected(UNIT, "wrong-shape", also=("wrong-connection",))
def matrix_into_a_layer_for_images():
    """Flatten comes before the convolution, which then has no image left."""

    def student():
        x = keras.Input((10, 10, 1))
        y = layers.Conv2D(4, 3, activation="relu")(layers.Flatten()(x))
        return keras.Model(x, layers.Dense(10, activation="softmax")(y))

    return student, _digits


@PAIRS.rejected(UNIT, "wrong-shape")
def reshape_to_another_size():
    """The code of 32 numbers is reshaped to 4 by 4 by 3."""

    def build(channels):
        code = keras.Input((32,))
        y = layers.Reshape((4, 4, channels))(code)
        return keras.Model(code, layers.Conv2DTranspose(1, 3, strides=2, padding="same")(y))

    return lambda: build(3), lambda: build(2)


@PAIRS.rejected(UNIT, "wrong-config", also=("wrong-shape",))
def branches_of_unlike_padding():
    """One of two parallel convolutions keeps the border and one cuts it off, so that Concatenate refuses them."""

    def build(padding):
        x = keras.Input((8, 8, 2))
        a = layers.Conv2D(3, 3, padding="same", activation="relu")(x)
        b = layers.Conv2D(3, 5, padding=padding, activation="relu")(x)
        return keras.Model(x, layers.Concatenate()([a, b]))

    return lambda: build("valid"), lambda: build("same")


@PAIRS.rejected(UNIT, "wrong-config", also=("wrong-shape",))
def last_state_alone_for_the_next_recurrence():
    """The first LSTM returns its last state only, and the second one wants a sequence."""

    def build(**settings):
        x = keras.Input((6, 3))
        y = layers.LSTM(4, **settings)(x)
        return keras.Model(x, layers.Dense(1)(layers.LSTM(4)(y)))

    return build, lambda: build(return_sequences=True)


@PAIRS.rejected(UNIT, "python-branch-on-tensor")
def if_on_a_symbolic_mean():
    """Python's if asks for the truth of a tensor that has no value yet."""

    def student():
        x = keras.Input((4,))
        y = layers.Dense(4)(x)
        if ops.mean(y) > 0:
            y = layers.ReLU()(y)
        return keras.Model(x, y)

    def reference():
        x = keras.Input((4,))
        y = layers.Dense(4)(x)
        return keras.Model(x, ops.where(ops.mean(y) > 0, ops.relu(y), y))

    return student, reference


@PAIRS.rejected(UNIT, "python-branch-on-tensor")
def while_on_a_symbolic_sum():
    """A loop is to call the layer until a tensor is small enough; it is written in plain Functional code."""

    def student():
        x = y = keras.Input((4,))
        dense = layers.Dense(4, activation="tanh")
        while ops.sum(y) > 1:
            y = dense(y)
        return keras.Model(x, y)

    def reference():
        x = keras.Input((4,))
        dense = layers.Dense(4, activation="tanh")
        return keras.Model(x, dense(dense(x)))

    return student, reference


@PAIRS.rejected(UNIT, "missing-super-init")
def class_without_super():
    """Layers are put on self before keras.Model's own __init__ has run."""

    class Net(keras.Model):
        def __init__(self):
            self.conv = layers.Conv2D(4, 3, activation="relu")
            self.flat = layers.Flatten()
            self.out = layers.Dense(10, activation="softmax")

        def call(self, x):
            return self.out(self.flat(self.conv(x)))

    def student():
        model = Net()
        model(keras.Input((10, 10, 1)))
        return model

    return student, _digits


@PAIRS.rejected(UNIT, "state-created-in-call")
def layer_made_in_call():
    """The last Dense is made each time call() runs, so it belongs to nobody and is never trained."""

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv, self.flat = layers.Conv2D(4, 3, activation="relu"), layers.Flatten()

        def call(self, x):
            return layers.Dense(10, activation="softmax")(self.flat(self.conv(x)))

    def student():
        model = Net()
        model(keras.Input((10, 10, 1)))
        return model

    return student, _digits


@PAIRS.rejected(UNIT, "missing-projection")
def shapes_forced_by_reshape():
    """The shortcut is reshaped to the branch's shape, which holds another count of numbers."""

    def student():
        x = keras.Input((8, 8, 2))
        y = layers.Conv2D(4, 3, strides=2, padding="same")(x)
        return keras.Model(x, layers.Add()([y, layers.Reshape((4, 4, 4))(x)]))

    def reference():
        x = keras.Input((8, 8, 2))
        y = layers.Conv2D(4, 3, strides=2, padding="same")(x)
        return keras.Model(x, layers.Add()([y, layers.Conv2D(4, 1, strides=2)(x)]))

    return student, reference
