"""Every operation of Keras, and whether what it is called can be typed; runs in a backend's process."""

import importlib
import inspect
from operator import attrgetter

import keras

from grader.canonical.activations import ACTIVATION_OPS
from grader.canonical.merges import MERGE_OPS
from grader.comparison.typed import ops_name
from grader.comparison.wording import label
from grader.keras_names import OPERATION_MODULES


def operations():
    for module in sorted(OPERATION_MODULES - {"keras.src.quantizers.quantizers"}):
        for name, value in vars(importlib.import_module(module)).items():
            if inspect.isclass(value) and issubclass(value, keras.Operation) and value.__module__ == module:
                yield name


def without_a_function():
    """The operations whose name is no function of Keras."""
    found = list(operations())
    assert len(found) > 300
    return [name for name in found if not _is_there(ops_name(name))]


def labels_without_a_name():
    """The kinds of steps in a normal form whose label is neither a layer nor an activation."""
    kinds = [label(op, {}) for op in MERGE_OPS.values()]
    kinds += [label("reshape", {"shape": [4]}), label("reshape", {"shape": [2, 2]}), label("Permute", {})]
    functions = [label("activation", {"function": name}) for name in ACTIVATION_OPS.values()]
    return [kind for kind in kinds if not hasattr(keras.layers, kind)] + [
        name for name in functions if not hasattr(keras.activations, name)
    ]


def _is_there(name):
    try:
        return callable(attrgetter(name)(keras))
    except AttributeError:
        return False
