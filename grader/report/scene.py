"""What a picture shows, before anything has a place: boxes, lines, and the marks on both.

The student's graph is drawn whole. Of the reference only what the student's model lacks is added,
as *ghosts* among the calls they belong between.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from grader.report.escape import plain
from grader.report.labels import ordered_inputs, settings, shape_words, title

if TYPE_CHECKING:
    from grader.comparison import Comparison
    from grader.graph import Call, ModelGraph, Port

__all__ = ["MAX_MARKED", "Box", "Line", "Scene", "build_scene"]

_CONNECTION_KINDS = frozenset({"wrong-connection", "missing-connection", "extra-connection"})
_MAX_LINES_INTO_A_BOX = 12
MAX_MARKED = 24
_CONTAINERS = frozenset({"Functional", "Sequential", "Model"})


@dataclass(frozen=True, slots=True)
class Box:
    """A box: a call, an input or output of the model, a missing call, or a run folded into one.

    ``badges`` are numbers of differences. ``shared`` numbers the layers that are called more than
    once. ``scope`` are the nested layers the call happened in, as (layer index, words).
    """

    kind: Literal["input", "output", "call", "ghost", "fold"]
    title: str
    settings: str = ""
    note: str = ""
    badges: tuple[int, ...] = ()
    shared: int | None = None
    scope: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One use of a tensor: from box to box, with the name of the argument where it matters."""

    source: int
    target: int
    kind: Literal["plain", "wrong", "missing"] = "plain"
    label: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """All that is drawn. ``legend`` pairs numbers with messages; ``notes`` say what is left out."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    legend: tuple[tuple[int, str], ...] = ()
    notes: tuple[str, ...] = ()


def build_scene(graph: ModelGraph, comparison: Comparison | None = None) -> Scene:
    """Describe the picture of a graph, with the differences of a comparison of it marked."""
    builder = _Builder(graph)
    if comparison is not None and comparison.differences:
        builder.mark(comparison)
    notes = []
    if graph.dynamic:
        shown = (
            "Drawn as one box" if len(graph.calls) == 1 else "One of several ways through the model is drawn"
        )
        notes.append(f"{shown}: {plain(graph.dynamic, 200)}")
    if graph.from_run:
        notes.append(
            "An unseen step is code that could not be followed; the layers around it were seen in a run."
        )
    left = len(comparison.differences) - MAX_MARKED if comparison is not None else 0
    if left > 0:
        notes.append(f"{left} more differences are not marked.")
    if builder.lines_left_out:
        notes.append(f"{builder.lines_left_out} connections into crowded boxes are not drawn.")
    return Scene(tuple(builder.boxes), tuple(builder.lines), tuple(builder.legend), tuple(notes))


class _Builder:
    def __init__(self, graph: ModelGraph) -> None:
        self.graph = graph
        self.boxes: list[Box] = []
        self.lines: list[Line] = []
        self.legend: list[tuple[int, str]] = []
        self.lines_left_out = 0
        self.box_of_call: dict[int, int] = {}
        self.maker = _makers(graph)
        self._inputs()
        self._calls()
        self._outputs()

    def _inputs(self) -> None:
        for port in self.graph.inputs:
            note = shape_words(self.graph.tensors[port.tensor].shape)
            self.boxes.append(Box("input", _port_title("input", port, self.graph.inputs), note=note))

    def _calls(self) -> None:
        numbers = _shared_numbers(self.graph)
        for index, call in enumerate(self.graph.calls):
            self.box_of_call[index] = len(self.boxes)
            self.boxes.append(_call_box(self.graph, call, shared=numbers.get(call.layer)))
        for index, call in enumerate(self.graph.calls):
            uses = list(_uses(self.graph, call))
            for source, label in uses[:_MAX_LINES_INTO_A_BOX]:
                self.lines.append(
                    Line(self._box_of(self.maker[source]), self.box_of_call[index], label=label)
                )
            self.lines_left_out += len(uses[_MAX_LINES_INTO_A_BOX:])

    def _outputs(self) -> None:
        self.first_output = len(self.boxes)
        for port in self.graph.outputs:
            self.lines.append(Line(self._box_of(self.maker[port.tensor]), len(self.boxes)))
            self.boxes.append(Box("output", _port_title("output", port, self.graph.outputs)))

    def _box_of(self, maker: tuple[str, int]) -> int:
        kind, index = maker
        return index if kind == "input" else self.box_of_call[index]

    def mark(self, comparison: Comparison) -> None:
        """Number the differences, badge the calls they are about, and add what is missing."""
        badges: dict[int, list[int]] = {}
        ghosts: dict[int, list[int]] = {}
        to_student = {theirs: ours for ours, theirs in reversed(comparison.matched)}
        for number, difference in enumerate(comparison.differences[:MAX_MARKED], start=1):
            self.legend.append((number, plain(difference.message, 400)))
            for call in difference.student:
                if call in self.box_of_call:
                    badges.setdefault(self.box_of_call[call], []).append(number)
            if not difference.student:
                for call in difference.reference:
                    if call in to_student:
                        badges.setdefault(self.box_of_call[to_student[call]], []).append(number)
                    elif call < len(comparison.reference.calls):
                        ghosts.setdefault(call, []).append(number)
        for box, numbers in badges.items():
            self.boxes[box] = replace(self.boxes[box], badges=tuple(dict.fromkeys(numbers)))
        other = _Reference(comparison.reference, to_student, {})
        for call, numbers in sorted(ghosts.items()):
            other.ghosts[call] = len(self.boxes)
            ghost = _call_box(comparison.reference, comparison.reference.calls[call])
            self.boxes.append(replace(ghost, kind="ghost", badges=tuple(numbers), scope=()))
        self._mark_lines(comparison, other)

    def _mark_lines(self, comparison: Comparison, other: _Reference) -> None:
        """Mark wrong lines, and add those of the reference that are missing."""
        to_reference = dict(reversed(comparison.matched))
        rewired = {
            call
            for d in comparison.differences[:MAX_MARKED]
            if d.kind in _CONNECTION_KINDS
            for call in d.student
        }
        student_box = dict(self.box_of_call.items())
        wanted: dict[int, set[int]] = {}
        for source, target, is_ghost in self._reference_lines(other, student_box):
            wanted.setdefault(target, set()).add(source)
            if is_ghost:
                self._add_missing(source, target)
        for call in sorted(rewired):
            box = self.box_of_call.get(call)
            if box is None or call not in to_reference:
                continue
            fed = set()
            for index, line in enumerate(self.lines):
                if line.target != box or line.kind != "plain":
                    continue
                source = self._seen_through(line.source, to_reference)
                fed.add(source)
                if source not in wanted.get(box, set()):
                    self.lines[index] = replace(line, kind="wrong")
            for source in sorted(wanted.get(box, set()) - fed):
                self._add_missing(source, box)

    def _seen_through(self, box: int, to_reference: dict[int, int]) -> int:
        """Walk up past calls without a counterpart, such as an activation written as a layer."""
        calls = {b: call for call, b in self.box_of_call.items()}
        while box in calls and calls[box] not in to_reference and not self.boxes[box].badges:
            above = [line.source for line in self.lines if line.target == box]
            if len(above) != 1:
                break
            box = above[0]
        return box

    def _reference_lines(
        self, other: _Reference, student_box: dict[int, int]
    ) -> Iterator[tuple[int, int, bool]]:
        """Yield the reference's lines between boxes of this picture, and whether one end is a ghost."""
        graph = other.graph
        makers = _makers(graph)

        def box_of(maker: tuple[str, int]) -> int | None:
            while True:
                kind, index = maker
                if kind == "input":
                    return index if index < len(self.graph.inputs) else None
                if index in other.ghosts:
                    return other.ghosts[index]
                if index in other.to_student:
                    return student_box[other.to_student[index]]
                uses = list(_uses(graph, graph.calls[index]))
                if len(uses) != 1:
                    return None
                maker = makers[uses[0][0]]

        ghosts = set(other.ghosts.values())
        for index, call in enumerate(graph.calls):
            target = box_of(("call", index)) if index in other.ghosts or index in other.to_student else None
            if target is None:
                continue
            for tensor, _ in _uses(graph, call):
                source = box_of(makers[tensor])
                if source is not None and source != target:
                    yield source, target, source in ghosts or target in ghosts
        for number, port in enumerate(graph.outputs[: len(self.graph.outputs)]):
            source = box_of(makers[port.tensor])
            if source in ghosts and source is not None:
                yield source, self.first_output + number, True

    def _add_missing(self, source: int, target: int) -> None:
        """Add a missing line, unless it is there or would close a circle."""
        if any(line.source == source and line.target == target for line in self.lines):
            return
        below: dict[int, list[int]] = {}
        for line in self.lines:
            below.setdefault(line.source, []).append(line.target)
        seen, waiting = {target}, [target]
        while waiting:
            for box in below.get(waiting.pop(), ()):
                if box not in seen:
                    seen.add(box)
                    waiting.append(box)
        if source not in seen:
            self.lines.append(Line(source, target, "missing"))


