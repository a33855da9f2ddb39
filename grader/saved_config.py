"""Whether a saved model's config may be given to Keras: only what is known to build a model, and nothing else.

Keras builds whatever a config names: any symbol of ``keras``, functions that change its settings among them, and
it imports any module below ``keras.src`` to look. So every object has to be one of ``grader.keras_names``, every other
value plain data of bounded size. Nothing is built or imported to find out.
"""

from __future__ import annotations

import re
from typing import NoReturn

from pydantic import JsonValue

from grader.errors import ForeignClassError, UnreadableModelError
from grader.json_text import JsonFaultError, parse_json
from grader.keras_names import ACTIVATIONS, CLASSES, FOREIGN, OPERATION_MODULES
from grader.messages import quoted, some

__all__ = ["check_config", "checked_text", "without_compile_state"]

_MOST_ITEMS = 100_000  # of one list or object: layers, calls, boundaries
_MOST_WORDS = 5_000_000  # of a vocabulary
_LONGEST_TEXT = 10_000
_LARGEST = 10**9  # of a size; what is built holds no numbers, so that this need not be small
_LARGEST_PLAIN = 2**64  # of a number that is no size: a seed, a word's number, a constant in a call

_OPERATION = re.compile(r"[A-Z][A-Za-z0-9]{0,60}")
_CODE = frozenset({"Lambda", "__lambda__"})

_OBJECT = frozenset(
    {
        "module",
        "class_name",
        "config",
        "registered_name",
        "build_config",
        "name",
        "inbound_nodes",
        "shared_object_id",
    }
)
_VALUES = {  # what stands for a value that JSON does not have, with the keys of its config
    "__keras_tensor__": {"shape", "dtype", "keras_history"},
    "__tensor__": {"value", "dtype"},
    "__numpy__": {"value", "dtype"},
    "__bytes__": {"value"},
    "__slice__": {"start", "stop", "step"},
    "__ellipsis__": set(),
}
# Settings that may be an object with keys of its own; any other such object is none that Keras writes.
_KEYED = frozenset({"input_layers", "output_layers", "policy_map", "build_config", "kwargs"})
_NO_SIZES = frozenset(
    {
        "shared_object_id",
        "seed",
        "salt",
        "vocabulary",
        "mask_token",
        "oov_token",
        "mask_value",
        "inbound_nodes",
    }
)
_FILES = frozenset({"vocabulary", "idf_weights", "filepath"})

_ELSEWHERE = (
    "Load it in Python, where that code is imported, and give the model to grader.describe or grader.compare."
)


def check_config(config: JsonValue, *, legacy: bool = False) -> None:
    """Refuse a parsed ``config.json`` that names or holds anything but what builds a Keras model.

    The state that a model was compiled with (``compile_config``) is no part of that, and has to be taken out before.
    With ``legacy``, layers are named without their module, as in HDF5 files.

    Raises:
        UnreadableModelError: the message says what was found in which field, such as ``config.layers.3.config.units``,
            and what was expected.
    """
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise UnreadableModelError("holds no model: config.json names no class at class_name.")
    _Check(legacy).value(config, "", plain=False)


def checked_text(text: str) -> JsonValue:
    """Return the config that a text holds, without compile state and checked as ``check_config`` does.

    Raises:
        UnreadableModelError: the text is no JSON within limits, or its config may not be given to Keras.
    """
    try:
        config = without_compile_state(parse_json(text.encode("utf-8", "surrogatepass")))
    except JsonFaultError as error:
        raise UnreadableModelError(f"{error}.") from error
    check_config(config)
    return config


def without_compile_state(config: JsonValue) -> JsonValue:
    """Return a config without what its models were compiled with: classes of any module may be named there."""
    if isinstance(config, list):
        return [without_compile_state(item) for item in config]
    if not isinstance(config, dict):
        return config
    left_out = {"compile_config"} if "class_name" in config else set()
    return {key: without_compile_state(item) for key, item in config.items() if key not in left_out}


