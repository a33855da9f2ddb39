"""The words of functions that belong to one backend, and what Keras has for the same purpose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grader.causes import BackendOnly
from grader.misconceptions.naming import CauseWords, code, tensor

__all__ = ["COUNTERPARTS", "LIBRARY_WORDS"]

_LIBRARIES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
_ALIKE = (
    "relu",
    "softmax",
    "tanh",
    "sigmoid",
    "matmul",
    "reshape",
    "exp",
    "abs",
    "sqrt",
    "square",
    "maximum",
)
_SAME = {name: f"ops.{name}" for name in (*_ALIKE, "minimum", "stack", "where")}
COUNTERPARTS: dict[str, dict[str, str]] = {
    "tensorflow": _SAME
    | {
        "cast": "ops.cast",
        "concat": "ops.concatenate",
        "random.normal": "random.normal",
        "reduce_mean": "ops.mean",
        "reduce_sum": "ops.sum",
        "shape": "ops.shape",
        "transpose": "ops.transpose",
    },
    "jax": _SAME
    | {
        "concatenate": "ops.concatenate",
        "mean": "ops.mean",
        "random.normal": "random.normal",
        "shape": "ops.shape",
        "sum": "ops.sum",
        "transpose": "ops.transpose",
    },
    "torch": _SAME
    | {
        "cat": "ops.concatenate",
        "concat": "ops.concatenate",
        "mean": "ops.mean",
        "permute": "ops.transpose",
        "sum": "ops.sum",
        "transpose": "ops.swapaxes",  # PyTorch's takes two axes
    },
}
"""What Keras has for common functions of each library, below ``keras``."""


def _backend_only(cause: BackendOnly) -> CauseWords:
    function, library = code(cause.function), _LIBRARIES[cause.library]
    if cause.given == "keras":
        what = tensor(cause.tensor, shape=False) if cause.tensor is not None else "a tensor of Keras's own"
        happened = (
            f"{function} was called on {what}. It belongs to {library}, and that tensor stands for values to come: "
            f"{library} cannot compute with it."
        )
        expected = "A tensor that stands for values to come can be passed to Keras's layers and to functions of `keras.ops`."
    else:
        happened = (
            f"{function} was called on a tensor of {_LIBRARIES[cause.given]}. It belongs to {library}, which "
            "computes with tensors of its own."
        )
        expected = (
            "Keras hands your code the tensors of the backend that runs. Functions of `keras.ops` take them on every "
            "backend."
        )
    counterpart = COUNTERPARTS[cause.library].get(cause.name)
    if counterpart is None:
        fix = f"In place of {function}, use what Keras has for the same purpose: a function of `keras.ops`, or a layer."
        nearly = (
            "Look the purpose up in `keras.ops`, `keras.activations`, `keras.random` and `keras.layers`. What is in none "
            "of them can be put together from several functions of `keras.ops`."
        )
    else:
        other = code(f"keras.{counterpart}(...)")
        fix = f"Write {other} in place of {function}: it runs on every backend."
        nearly = f"Write {other}. Its arguments may have other names"
        nearly += (
            ", as `axis` for what PyTorch calls `dim`." if cause.library == "torch" else " and another order."
        )
    pointer = f"Look at {function}: whose function is it, and whose tensors does it take?"
    return CauseWords(happened, expected, fix, pointer, nearly)


LIBRARY_WORDS: dict[type, Callable[[Any], CauseWords]] = {BackendOnly: _backend_only}
