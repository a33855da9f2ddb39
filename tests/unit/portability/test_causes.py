"""Which of a model's own code runs on one backend alone."""

from __future__ import annotations

import pytest

from grader.causes import BackendOnly
from grader.comparison import Diagnosis
from grader.evidence import Failure
from grader.misconceptions import CATALOGUE
from grader.portability.causes import backend_calls, diagnoses

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


def named(cause: BackendOnly | None = None) -> Diagnosis:
    failure = Failure(type="TypeError", message="any text", cause=cause)
    (found,) = diagnoses([failure], None, CALLS[0][0], differs=False)
    return found


def test_the_mistake_is_the_catalogues() -> None:
    """Its words, with whose function it is and where it was called, and the unit that teaches it."""
    (entry,) = (mistake for mistake in CATALOGUE if mistake.id == "backend-only-function")
    words = f"`tf.nn.relu` belongs to TensorFlow. {entry.explanation} Here: `tf.nn.relu` in `A.call`."
    assert entry.diagnosis.model_copy(update={"explanation": words}) == named()


def test_what_was_seen_to_fail_is_told_once_with_its_way_out() -> None:
    """Where an exception showed the function, the fix names what Keras has instead."""
    found = named(BackendOnly(library="tensorflow", function="tf.nn.relu", name="relu", given="jax"))
    assert "Here: `tf.nn.relu` in `A.call`." in found.explanation
    assert "Write `keras.ops.relu(...)` in place of `tf.nn.relu`" in found.fix
