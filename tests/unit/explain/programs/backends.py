"""Functions of one backend on tensors of another, or on Keras's own."""

import keras
import numpy as np
from keras import layers, ops

from tests.unit.explain.programs.table import broken, near_miss

ON = "[backend-only-function]"


@broken("backend-only", "was called on the Input `x`", "Write `keras.ops.relu(...)` in place of", ON)
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


@broken(
    "backend-only",
    "`torch.cat` was called on the Input `x`",
    "belongs to PyTorch",
    "`keras.ops.concatenate(...)`",
)
def list_of_tensors_to_a_backend():
    import torch

    x = keras.Input((4,))
    return torch.cat([x, x], dim=1)


@broken("backend-only", "`torch.nn.Linear(4, 2)` was called on the Input `x`", "or a layer.")
def layer_of_a_backends():
    import torch

    x = keras.Input((4,))
    return torch.nn.Linear(4, 2)(x)


@broken(
    "backend-only",
    "`jnp.tanh` was called on `y`, the output of Dense",
    "belongs to JAX",
    "`keras.ops.tanh(...)`",
)
def output_of_a_layer_to_jax():
    import jax.numpy as jnp

    y = layers.Dense(3)(keras.Input((4,)))
    return jnp.tanh(y)


@broken(
    "backend-only", "`torch.transpose` was called on a tensor of Keras's own", "`keras.ops.swapaxes(...)`"
)
def computed_in_the_line():
    import torch

    x = keras.Input((4, 5))
    return torch.transpose(ops.square(x)[:, 1:] + 1.0, 1, 2)


@broken("backend-only", "`tanh` was called on the Input `x`", "`keras.ops.tanh(...)`")
def function_imported_by_its_name():
    from torch import tanh

    x = keras.Input((4,))
    return tanh(x)


@broken("backend-only", "`tanh` was called on the Input `x`", "use what Keras has for the same purpose")
def function_imported_by_another_name():
    from torch import sin as tanh

    x = keras.Input((4,))
    return tanh(x)


@broken("backend-only", "belongs to PyTorch", "use what Keras has for the same purpose")
def function_in_a_list():
    from torch.nn import functional

    x = keras.Input((4, 4, 1))
    choices = [functional.max_pool2d]
    return choices[0](x, 2)


@broken("backend-only", "`functional.softmax` was called on the output of", "`keras.ops.softmax(...)`")
def what_a_function_of_ones_own_gives():
    from torch.nn import functional

    return functional.softmax(halved(keras.Input((4,))), dim=-1)


@broken("backend-only", "`torch.matmul` was called on the Input `x`")
def tensors_of_two_kinds():
    import torch

    x, ours = keras.Input((4,)), ops.ones((2, 4))
    return torch.matmul(ours, x)


@broken("backend-only", "`jnp.mean` was called on the Input `inputs['a']`")
def tensor_in_a_dict():
    import jax.numpy as jnp

    inputs = {"a": keras.Input((4,))}
    return jnp.mean(inputs["a"], axis=-1)


class Foreign(layers.Layer):
    def call(self, x):
        import torch

        return torch.relu(x)


@broken(
    "backend-only",
    "`torch.relu` was called on a tensor of",
    "belongs to PyTorch",
    "Write `keras.ops.relu(...)` in place of `torch.relu`",
    ON,
    backends=("tensorflow", "jax"),
)
def another_backend_in_call():
    Foreign()(keras.Input((4,)))


@broken("backend-only", "was called on a tensor of", backends=("tensorflow", "jax"))
def another_backend_on_numbers():
    Foreign()(np.ones((2, 4), "float32"))


def halved(x):
    return x / 2


class ReadByTorch(layers.Layer):
    def call(self, x):
        import torch

        return torch.as_tensor(halved(x)) if keras.backend.backend() == "jax" else x


@broken("backend-only", "`torch.as_tensor` was called on a tensor of JAX", backends=("jax",))
def asked_for_numbers_while_the_backend_traces():
    ReadByTorch()(keras.Input((4,)))


class ForeignWeight(layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 2))

    def call(self, x):
        import jax.numpy as jnp

        return jnp.matmul(ops.relu(x), ops.convert_to_tensor(self.kernel))


