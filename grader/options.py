"""The options of a comparison as people give them: a slip is met with the names that there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from pydantic import JsonValue

from grader.errors import UsageError
from grader.graph import ModelGraph
from grader.layer_settings import layer_classes, settings_of_class
from grader.messages import did_you_mean, quoted, some
from grader.tasks import CompareOptions

__all__ = ["checked_options", "named_options", "refuse_unknown_settings"]

_SHOWN = 40
_OPEN = ("order", "sharing")  # what can be left open besides settings
_ANYWHERE = ("activation", "dtype")  # these are told of every layer, whatever its constructor takes


def checked_options(given: Mapping[str, object]) -> CompareOptions:
    """Return the options given as keywords.

    Raises:
        TypeError: one of them does not exist, or is given something that it does not take.
    """
    fields = CompareOptions.model_fields
    for name, value in given.items():
        if name not in fields:
            raise TypeError(
                f"compare() has no option {quoted(name)}.{did_you_mean(name, fields)} It has {', '.join(fields)}."
            )
        if name != "free_settings" and not isinstance(value, bool):
            raise TypeError(f"The option {name} is True or False, found {quoted(str(value))}.")
    settings = given.get("free_settings", ())
    if isinstance(settings, str):
        raise TypeError(
            f"The option free_settings takes several names, found the text {quoted(settings)}. Write "
            f"free_settings=({quoted(settings)},) with a comma after the only one."
        )
    if not isinstance(settings, (tuple, list)) or not all(
        isinstance(name, str) and name for name in settings
    ):
        raise TypeError(
            f'The option free_settings takes names, as in ("Dropout.rate", "units"), found {quoted(str(settings))}.'
        )
    return CompareOptions.model_validate({**given, "free_settings": tuple(settings)})


def named_options(mind: Sequence[str], free: Sequence[str]) -> CompareOptions:
    """Return the options given as names on a command line.

    Raises:
        UsageError: there is nothing of that name to mind. What is left free is looked at beside the models.
    """
    known = [name for name in CompareOptions.model_fields if not name.startswith("free_")]
    for name in mind:
        if name not in known:
            hint = did_you_mean(name, known)
            raise UsageError(f"--mind {name} is not known.{hint} It can be {', '.join(known)}.")
    chosen: dict[str, object] = dict.fromkeys(mind, True)
    chosen |= {f"free_{name}": True for name in free if name in _OPEN}
    return checked_options({**chosen, "free_settings": tuple(name for name in free if name not in _OPEN)})


def refuse_unknown_settings(free: Iterable[str], graphs: Iterable[ModelGraph]) -> None:
    """Refuse to leave a setting open that no layer of Keras has, and none of these models either.

    Raises:
        UsageError: the message says which, with the likely name and those there are.
    """
    entries = tuple(free)
    if not entries:
        return
    there = _settings_of(graphs)
    known = {name: {*settings_of_class(name), *_ANYWHERE} for name in layer_classes()}
    for name, settings in there.items():
        known[name] = known.get(name, {*_ANYWHERE}) | settings
    for entry in entries:
        class_name, _, setting = entry.rpartition(".")
        classes = [name for name in known if fnmatchcase(name, class_name or "*")]
        if not classes:
            raise UsageError(
                f"{quoted(entry)} cannot be left free: no layer is called {quoted(class_name)}."
                f"{did_you_mean(class_name, known)} The models have {_listed(there)}."
            )
        names = {name for one in classes for name in known[one]}
        if not any(fnmatchcase(name, setting) for name in names):
            whose = f"{class_name} has" if class_name else "the models have"
            listed = names if class_name else {name for one in there.values() for name in one} | {*_ANYWHERE}
            near = did_you_mean(setting, [*names, *(_OPEN if not class_name else ())])
            if entry in _OPEN:  # on a command line these stand beside settings
                near = f" Write free_{entry}=True."
            raise UsageError(
                f"{quoted(entry)} cannot be left free: no setting is called {quoted(setting)}.{near} Of settings, "
                f"{whose} {_listed(listed)}."
            )
        if setting == "activation" and class_name.strip("*") and _a_step_of_its_own(classes, known):
            raise UsageError(
                f"{quoted(entry)} cannot be left free for one class: an activation is a step of its own, written "
                f"in a layer or beside it. Leave {quoted(setting)} free, which is for all layers."
            )


def _a_step_of_its_own(classes: Iterable[str], known: Mapping[str, set[str]]) -> bool:
    return not any("recurrent_activation" in known[name] for name in classes)


def _listed(names: Iterable[str]) -> str:
    return some(sorted(name if name.isprintable() else quoted(name) for name in names), _SHOWN) or "none"


def _settings_of(graphs: Iterable[ModelGraph]) -> dict[str, set[str]]:
    """Return the settings of the layers in models, and of what stands in these settings, by class."""
    found: dict[str, set[str]] = {}
    for graph in graphs:
        for layer in graph.layers:
            found.setdefault(layer.class_name, set()).update(layer.config)
            for class_name, config in _inside(layer.config):
                found.setdefault(class_name, set()).update(config)
    return found


def _inside(value: JsonValue, depth: int = 0) -> Iterator[tuple[str, dict[str, JsonValue]]]:
    if depth > 20:
        return
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        config = item.get("config") if isinstance(item, dict) else None
        if isinstance(item, dict) and isinstance(config, dict):
            yield str(item.get("class_name")), config
        yield from _inside(item, depth + 1)
