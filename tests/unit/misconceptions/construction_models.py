"""Programs that do not get as far as a model, or get to one that nobody asked for, and what only looks like them.

Each row is a student's function and the reference's; most of the students' functions raise.
"""

import keras
import numpy as np
from keras import layers


def stack(*between, width=8):
    return keras.Sequential([keras.Input((width,)), *between])


def functional(steps, shape=(8,)):
    """Return a function that builds the model of what ``steps`` makes of an Input."""

    def build():
        x = keras.Input(shape)
        return keras.Model(x, steps(x))

    return build


def two_dense(x):
    return layers.Dense(3)(layers.Dense(8, activation="relu")(x))


def around(x):
    """A Dense layer around which its input leads, and a head."""
    return layers.Dense(3)(layers.Add()([x, layers.Dense(8, activation="relu")(x)]))


def side_by_side(x):
    return layers.Dense(3)(layers.Concatenate()([layers.Dense(4)(x), layers.Dense(5)(x)]))


def in_a_line(x):
    return layers.Dense(3)(layers.Dense(5)(layers.Dense(4)(x)))


def attending(x):
    return layers.Dense(2)(layers.MultiHeadAttention(2, 4)(x, x))


def the_last_state(x):
    return layers.Dense(2)(layers.LSTM(6, return_state=True)(x)[1])


def two_inputs(first=None):
    photo, facts = keras.Input((6, 6, 3), name="photo"), keras.Input((4,), name="facts")
    seen = layers.Flatten()(layers.Conv2D(2, 3)(photo))
    outputs = layers.Dense(1)(layers.Concatenate()([seen, layers.Dense(2)(facts)]))
    return keras.Model({None: [photo, facts], "photo": photo, "facts": [facts]}[first], outputs)


def one_of_two_and_a_layer_too_few():
    """Two mistakes: without the Input nothing can be said of the layer."""
    photo, facts = keras.Input((6, 6, 3), name="photo"), keras.Input((4,), name="facts")
    joined = layers.Concatenate()([layers.Flatten()(layers.Conv2D(2, 3)(photo)), facts])
    return keras.Model(photo, layers.Dense(1)(joined))


def merged_too_early_without_a_layer():
    """Two mistakes: a merge in a stack, and no head."""
    return stack(layers.Dense(8, activation="relu"), layers.Add())


def block_in_a_stack():
    x = keras.Input((8,))
    block = keras.Model(x, layers.Add()([x, layers.Dense(8, activation="relu")(x)]))
    return stack(block, layers.Dense(3))


def one_layer_twice():
    again = layers.Dense(8)
    return stack(again, again)


def one_layer_called_twice(x):
    again = layers.Dense(8)
    return again(again(x))


class Particular(layers.Layer):
    def call(self, x):
        if x.shape[-1] != 3:
            raise ValueError("three numbers, please")
        return x


def tensor_added():
    model = stack(layers.Dense(8, activation="relu"))
    model.add(layers.Add()([model.inputs[0], model.outputs[0]]))
    return model


# --- no Input at the beginning


def counted_too_early():
    model = keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(3)])
    assert model.count_params() == 99
    return model


def never_built():
    return keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(3)])


def wrapped_too_early():
    model = never_built()
    return keras.Model(model.inputs, model.outputs)


def called_on_a_shape():
    return keras.Model(keras.Input((8,)), two_dense((8,)))


def layers_called_on_layers():
    hidden = layers.Dense(8, activation="relu")
    return keras.Model(keras.Input((8,)), layers.Dense(3)(hidden))


def model_of_a_shape():
    return keras.Model((8,), two_dense(keras.Input((8,))))


def built_by_shape():
    model = never_built()
    model.build((None, 8))
    return model


def built_by_a_call():
    model = never_built()
    model(np.ones((2, 8), "float32"))
    return model


def shape_at_the_first_layer():
    return keras.Sequential([layers.Dense(8, activation="relu", input_shape=(8,)), layers.Dense(3)])


def nothing_returned():
    def block(x):
        layers.Dense(8, activation="relu")(x)

    x = keras.Input((8,))
    return keras.Model(x, layers.Dense(3)(block(x)))


def a_layer_for_an_output():
    x = keras.Input((8,))
    layers.Dense(8, activation="relu")(x)
    return keras.Model(x, layers.Dense(3))


# --- an Input that is not listed


def made_twice():
    x = keras.Input((8,))
    y = two_dense(x)
    x = keras.Input((8,))
    return keras.Model(x, y)


def left_out_of_a_dict():
    both = {"a": keras.Input((8,), name="a"), "b": keras.Input((3,), name="b")}
    return keras.Model({"a": both["a"]}, layers.Dense(2)(layers.Concatenate()([both["a"], both["b"]])))


def given_as_a_dict():
    both = {"a": keras.Input((8,), name="a"), "b": keras.Input((3,), name="b")}
    return keras.Model(both, layers.Dense(2)(layers.Concatenate()([both["a"], both["b"]])))


