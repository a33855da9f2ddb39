"""Write a plan down as a Keras model, in one of the ways a course teaches; runs in a backend's process."""

import random

import keras
from keras import layers, ops

from grader.comparison import analyse
from grader.models import describe
from tests.random_models.drawing import draw_plan
from tests.random_models.plans import MERGES
from tests.random_models.writing import HOLDS_ACTIVATION

__all__ = ["built", "failures"]

_OPERATIONS = {
    "Add": lambda a, b: a + b,
    "Multiply": lambda a, b: a * b,
    "Subtract": lambda a, b: a - b,
    "Maximum": ops.maximum,
}
_OWN_LAYER = {"relu": layers.ReLU, "elu": layers.ELU, "softmax": layers.Softmax}
_PAIRS = ("kernel_size", "strides", "pool_size", "size")


class _Builder:
    """Makes the layers of a plan and calls them; ``chance`` decides on the style of each."""

    def __init__(self, plan, chance):
        self.plan, self.chance = plan, chance
        self.layers, self.merges = {}, []
        self.folded = {}
        for layer, calls in plan.calls.items():
            functions = {self._only_activation(call) for call in calls}
            if len(functions) == 1 and None not in functions and chance.random() < 0.5:
                self.folded[layer] = functions.pop()
        # Every decision is made here: a subclassed model calls its layers several times.
        self.calls = {step.id: self._decide(step) for step in plan.steps if step.kind != "Input"}

    def _only_activation(self, step):
        users = self.plan.users[step]
        if self.plan.at[step].kind not in HOLDS_ACTIVATION or len(users) != 1 or step in self.plan.ends:
            return None
        user = self.plan.at[users[0]]
        return user.settings["function"] if user.kind == "activation" else None

    def _decide(self, step):
        kind = step.kind
        if kind in MERGES:
            return self._merge(step)
        if kind == "activation":
            if self.plan.at[step.sources[0]].layer in self.folded:
                return lambda x: x
            function = step.settings["function"]
            style = self.chance.choice(("name", "layer", "operation"))
            if style == "operation":
                if function == "gelu":  # the operation's default is another one than the activation's
                    return lambda x: ops.gelu(x, approximate=False)
                return getattr(ops, function)
            if style == "layer" and function in _OWN_LAYER:
                return _OWN_LAYER[function]()
            return layers.Activation(function)
        if kind == "Flatten":
            return self.chance.choice((layers.Flatten(), layers.Reshape((-1,))))
        if step.layer not in self.layers:
            self.layers[step.layer] = self._layer(step)
        return self.layers[step.layer]

    def _layer(self, step):
        config = {key: value for key, value in step.settings.items() if key != "function"}
        for key in _PAIRS:
            if key in config and self.chance.random() < 0.5 and len(set(config[key])) == 1:
                config[key] = config[key][0]
        if step.layer in self.folded:
            config["activation"] = self.folded[step.layer]
        return getattr(layers, step.kind)(**config)

    def _merge(self, step):
        kind = step.kind
        order = list(range(len(step.sources)))
        if kind == "Concatenate":
            if self.chance.random() < 0.3:
                return lambda *given: ops.concatenate(given, axis=-1)
        elif kind != "Subtract":
            order = self.chance.sample(order, len(order))
        operation = _OPERATIONS.get(kind)
        if operation is not None and self.chance.random() < 0.5:

            def in_turn(*given):
                found = given[order[0]]
                for place in order[1:]:
                    found = operation(found, given[place])
                return found

            return in_turn
        merge = getattr(layers, kind)(**step.settings)
        self.merges.append(merge)
        return lambda *given: merge([given[place] for place in order])

    def run(self, known, steps):
        for step in steps:
            known[step.id] = self.calls[step.id](*[known[source] for source in step.sources])

    def ordered(self):
        """Return the steps in some order in which each follows what feeds it."""
        waiting = [step for step in self.plan.steps if step.kind != "Input"]
        done, found = {step for _, step in self.plan.inputs}, []
        while waiting:
            step = self.chance.choice([one for one in waiting if done.issuperset(one.sources)])
            waiting.remove(step)
            done.add(step.id)
            found.append(step)
        return found

    def nested(self, known, steps):
        """Run the steps with rows of them inside models of their own."""
        while steps:
            size = self.chance.randint(1, 6)
            self._model_of(known, steps[:size])
            steps = steps[size:]

    def _model_of(self, known, row):
        made = {step.id for step in row}
        given = sorted({source for step in row for source in step.sources if source not in made})
        read = {source for step in self.plan.steps if step.id not in made for source in step.sources}
        kept = sorted(made & (read | self.plan.ends))
        inner = {source: keras.Input(known[source].shape[1:], dtype=known[source].dtype) for source in given}
        ends = dict(inner)
        self.run(ends, row)
        model = keras.Model([inner[source] for source in given], [ends[step] for step in kept])
        for step, tensor in zip(kept, model([known[source] for source in given]), strict=True):
            known[step] = tensor


class _Subclassed(keras.Model):
    def __init__(self, builder, steps):
        super().__init__()
        self.builder, self.steps = builder, steps
        self.held = [call for call in builder.calls.values() if isinstance(call, keras.Layer)]
        self.held += builder.merges

    def call(self, given):
        plan = self.builder.plan
        if len(plan.inputs) == 1 and plan.inputs[0][0] == "0":
            known = {plan.inputs[0][1]: given}
        else:
            known = {step: given[key if isinstance(given, dict) else int(key)] for key, step in plan.inputs}
        self.builder.run(known, self.steps)
        return _packed(plan.outputs, known)


def _packed(ports, known):
    if len(ports) == 1 and ports[0][0] == "0":
        return known[ports[0][1]]
    if ports[0][0].isdigit():
        return [known[step] for _, step in ports]
    return {key: known[step] for key, step in ports}


def built(plan, chance):
    """Return a Keras model of a plan and the way in which it is written."""
    builder = _Builder(plan, chance)
    steps = builder.ordered()
    inputs = {
        step: keras.Input(plan.at[step].settings["shape"], dtype=plan.at[step].settings["dtype"])
        for _, step in plan.inputs
    }
    way = chance.choice(("functional", "nested", "subclassed"))
    if way == "subclassed":
        model = _Subclassed(builder, steps)
        model(_packed(plan.inputs, inputs))
        return model, way
    known = dict(inputs)
    if way == "nested":
        builder.nested(known, steps)
    else:
        builder.run(known, steps)
    return keras.Model(_packed(plan.inputs, inputs), _packed(plan.outputs, known)), way


def failures(first, last):
    """Write the plans of some seeds as two Keras models each: the ways of writing, and what differs."""
    ways, apart = [], []
    for seed in range(first, last):
        chance = random.Random(seed)
        plan = draw_plan(chance)
        keras.utils.clear_session(free_memory=False)
        (one, way), (two, other) = built(plan, chance), built(plan, chance)
        ways += [way, other]
        told = analyse(describe(one).graph, describe(two).graph)
        if not told.same:
            apart.append([seed, way, other, [difference.message for difference in told.differences]])
    return {"ways": ways, "apart": apart}
