"""Whether a model comes back from a file as it was: told from its graph alone, without a reference."""

from __future__ import annotations

from collections.abc import Iterator

from grader.comparison.records import Difference, DifferenceKind
from grader.comparison.typed import setting_text
from grader.comparison.wording import listing
from grader.graph import ModelGraph, SavedObject

__all__ = ["saving_faults"]

_CONTAINERS = ("Functional", "Sequential")  # models whose layers a file holds one by one


def saving_faults(graph: ModelGraph) -> tuple[Difference, ...]:
    """List what keeps a model from being saved, and loaded in a new process, as what it is.

    What a layer of a class of one's own makes in its constructor is made there again, and not asked about.
    """
    found = [fault for where, fact in _in_the_file(graph) for fault in _faults(where, fact)]
    astray = sum(weight.untracked for weight in graph.weights)
    if astray:
        found.append(
            _fault(
                "state-created-in-call",
                "in the whole model",
                f"The file does not hold {astray} weight{'' if astray == 1 else 's'} that the model computes with "
                "and does not own.",
                expected="every weight kept as an attribute of its owner",
                found=f"{astray} kept elsewhere",
            )
        )
    return tuple(dict.fromkeys(found))


def _in_the_file(graph: ModelGraph) -> Iterator[tuple[str, SavedObject]]:
    for fact in graph.saved:
        yield "in the model's class", fact
    if graph.api == "subclassed":
        return  # its constructor makes the layers again
    seen: set[int] = set()
    for call in graph.calls:
        for index in (*call.scope, call.layer):
            layer = graph.layers[index]
            if index not in seen:
                seen.add(index)
                for fact in layer.saved:
                    yield f"at the layer {layer.name[:40]!r}", fact
            if layer.class_name not in _CONTAINERS or layer.origin == "custom":
                break


def _faults(where: str, fact: SavedObject) -> Iterator[Difference]:
    """Yield what is wrong in the order in which it shows: at saving, at finding the class, at making the object."""
    name = fact.name
    if fact.failure:
        message = f"{name} cannot be saved: its get_config raises {fact.failure}."
        if fact.lost:
            message += f" Keras keeps no objects by itself, and there is one in {_names(fact)}."
        yield _config(where, message, _names(fact) or "a config", f"a {fact.failure}")
    if not fact.registered:
        message = f"Loading does not find {name}, which is not registered with Keras."
        if name == "<lambda>":
            message = "A lambda has no name to be registered by, and loading refuses to run its code."
        yield _fault("not-registered", where, message, expected=f"{name} registered", found="not registered")
    if fact.failure:
        return
    needed = [f"`{lost.name}`" for lost in fact.lost if lost.required]
    if needed:
        message = f"{name} cannot be made again: get_config does not say what {listing(needed)} was."
        yield _config(where, message, f"{listing(needed)} in the config", "a config without it")
    others = [lost for lost in fact.lost if not lost.required]
    if others:
        names = listing(f"`{lost.name}`" for lost in others)
        defaults = listing(f"{lost.name}={setting_text(lost.default)}" for lost in others)
        message = (
            f"A loaded {name} does not get {names} back: get_config does not say what was given, and "
            f"{defaults} {'takes its' if len(others) == 1 else 'take their'} place."
        )
        yield _config(where, message, f"{names} in the config", defaults)
    if fact.refused:
        names = listing(f"`{key}`" for key in fact.refused)
        message = (
            f"{name} cannot be made again: its constructor does not take {names}, which get_config returns."
        )
        yield _config(where, message, "a constructor that takes `**kwargs`", f"one without {names}")


def _names(fact: SavedObject) -> str:
    return listing(f"`{lost.name}`" for lost in fact.lost)


def _config(where: str, message: str, expected: str, found: str) -> Difference:
    return _fault("config-not-saved", where, message, expected=expected, found=found)


def _fault(kind: DifferenceKind, where: str, message: str, *, expected: str, found: str) -> Difference:
    return Difference(kind=kind, where=where, message=message, expected=expected, found=found)