def decoder_of_another_input():
    image = keras.Input((8,))
    decoded = layers.Dense(8)(layers.Dense(3, activation="relu")(image))
    return keras.Model(keras.Input((3,)), decoded)


def decoder_from_the_code():
    image = keras.Input((8,))
    code = layers.Dense(3, activation="relu")(image)
    return keras.Model(code, layers.Dense(8)(code))


def decoder():
    code = keras.Input((3,))
    return keras.Model(code, layers.Dense(8)(code))


def one_input_leads_nowhere():
    photo, facts = keras.Input((6, 6, 3), name="photo"), keras.Input((4,), name="facts")
    seen = layers.Flatten()(layers.Conv2D(2, 3)(photo))
    return keras.Model([photo, facts], layers.Dense(1)(seen))


def one_name_for_two_layers():
    x = keras.Input((8,))
    return keras.Model(x, layers.Dense(3, name="fc")(layers.Dense(8, activation="relu", name="fc")(x)))


def one_input_alone():
    photo = keras.Input((6, 6, 3), name="photo")
    return keras.Model(photo, layers.Dense(1)(layers.Flatten()(layers.Conv2D(2, 3)(photo))))


TRIGGERS = {
    "sequential-cannot-branch": [
        (
            lambda: stack(layers.Dense(8, activation="relu"), layers.Add(), layers.Dense(3)),
            functional(around),
        ),
        (
            lambda: stack([layers.Dense(4), layers.Dense(5)], layers.Concatenate(), layers.Dense(3)),
            functional(side_by_side),
        ),
        (lambda: stack(keras.Input((4,)), layers.Dense(1)), two_inputs),
        (
            lambda: keras.Sequential([keras.Input((9, 8)), layers.MultiHeadAttention(2, 4), layers.Dense(2)]),
            functional(attending, (9, 8)),
        ),
        (
            lambda: keras.Sequential(
                [keras.Input((9, 4)), layers.LSTM(6, return_state=True), layers.Dense(2)]
            ),
            functional(the_last_state, (9, 4)),
        ),
        (tensor_added, functional(around)),
        (merged_too_early_without_a_layer, functional(around)),
        (lambda: stack(layers.Dense(4), layers.Dense(5), layers.Dense(3)), functional(side_by_side)),
    ],
    "missing-input": [
        (counted_too_early, functional(two_dense)),
        (never_built, functional(two_dense)),
        (wrapped_too_early, functional(two_dense)),
        (called_on_a_shape, functional(two_dense)),
        (layers_called_on_layers, functional(two_dense)),
        (model_of_a_shape, functional(two_dense)),
    ],
    "input-not-listed": [
        (lambda: two_inputs("photo"), two_inputs),
        (lambda: two_inputs("facts"), two_inputs),
        (one_of_two_and_a_layer_too_few, two_inputs),
        (made_twice, functional(two_dense)),
        (left_out_of_a_dict, given_as_a_dict),
        (decoder_of_another_input, decoder_from_the_code),
    ],
}
# The third entry is the id of what is told first; "" where it fails and no mistake is named, None where it is right.
NEAR_MISSES = {
    "sequential-cannot-branch": [
        (block_in_a_stack, functional(around), None),
        (one_layer_twice, functional(one_layer_called_twice), None),
        (functional(in_a_line), functional(side_by_side), "wrong-connection"),
        (lambda: stack(layers.Dense(8, activation="relu")), functional(two_dense), "missing-layer"),
        (lambda: stack(layers.Dense, layers.Dense(3)), functional(two_dense), ""),
        (lambda: stack(layers.Dense(8), Particular(), layers.Dense(3)), functional(two_dense), ""),
        (
            lambda: keras.Sequential(
                [keras.Input((9, 9, 1)), layers.Flatten(), layers.Conv2D(2, 3), layers.Dense(3)]
            ),
            functional(lambda x: layers.Dense(3)(layers.Flatten()(layers.Conv2D(2, 3)(x))), (9, 9, 1)),
            "wrong-shape",
        ),
        (
            lambda: keras.Model(x := keras.Input((8,)), layers.Dense(3)(layers.Add()(layers.Dense(8)(x)))),
            functional(around),
            "missing-connection",
        ),
    ],
    "missing-input": [
        (built_by_shape, functional(two_dense), None),
        (built_by_a_call, functional(two_dense), None),
        (shape_at_the_first_layer, functional(two_dense), None),
        (nothing_returned, functional(two_dense), ""),
        (a_layer_for_an_output, functional(two_dense), ""),
        (functional(two_dense, (None,)), functional(two_dense), "wrong-shape"),
        (functional(two_dense, (9,)), functional(two_dense), "wrong-shape"),
    ],
    "input-not-listed": [
        (two_inputs, two_inputs, None),
        (given_as_a_dict, given_as_a_dict, None),
        (decoder_from_the_code, decoder, None),
        (one_input_leads_nowhere, two_inputs, "unused-input"),
        (one_input_alone, two_inputs, "missing-input"),
        (one_name_for_two_layers, functional(two_dense), ""),
        (model_of_a_shape, functional(two_dense), "missing-input"),
    ],
}
