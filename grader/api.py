"""The functions a notebook or script calls on models and errors: describe, compare, draw, explain.

Keras is imported inside the functions: ``import grader`` has to stay light, and the judge, which uses
the same package, must never load Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.comparison import Comparison, analyse, summarize, told_by_runs
from grader.evidence import Challenge, Failure, Reply
from grader.graph import ModelGraph
from grader.judge import compare_behaviour
from grader.lessons import lessons_around
from grader.misconceptions import diagnose
from grader.options import checked_options, refuse_unknown_settings
from grader.report import Explanation, explanation_of

if TYPE_CHECKING:
    from grader.report import Picture

__all__ = ["compare", "describe", "draw", "explain"]


def describe(model: Any) -> ModelGraph:
    """Read a Keras model as a graph.

    The model is left as found, with one exception: a subclassed model that has not been built gets built.

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


def compare(student: Any, reference: Any, **options: Any) -> Comparison:
    """Compare two models, or ``ModelGraph``s, as architectures.

    Where two models' graphs differ and their inputs, outputs and weights agree, both are run with the same
    weights, in inference and in training mode; they are equivalent when they compute the same, and
    ``behaviour`` holds what was seen. So they are where the graphs are the same but for code that cannot be
    read: what goes by one name may compute something else. Graphs alone are compared as they are. The models are left as found.

    Args:
        student: the model in question.
        reference: the model to hold it against.
        options: the fields of ``CompareOptions``. ``names``, ``initializers``, ``trainable``, ``compile``,
            ``merge_order`` and ``concatenate_order`` make the comparison mind what it ignores by default;
            ``free_order``, ``free_sharing`` and ``free_settings`` leave to the student what it minds.

    Raises:
        UnreadableModelError: one of the two cannot be read as a graph.
        TypeError: an option that does not exist, or with a value that it does not take.
        UsageError: a setting in ``free_settings`` that no layer has.
    """
    minded = checked_options(options)
    ours, theirs = _read(student), _read(reference)
    refuse_unknown_settings(minded.free_settings, (ours.graph, theirs.graph))
    analysis = analyse(ours.graph, theirs.graph, minded)
    behaviour = None
    if ours.model is not None and theirs.model is not None and (not analysis.same or analysis.unseen):
        from grader.models.collect import replied

        def ask(model: Any) -> Callable[[Challenge], Reply]:
            return lambda challenge: replied(challenge, {0: model})

        behaviour = compare_behaviour(analysis, minded, ask(ours), ask(theirs))
        analysis = told_by_runs(analysis, behaviour)
    return summarize(analysis, diagnose(analysis, behaviour), behaviour)


def _read(model: Any) -> Any:
    """Return a model beside its graph; a graph alone stands for itself."""
    if isinstance(model, ModelGraph):
        return _Alone(model)
    from grader import models

    return models.describe(model)


@dataclass(frozen=True)
class _Alone:
    graph: ModelGraph
    model: None = None


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


def explain(exception: Any, namespace: Mapping[str, Any] | None = None) -> Explanation:
    """Explain an exception that Keras raised: what happened, what was expected, how to mend it.

    It never raises, and never guesses: where the cause is not certain, the explanation says so. A layer call
    that failed inside a class of one's own may be repeated on symbolic tensors to find the place. The unit that
    teaches the mistake is named where its lesson lies in reach of the current folder.

    Args:
        exception: what was caught, with its traceback.
        namespace: variables by which to call tensors and layers, besides those in the traceback; in a
            notebook ``globals()``.
    """
    if not isinstance(exception, BaseException):
        what = type(exception).__name__
        return Explanation(
            error=what, happened=f"explain() takes an exception that was caught, and got a {what}."
        )
    try:
        from grader.models.failures import failure_of

        found = explanation_of(failure_of(exception, namespace))
        return found if found.unit in lessons_around(Path.cwd()) else found.model_copy(update={"unit": ""})
    except Exception:  # noqa: BLE001  # objects of unknown origin are looked at, and may do anything
        return explanation_of(Failure(type=type(exception).__name__[:200], message=""))
