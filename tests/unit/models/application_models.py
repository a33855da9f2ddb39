"""The models of ``keras.applications``, each rebuilt under other names, and with one thing changed.

They are built without values of weights, only their shapes: so a model of 350 million weights is made in a
second, on every backend.
"""

import contextlib
import inspect
import itertools
import time

import keras
from keras import layers, ops

import grader
from grader.comparison import compare_graphs
from grader.graph import ModelGraph
from grader.models import describe

# InceptionResNetV2 adds its branches scaled, by a layer of its own.
_SUMS = ("Add", "CustomScaleLayer")


def names():
    """Every model there is, by its function's name."""
    return [name for name, made in vars(keras.applications).items() if inspect.isfunction(made)]


def weightless():
    """Let weights have no values."""
    return keras.StatelessScope(initialize_variables=False)


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


def told_apart(graphs, both_ways=False):
    """What comparing every pair of different models says: pairs held to be the same, their number, the slowest."""
    read = {name: ModelGraph.from_json(text) for name, text in graphs.items()}
    alike, slowest, count = [], (0.0, "", ""), 0
    for one, two in (itertools.permutations if both_ways else itertools.combinations)(read, 2):
        began = time.process_time()
        found = grader.compare(read[one], read[two])
        slowest = max(slowest, (time.process_time() - began, one, two))
        count += 1
        if found.equivalent or not found.differences:
            alike.append([one, two])
    return {"alike": alike, "pairs": count, "slowest": slowest}


def _convolved(x, filters, size, strides=1, padding="valid"):
    x = layers.Conv2D(filters, size, strides=strides, padding=padding)(x)
    return layers.BatchNormalization(epsilon=1.001e-5)(x)


def _residual(x, filters, strides, projected):
    skip = _convolved(x, 4 * filters, 1, strides) if projected else x
    x = ops.relu(_convolved(x, filters, 1, strides))
    x = ops.relu(_convolved(x, filters, 3, padding="same"))
    return ops.relu(skip + _convolved(x, 4 * filters, 1))


def rewritten_resnet50():
    """ResNet50 with operators for layers, and its first relu behind the pooling: only runs show that it is one."""
    x = inputs = keras.Input((224, 224, 3))
    x = _convolved(layers.ZeroPadding2D(3)(x), 64, 7, 2)
    x = ops.relu(layers.MaxPooling2D(3, strides=2)(layers.ZeroPadding2D(1)(x)))
    for filters, blocks, strides in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for block in range(blocks):
            x = _residual(x, filters, strides if block == 0 else 1, projected=block == 0)
    return keras.Model(inputs, layers.Dense(1000, activation="softmax")(layers.GlobalAveragePooling2D()(x)))
