"""Whether Keras has what the words recommend in place of a backend's function, and computes the same. Runs in a worker."""

import importlib

import keras
import numpy as np
from keras import ops

from grader.misconceptions.library_words import COUNTERPARTS

X = np.linspace(0.1, 0.9, 6, dtype="float32").reshape(2, 3)
MODULES = {
    "tensorflow": ("tensorflow", "tensorflow.nn"),
    "jax": ("jax.numpy", "jax.nn"),
    "torch": ("torch",),
}
# What each is called with, where it is not one tensor alone.
ARGUMENTS = {
    "reshape": lambda x: (x, (3, 2)),
    "softmax": lambda x: (x, -1),
    "matmul": lambda x: (x, ops.transpose(x)),
    "maximum": lambda x: (x, x * 2 - 1),
    "minimum": lambda x: (x, x * 2 - 1),
    "stack": lambda x: ([x, x],),
    "where": lambda x: (x > 0.5, x, x - 1),
    "cast": lambda x: (x, "int32"),
    "concat": lambda x: ([x, x], 1),
    "concatenate": lambda x: ([x, x], 1),
    "cat": lambda x: ([x, x], 1),
    "mean": lambda x: (x, 1),
    "sum": lambda x: (x, 1),
    "reduce_mean": lambda x: (x, 1),
    "reduce_sum": lambda x: (x, 1),
    "permute": lambda x: (x, (1, 0)),
}


def absent():
    """Return the recommended names that Keras does not have, each below ``keras``."""
    named = {path for table in COUNTERPARTS.values() for path in table.values()}
    return sorted(
        path for path in named if not hasattr(getattr(keras, path.split(".")[0]), path.split(".")[1])
    )


def unlike():
    """Return the functions of the running backend that compute something else than what is recommended."""
    backend = keras.backend.backend()
    modules = [importlib.import_module(name) for name in MODULES[backend]]
    found = []
    for name, path in COUNTERPARTS[backend].items():
        if name.startswith("random."):
            continue  # drawn at random
        theirs = next(getattr(module, name) for module in modules if hasattr(module, name))
        arguments = ARGUMENTS.get(name, lambda x: (x,))(ops.convert_to_tensor(X))
        if (backend, name) == ("torch", "transpose"):
            arguments = (*arguments, 0, 1)
        given, wanted = getattr(ops, path.split(".")[1])(*arguments), theirs(*arguments)
        if not np.array_equal(
            np.asarray(ops.convert_to_numpy(given)), np.asarray(ops.convert_to_numpy(wanted))
        ):
            found.append(name)
    return found
