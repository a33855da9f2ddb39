"""Programs that call functions of one backend on tensors of another, or on Keras's own, and what only looks like them.

Each row is a student's function and the reference's. ``own`` are functions of the running backend, ``foreign`` those of
another. Libraries are imported where they are used: TensorFlow in its own process alone, since it is slow to import.
"""

import keras
import numpy as np
from keras import layers, ops

from tests.unit.misconceptions.class_models import block_of, model_of
from tests.unit.misconceptions.construction_models import functional


def own():
    """Return ``relu`` and ``matmul`` of the backend that runs."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.nn.relu, tf.matmul
    if backend == "jax":
        import jax

        return jax.nn.relu, jax.numpy.matmul
    import torch

    return torch.relu, torch.matmul


def foreign():
    """Return ``tanh`` and ``matmul`` of a backend that does not run."""
    if keras.backend.backend() == "jax":
        import torch

        return torch.tanh, torch.matmul
    import jax.numpy as jnp

    return jnp.tanh, jnp.matmul


def by_keras(activation):
    return functional(lambda x: layers.Dense(3)(layers.Activation(activation)(x)))


def head_after(step):
    return functional(lambda x: layers.Dense(3)(step(x)))


def a(cls, *settings, **named):
    """Return a step that makes a layer of a class, anew for each model, and calls it."""

    def step(x):
        layer = cls(*settings, **named)
        return layer(x)

    return step


# --- on tensors of Keras's own


def relu_of_torch(x):
    import torch

    return torch.relu(x)


def tanh_of_jax(x):
    import jax.numpy as jnp

    return jnp.tanh(x)


def relu_of_own_backend(x):
    relu, _ = own()
    return relu(x)


def relu_of_what_a_layer_gives(x):
    import torch

    return torch.relu(layers.Dense(8)(x))


def joined_by_torch(x):
    import torch

    return torch.cat([x, x], dim=1)


def mean_of_what_keras_computes(x):
    import jax.numpy as jnp

    return jnp.mean(ops.square(x) + 1.0, axis=-1, keepdims=True)


# --- in classes, on tensors of the backend that runs


class TanhOfAnother(layers.Layer):
    def call(self, x):
        tanh, _ = foreign()
        return tanh(x)


class ProductOfAnother(layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 3))

    def call(self, x):
        _, matmul = foreign()
        return matmul(x, self.kernel)


def tanh_of_another_in_a_model(self, x, training):
    tanh, _ = foreign()
    return tanh(x)


# --- what only looks like it


def relu_in_a_layer(self, x, training):
    relu, _ = own()
    return relu(x)


class WrongProduct(layers.Layer):
    """The function is that of the backend that runs; only the lengths do not fit."""

    def call(self, x):
        _, matmul = own()
        return matmul(x, ops.ones((5, 3)))


def wrong_product_on_numbers():
    _, matmul = own()
    return matmul(ops.ones((2, 8)), ops.ones((5, 3)))


def array_to_torch(x):
    import torch

    return layers.Dense(3)(torch.relu(np.ones((2, 8), "float32")))


def mean_by_numpy(x):
    return layers.Dense(3)(x - np.mean(x))


def wrong_product_of_keras(x):
    return layers.Dense(3)(ops.matmul(x, ops.ones((5, 3))))


def mapped_by_jax(x):
    """Functions on nested lists take any objects: here it is the layer that refuses."""
    import jax

    return layers.Add()(jax.tree.map(layers.Conv2D(3, 3), [x, x]))


class Misspelt(layers.Layer):
    def call(self, x):
        relu, _ = own()
        return relu(self.dense(x))


class Choosing(layers.Layer):
    """It has a function for each backend, and takes that of the one that runs."""

    def call(self, x):
        chosen = own() if keras.backend.backend() in ("tensorflow", "jax", "torch") else foreign()
        return chosen[0](x)


TRIGGERS = {
    "backend-only-function": [
        (head_after(relu_of_torch), by_keras("relu")),
        (head_after(tanh_of_jax), by_keras("tanh")),
        (head_after(relu_of_own_backend), by_keras("relu")),
        (
            head_after(relu_of_what_a_layer_gives),
            functional(lambda x: layers.Dense(3)(layers.ReLU()(layers.Dense(8)(x)))),
        ),
        (head_after(joined_by_torch), head_after(lambda x: layers.Concatenate()([x, x]))),
        (
            head_after(mean_of_what_keras_computes),
            head_after(lambda x: ops.mean(ops.square(x) + 1.0, axis=-1, keepdims=True)),
        ),
        (head_after(a(TanhOfAnother)), by_keras("tanh")),
        (
            head_after(a(ProductOfAnother)),
            head_after(a(layers.Dense, 3, use_bias=False)),
        ),
        (model_of(tanh_of_another_in_a_model), model_of(lambda self, x, training: ops.tanh(x))),
    ],
}
# The third entry as in ``construction_models``.
NEAR_MISSES = {
    "backend-only-function": [
        (block_of(relu_in_a_layer), block_of(relu_in_a_layer), None),
        (model_of(relu_in_a_layer), model_of(relu_in_a_layer), None),
        (head_after(a(Choosing)), head_after(a(Choosing)), None),
        (head_after(a(WrongProduct)), by_keras("relu"), ""),
        (head_after(lambda x: wrong_product_on_numbers()), by_keras("relu"), ""),
        (functional(array_to_torch), by_keras("relu"), ""),
        (functional(mean_by_numpy), by_keras("relu"), ""),
        (functional(wrong_product_of_keras), by_keras("relu"), ""),
        (functional(mapped_by_jax), by_keras("relu"), "wrong-shape"),
        (head_after(a(Misspelt)), by_keras("relu"), ""),
    ],
}
