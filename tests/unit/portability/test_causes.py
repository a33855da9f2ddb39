"""Which of a model's own code runs on one backend alone."""

from __future__ import annotations

import pytest

from grader.portability.causes import backend_calls

CALLS = [
    (
        "import tensorflow as tf\nclass A:\n    def call(self, x):\n        return tf.nn.relu(x)",
        "tensorflow",
        "tf.nn.relu",
        "A.call",
    ),
    (
        "class A:\n    def call(self, x):\n        import torch\n        return torch.relu(x)",
        "torch",
        "torch.relu",
        "A.call",
    ),
    ("import jax.numpy as jnp\ndef f(x):\n    return jnp.tanh(x) * 2", "jax", "jnp.tanh", "f"),
    ("from torch.nn.functional import gelu as g\ndef f(x):\n    return g(x)", "torch", "g", "f"),
]
NONE = [
    "from keras import ops\nclass A:\n    def call(self, x):\n        return ops.relu(x)",
    "import numpy as np\nclass A:\n    def __init__(self):\n        self.table = np.arange(3)",
    "import tensorflow as tf\nDATA = tf.data.Dataset.range(3)",  # loads data, and is in no model
    "import tensorflow\ndef f(tf):\n    return tf.relu(1)",
    "def f(:",
    "",
]


@pytest.mark.parametrize(("source", "library", "function", "place"), CALLS)
def test_calls_of_one_backend_are_found(source: str, library: str, function: str, place: str) -> None:
    """Under whatever name it was imported, and wherever."""
    assert [(library, function, place)] == backend_calls(source)


@pytest.mark.parametrize("source", NONE)
def test_other_calls_are_not(source: str) -> None:
    """Keras's own functions, NumPy's, code outside functions, and what cannot be read."""
    assert [] == backend_calls(source)
