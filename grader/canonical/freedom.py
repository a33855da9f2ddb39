"""Settings that a teacher leaves to the student: which they are, and what else they leave open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

__all__ = ["Freedom", "shows_in_outputs"]

# Settings of Keras layers from which shapes follow.
_SIZES = frozenset(
    {
        *(
            "units",
            "filters",
            "kernel_size",
            "strides",
            "dilation_rate",
            "padding",
            "pool_size",
            "depth_multiplier",
        ),
        *("input_dim", "output_dim", "num_heads", "key_dim", "value_dim", "output_shape", "target_shape"),
        *("size", "cropping", "n", "height", "width", "num_tokens", "axis", "data_format", "use_bias"),
        *("return_sequences", "return_state", "keepdims", "merge_mode", "output_padding"),
    }
)
# Settings that change nothing of what a model puts out in inference.
_SILENT = (
    "rate",
    "dropout",
    "recurrent_dropout",
    "stddev",
    "*_regularizer",
    "*_constraint",
    "*_initializer",
    "momentum",
)


class Freedom:
    """What ``CompareOptions.free_settings`` leaves open; each entry is ``setting`` or ``Class.setting``."""

    def __init__(self, free: Sequence[str]) -> None:
        self.entries = [_parted(entry) for entry in free]
        names = [name for _, name in self.entries]
        self.dtypes = "dtype" in names
        self.activations = ("*", "activation") in self.entries
        self.shapes = any(fnmatchcase(size, name) for size in _SIZES for name in names)

    def without_free(self, class_name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings of a layer that are not free, those of layers inside it included."""
        if "function" in settings and self.activations:
            return {}
        return {
            name: self._inside(value)
            for name, value in settings.items()
            if not any(fnmatchcase(class_name, cls) and fnmatchcase(name, key) for cls, key in self.entries)
        }

    def _inside(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._inside(item) for item in value]
        if isinstance(value, dict) and isinstance(value.get("config"), dict) and self.entries:
            return {**value, "config": self.without_free(str(value.get("class_name")), value["config"])}
        return value


def shows_in_outputs(free: Sequence[str]) -> bool:
    """Say whether a free setting can change what a model puts out in inference."""
    return not all(any(fnmatchcase(_parted(entry)[1], name) for name in _SILENT) for entry in free)


def _parted(entry: str) -> tuple[str, str]:
    cls, _, name = entry.rpartition(".")
    return cls or "*", name
