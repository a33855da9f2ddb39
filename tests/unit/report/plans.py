"""Models and verdicts to render, in every shape a course has."""

from functools import lru_cache
from typing import Any

from grader.comparison import Comparison, Diagnosis, compare_graphs
from grader.evidence import Case, CodeLine, InputSpec
from grader.graph import ModelGraph, Port
from grader.verdict import Outcome, Row, Verdict
from tests.blueprints import Blueprint, residual_block

MISTAKES = (
    "missing-skip",
    "skip-from-wrong-tensor",
    "concatenate-instead-of-add",
    "activation-before-add",
)


def mistake(kind: str) -> Comparison:
    return compare_graphs(residual_block(kind=kind), residual_block())


def resnet(depth: int, shift: int = 0) -> ModelGraph:
    """A ResNet; with ``shift`` the last shortcut starts one block too early."""
    plan = Blueprint()
    x = plan.conv(plan.input(28, 28, 1), 8)
    starts = [x]
    for index in range(depth):
        y = plan.norm(plan.conv(plan.relu(plan.norm(plan.conv(x, 8))), 8))
        source = starts[-1 - shift] if index == depth - 1 else x
        x = plan.relu(plan.add(y, source))
        starts.append(x)
    pooled = plan.call(plan.layer("GlobalAveragePooling2D"), x, shape=(8,))
    return plan.graph(plan.dense(pooled, 10, "softmax"))


def bottleneck() -> ModelGraph:
    plan = Blueprint()
    x = plan.input(14, 14, 64)
    y = plan.conv(plan.conv(plan.conv(x, 16, 1, "relu"), 16, 3, "relu"), 128, 1)
    return plan.graph(plan.relu(plan.add(y, plan.conv(x, 128, 1))))


def inception() -> ModelGraph:
    plan = Blueprint()
    x = plan.input(28, 28, 192)
    pooled = plan.call(
        plan.layer("MaxPooling2D", pool_size=[3, 3], strides=[1, 1], padding="same"), x, shape=(28, 28, 192)
    )
    branches = (
        plan.conv(x, 64, 1, "relu"),
        plan.conv(plan.conv(x, 96, 1, "relu"), 128, 3, "relu"),
        plan.conv(plan.conv(x, 16, 1, "relu"), 32, 5, "relu"),
        plan.conv(pooled, 32, 1, "relu"),
    )
    return plan.graph(plan.concatenate(*branches))


def two_by_two() -> ModelGraph:
    """Two inputs and two outputs, all with keys."""
    plan = Blueprint()
    picture, table = plan.input(8, 8, 3), plan.input(12)
    flat = plan.call(plan.layer("Flatten"), plan.conv(picture, 4), shape=(256,))
    both = plan.concatenate(flat, plan.dense(table, 32, "relu"))
    graph = plan.graph(plan.dense(both, 10, "softmax"), plan.dense(both, 4, "sigmoid"))
    inputs = tuple(
        Port(key=key, tensor=port.tensor)
        for key, port in zip(("picture", "table"), graph.inputs, strict=True)
    )
    outputs = tuple(
        Port(key=key, tensor=port.tensor) for key, port in zip(("label", "box"), graph.outputs, strict=True)
    )
    return graph.model_copy(update={"inputs": inputs, "outputs": outputs})


def siamese(*, shared: bool = True) -> ModelGraph:
    """Two inputs through an encoder: one encoder called twice, or two alike."""
    plan = Blueprint()
    inputs = [plan.input(28, 28, 1), plan.input(28, 28, 1)]
    encoder = plan.layer("Functional")
    plan.layers[encoder] = plan.layers[encoder].model_copy(update={"name": "encoder"})
    towers = [
        [
            plan.layer("Conv2D", (3, 3, 1, 16), filters=16, kernel_size=[3, 3], activation="relu"),
            plan.layer("Flatten"),
            plan.layer("Dense", (10816, 32), units=32, activation="linear"),
        ]
        for _ in range(1 if shared else 2)
    ]
    ends = []
    for x, tower in zip(inputs, towers * 2 if shared else towers, strict=True):
        y = x
        for layer, shape in zip(tower, ((26, 26, 16), (10816,), (32,)), strict=True):
            y = plan.call(layer, y, shape=shape)
            plan.calls[-1] = plan.calls[-1].model_copy(update={"scope": (encoder,)})
        ends.append(y)
    gap = plan.call(plan.layer("Subtract", origin="keras.ops"), *ends, shape=(32,))
    return plan.graph(plan.dense(plan.call(plan.layer("Absolute", origin="keras.ops"), gap, shape=(32,)), 1))


