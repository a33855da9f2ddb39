"""What training minimises: which output has which loss, and how much each counts."""

from __future__ import annotations

import math
from collections.abc import Iterator

from grader.canonical import NormalGraph
from grader.comparison.records import Difference, DifferenceKind
from grader.comparison.trainability import calls_of
from grader.comparison.typed import setting_text
from grader.comparison.wording import article, listing
from grader.graph import Compiled, Loss

__all__ = ["loss_differences"]

_LONGEST_NAME = 40
_PART_OF_WEIGHT = 0.01
_CROSSENTROPIES = ("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy")
_WEIGHTED = ("Dense", "EinsumDense", "Conv1D", "Conv2D", "Conv3D")
_KEEPS_LOGITS = (*(f"GlobalAveragePooling{dims}D" for dims in (1, 2, 3)), "reshape")
_TAKES = {"logits": True, "softmax": False, "sigmoid": False}  # the from_logits that goes with an ending


def loss_differences(student: NormalGraph, reference: NormalGraph) -> list[Difference]:
    """List how the losses of two compiled models differ: output by output, weights last.

    Outputs are paired by their keys, or by their order where the keys differ; where one model has more
    outputs than the other, nothing is listed.
    """
    found, wanted = student.source.compiled, reference.source.compiled
    if found is None or wanted is None:
        return []
    return _Losses(student, reference, found, wanted).differences()


class _Losses:
    """The losses of two models, output by output."""

    def __init__(
        self, student: NormalGraph, reference: NormalGraph, found: Compiled, wanted: Compiled
    ) -> None:
        self.student, self.reference, self.found, self.wanted = student, reference, found, wanted
        ours, theirs = [key for key, *_ in student.outputs], [key for key, *_ in reference.outputs]
        self.pairs: list[tuple[int, int]] = []
        if sorted(ours) == sorted(theirs):
            self.pairs = [(place, theirs.index(key)) for place, key in enumerate(ours)]
        elif len(ours) == len(theirs):
            self.pairs = [(place, place) for place in range(len(ours))]

    def differences(self) -> list[Difference]:
        """Return what differs; weights only where the losses themselves are as expected."""
        apart = [*self._missing(), *self._other()]
        return apart or list(self._weights())

    def _terms(self) -> Iterator[tuple[int, list[Loss], list[Loss]]]:
        for ours, theirs in self.pairs:
            yield (
                ours,
                _on(self.found, self.student.outputs[ours][0]),
                _on(self.wanted, self.reference.outputs[theirs][0]),
            )

    def _missing(self) -> Iterator[Difference]:
        lacking = [(place, theirs) for place, ours, theirs in self._terms() if _count(theirs) and not ours]
        if not lacking:
            return
        names = listing(_output_name(self.student, place) for place, _ in lacking)
        expected = listing(dict.fromkeys(_loss_text(term) for _, theirs in lacking for term in theirs))
        calls = calls_of(self.student, [self.student.outputs[place][1] for place, _ in lacking])
        if self.found.own_step and not self.wanted.own_step:
            message = f"The loss is computed by code of the model's own, which cannot be compared: expected {expected}."
            yield _difference("wrong-loss", "in compile", message, expected, "code of its own", calls)
            return
        stray = listing(repr(key[:_LONGEST_NAME]) for key in self.found.unplaced)
        astray = f" A loss is given for {stray}, which is no output." if stray else ""
        has = "has" if len(lacking) == 1 else "have"
        message = f"{names} {has} no loss, expected {expected}.{astray}"
        yield _difference("loss-missing", f"at {names}", message, expected, "no loss", calls)

    def _other(self) -> Iterator[Difference]:
        for place, ours, theirs in self._terms():
            if not _count(ours):
                continue
            if not theirs:
                yield self._wrong(place, listing(_loss_text(term) for term in ours), "no loss")
                continue
            if len(ours) != len(theirs):
                yield self._wrong(place, f"{len(ours)} losses", str(len(theirs)))
                continue
            for term, other in zip(_sorted(ours), _sorted(theirs), strict=True):
                if not _same_function(term, other):
                    yield self._wrong(place, _loss_text(term), _loss_text(other))
                elif apart := _settings_apart(term, other):
                    yield from self._settings(place, term, other, apart)

    def _settings(self, place: int, term: Loss, other: Loss, apart: list[str]) -> Iterator[Difference]:
        ending = _last_step(self.student, place)
        if apart != ["from_logits"] or ending not in _TAKES:
            yield self._wrong(place, _loss_text(term, apart), _loss_text(other, apart))
            return
        found, expected = (bool(loss.config.get("from_logits")) for loss in (term, other))
        if found == _TAKES[ending]:
            return  # it fits the head that is there, and another head is a difference by itself
        name = _output_name(self.student, place)
        ends = "without an activation" if ending == "logits" else f"in {article(ending)}"
        message = (
            f"{name} ends {ends}, and its loss {_loss_text(term)} takes {'logits' if found else 'probabilities'}: "
            f"from_logits={found}, expected from_logits={expected}."
        )
        yield self._at(place, "logits-mismatch", message, f"from_logits={expected}", f"from_logits={found}")

    def _wrong(self, place: int, found: str, expected: str) -> Difference:
        message = f"{_output_name(self.student, place)} is trained with {found}, expected {expected}."
        return self._at(place, "wrong-loss", message, expected, found)

    def _at(self, place: int, kind: DifferenceKind, message: str, expected: str, found: str) -> Difference:
        name = _output_name(self.student, place)
        calls = calls_of(self.student, [self.student.outputs[place][1]])
        return _difference(kind, f"at {name}", message, expected, found, calls)

    def _weights(self) -> Iterator[Difference]:
        """Compare how much the losses count beside each other; a factor common to all of them is ignored."""
        rows = [
            (place, _count(ours), _count(theirs)) for place, ours, theirs in self._terms() if ours or theirs
        ]
        ours, theirs = [row[1] for row in rows], [row[2] for row in rows]
        if not rows or all(
            math.isclose(first, second, rel_tol=_PART_OF_WEIGHT, abs_tol=1e-9)
            for first, second in zip(_parts(ours), _parts(theirs), strict=True)
        ):
            return
        names = listing(_short_name(self.student, place) for place, *_ in rows)
        found, expected = (" to ".join(f"{weight:g}" for weight in weights) for weights in (ours, theirs))
        message = f"The losses of {names} count {found}, expected {expected}."
        yield _difference("loss-weights", "in compile", message, expected, found)