class _Check:
    """Walks a config once. ``place`` is the field a value stands in; ``plain`` says that it is no size."""

    def __init__(self, legacy: bool) -> None:
        self.legacy = legacy

    def value(self, value: JsonValue, place: str, *, plain: bool, keyed: bool = False) -> None:
        """Check whatever stands in a field; ``keyed`` allows an object with keys of its own."""
        if isinstance(value, bool | float) or value is None:
            return
        if isinstance(value, int):
            largest = _LARGEST_PLAIN if plain else _LARGEST
            if abs(value) > largest:
                _refuse(place, value, f"a whole number of at most {largest:,}")
        elif isinstance(value, str):
            if len(value) > _LONGEST_TEXT:
                _refuse(place, f"{len(value):,} characters", f"at most {_LONGEST_TEXT:,}")
        elif isinstance(value, list):
            _limit(len(value), place, _MOST_WORDS if plain else _MOST_ITEMS)
            for position, item in enumerate(value):
                self.value(item, f"{place}.{position}", plain=plain, keyed=keyed)
        elif "class_name" in value:
            self.object(value, place)
        elif keyed:
            self.items(value, place, plain=plain)
        elif "value" in value or "code" in value:  # how Keras writes a lambda that is an activation
            _refuse_lambda(place)
        else:
            _refuse(
                place,
                f"an object with the keys {_listed(value)}",
                "a plain value, or an object with class_name",
            )

    def items(self, values: dict[str, JsonValue], place: str, *, plain: bool) -> None:
        """Check an object whose keys the model's author chose: names of inputs, keywords of a call."""
        _limit(len(values), place, _MOST_ITEMS)
        for key, item in values.items():
            self.value(item, _below(place, key), plain=plain, keyed=True)

    def object(self, value: dict[str, JsonValue], place: str) -> None:
        """Check an object that Keras would look up by its names, and the config it would be given."""
        name = value["class_name"]
        if name in _CODE:
            _refuse_lambda(_below(place, "class_name"))
        if isinstance(name, str) and name in _VALUES:
            self.stand_in(name, value, place)
            return
        if unknown := sorted(value.keys() - _OBJECT):
            _refuse(
                _below(place, unknown[0]),
                "a key that Keras does not write",
                f"one of {some(sorted(_OBJECT))}",
            )
        self.name(value, place)
        inner = value.get("config")
        if name == "function":
            return
        if isinstance(inner, list) and name == "Sequential" and self.legacy:
            inner = {"layers": inner}
        if not isinstance(inner, dict):
            _refuse(_below(place, "config"), inner, "an object")
        if name == "Sequential":
            _refuse_repeated(inner.get("layers"), _below(_below(place, "config"), "layers"))
        for key, item in inner.items():
            self.setting(key, item, _below(_below(place, "config"), key))
        for key in _OBJECT - {"module", "class_name", "config"}:
            self.setting(key, value.get(key), _below(place, key))

    def setting(self, key: str, item: JsonValue, place: str) -> None:
        """Check one setting of an object."""
        if key in _FILES and isinstance(item, str):
            _refuse(
                place, f"the file name {quoted(item)}", "a list of words: no other file is read with a model"
            )
        calls = key == "inbound_nodes"
        if calls and isinstance(item, list) and all(isinstance(call, dict) for call in item):
            for position, call in enumerate(item):
                assert isinstance(call, dict)  # noqa: S101  # for the type checker
                if not call.keys() <= {"args", "kwargs"}:
                    _refuse(f"{place}.{position}", f"a call with the keys {_listed(call)}", "args and kwargs")
                self.items(call, f"{place}.{position}", plain=True)
                if not _names_a_tensor(call):  # Keras would run it at once, whatever its numbers take
                    _refuse(f"{place}.{position}", "a call on no tensor", "one on what a layer gave")
            return
        self.value(item, place, plain=key in _NO_SIZES, keyed=key in _KEYED)

    def stand_in(self, name: str, value: dict[str, JsonValue], place: str) -> None:
        """Check what stands for a tensor, an array, a slice: data alone."""
        inner = value.get("config")
        if (
            not isinstance(inner, dict)
            or inner.keys() != _VALUES[name]
            or value.keys() != {"class_name", "config"}
        ):
            _refuse(
                place, f"{name} with other keys than it has", _listed(dict.fromkeys(_VALUES[name])) or "none"
            )
        for key, item in inner.items():
            self.value(item, _below(_below(place, "config"), key), plain=key != "shape", keyed=False)

    def name(self, value: dict[str, JsonValue], place: str) -> None:
        """Refuse a name that is not one of those listed in this module."""
        module, name, registered = value.get("module"), value["class_name"], value.get("registered_name")
        if not isinstance(name, str):
            _refuse(_below(place, "class_name"), name, "a name")
        if name == "function":
            self.function(value, place)
        elif (
            isinstance(registered, str) and ">" in registered
        ):  # registered by its author: Keras looks there first
            _refuse_foreign(registered.split(">")[-1], place)
        elif module is None and self.legacy and ("registered_name" not in value):
            if not any(name in names for names in CLASSES.values()):
                raise UnreadableModelError(
                    f"uses {quoted(name)} at {place}, which cannot be read from an HDF5 file: it is an operation, or a "
                    "class of your own. Save the model as .keras, or give it to grader.describe or grader.compare in "
                    "Python."
                )
        elif not isinstance(module, str) or not f"{module}.".startswith("keras."):
            _refuse_foreign(name, place)
        elif name in FOREIGN:
            raise UnreadableModelError(
                f"holds a {name} at {place}, whose code or weights are those of another library and are not run. "
                f"{_ELSEWHERE}"
            )
        elif name not in CLASSES.get(module, ()) and not (
            module in OPERATION_MODULES and _OPERATION.fullmatch(name)
        ):
            _refuse(
                _below(place, "class_name"),
                f"{module}.{name}"[:120],
                "a layer, operation or setting of Keras",
            )
        elif registered not in (None, name):
            _refuse(_below(place, "registered_name"), registered, f"null or {quoted(name)}")

    def function(self, value: dict[str, JsonValue], place: str) -> None:
        """Refuse a function that is none of Keras's activations."""
        module, name = value.get("module"), value.get("config")
        if name in ("<lambda>", "lambda"):
            _refuse_lambda(_below(place, "config"))
        if not isinstance(name, str):
            _refuse(_below(place, "config"), name, "the name of an activation")
        registered = value.get("registered_name")
        known = name in ACTIVATIONS and module in ("builtins", "keras.activations")
        if not known or registered not in (None, "function", name):
            raise UnreadableModelError(
                f"uses the function {quoted(name)} at {place}, which is no activation of Keras: its code is not in the "
                f"file, or not what a layer applies. {_ELSEWHERE}"
            )


