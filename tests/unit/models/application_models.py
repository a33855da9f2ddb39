"""The models of ``keras.applications``, each rebuilt under other names, and with one thing changed.

On PyTorch they are built on the ``meta`` device: weights have shapes and no values, so that a model of 350
million weights is made in a second.
"""

import contextlib
import inspect
import itertools
import time
from collections import Counter

import keras

from grader.canonical import normalize
from grader.comparison import compare_graphs
from grader.graph import ModelGraph
from grader.models import describe

# InceptionResNetV2 adds its branches scaled, by a layer of its own.
_SUMS = ("Add", "CustomScaleLayer")


def names():
    """Every model there is, by its function's name."""
    return [name for name, made in vars(keras.applications).items() if inspect.isfunction(made)]


def weightless():
    """Where the backend can, let weights have no values."""
    on_torch = keras.backend.backend() == "torch"
    return keras.device("meta") if on_torch else contextlib.nullcontext()


def build(name):
    with weightless():
        return getattr(keras.applications, name)(weights=None)


def renamed(model):
    """Make the model anew from its config, no layer under its old name."""
    fresh = itertools.count()

    def copy(layer):
        return type(layer).from_config({**layer.get_config(), "name": f"layer_{next(fresh)}"})

    with weightless():
        return keras.models.clone_model(model, clone_function=copy, recursive=True)


def skips(graph):
    """The sums of a tensor and what was made of it: the call, the tensor that skips, the one that does not."""
    before = {}
    for index, call in enumerate(graph.calls):
        taken = [argument.tensor for argument in call.arguments if argument.tensor is not None]
        for tensor in call.outputs:
            before[tensor] = set().union(*({one} | before.get(one, set()) for one in taken))
        if graph.layers[call.layer].class_name in _SUMS and len(taken) == 2:
            for skip, branch in (taken, taken[::-1]):
                if skip in before.get(branch, ()):
                    yield index, skip, branch


def without_skip(graph, index, branch):
    """The graph with one sum taken out: what it fed is fed by the branch alone."""
    (gone,) = graph.calls[index].outputs

    def moved(record):
        return record.model_copy(update={"tensor": branch}) if record.tensor == gone else record

    calls = [
        call.model_copy(update={"arguments": tuple(map(moved, call.arguments))})
        for at, call in enumerate(graph.calls)
        if at != index
    ]
    changed = {"calls": tuple(calls), "outputs": tuple(map(moved, graph.outputs))}
    return ModelGraph.model_validate(graph.model_copy(update=changed).model_dump())


def _widened(config, name, setting):
    if isinstance(config, dict):
        built = {
            key: _widened(value, name, setting) for key, value in config.items() if key != "build_config"
        }
        if built.get("name") == name and setting in built:
            built[setting] += 1
        return built
    return [_widened(item, name, setting) for item in config] if isinstance(config, (list, tuple)) else config


def with_one_more(model, name, setting, values=False):
    """The model made anew with one layer a unit or filter larger; ``None`` where no such model exists."""
    with contextlib.nullcontext() if values else weightless(), contextlib.suppress(Exception):
        return type(model).from_config(_widened(model.get_config(), name, setting))
    return None


def wider(model, graph):
    """Two layers that can be widened, from the middle on and from the end back: each with the model it gives."""
    sized = [
        (layer.name, key) for layer in graph.layers for key in ("filters", "units") if key in layer.config
    ]
    for tried in (sized[len(sized) // 2 :], sized[::-1]):
        for name, setting in tried:
            other = with_one_more(model, name, setting)
            if other is not None:
                yield name, other
                break


def _told(comparison, there):
    """What a comparison told of a change, and whether at the place of it."""
    told = comparison.differences
    places = {call for one in told for call in one.reference}
    return {
        "equivalent": comparison.equivalent,
        "kinds": [one.kind for one in told],
        "messages": [one.message for one in told],
        "there": any(map(there, places)),
    }


def looked_at(name, every_skip=False):
    """What describing the model, its copy and its mutants gives; ``None`` where the backend cannot build it."""
    try:
        model = build(name)
    except ValueError:  # Keras's own word: "not available with the torch backend"
        return None
    describe(model)
    began = time.process_time()
    graph = describe(model).graph
    seconds = time.process_time() - began
    copy = describe(renamed(model)).graph
    shared = {graph.layers[call.layer].name for call in graph.calls} & {layer.name for layer in copy.layers}
    found = list(skips(graph))
    cut = [
        _told(compare_graphs(without_skip(graph, index, branch), graph), index.__eq__)
        for index, _, branch in (found if every_skip else found[len(found) // 2 :][:1])
    ]
    widened = [
        _told(
            compare_graphs(describe(other).graph, graph),
            lambda call, layer=layer: graph.layers[graph.calls[call].layer].name == layer,
        )
        for layer, other in wider(model, graph)
    ]
    return {
        "graph": graph.to_json(),
        "seconds": seconds,
        "calls": len(graph.calls),
        "weights": graph.count_weights() == model.count_params(),
        "renamed": compare_graphs(copy, graph).equivalent,
        "names": sorted(shared),
        "cut": cut,
        "widened": widened,
    }


def _rewired(config, gone, branch):
    """Let whatever takes the output of the layer ``gone`` take that of ``branch``."""
    if isinstance(config, dict):
        return {key: _rewired(value, gone, branch) for key, value in config.items() if key != "build_config"}
    if isinstance(config, (list, tuple)):
        if list(config) == [gone, 0, 0]:
            return [branch, 0, 0]
        return [_rewired(item, gone, branch) for item in config]
    return config


def live_without_skip(model):
    """The model made anew without the sum in its middle, weights and all."""
    graph = describe(model).graph
    found = list(skips(graph))
    index, _, branch = found[len(found) // 2]
    made = {tensor: graph.layers[call.layer].name for call in graph.calls for tensor in call.outputs}
    gone = graph.layers[graph.calls[index].layer].name
    config = _rewired(model.get_config(), gone, made[branch])
    config["layers"] = [layer for layer in config["layers"] if layer["name"] != gone]
    return type(model).from_config(config)


def alike(graphs):
    """The pairs of different models whose normal forms have the same steps: those a proof is needed for."""
    steps = {}
    for name, text in graphs.items():
        steps[name] = Counter(node.key for node in normalize(ModelGraph.from_json(text)).nodes)
    return [[one, two] for one, two in itertools.combinations(steps, 2) if steps[one] == steps[two]]
