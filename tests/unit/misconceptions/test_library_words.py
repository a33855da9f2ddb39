"""What is said of a function that belongs to one backend: whose it is, what it was given, what Keras has instead."""

from __future__ import annotations

import pytest

from grader.causes import BackendOnly, TensorNote
from grader.misconceptions import words_of
from grader.misconceptions.library_words import COUNTERPARTS
from tests.backends.worker import Workers

X = TensorNote(variable="x", shape=(None, 4))


@pytest.mark.backends
def test_keras_has_what_is_recommended(workers: Workers) -> None:
    """Every counterpart is a name that Keras has."""
    assert [] == workers["torch"].run("tests.unit.misconceptions.counterparts", "absent")


@pytest.mark.backends
@pytest.mark.parametrize("backend", sorted(COUNTERPARTS))
def test_what_is_recommended_computes_the_same(workers: Workers, backend: str) -> None:
    """On the same numbers, the backend's function and Keras's give the same."""
    assert [] == workers[backend].run("tests.unit.misconceptions.counterparts", "unlike")


@pytest.mark.parametrize(
    ("cause", "happened", "fix"),
    [
        (
            BackendOnly(library="tensorflow", function="tf.nn.relu", name="relu", given="keras", tensor=X),
            "`tf.nn.relu` was called on the Input `x`. It belongs to TensorFlow, and that tensor stands for values",
            "Write `keras.ops.relu(...)` in place of `tf.nn.relu`",
        ),
        (
            BackendOnly(library="torch", function="torch.cat", name="cat", given="jax"),
            "`torch.cat` was called on a tensor of JAX. It belongs to PyTorch, which computes with tensors of its own.",
            "Write `keras.ops.concatenate(...)` in place of `torch.cat`",
        ),
        (
            BackendOnly(library="jax", function="jax.random.normal", name="random.normal", given="keras"),
            "`jax.random.normal` was called on a tensor of Keras's own",
            "Write `keras.random.normal(...)`",
        ),
        (
            BackendOnly(library="jax", function="jax.lax.cumsum", given="torch"),
            "`jax.lax.cumsum` was called on a tensor of PyTorch. It belongs to JAX",
            "use what Keras has for the same purpose",
        ),
        (
            BackendOnly(library="torch", function="reduce_mean", name="reduce_mean", given="keras"),
            "belongs to PyTorch",
            "use what Keras has for the same purpose",
        ),
    ],
)
def test_the_words_hold_both_libraries_and_the_way_out(cause: BackendOnly, happened: str, fix: str) -> None:
    """A counterpart is named where it is known for that library, and nothing is made up elsewhere."""
    words = words_of(cause)
    assert happened in words.happened
    assert fix in words.fix
    assert all((words.expected, words.pointer, words.nearly))
