"""Turn what Keras hands over (configs, constants, answers) into plain JSON values.

The same object gives the same value on every backend and in every process: no module paths, no
automatic names, no addresses.
"""

from __future__ import annotations

import hashlib
import math
import types
from collections.abc import Container
from typing import Any

import keras
import numpy as np
from pydantic import JsonValue

__all__ = ["clean_config", "constant", "is_array", "unserialised_config"]

# A longer constant is stored as a digest: enough to tell two of them apart.
_MAX_CONSTANT_ITEMS = 64
_MAX_DEPTH = 20
_PLAIN = frozenset({bool, int, str})  # most of a config, and its own JSON value

# Automatic names and process-wide settings; what the graph needs of them has a field of its own.
_NOT_ARCHITECTURE = frozenset(
    {"name", "trainable", "dtype", "batch_input_shape", "batch_shape", "build_config", "seed"}
)


def is_array(value: object) -> bool:
    """Say whether the value is a concrete array: NumPy's or the backend's."""
    return isinstance(value, np.ndarray) or bool(keras.ops.is_tensor(value))


def constant(value: Any, depth: int = 0) -> JsonValue:
    """Write any constant as a JSON value; what has no such form becomes its class name."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if depth > _MAX_DEPTH:
        return {"class_name": "__too_deep__", "config": {}}
    if isinstance(value, np.generic):
        return constant(value.item(), depth + 1)
    if isinstance(value, (list, tuple)):
        return [constant(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {str(key): constant(item, depth + 1) for key, item in value.items()}
    if isinstance(value, slice):
        parts = {"start": value.start, "stop": value.stop, "step": value.step}
        return {"class_name": "__slice__", "config": constant(parts, depth + 1)}
    if value is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if is_array(value):
        return _array(value)
    return _object(value, depth)


def _array(value: Any) -> JsonValue:
    array = np.asarray(keras.ops.convert_to_numpy(value))
    if array.ndim == 0:
        return constant(array.item())
    config: dict[str, JsonValue] = {"shape": [int(n) for n in array.shape], "dtype": array.dtype.name}
    if array.size <= _MAX_CONSTANT_ITEMS:
        config["value"] = constant(array.tolist())
    else:
        config["sha256"] = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
    return {"class_name": "__array__", "config": config}


def _object(value: Any, depth: int) -> JsonValue:
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, types.MethodType, type)):
        return _function_name(value.__name__, value.__module__)
    config: JsonValue = {}
    get_config = getattr(value, "get_config", None)
    if callable(get_config):
        try:
            config = clean_config(get_config(), depth + 1)
        except Exception:
            config = {}
    return {"class_name": type(value).__name__, "config": config}


def _function_name(name: str, module: str | None) -> str:
    name = name.rpartition(">")[2] if not name.startswith("<") else name
    return name if (module or "").partition(".")[0] == "keras" else f"custom:{name}"


def clean_config(config: Any, depth: int = 0) -> dict[str, JsonValue]:
    """Reduce what ``get_config`` returned to what describes the architecture.

    Names, trainable flags, dtypes and seeds are left out; nested Keras objects become
    ``{"class_name", "config"}``, activations their names, functions of the student's own
    ``"custom:<name>"``.
    """
    if not isinstance(config, dict):
        return {}
    return _cleaned_items(config, depth + 1, _NOT_ARCHITECTURE)


def _cleaned_items(config: dict[Any, Any], depth: int, left_out: Container[str] = ()) -> dict[str, JsonValue]:
    return {
        str(key): value if value is None or type(value) in _PLAIN else _clean(value, depth)
        for key, value in config.items()
        if key not in left_out
    }


def _clean(value: Any, depth: int) -> JsonValue:
    if depth > _MAX_DEPTH:
        return {"class_name": "__too_deep__", "config": {}}
    if isinstance(value, (list, tuple)):
        return [_clean(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return constant(value, depth)
    if set(value) == {"value"} and isinstance(value["value"], (list, tuple)):
        return "custom:<lambda>"  # keras.activations.serialize of a lambda: its compiled code, paths and all
    if "class_name" not in value or "config" not in value:
        return _cleaned_items(value, depth + 1)
    class_name, inner = str(value["class_name"]), value["config"]
    if class_name == "__lambda__":
        return "custom:<lambda>"
    if class_name == "function":
        return _function_name(str(inner), value.get("module"))
    if class_name.endswith("DTypePolicy") and isinstance(inner, dict):
        return str(inner.get("name"))
    if not isinstance(inner, dict):
        return {"class_name": class_name, "config": _clean(inner, depth + 1)}
    if "name" in inner and "trainable" in inner:  # a layer inside a layer
        return {"class_name": class_name, "config": clean_config(inner, depth + 1)}
    return {"class_name": class_name, "config": _cleaned_items(inner, depth + 1, ("seed",))}


def unserialised_config(instance: object, parameters: list[str]) -> dict[str, JsonValue]:
    """Read a config from the attributes named like the constructor's parameters.

    For objects whose ``get_config`` fails: a layer that holds something Keras cannot serialise
    still tells its other settings apart.
    """
    config: dict[str, JsonValue] = {}
    for name in parameters:
        if name not in _NOT_ARCHITECTURE and hasattr(instance, name):
            config[name] = constant(getattr(instance, name))
    return config
