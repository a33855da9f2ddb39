"""What is written in the box of a layer call: its class and the settings that matter.

Settings that have Keras's default value are left out, so that what a learner chose stands out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from grader.report.escape import plain

if TYPE_CHECKING:
    from pydantic import JsonValue

    from grader.graph import Call, Layer, ModelGraph, Shape

__all__ = ["ordered_inputs", "settings", "shape_words", "title"]

_TITLE = 40
_PART = 28
_PARTS = 7
_OPERATORS = {
    "Add": "+",
    "Subtract": "−",
    "Multiply": "×",
    "Divide": "÷",
    "TrueDivide": "÷",
    "FloorDivide": "//",
    "Matmul": "@",
    "Power": "**",
    "Negative": "−",
    "GetItem": "[ ]",
}
_UNORDERED = frozenset({"Add", "Multiply", "Average", "Maximum", "Minimum"})

Config = dict[str, "JsonValue"]


def title(layer: Layer) -> str:
    """Return the class name, with the operator in front for arithmetic: ``Conv2D``, ``+ add``."""
    name = plain(layer.class_name, _TITLE)
    if is_unseen(layer):
        return "unseen step"
    if layer.origin != "keras.ops":
        return name
    sign = _OPERATORS.get(layer.class_name)
    return f"{sign} {name.lower()}" if sign else name.lower()


def is_unseen(layer: Layer) -> bool:
    """Say whether this stands for code that was run and could not be followed."""
    return (layer.class_name, layer.origin) == ("Unseen", "custom") and "inside" in layer.config


def settings(graph: ModelGraph, call: Call) -> str:
    """Return the settings that matter, in a few words: ``16 · 3×3 · same · relu``."""
    layer = graph.layers[call.layer]
    if layer.origin == "keras.ops":
        parts = _constants(graph, call)
    elif is_unseen(layer):
        parts = [f"in {plain(str(layer.config['inside']), _PART)}"]
        parts += ["decided by values"] if "chooses" in layer.config else []
    elif layer.origin == "custom":
        parts = _settings_of(layer.config)
    else:
        parts = [text for rule in _rules(layer.class_name) for text in rule(layer.config)]
    return " · ".join([plain(part, _PART) for part in parts if part][:_PARTS])


def shape_words(shape: Shape) -> str:
    """Write a tensor's shape without its batch axis: ``28×28×8``, ``?`` where a length is open."""
    lengths = ["?" if length is None else str(length) for length in shape[1:]]
    return plain("×".join(lengths) if lengths else "scalar", _PART)


def ordered_inputs(layer: Layer) -> bool:
    """Say whether the order of the layer's inputs means something."""
    return layer.class_name not in _UNORDERED or layer.origin == "custom"


def _rules(class_name: str) -> tuple[Callable[[Config], list[str]], ...]:
    if class_name in _EXACT:
        return _EXACT[class_name]
    if ("Conv" in class_name and class_name[-1:] == "D") or class_name.endswith("Transpose"):
        return (_value("filters"), _size("kernel_size"), *_STEPPED, *_CLOSING)
    if "Pooling" in class_name:
        return (
            (_flag("keepdims", "keep dims"),)
            if class_name.startswith("Global")
            else (_size("pool_size"), *_STEPPED)
        )
    return ()


def _value(key: str, prefix: str = "", default: JsonValue = None) -> Callable[[Config], list[str]]:
    def read(config: Config) -> list[str]:
        value = config.get(key)
        if value is None or value == default or isinstance(value, dict):
            return []
        return [prefix + _short(value)]

    return read


def _size(key: str, prefix: str = "") -> Callable[[Config], list[str]]:
    def read(config: Config) -> list[str]:
        value = config.get(key)
        return [prefix + _lengths(value)] if value is not None else []

    return read


def _flag(key: str, words: str, *, when: bool = True) -> Callable[[Config], list[str]]:
    def read(config: Config) -> list[str]:
        return [words] if config.get(key) is when else []

    return read


def _strides(config: Config) -> list[str]:
    """Strides, where they are not the default: 1 for convolutions, the window for pooling."""
    value = config.get("strides")
    if value is None or value == config.get("pool_size") or _all_ones(value):
        return []
    return ["stride " + _lengths(_one_for_all(value))]


def _dilation(config: Config) -> list[str]:
    value = config.get("dilation_rate")
    return [] if value is None or _all_ones(value) else ["dilation " + _lengths(_one_for_all(value))]


def _table(config: Config) -> list[str]:
    return [f"{_short(config.get('input_dim'))} → {_short(config.get('output_dim'))}"]


def _activation(config: Config) -> list[str]:
    name = _named(config.get("activation"))
    return [] if name in ("", "linear") else [name]


def _regularizers(config: Config) -> list[str]:
    found = []
    for key in ("kernel_regularizer", "recurrent_regularizer", "bias_regularizer", "activity_regularizer"):
        name = _named(config.get(key), inner=False)
        if name:
            found.append(f"{key.split('_')[0]} {name}")
    return found


