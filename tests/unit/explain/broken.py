"""Programs that Keras stops, by the cause that has to be found, and others that must not be given that cause.

Every function raises. A backend's process imports this and explains each of them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

import grader

Program = Callable[[], Any]


def one_input_of_two():
    photo, facts = keras.Input((8, 8, 3), name="photo"), keras.Input((4,), name="facts")
    y = layers.Concatenate()([layers.Flatten()(photo), layers.Dense(2)(facts)])
    keras.Model(photo, layers.Dense(1)(y))


def input_made_twice():
    x = keras.Input((5,))
    y = layers.Dense(3)(x)
    x = keras.Input((5,))
    keras.Model(x, y)


def input_left_out_of_a_dict():
    both = {"a": keras.Input((2,), name="a"), "b": keras.Input((3,), name="b")}
    keras.Model({"a": both["a"]}, layers.Concatenate()([both["a"], both["b"]]))


def stack_counted_too_early():
    model = keras.Sequential([layers.Dense(3)])
    model.count_params()


def stack_asked_for_its_outputs():
    stack = keras.Sequential([layers.Dense(3), layers.Dense(1)])
    keras.Model(stack.inputs, stack.outputs)


def called_on_a_shape():
    layers.Conv2D(4, 3)((10, 10, 1))


def model_of_a_shape():
    keras.Model((4,), layers.Dense(2)(keras.Input((4,))))


def layer_called_on_a_layer():
    layers.Dense(2)(layers.Dense(4))


def called_on_nothing():
    def block(x):
        layers.Dense(3)(x)

    layers.Dense(1)(block(keras.Input((4,))))


def merge_given_one_tensor():
    layers.Add()(keras.Input((4,)))


def dense_given_two_tensors():
    layers.Dense(2)([keras.Input((4,)), keras.Input((4,))])


def merge_in_a_stack():
    keras.Sequential([keras.Input((8,)), layers.Dense(4), layers.Concatenate(), layers.Dense(1)])


def list_in_a_stack():
    keras.Sequential([keras.Input((8,)), [layers.Dense(4), layers.Dense(4)]])


def two_inputs_in_a_stack():
    keras.Sequential([keras.Input((8,)), keras.Input((3,)), layers.Dense(1)])


def tensor_in_a_stack():
    model = keras.Sequential([keras.Input((8,)), layers.Dense(4)])
    model.add(layers.Dense(3)(keras.Input((8,))))


def attention_in_a_stack():
    keras.Sequential([keras.Input((9, 8)), layers.MultiHeadAttention(2, 4)])


def state_in_a_stack():
    keras.Sequential([keras.Input((9, 4)), layers.LSTM(6, return_state=True), layers.Dense(2)])


def sum_of_unlike_shapes():
    x = keras.Input((8, 8, 4))
    y = layers.Conv2D(8, 3, strides=2, padding="same")(x)
    layers.Add()([y, x])


def operator_in_a_class():
    class Down(layers.Layer):
        def __init__(self):
            super().__init__()
            self.conv = layers.Conv2D(8, 3, strides=2, padding="same")

        def call(self, x):
            return self.conv(x) + x

    Down()(keras.Input((8, 8, 4)))


def join_of_unlike_shapes():
    x = keras.Input((8, 8, 2))
    near = layers.Conv2D(3, 3, padding="same")(x)
    wide = layers.Conv2D(3, 5)(x)
    layers.Concatenate()([near, wide])


def dense_after_flatten_before_conv():
    layers.Conv2D(4, 3)(layers.Flatten()(keras.Input((10, 10, 1))))


def recurrent_after_recurrent():
    layers.LSTM(4)(layers.GRU(5)(keras.Input((6, 3))))


def shared_dense_of_another_width():
    head = layers.Dense(3)
    head(keras.Input((8,)))
    head(keras.Input((5,)))


def encoder_of_another_size():
    x = keras.Input((8, 8, 1))
    encoder = keras.Model(x, layers.Dense(4)(layers.Flatten()(x)))
    larger = keras.Input((10, 10, 1))
    encoder(larger)


def flattened_none():
    layers.Dense(3)(layers.Flatten()(keras.Input((None, 4))))


def dense_on_none():
    layers.Dense(3)(keras.Input((None,)))


def kernel_too_large():
    layers.Conv2D(4, 7)(keras.Input((5, 5, 1)))


def kernel_too_large_in_a_stack():
    keras.Sequential([keras.Input((6, 6, 1)), layers.MaxPooling2D(), layers.Conv2D(2, 3, dilation_rate=2)])


def reshape_of_another_size():
    layers.Reshape((4, 4, 3))(keras.Input((32,)))


def reshape_in_a_stack():
    keras.Sequential([keras.Input((10,)), layers.Reshape((3, -1))])


def if_on_a_tensor():
    x = keras.Input((4,))
    if ops.mean(x) > 0:
        layers.Dense(2)(x)


def while_on_a_tensor():
    x = keras.Input((4,))
    while ops.sum(x) > 1:
        x = layers.Dense(4)(x)


def choice_by_and():
    x = keras.Input((4,))
    return x is not None and not x


def loop_over_a_tensor():
    x = keras.Input((4, 2))
    return [layers.Dense(2)(step) for step in x]


def unpacked_tensor():
    x = keras.Input((2,))
    a, b = x
    return a + b


def length_of_a_tensor():
    x = keras.Input((4,))
    return len(x)


def number_of_a_tensor():
    x = keras.Input((4,))
    return float(ops.mean(x))


def numpy_on_a_tensor():
    x = keras.Input((4,))
    return np.mean(x)


def backend_on_a_tensor():
    x = keras.Input((4,))
    if keras.backend.backend() == "torch":
        import torch

        return torch.relu(x)
    if keras.backend.backend() == "jax":
        import jax

        return jax.nn.relu(x)
    import tensorflow as tf

    return tf.nn.relu(x)


class Unprepared(layers.Layer):
    def __init__(self, factor):
        self.factor = factor

    def call(self, x):
        return x * self.factor


def layer_without_super():
    Unprepared(2.0)(keras.Input((4,)))


class Base(keras.Model):
    def __init__(self, units):
        self.units = units


class Heir(Base):
    def __init__(self):
        super().__init__(3)

    def call(self, x):
        return x


def base_without_super():
    Heir()(keras.Input((4,)))


class WeightInCall(layers.Layer):
    def build(self, input_shape):
        pass

    def call(self, x):
        return x * self.add_weight(shape=(4,))


def weight_in_call():
    WeightInCall()(keras.Input((4,)))


class LayerInCall(layers.Layer):
    def build(self, input_shape):
        pass

    def call(self, x):
        self.inner = layers.Dense(4)
        return self.inner(x)


def layer_in_call():
    LayerInCall()(keras.Input((4,)))


class Repeating(layers.Layer):
    def call(self, x):
        while ops.any(x > 0):
            x = x - 1
        return x


def while_in_call():
    Repeating()(keras.Input((4,)))


class Deciding(keras.Model):
    def __init__(self):
        super().__init__()
        self.calm, self.excited = layers.Dense(3), layers.Dense(3)

    def call(self, x):
        return self.excited(x) if ops.mean(x) > 0 else self.calm(x)


def if_while_training():
    model = Deciding()
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 4), "float32"), np.ones((4, 3), "float32"), verbose=0)


class WithNumPy(layers.Layer):
    def call(self, x):
        return np.exp(x)


def numpy_in_call():
    WithNumPy()(keras.Input((4,)))


def data_of_another_width():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 5), "float32"), np.ones((4, 2), "float32"), verbose=0)


def class_in_a_stack():
    keras.Sequential([keras.Input((4,)), layers.Dense])


class Late(layers.Layer):
    def __init__(self):
        self.inner = layers.Dense(2)
        super().__init__()


def reloaded(model):
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "model.keras"))
        model.save(path)
        return keras.saving.load_model(path)


class Unknown(layers.Layer):
    def call(self, x):
        return x


def squeeze_down(x):
    return x / (1.0 + ops.abs(x))


def class_unknown_to_loading():
    reloaded(keras.Sequential([keras.Input((4,)), Unknown()]))


def function_unknown_to_loading():
    reloaded(keras.Sequential([keras.Input((4,)), layers.Dense(2, activation=squeeze_down)]))


@keras.saving.register_keras_serializable("broken")
class Forgetful(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def call(self, x):
        return x

    def get_config(self):
        return super().get_config()


@keras.saving.register_keras_serializable("broken")
class Wrapping(layers.Layer):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, x):
        return self.inner(x)


def argument_forgotten():
    reloaded(keras.Sequential([keras.Input((4,)), Forgetful(3)]))


class Odd:
    pass


def argument_not_to_be_written():
    layer = Wrapping(lambda x: x)
    reloaded(keras.Sequential([keras.Input((4,)), layer]))


BROKEN: dict[str, list[Program]] = {
    "input-not-listed": [one_input_of_two, input_made_twice, input_left_out_of_a_dict],
    "no-shape-yet": [stack_counted_too_early, stack_asked_for_its_outputs],
    "not-a-tensor": [
        called_on_a_shape,
        model_of_a_shape,
        layer_called_on_a_layer,
        called_on_nothing,
        class_in_a_stack,
    ],
    "wrong-count": [merge_given_one_tensor, dense_given_two_tensors],
    "cannot-branch": [
        merge_in_a_stack,
        list_in_a_stack,
        two_inputs_in_a_stack,
        tensor_in_a_stack,
        attention_in_a_stack,
        state_in_a_stack,
    ],
    "unlike-shapes": [sum_of_unlike_shapes, operator_in_a_class, join_of_unlike_shapes],
    "wrong-rank": [dense_after_flatten_before_conv, recurrent_after_recurrent],
    "wrong-length": [shared_dense_of_another_width, encoder_of_another_size, data_of_another_width],
    "unknown-length": [flattened_none, dense_on_none],
    "window-too-large": [kernel_too_large, kernel_too_large_in_a_stack],
    "wrong-size": [reshape_of_another_size, reshape_in_a_stack],
    "value-needed": [
        if_on_a_tensor,
        while_on_a_tensor,
        choice_by_and,
        loop_over_a_tensor,
        unpacked_tensor,
        length_of_a_tensor,
        number_of_a_tensor,
        numpy_on_a_tensor,
        backend_on_a_tensor,
    ],
    "super-not-called": [layer_without_super, base_without_super],
    "state-in-call": [weight_in_call, layer_in_call],
    "not-registered": [class_unknown_to_loading, function_unknown_to_loading],
    "config-not-saved": [argument_forgotten, argument_not_to_be_written],
}


# PyTorch runs these with made-up values and raises nothing.
TRACED: dict[str, Program] = {"while": while_in_call, "if": if_while_training, "numpy": numpy_in_call}


def explained(program: Program, filtered: bool) -> dict[str, Any]:
    """Run a program that raises, and return what is said of it."""
    (keras.config.enable_traceback_filtering if filtered else keras.config.disable_traceback_filtering)()
    try:
        program()
    except Exception as error:
        found = grader.explain(error)
        return {**json.loads(found.to_json()), "text": str(found), "html": found._repr_html_()}
    raise AssertionError(f"{program.__name__} raises nothing")


def all_explained(filtered: bool) -> dict[str, dict[str, Any]]:
    """Explain every broken program, by name."""
    return {
        program.__name__: explained(program, filtered) for programs in BROKEN.values() for program in programs
    }


def traced_explained(filtered: bool) -> dict[str, dict[str, Any]]:
    """Explain what TensorFlow and JAX refuse while they trace."""
    return {how: explained(program, filtered) for how, program in TRACED.items()}


def late_explained() -> dict[str, Any]:
    """Explain a constructor that calls Keras's too late; PyTorch alone refuses it there."""
    return explained(Late, filtered=False)
