"""Mistakes in code of one's own: state made too late, constructors cut short, arguments lost, code of one backend."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grader.causes import BackendOnly, ConfigNotSaved, NotRegistered, StateInCall, SuperNotCalled
from grader.comparison import Analysis, Difference
from grader.comparison.typed import setting_text
from grader.misconceptions.misconception import Misconception, caused_by

__all__ = ["CLASSES"]

_UNIT = "03_subclassing"
_NO_ACTIVATION = {"None", "linear", "none"}
_PARTS = re.compile(r", | and ")


def _state_created_in_call(analysis: Analysis) -> bool:
    return any(difference.kind == "state-created-in-call" for difference in analysis.differences)


def _config_not_saved(analysis: Analysis) -> bool:
    """Whether a layer that was loaded differs in what its config does not hold: the default stands there."""
    return any(_is_default_of_loaded(difference, analysis) for difference in analysis.differences)


def _is_default_of_loaded(difference: Difference, analysis: Analysis) -> bool:
    graph = analysis.student.source
    calls = difference.student or tuple(_beside(difference, analysis))
    layers = {layer for call in calls for layer in (graph.calls[call].layer, *graph.calls[call].scope)}
    loaded = [fact for layer in layers for fact in graph.layers[layer].saved if fact.loaded]
    defaults = [lost.default for fact in loaded for lost in fact.lost if not lost.required]
    if difference.kind == "missing-layer":  # what is there when an argument says so
        return any(not default for default in defaults)
    values = {part.rpartition("=")[2].strip("'") for part in _PARTS.split(difference.found)}
    texts = {setting_text(default).strip("'") for default in defaults}
    if not texts.isdisjoint(_NO_ACTIVATION):
        texts |= _NO_ACTIVATION
    return not texts.isdisjoint(values)


def _beside(difference: Difference, analysis: Analysis) -> Iterator[int]:
    """Yield the student's calls around a step that is missing, idle ones that a normal form leaves out too."""
    missing, nodes = set(difference.reference), analysis.reference.nodes
    around: set[int] = set()
    for index, node in enumerate(nodes):
        for edge in node.edges:
            ends = (index, edge.node)
            if any(missing.intersection(nodes[end].calls) for end in ends):
                found = [analysis.back[end] for end in ends if end in analysis.back]
                around.update(call for end in found for call in analysis.student.nodes[end].calls)
    yield from around
    calls = analysis.student.source.calls
    made = {tensor for call in around for tensor in calls[call].outputs}
    for index, call in enumerate(calls):
        if any(argument.tensor in made for argument in call.arguments):
            yield index


