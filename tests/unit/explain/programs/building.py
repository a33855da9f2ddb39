"""Models that cannot be put together."""

import keras
from keras import layers

from tests.unit.explain.programs.table import broken


@broken(
    "input-not-listed",
    "comes from the Input `facts` of shape (None, 4)",
    "Listed was: the Input `photo` of shape (None, 8, 8, 3).",
    "inputs=[photo, facts]",
    "[input-not-listed]",
)
def one_input_of_two():
    photo, facts = keras.Input((8, 8, 3), name="photo"), keras.Input((4,), name="facts")
    y = layers.Concatenate()([layers.Flatten()(photo), layers.Dense(2)(facts)])
    keras.Model(photo, layers.Dense(1)(y))


@broken(
    "input-not-listed", "an Input of shape (None, 5)", "No output comes from the Input `x` of shape (None, 5)"
)
def input_made_twice():
    x = keras.Input((5,))
    y = layers.Dense(3)(x)
    x = keras.Input((5,))
    keras.Model(x, y)


@broken("input-not-listed", "the Input `both['b']`")
def input_left_out_of_a_dict():
    both = {"a": keras.Input((2,), name="a"), "b": keras.Input((3,), name="b")}
    keras.Model({"a": both["a"]}, layers.Concatenate()([both["a"], both["b"]]))


@broken("no-shape-yet", "Sequential model `model` does not know", "`count_params`", "[missing-input]")
def stack_counted_too_early():
    model = keras.Sequential([layers.Dense(3)])
    model.count_params()


@broken("no-shape-yet")
def stack_asked_for_its_outputs():
    stack = keras.Sequential([layers.Dense(3), layers.Dense(1)])
    keras.Model(stack.inputs, stack.outputs)


@broken("not-a-tensor", "Conv2D was called on the shape (10, 10, 1)", "`x = keras.Input((10, 10, 1))`")
def called_on_a_shape():
    layers.Conv2D(4, 3)((10, 10, 1))


@broken("not-a-tensor", "`keras.Model(inputs=...)` was given the shape (4,)")
def model_of_a_shape():
    keras.Model((4,), layers.Dense(2)(keras.Input((4,))))


@broken("not-a-tensor", "Dense was called on a layer (Dense)", "[missing-input]")
def layer_called_on_a_layer():
    layers.Dense(2)(layers.Dense(4))


@broken("wrong-count", "Add was called on a single tensor", "`Add()([a, b])`")
def merge_given_one_tensor():
    layers.Add()(keras.Input((4,)))


@broken("wrong-count", "Dense was called on 2 tensors, where it takes 1")
def dense_given_two_tensors():
    layers.Dense(2)([keras.Input((4,)), keras.Input((4,))])


@broken("cannot-branch", "Concatenate stands in a Sequential model", "[sequential-cannot-branch]")
def merge_in_a_stack():
    keras.Sequential([keras.Input((8,)), layers.Dense(4), layers.Concatenate(), layers.Dense(1)])


@broken("cannot-branch")
def list_in_a_stack():
    keras.Sequential([keras.Input((8,)), [layers.Dense(4), layers.Dense(4)]])


@broken("cannot-branch")
def two_inputs_in_a_stack():
    keras.Sequential([keras.Input((8,)), keras.Input((3,)), layers.Dense(1)])


@broken("cannot-branch")
def tensor_in_a_stack():
    model = keras.Sequential([keras.Input((8,)), layers.Dense(4)])
    model.add(layers.Dense(3)(keras.Input((8,))))


@broken("cannot-branch")
def attention_in_a_stack():
    keras.Sequential([keras.Input((9, 8)), layers.MultiHeadAttention(2, 4)])


@broken("cannot-branch", "LSTM gives several tensors", "Dense, which takes one")
def state_in_a_stack():
    keras.Sequential([keras.Input((9, 4)), layers.LSTM(6, return_state=True), layers.Dense(2)])


@broken("not-a-tensor", "A Sequential model was given the class Dense", "`Dense(...)`")
def class_in_a_stack():
    keras.Sequential([keras.Input((4,)), layers.Dense])


@broken("no-shape-yet", "The Dense layer `hidden` does not know", "`get_weights` was asked for")
def first_weight_of_a_new_layer():
    hidden = layers.Dense(3)
    return hidden.get_weights()[0]


@broken("no-shape-yet", "The Dense layer does not know", "`get_weights`")
def weights_of_a_layer_of_a_new_stack():
    model = keras.Sequential([layers.Dense(3)])
    kernel, bias = model.layers[0].get_weights()
    return kernel, bias


@broken("no-shape-yet", "`kernel` was asked for")
def kernel_of_a_new_layer():
    hidden = layers.Dense(3)
    return hidden.kernel.shape


@broken(
    "no-shape-yet", "Sequential model `fresh` does not know", "`set_weights` was asked for", "[missing-input]"
)
def weights_for_a_new_stack():
    old = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    fresh = keras.Sequential([layers.Dense(3)])
    fresh.set_weights(old.get_weights())