def stack(count: int, odd_one: int | None = None) -> ModelGraph:
    """A straight stack of Dense layers, one of them perhaps of another width."""
    plan = Blueprint()
    x = plan.input(16)
    for index in range(count):
        x = plan.dense(x, 99 if index == odd_one else 16, "relu")
    return plan.graph(x)


def named(name: str) -> ModelGraph:
    """A model in which everything a student can name bears one name."""
    plan = Blueprint()
    x = plan.input(4)
    layer = plan.layer(name, origin="custom", mode=name)
    plan.layers[layer] = plan.layers[layer].model_copy(update={"name": name})
    y = plan.call(layer, x, shape=(4,))
    plan.calls[-1] = plan.calls[-1].model_copy(update={"scope": (layer,)})
    z = plan.call(plan.layer("Activation", activation=name), y, shape=(4,))
    plan.calls[-1] = plan.calls[-1].model_copy(update={"scope": (layer,)})
    graph = plan.graph(z)
    return graph.model_copy(
        update={
            "name": name,
            "inputs": (Port(key=name, tensor=x),),
            "outputs": (Port(key=name, tensor=z),),
            "dynamic": name,
        }
    )


@lru_cache(maxsize=1)
def graphs() -> dict[str, ModelGraph]:
    return {
        "identity block": residual_block(),
        "projection block": residual_block(4, 8),
        "operator": residual_block(kind="operator"),
        "bottleneck": bottleneck(),
        "resnet": resnet(3),
        "inception": inception(),
        "two by two": two_by_two(),
        "siamese": siamese(),
        "stack": stack(5),
        "long stack": stack(200),
        "deep resnet": resnet(40),
    }


def diagnosis(**changes: Any) -> Diagnosis:
    fields: dict[str, Any] = {
        "id": "missing-skip",
        "title": "The shortcut is missing",
        "explanation": "The block computes `F(x)`, not `F(x) + x`.",
        "symptom": "Deep stacks of it train worse than shallow ones.",
        "fix": "Add the block's input to its output before the last activation.",
        "hints": ("What joins the two ways?", "Look at `Add`.", "Add the input to `y`."),
        "unit": "04_residual_connections",
    }
    return Diagnosis(**(fields | changes))


def without_a_model(outcome: Outcome = Outcome.RUNTIME_ERROR, **changes: Any) -> Verdict:
    """The verdict on code that raised an error."""
    fields: dict[str, Any] = {
        "score": 0.0,
        "message": "Your code raised NameError: name 'filtres' is not defined",
        "line": CodeLine(number=2, text='y = conv(filtres, "<3>")(x)', function="block", place="Cell In[4]"),
        "next_step": "Call it yourself in a new cell, `block(filters=4)`, to see the whole traceback.",
        "rows": tuple(
            Row(name=name, passed=False, found="no model", expected="…", max_points=1.0, compared=False)
            for name in ("Architecture", "Parameters")
        ),
        "diagnoses": (),
        "comparison": None,
        "hints": ("Start from the task.", "Go on.", "End it."),
        "remarks": (),
    }
    return verdict(outcome, **(fields | changes))


def verdict(outcome: Outcome = Outcome.INCORRECT, **changes: Any) -> Verdict:
    """A verdict with all there is to render."""
    fields: dict[str, Any] = {
        "task": "identity_block",
        "title": "Identity block",
        "outcome": outcome,
        "score": 1.0,
        "max_score": 5.0,
        "message": "The block lacks an `Add`, expected one after the second BatchNormalization.",
        "rows": (
            Row(name="Architecture", passed=False, found="1 difference", expected="the same", max_points=3.0),
            Row(
                name="Connectivity",
                passed=False,
                found="differs",
                expected="as expected",
                max_points=1.0,
                detail="The shortcut is missing.",
            ),
            Row(
                name="Parameters",
                passed=True,
                found="328 in total: 312 trainable, 16 non-trainable",
                expected="328 in total: 312 trainable, 16 non-trainable",
                points=1.0,
                max_points=1.0,
            ),
        ),
        "diagnoses": (diagnosis(),),
        "comparison": mistake("missing-skip"),
        "case": Case(inputs=(InputSpec(shape=(8, 8, 4)),), arguments={"filters": 4}),
        "hints": ("Start from the task.",),
        "remarks": ("A Functional model would do here.",),
    }
    return Verdict(**(fields | changes))
