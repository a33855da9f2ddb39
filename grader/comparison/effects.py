"""What a class of the expected model does beside giving tensors: it draws random numbers, or adds a loss.

Such a class is one step of its graph, while the same class without that is read step by step. Those steps are then
the right half, and what is missing is the other one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grader.canonical import NormalGraph
from grader.canonical.arguments import RANDOM_LAYERS
from grader.comparison.pairing import Pairing
from grader.comparison.records import Difference
from grader.comparison.wording import article, listing, step_name, step_names
from grader.graph import Beside

__all__ = ["adds_a_loss", "effects_of", "lacking_effects", "loss_not_expected"]

_ASKED: dict[Beside, tuple[str, str, str]] = {
    "draws random numbers": ("draw random numbers", "steps that draw random numbers as well", "draw none"),
    "adds a loss": ("call `add_loss`", "steps that add a loss with `self.add_loss(...)` as well", "add none"),
}


def effects_of(graph: NormalGraph, node: int) -> Sequence[Beside]:
    """Return what a class that is one step does beside giving tensors; nothing for another step."""
    step = graph.nodes[node]
    if not step.op.startswith("custom ") or not step.calls:
        return ()
    return graph.source.layers[graph.source.calls[step.calls[0]].layer].beside


_RANDOM = RANDOM_LAYERS | {"GaussianNoise"}


def adds_a_loss(graph: NormalGraph) -> bool:
    """Whether a class that is one step of a graph adds a loss while it is called."""
    return any("adds a loss" in effects_of(graph, node) for node in range(len(graph.nodes)))


def loss_not_expected(pairing: Pairing) -> Difference:
    """Say that a class adds a loss where none is expected: what else it computes cannot be read for that."""
    node = next(
        node
        for node in range(len(pairing.student.nodes))
        if "adds a loss" in effects_of(pairing.student, node)
    )
    name = pairing.ours.name(node)
    return pairing.difference(
        "extra-layer",
        f"at {name}",
        f"{name} adds a loss of its own with `self.add_loss(...)`, expected none.",
        expected="nothing",
        found="`self.add_loss(...)`",
        student=(node,),
    )


def lacking_effects(pairing: Pairing) -> Iterator[Difference]:
    """Report steps in the place of a class that does something beside: they need not be wrong, and lack that."""
    for wanted in range(len(pairing.reference.nodes)):
        effects = effects_of(pairing.reference, wanted)
        row = _in_its_place(pairing, wanted) if effects else []
        if not row:
            continue
        fed = {edge.node for node in row for edge in pairing.student.nodes[node].edges} - {*row}
        where = f"after {pairing.ours.names(sorted(fed))}"
        name, names = step_name(pairing.reference, wanted), step_names(pairing.student, row)
        does, steps, lacks = zip(*(_ASKED[effect] for effect in effects), strict=True)
        pairing.settled.update(row)
        pairing.explained.add(wanted)
        yield pairing.difference(
            "wrong-layer",
            where,
            f"{where}, expected {article(name)} that {listing(effects)}; found "
            f"{listing(map(article, names))}, which {'do' if len(names) > 1 else 'does'} not {' or '.join(does)}.",
            expected=listing(steps),
            found=f"steps that {listing(lacks)}",
            student=row,
            reference=(wanted,),
        )


def _in_its_place(pairing: Pairing, wanted: int) -> list[int]:
    """Return the student's steps that lead from what the class takes to what takes its result; nothing where none do."""
    student, reference = pairing.student, pairing.reference
    there = pairing.back.get(wanted)
    if there is not None and student.nodes[there].op.startswith("custom "):
        return []
    waiting = [there] if there is not None else _before_its_users(pairing, wanted)
    row, fed = set[int](), set[int]()
    while waiting:
        node = waiting.pop()
        if node != there and node in pairing.pairs:
            fed.add(pairing.pairs[node])
        elif node not in row:
            row.add(node)
            waiting += [edge.node for edge in student.nodes[node].edges]
    ops = [student.nodes[node].op for node in row]
    if any(op == "input" or op in _RANDOM or op.startswith("custom ") for op in ops):
        return []
    return sorted(row) if fed == {edge.node for edge in reference.nodes[wanted].edges} else []


def _before_its_users(pairing: Pairing, wanted: int) -> list[int]:
    """Return the student's steps without a counterpart that feed what the class should feed."""
    users = [pairing.back[user] for user in pairing.their_users[wanted] if user in pairing.back]
    found = [edge.node for user in users for edge in pairing.student.nodes[user].edges]
    if len(pairing.student.outputs) == len(pairing.reference.outputs):
        ends = zip(pairing.student.outputs, pairing.reference.outputs, strict=True)
        found += [mine for (_, mine, _), (_, other, _) in ends if other == wanted]
    return [node for node in dict.fromkeys(found) if node not in pairing.pairs]
