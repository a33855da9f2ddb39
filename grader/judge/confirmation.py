"""Hold the graph that a kernel described against that of the model which was built again from its config."""

from __future__ import annotations

from dataclasses import dataclass

from grader.comparison import analyse
from grader.graph import ModelGraph
from grader.tasks import CompareOptions

__all__ = ["Confirmation", "confirm"]

# Whatever a task can mind. What a model was compiled with is in no config: it stays the kernel's word.
_ALL = CompareOptions(initializers=True, trainable=True, merge_order=True, concatenate_order=True)


@dataclass(frozen=True)
class Confirmation:
    """What is known of one case: the ``graph`` to judge, ``None`` where the model has to answer for itself.

    ``doubt`` says that the kernel described another model than it sent, ``note`` why nothing is confirmed.
    """

    graph: ModelGraph | None = None
    doubt: str = ""
    note: str = ""


def confirm(claimed: ModelGraph, rebuilt: ModelGraph) -> Confirmation:
    """Say which graph to judge: the rebuilt one, with what only the kernel can know of it, as far as they agree.

    Where they do not, the rebuilt one is judged alone. Keras's config does not keep everything that a task may mind
    (that a nested model is frozen, say): where they differ in nothing but such, the kernel's stands unconfirmed.
    """
    known = {"name": claimed.name, "compiled": claimed.compiled, "saved": claimed.saved}
    if claimed == rebuilt.model_copy(update=known):
        return Confirmation(claimed)
    if analyse(claimed, rebuilt, _ALL).same and _weights(claimed) == _weights(rebuilt):
        return Confirmation(rebuilt.model_copy(update={"name": claimed.name, "compiled": claimed.compiled}))
    if analyse(claimed, rebuilt).same and _sizes(claimed) == _sizes(rebuilt):
        return Confirmation(note="its config does not keep all that was described")
    return Confirmation(
        rebuilt,
        doubt="the model that was described is not the one that its config builds; that one was judged",
    )


def _weights(graph: ModelGraph) -> list[object]:
    return [(weight.shape, weight.dtype, weight.trainable, weight.untracked) for weight in graph.weights]


def _sizes(graph: ModelGraph) -> list[tuple[int, ...]]:
    return sorted(weight.shape for weight in graph.weights)
