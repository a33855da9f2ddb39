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
    """Say which graph to judge: the kernel's where it agrees in all that a task can mind, and else the rebuilt one.

    Keras may write out twice where a mask comes from, and its config does not keep everything (that a nested model is
    frozen, say): where two graphs of one architecture differ in such, the kernel's stands unconfirmed.
    """
    known = {"name": claimed.name, "compiled": claimed.compiled, "saved": claimed.saved}
    if claimed == rebuilt.model_copy(update=known):
        return Confirmation(claimed)
    if analyse(claimed, rebuilt, _ALL).same and _told(claimed) == _told(rebuilt):
        return Confirmation(claimed)
    if analyse(claimed, rebuilt).same and _sizes(claimed) == _sizes(rebuilt):
        return Confirmation(note="its config does not keep all that was described")
    return Confirmation(
        rebuilt,
        doubt="the model that was described is not the one that its config builds; that one was judged",
    )


def _told(graph: ModelGraph) -> object:
    """Return what verdicts depend on and no comparison looks at: which weight is which, for one, when it is asked."""
    weights = [(weight.shape, weight.dtype, weight.trainable, weight.untracked) for weight in graph.weights]
    held = sorted((layer.name, layer.weights) for layer in graph.layers if layer.origin == "keras.layers")
    return weights, held, graph.api, graph.dynamic, graph.value_asked, graph.from_run


def _sizes(graph: ModelGraph) -> list[tuple[int, ...]]:
    return sorted(weight.shape for weight in graph.weights)