def _difference(
    kind: DifferenceKind, where: str, message: str, expected: str, found: str, student: tuple[int, ...] = ()
) -> Difference:
    message = message[:1].upper() + message[1:]
    return Difference(
        kind=kind, where=where, message=message, expected=expected, found=found, student=student
    )


def _sorted(terms: list[Loss]) -> list[Loss]:
    return sorted(terms, key=lambda term: term.function)


def _on(compiled: Compiled, key: str) -> list[Loss]:
    return [loss for loss in compiled.losses if loss.output == key]


def _count(terms: list[Loss]) -> float:
    """Return how much an output's losses count together; a weight that is no number counts as one."""
    return sum(1.0 if term.weight is None else term.weight for term in terms)


def _parts(weights: list[float]) -> list[float]:
    total = sum(map(abs, weights))
    return [weight / total if total else 0.0 for weight in weights]


def _same_function(ours: Loss, theirs: Loss) -> bool:
    """Whether two losses are one function: two of somebody's own may be, and are taken to be."""
    names = {ours.function, theirs.function}
    if "crossentropy" in names and names <= {"crossentropy", *_CROSSENTROPIES}:
        return True
    return len(names) == 1 or all(name.startswith("custom:") for name in names)


def _settings_apart(ours: Loss, theirs: Loss) -> list[str]:
    """Return the settings in which two calls of one loss function differ."""
    if "crossentropy" in (ours.function, theirs.function) and ours.function != theirs.function:
        given = ours.config | theirs.config  # to be chosen by the labels, with Keras's defaults
        return ["from_logits"] if given.get("from_logits") else []
    if ours.function != theirs.function:
        return []  # somebody's own
    keys = sorted({*ours.config, *theirs.config})
    return [key for key in keys if ours.config.get(key) != theirs.config.get(key)]


def _last_step(graph: NormalGraph, place: int) -> str:
    """Return what an output ends in: ``softmax``, ``sigmoid``, ``logits``, or something else."""
    node = graph.nodes[graph.outputs[place][1]]
    while node.op in _KEEPS_LOGITS and len(node.edges) == 1:
        node = graph.nodes[node.edges[0].node]
    if node.op == "activation":
        return str(node.settings.get("function"))
    return "logits" if node.op in _WEIGHTED else node.op


def _output_name(graph: NormalGraph, place: int) -> str:
    """Name an output in a sentence: "the output 'box'", "the output of 'dense_1'"."""
    if len(graph.outputs) == 1:
        return "the output"
    listed = graph.outputs[place][0].isdigit()
    return f"the output {'of ' if listed else ''}{_short_name(graph, place)}"


def _short_name(graph: NormalGraph, place: int) -> str:
    """Name an output by its key, or by the layer that a list's entry comes from."""
    port = graph.source.outputs[place]
    if not port.key.isdigit():
        return repr(port.key[:_LONGEST_NAME])
    call = next((call for call in graph.source.calls if port.tensor in call.outputs), None)
    if call is None:
        return f"input {port.key}"
    layer = graph.source.layers[call.scope[0] if call.scope else call.layer]
    return repr(layer.name[:_LONGEST_NAME])


def _loss_text(loss: Loss, settings: list[str] | None = None) -> str:
    name = loss.function.removeprefix("custom:")[:_LONGEST_NAME]
    if loss.function.startswith("custom:"):
        return f"the function {name!r}"
    shown = ", ".join(f"{key}={setting_text(loss.config.get(key))}" for key in settings or ())
    return f"{name}({shown})" if shown else name
