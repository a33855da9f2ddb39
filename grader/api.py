"""The functions a notebook or script calls on models: describe, compare, draw.

Keras is imported inside the functions: ``import grader`` has to stay light, and the judge, which uses
the same package, must never load Keras.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grader.comparison import Comparison, analyse, summarize
from grader.graph import ModelGraph
from grader.misconceptions import diagnose
from grader.tasks import CompareOptions

if TYPE_CHECKING:
    from grader.report import Picture

__all__ = ["compare", "describe", "draw"]


def describe(model: Any) -> ModelGraph:
    """Read a Keras model as a graph.

    Args:
        model: a Sequential, Functional or subclassed model; subclassed ones are traced on symbolic
            tensors. A ``ModelGraph`` is returned as it is.

    Raises:
        UnreadableModelError: it is no model, or one without known input shapes.
    """
    if isinstance(model, ModelGraph):
        return model
    from grader import models

    return models.describe(model).graph


def compare(student: Any, reference: Any, **options: bool) -> Comparison:
    """Compare two models, or ``ModelGraph``s, as architectures.

    Args:
        student: the model in question.
        reference: the model to hold it against.
        options: the fields of ``CompareOptions``: ``names``, ``initializers``, ``trainable``,
            ``merge_order``; each makes the comparison mind something it ignores by default.

    Raises:
        UnreadableModelError: one of the two cannot be read as a graph.
        TypeError: an option that does not exist.
    """
    unknown = sorted(set(options) - set(CompareOptions.model_fields))
    if unknown:
        known = ", ".join(CompareOptions.model_fields)
        raise TypeError(f"compare() has no option {unknown[0]!r}; it has {known}.")
    analysis = analyse(describe(student), describe(reference), CompareOptions(**options))
    return summarize(analysis, diagnose(analysis))


def draw(model: Any, reference: Any = None) -> Picture:
    """Draw a model; beside a reference, with the differences marked.

    Returns:
        A picture that shows itself in Jupyter; ``.svg`` is its text, ``.png`` its bytes.

    Raises:
        UnreadableModelError: a model cannot be read as a graph.
    """
    from grader.report import draw_graph

    graph = describe(model)
    return draw_graph(graph, None if reference is None else compare(graph, reference))