def _names_a_tensor(call: JsonValue) -> bool:
    waiting = [call]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if value.get("class_name") == "__keras_tensor__":
                return True
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return False


def _refuse_repeated(layers: JsonValue, place: str) -> None:
    """Refuse a stack that held one layer several times: Keras writes it as several, and reads fewer."""
    names: set[str] = set()
    for position, layer in enumerate(layers if isinstance(layers, list) else ()):
        config = layer.get("config") if isinstance(layer, dict) else None
        name = config.get("name") if isinstance(config, dict) else None
        if isinstance(name, str) and name in names:
            raise UnreadableModelError(
                f"holds the layer {quoted(name)} several times in one Sequential model, at {place}.{position}, which "
                "no file keeps: Keras cannot load it either. Write the model with the Functional API, or give it to "
                "grader.describe or grader.compare in Python."
            )
        if isinstance(name, str):
            names.add(name)


def _below(place: str, key: str) -> str:
    key = key if key.isprintable() and len(key) <= 60 else quoted(key, 60)
    return f"{place}.{key}" if place else key


def _limit(count: int, place: str, most: int) -> None:
    if count > most:
        _refuse(place, f"{count:,} items", f"at most {most:,}")


def _listed(keys: dict[str, JsonValue]) -> str:
    return some([quoted(key, 40) for key in sorted(keys)], limit=4)


def _refuse(place: str, found: JsonValue, expected: str) -> NoReturn:
    text = quoted(found) if isinstance(found, str) and " " not in found else str(found)
    text = text if len(text) <= 160 else text[:159] + "…"
    raise UnreadableModelError(f"is not used: at {place or 'its top'} it has {text}, expected {expected}.")


def _refuse_lambda(place: str) -> NoReturn:
    raise UnreadableModelError(
        f"holds a lambda at {place}, which is not run: it could be any code. Put keras.ops in its place and save again, "
        "or load it in Python and give the model to grader.describe or grader.compare."
    )


def _refuse_foreign(name: str, place: str) -> NoReturn:
    raise ForeignClassError(
        f"uses {quoted(name)}, which is not part of Keras: its code is not in the file. {_ELSEWHERE} "
        f"It stands at {place or 'the top'}."
    )
