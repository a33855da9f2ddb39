"""Two models that agree in everything but in which layers are told what is padding."""

from __future__ import annotations

from grader.canonical import NormalGraph
from grader.comparison.places import Wording
from grader.comparison.records import Difference
from grader.graph import ModelGraph

__all__ = ["carries_masks", "mask_differences"]


def carries_masks(graph: ModelGraph) -> bool:
    """Say whether a mask comes along with some tensor in the model."""
    return any(argument.implied for call in graph.calls for argument in call.arguments)


def mask_differences(
    student: NormalGraph, reference: NormalGraph, pairs: dict[int, int]
) -> tuple[Difference, ...]:
    """Tell where a mask arrives in one model and not in the other; the graphs agree otherwise."""
    words = Wording(student)
    found: list[Difference] = []
    for mine, wanted in sorted(pairs.items()):
        ours, theirs = _masked(student, mine), _masked(reference, wanted)
        if ours == theirs:
            continue
        name = words.name(mine)
        if theirs:
            message = (
                f"{name} does not get the mask that says which steps are padding, and reads the padding; "
                "expected the mask. An operator such as `a + b` or a function of keras.ops lets the mask go: "
                "use the layer that does the same, such as layers.Add."
            )
        else:
            message = f"{name} gets a mask and leaves out the padding; expected no mask there."
        found.append(
            Difference(
                kind="missing-connection" if theirs else "extra-connection",
                where=f"at {name}",
                message=message[:1].upper() + message[1:],
                expected="a mask" if theirs else "no mask",
                found="a mask" if ours else "no mask",
                student=student.nodes[mine].calls,
                reference=reference.nodes[wanted].calls,
            )
        )
    return tuple(found) or (
        Difference(
            kind="wrong-connection",
            where="in the whole model",
            message="The layers are the expected ones, but a layer that leaves out padding is given another mask "
            "than expected.",
        ),
    )


def _masked(graph: NormalGraph, node: int) -> bool:
    calls = (graph.source.calls[call] for call in graph.nodes[node].calls)
    return any(argument.implied for call in calls for argument in call.arguments)