@broken(
    "backend-only",
    "`jnp.matmul` was called on a tensor of",
    "belongs to JAX",
    backends=("tensorflow", "torch"),
)
def another_backend_while_training():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    model.add(ForeignWeight())
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 4), "float32"), np.ones((4, 2), "float32"), verbose=0)


@broken("unlike-shapes", "Concatenate")
def joined_by_keras_as_jax_maps():
    import jax

    x, y = keras.Input((4, 2)), keras.Input((5, 3))
    join = layers.Concatenate()
    return jax.tree.map(lambda one, other: join([one, other]), [x], [y])


@broken("wrong-rank", "Conv2D needs")
def layer_that_jax_maps():
    import jax

    x = keras.Input((4,))
    return jax.tree.map(layers.Conv2D(3, 3), [x, x])


@broken("wrong-rank", "Conv2D needs")
def layer_that_torch_calls():
    from torch.utils import checkpoint

    x = keras.Input((4,))
    return checkpoint.checkpoint(layers.Conv2D(3, 3), x, use_reentrant=False)


@broken("wrong-rank", "Conv2D needs")
def layer_of_keras_by_way_of_tensorflow():
    passed_on = keras
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        passed_on = tf.keras
    return passed_on.layers.Conv2D(2, 3)(keras.Input((4,)))


def product_of_own_backend(a, b):
    if keras.backend.backend() == "torch":
        import torch

        return torch.matmul(a, b)
    if keras.backend.backend() == "jax":
        import jax.numpy as jnp

        return jnp.matmul(a, b)
    import tensorflow as tf

    return tf.matmul(a, b)


class OwnProduct(layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1] + 1, 2))

    def call(self, x):
        return product_of_own_backend(x, self.kernel)


@near_miss
def product_of_own_backend_that_does_not_fit():
    product_of_own_backend(ops.ones((2, 3)), ops.ones((4, 5)))


@near_miss
def product_of_own_backend_in_call():
    OwnProduct()(keras.Input((4,)))


@near_miss
def product_of_own_backend_while_training():
    class Late(OwnProduct):
        def compute_output_shape(self, shape):
            return (shape[0], 2)

        def compute_output_spec(self, x):
            return keras.KerasTensor((x.shape[0], 2), x.dtype)

    model = keras.Sequential([keras.Input((4,)), Late()])
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 4), "float32"), np.ones((4, 2), "float32"), verbose=0)


@near_miss
def array_to_torch():
    import torch

    torch.relu(np.ones((2, 3)))


@near_miss
def numbers_of_another_that_jax_can_read():
    import jax.numpy as jnp
    import torch

    numbers = torch.ones(3)
    jnp.asarray(numbers, dtype="nonsense")


@near_miss
def what_keras_made_of_a_tensor_of_another():
    import jax.numpy as jnp
    import torch

    backend, theirs, ours = keras.backend.backend(), jnp.ones((2, 3)), ops.ones((4, 5))
    if backend == "torch":
        torch.matmul(ops.relu(theirs), ours)
    if backend == "jax":
        theirs = torch.ones((2, 3))
        jnp.matmul(ops.relu(theirs), ours)
    import tensorflow as tf

    tf.matmul(ops.relu(theirs), ours)


@near_miss
def the_last_of_several_unlike_ones():
    import torch

    several = [keras.Input((4,)), torch.ones((2, 3))]
    torch.matmul(several[-1], torch.ones((4, 5)))


@near_miss
def method_of_keras_by_way_of_tensorflow():
    x = keras.Input((4,))
    if keras.backend.backend() != "tensorflow":
        return keras.Sequential.from_config(x, nonsense=1)
    import tensorflow as tf

    return tf.keras.Sequential.from_config(x, nonsense=1)


@near_miss
def structures_that_jax_finds_unlike():
    import jax

    x = keras.Input((4,))
    return jax.tree.map(lambda a, b: a + b, [x], [x, x])


@near_miss
def shape_that_torch_cannot_use():
    import torch

    x = keras.Input((4,))
    return torch.zeros(ops.shape(x))


@near_miss
def name_that_torch_does_not_have():
    import torch

    x = keras.Input((4,))
    return torch.rleu(x)


@near_miss
def index_of_a_list_of_numbers():
    import torch

    x = keras.Input((4,))
    return torch.zeros([len(x.shape), "a"])