def _wrapped(config: Config) -> list[str]:
    inner = config.get("layer")
    if not isinstance(inner, dict):
        return []
    inner_config = inner.get("config")
    parts = [str(inner.get("class_name", ""))]
    if isinstance(inner_config, dict):
        units = inner_config.get("units", inner_config.get("filters"))
        parts += [] if units is None else [str(units)]
    return [" ".join(parts)]


_STEPPED = (_strides, _value("padding", default="valid"), _dilation, _value("groups", "groups ", 1))
_CLOSING = (_activation, _flag("use_bias", "no bias", when=False), _regularizers)
_RECURRENT = (
    _value("units"),
    _flag("return_sequences", "sequences"),
    _flag("return_state", "state"),
    _flag("go_backwards", "backwards"),
    _value("dropout", "dropout ", 0.0),
)
_EXACT: dict[str, tuple[Callable[[Config], list[str]], ...]] = {
    "Dense": (_value("units"), *_CLOSING),
    "EinsumDense": (_value("equation"), *_CLOSING),
    "Activation": (_activation,),
    "Dropout": (_value("rate"),),
    "SpatialDropout1D": (_value("rate"),),
    "SpatialDropout2D": (_value("rate"),),
    "GaussianNoise": (_value("stddev"),),
    "GaussianDropout": (_value("rate"),),
    "LeakyReLU": (_value("negative_slope"),),
    "ReLU": (_value("max_value", "max "), _value("negative_slope", "slope ", 0.0)),
    "Concatenate": (_value("axis", "axis ", -1),),
    "Softmax": (_value("axis", "axis ", -1),),
    "Embedding": (_table, _flag("mask_zero", "mask zero")),
    "Reshape": (_size("target_shape", "to "),),
    "Permute": (_size("dims"),),
    "RepeatVector": (_value("n", "× "),),
    "UpSampling1D": (_value("size", "× "),),
    "UpSampling2D": (_size("size"),),
    "ZeroPadding2D": (_size("padding"),),
    "Cropping2D": (_size("cropping"),),
    "Rescaling": (_value("scale", "× "), _value("offset", "+ ", 0.0)),
    "LSTM": _RECURRENT,
    "GRU": _RECURRENT,
    "SimpleRNN": _RECURRENT,
    "Bidirectional": (_wrapped, _value("merge_mode", default="concat")),
    "TimeDistributed": (_wrapped,),
    "MultiHeadAttention": (_value("num_heads", "heads "), _value("key_dim", "key ")),
    "BatchNormalization": (_value("axis", "axis ", -1),),
    "LayerNormalization": (),
}


def _named(value: JsonValue, *, inner: bool = True) -> str:
    """Return the name of a serialized object: ``"relu"`` as it is, a dict by what it names."""
    if isinstance(value, dict):
        config = value.get("config")
        return config if inner and isinstance(config, str) else str(value.get("class_name") or "custom")
    return value if isinstance(value, str) else ""


def _short(value: JsonValue) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return _lengths(value) if isinstance(value, list) else plain(str(value), _PART)
    return f"{value:.4g}" if isinstance(value, float) else str(value)[:_PART]


def _lengths(value: JsonValue) -> str:
    if not isinstance(value, list):
        return _short(value)
    return "×".join(f"({_lengths(item)})" if isinstance(item, list) else _short(item) for item in value[:6])


def _one_for_all(value: JsonValue) -> JsonValue:
    """Return the one length that all axes have, or the list."""
    return value[0] if isinstance(value, list) and value and value.count(value[0]) == len(value) else value


def _all_ones(value: JsonValue) -> bool:
    return all(item == 1 for item in value) if isinstance(value, list) else value == 1


def _constants(graph: ModelGraph, call: Call) -> list[str]:
    """What an operation is given besides tensors: ``2``, ``axis 1``, ``weight 3×4``."""
    parts = []
    for argument in call.arguments[:12]:
        if argument.weight is not None:
            weight = graph.weights[argument.weight]
            parts.append(f"weight {_lengths(list(weight.shape))}" if weight.shape else "weight")
        elif argument.tensor is None and _simple(argument.value):
            name = argument.place if not argument.place[:1].isdigit() else ""
            parts.append(f"{plain(name, 16)} {_listed(argument.value)}".strip())
    config = graph.layers[call.layer].config
    return parts + _settings_of(
        {k: v for k, v in config.items() if v is not False and (k, v) != ("axis", -1)}
    )


def _settings_of(config: Config) -> list[str]:
    """The plain settings of an operation, or of a class of the student's own."""
    return [
        f"{plain(key, 16)} {_listed(value)}"
        for key, value in list(config.items())[:12]
        if key not in ("name", "trainable", "dtype") and _simple(value)
    ][:3]


def _simple(value: JsonValue) -> bool:
    if isinstance(value, list):
        return 0 < len(value) <= 6 and all(isinstance(item, (int, float, str)) for item in value)
    return isinstance(value, (int, float, str))


def _listed(value: JsonValue) -> str:
    return ", ".join(_short(item) for item in value) if isinstance(value, list) else _short(value)