@dataclass(frozen=True, slots=True)
class _Reference:
    graph: ModelGraph
    to_student: dict[int, int]
    ghosts: dict[int, int]


def _makers(graph: ModelGraph) -> dict[int, tuple[str, int]]:
    """Return what makes each tensor: an input by its position, or a call."""
    makers = {port.tensor: ("input", index) for index, port in enumerate(graph.inputs)}
    for index, call in enumerate(graph.calls):
        for tensor in call.outputs:
            makers[tensor] = ("call", index)
    return makers


def _uses(graph: ModelGraph, call: Call) -> Iterator[tuple[int, str]]:
    """Yield the tensors a call takes, each with its number or name where the order means something."""
    taken = [argument for argument in call.arguments if argument.tensor is not None]
    numbered = len(taken) > 1 and ordered_inputs(graph.layers[call.layer])
    for number, argument in enumerate(taken, start=1):
        if argument.tensor is not None:
            named = not argument.place[:1].isdigit()
            yield argument.tensor, plain(argument.place, 16) if named else str(number) if numbered else ""


def _call_box(graph: ModelGraph, call: Call, shared: int | None = None) -> Box:
    shapes = list(dict.fromkeys(shape_words(graph.tensors[tensor].shape) for tensor in call.outputs[:4]))
    return Box(
        "call",
        title(graph.layers[call.layer]),
        settings(graph, call),
        note=plain(" and ".join(shapes), 60),
        shared=shared,
        scope=tuple((layer, _scope_words(graph, layer)) for layer in call.scope[:2]),
    )


def _scope_words(graph: ModelGraph, index: int) -> str:
    """Name a nested layer: by the name it was given, else by its class, never by a counter."""
    layer = graph.layers[index]
    counted = re.fullmatch(r"[a-z0-9_]*?(_\d+)?", layer.name[:80]) and re.sub(
        r"_\d+$", "", layer.name
    ).replace("_", "") == layer.class_name.lower().replace("_", "")
    if not counted and layer.name and layer.class_name in _CONTAINERS:
        return plain(layer.name, 32)
    return plain(layer.class_name, 32)


def _shared_numbers(graph: ModelGraph) -> dict[int, int]:
    """Number the layers with weights that are called more than once."""
    called: dict[int, int] = {}
    for call in graph.calls:
        called[call.layer] = called.get(call.layer, 0) + 1
    shared = [layer for layer, times in called.items() if times > 1 and graph.layers[layer].weights]
    return {layer: number for number, layer in enumerate(shared, start=1)}


def _port_title(word: str, port: Port, ports: Iterable[Port]) -> str:
    if not (port.key.isascii() and port.key.isdigit()):
        return f"{word} {plain(port.key, 24)}"
    return f"{word} {int(port.key[:6]) + 1}" if len(tuple(ports)) > 1 else word