CLASSES: tuple[Misconception, ...] = (
    Misconception(
        id="missing-super-init",
        title="The constructor does not call that of Keras",
        explanation="`super().__init__()` sets up what Keras keeps of a layer or model: its weights, its inner "
        "layers, its name. Without it there is nothing to keep them in.",
        symptom="An error as soon as __init__ assigns a layer, or when the object is first called.",
        fix="Make `super().__init__(**kwargs)` the first line of `__init__`, in base classes of your own too.",
        hints=(
            "What has to be set up before an object of your class can keep a layer?",
            "Read `__init__` from its first line, and that of each class of yours it inherits from.",
            (
                "Write `def __init__(self, units, **kwargs):`, and below it, before anything is assigned to self, "
                "`super().__init__(**kwargs)`."
            ),
        ),
        unit=_UNIT,
        seen_in_failure=caused_by(lambda cause: isinstance(cause, SuperNotCalled)),
    ),
    Misconception(
        id="state-created-in-call",
        title="A layer or weight is made while the model runs",
        explanation="What is made inside call() is made anew at each call and belongs to nobody: it starts from "
        "random numbers each time, no optimizer sees it, and it is not saved. The same holds for a layer that lies "
        "where Keras does not look, as in a global variable.",
        symptom="The same input gives another result at each call; summary() counts too few parameters; or Keras "
        "refuses to add state to a layer that is already built.",
        fix="Make every layer in `__init__` and every weight in `build`, keep it as an attribute, and only use it in "
        "`call`.",
        hints=(
            "Call the model twice on the same input, without training. Is the result the same?",
            "Look for what call() makes: a layer's constructor, `add_weight`, `keras.Variable`.",
            (
                "In `__init__`, write `self.hidden = keras.layers.Dense(...)`; in `call`, nothing but "
                "`self.hidden(x)`. A weight is `self.add_weight(...)`, in `build(self, input_shape)`."
            ),
        ),
        unit=_UNIT,
        seen_in=_state_created_in_call,
        seen_in_failure=caused_by(lambda cause: isinstance(cause, StateInCall)),
    ),
    Misconception(
        id="config-not-saved",
        title="An argument of a class is lost when it is saved",
        explanation="A loaded object is made by its class's constructor, from what `get_config` returned. An argument "
        "that is not in there, or that the constructor does not take, cannot come back: loading fails, or the "
        "default takes its place without a word. Without a `get_config` of its own, a layer keeps only numbers, "
        "texts, True, False and None; a model keeps its defaults, whatever it was given.",
        symptom="Saving or loading raises a TypeError or NotImplementedError; or the loaded model computes something "
        "else than the saved one.",
        fix="Return every argument of `__init__` from `get_config`, and take what Keras adds by `**kwargs`.",
        hints=(
            "From what is a model made when it is loaded in a new process?",
            (
                "Put the arguments of `__init__` beside the keys of `get_config()`. Which one is missing there, or "
                "not taken?"
            ),
            (
                "Write `return {**super().get_config(), 'units': self.units}`, with one entry for each argument; "
                "`__init__` takes `**kwargs` and hands them to `super().__init__`."
            ),
        ),
        unit=_UNIT,
        seen_in=_config_not_saved,
        seen_in_failure=caused_by(lambda cause: isinstance(cause, ConfigNotSaved)),
    ),
    Misconception(
        id="not-registered",
        title="Keras does not know the class when it loads",
        explanation="A saved file holds the name of a class or function, not its code. Loading looks the name up "
        "among what was registered; what is not there cannot be made again.",
        symptom="load_model raises a TypeError: could not locate the class or function.",
        fix="Put `@keras.saving.register_keras_serializable(package='...')` above the class or function.",
        hints=(
            "How should Keras get from a name in a file to your code?",
            "Which classes and functions of your own does the saved model use? Look above each for a decorator.",
            (
                "Write `@keras.saving.register_keras_serializable(package='mine')` above the class, and run that cell "
                "before the model is loaded."
            ),
        ),
        unit=_UNIT,
        seen_in_failure=caused_by(lambda cause: isinstance(cause, NotRegistered)),
    ),
    Misconception(
        id="backend-only-function",
        title="A function of one backend in a Keras model",
        explanation="TensorFlow, JAX and PyTorch each compute with tensors of their own. A function of one of them is "
        "not made for the tensors of another, and cannot compute with those of `keras.Input`, which hold no values yet. "
        "Keras's own functions take them all.",
        symptom="An error as soon as the model is put together, or when it runs on another backend.",
        fix="Use the function of the same purpose from `keras.ops`, `keras.activations` or `keras.random`.",
        hints=(
            "Which lines of your model would not run any more on another backend?",
            (
                "Look for functions of TensorFlow, JAX and PyTorch in your classes and functions, as in `tf.`, `jnp.` "
                "and `torch.`: Keras has most of them too."
            ),
            "Write `keras.ops.relu(x)` for `tf.nn.relu(x)`, `keras.ops.matmul(a, b)` for `torch.matmul(a, b)`.",
        ),
        unit=_UNIT,
        seen_in_failure=caused_by(lambda cause: isinstance(cause, BackendOnly)),
    ),
)
