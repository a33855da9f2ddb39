"""What a worker can be asked to do; each function returns plain JSON values."""

import io
import sys
import time
from contextlib import redirect_stderr, redirect_stdout, suppress

import keras
import numpy as np

from grader.errors import UnreadableModelError
from grader.evidence import REPLY_MIME, Array, Case, Challenge, InputSpec, Question, parse_evidence
from grader.models import collect as collecting
from grader.models import describe
from grader.models.collect import replied
from grader.models.lazy_tensorflow import tensorflow_not_imported
from grader.models.rebuilding import rebuilt
from grader.models.serialized import config_text
from grader.models.structures import flatten, leaves, pack
from grader.saved_config import checked_text
from tests.unit.models import student_work

BLOCK = Case(inputs=(InputSpec(shape=(8, 8, 4)),), arguments={"filters": 4})


def _build(model):
    keras.utils.clear_session(free_memory=False)  # automatic names count from the start again
    with tensorflow_not_imported():  # Bidirectional copies itself through its config
        return student_work.MODELS[model]()


def graph(model):
    return describe(_build(model)).graph.to_json()


def unreadable(work):
    """The message of UnreadableModelError that describing gives."""
    try:
        describe(getattr(student_work, work)())
    except UnreadableModelError as error:
        return str(error)
    return None


def readable_when_called_on_inputs(work, shapes):
    """Whether a model can be read once it was called as the refusal of it advises."""
    model = getattr(student_work, work)()
    before = True
    try:
        describe(model)
    except UnreadableModelError:
        before = False
    model(*[keras.Input(shape) for shape in shapes])
    return [before, describe(model).graph.dynamic is None]


def described_with_inputs(work, shapes):
    model = getattr(student_work, work)()
    return describe(model, [InputSpec(shape=tuple(shape)) for shape in shapes]).graph.to_json()


def node_counts(model):
    """Lengths of all node lists before and after describing."""
    built = _build(model)
    layers = list(built._flatten_layers())

    def counts():
        return [[len(layer._inbound_nodes), len(layer._outbound_nodes)] for layer in layers]

    before = counts()
    describe(built)
    return [before, counts()]


def node_counts_after_failure():
    """The same around a describe that fails in the middle."""
    model = student_work.Crashing()
    inner = model.dense
    with suppress(UnreadableModelError):
        describe(model, [InputSpec(shape=(5,))])
    patched = keras.Layer.symbolic_call.__qualname__, keras.src.ops.node.Node.__init__.__qualname__
    return [len(inner._inbound_nodes), len(inner._outbound_nodes), *patched]


def next_name(model):
    """The automatic name of a layer made before and one made after describing."""
    built = _build(model)
    before = keras.layers.Dense(1).name
    describe(built)
    return [before, keras.layers.Dense(1).name]


def seen_streams(model):
    """What describing and collecting write to stdout and stderr."""
    built = _build(model)
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        describe(built)
        collecting.collect("t", built, [Case()])
    return [out.getvalue(), err.getvalue()]


def counter_after_describe():
    """A variable that the student's call counts up, before and after describing."""
    model = student_work.Counting()
    model(keras.Input((5,)))
    before = float(model.calls.numpy())
    graph = describe(model).graph
    return [before, float(model.calls.numpy()), graph.dynamic]


def tensorflow_imported():
    return "tensorflow" in sys.modules


def lazy_module_state():
    """What Keras's lazy TensorFlow module says of itself after describing."""
    from keras.src.utils.module_utils import tensorflow

    return tensorflow._available


def weights_match(model):
    """Whether the variables are those of the graph, each once, and all that the model has."""
    built = _build(model)
    described = describe(built)
    same = [
        (tuple(w.shape), w.dtype, w.name) == (tuple(v.shape), v.dtype, v.name)
        for w, v in zip(described.graph.weights, described.variables, strict=True)
    ]
    identical = {id(v) for v in described.variables} == {id(v) for v in built.weights}
    counts = [described.graph.count_weights(), described.graph.count_weights(True)]
    keras_counts = [
        sum(int(np.prod(w.shape)) for w in built.weights),
        sum(int(np.prod(w.shape)) for w in built.trainable_weights),
    ]
    return [all(same), identical, counts == keras_counts, len(described.variables) == len(built.weights)]


def collected(work, cases=None):
    """The evidence on one of the student's objects."""
    cases = [BLOCK] if cases is None else [Case.model_validate_json(case) for case in cases]
    evidence = collecting.collect(work, getattr(student_work, work), cases)
    return parse_evidence(evidence.to_json()).to_json()


def collected_in_a_cell():
    """The evidence on a function that was written in a notebook's seventh cell."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.execution_count = 7
    shell.run_cell("import keras\ndef block(x, filters):\n    return undefined\n", store_history=True)
    try:
        return collecting.collect("block", shell.user_ns["block"], [BLOCK]).to_json()
    finally:
        InteractiveShell.clear_instance()


def published(work):
    """MIME type and text of what publishing shows."""
    evidence = collecting.collect(work, getattr(student_work, work), [BLOCK])
    shown = []
    original, collecting._display = collecting._display, lambda *args: shown.append(args)
    try:
        collecting.publish(evidence)
    finally:
        collecting._display = original
    return [list(args[:2]) for args in shown]


def _reply(task, questions):
    shown = []
    original, collecting._display = collecting._display, lambda *args: shown.append(args)
    try:
        collecting.answer(Challenge(task=task, questions=tuple(questions)).to_json())
    finally:
        collecting._display = original
    ((mime, text, _),) = shown
    assert mime == REPLY_MIME
    return text


def answered(work, seed=0, spoil=None, case=0):
    """The reply to a challenge with weights and inputs drawn in the order of the graph."""
    evidence = collecting.collect(work, getattr(student_work, work), [BLOCK])
    graph = evidence.cases[0].graph
    draw = np.random.default_rng(seed)
    weights = [_drawn(draw, weight) for weight in graph.weights]
    inputs = [draw.normal(size=(2, *BLOCK.inputs[0].shape)).astype("float32")]
    if spoil == "shape":
        weights[0] = weights[0][..., :1]
    if spoil == "missing":
        weights.pop()
    if spoil == "inputs":
        inputs = []
    question = Question(case=case, weights=tuple(map(Array.of, weights)), inputs=tuple(map(Array.of, inputs)))
    return _reply(work if spoil != "task" else "other", [question])


def _drawn(draw, weight):
    size = draw.normal(size=weight.shape).astype("float32")
    return np.abs(size) + 0.5 if "variance" in weight.name else size * 0.3


def outputs_by_position(works, seed=1):
    """The outputs of several versions of the block, weights drawn once in order of the layers' calls."""
    results = []
    for work in works:
        evidence = collecting.collect(work, getattr(student_work, work), [BLOCK])
        graph = evidence.cases[0].graph
        by_call = [index for call in graph.calls for index in graph.layers[call.layer].weights]
        draw = np.random.default_rng(seed)
        weights = {index: _drawn(draw, graph.weights[index]) for index in by_call}
        inputs = draw.normal(size=(2, 8, 8, 4)).astype("float32")
        question = Question(
            case=0,
            weights=tuple(Array.of(weights[index]) for index in range(len(graph.weights))),
            inputs=(Array.of(inputs),),
        )
        results.append(_reply(work, [question]))
    return results


def own_weights_after_answer(work):
    """Whether a model object has its own weights back after answering."""
    model = getattr(student_work, work)()
    student_work.kept_model = model
    before = [w.numpy().tolist() for w in model.weights]
    answered("kept_model")
    return before == [w.numpy().tolist() for w in model.weights]


def leaves_of(structure):
    return [[key, leaf] for key, leaf in leaves(structure)]


def packed(structure):
    return pack(structure, iter(flatten(structure))) == structure


def collecting_cost(model):
    """CPU seconds that collecting on a built model takes in this process."""
    built = _build(model)
    start = time.process_time()
    collecting.collect("t", built, [Case()])
    return time.process_time() - start


def rebuilt_from_config(work):
    """The graphs of a model and of what is built of its config; nothing where it has none."""
    model = getattr(student_work, work)
    keras.utils.clear_session(free_memory=False)
    with tensorflow_not_imported():
        described = describe(model())
    text = config_text(described)
    if text is None:
        return None
    return [described.graph.to_json(), rebuilt(checked_text(text)).graph.to_json()]


def answers_of_both(work):
    """What a model and its rebuilt twin answer to one question, and the twin's own weights before: sums of sizes."""
    own = describe(_build(work))
    twin = rebuilt(checked_text(config_text(own)))
    drawn = np.random.default_rng(1)

    def arrays(shapes):
        return tuple(Array.of(drawn.normal(size=shape).astype("float32")) for shape in shapes)

    question = Question(
        case=0,
        weights=arrays([weight.shape for weight in own.graph.weights]),
        inputs=arrays([(2, *own.graph.tensors[port.tensor].shape[1:]) for port in own.graph.inputs]),
    )
    challenge = Challenge(task="t", questions=(question,))
    before = [float(np.abs(keras.ops.convert_to_numpy(variable)).sum()) for variable in twin.variables]
    replies = [replied(challenge, {0: described}).to_json() for described in (own, twin)]
    return [*replies, before]


def published_within(work, characters):
    """The evidence that is sent on a case with its config where no more characters than that are read."""
    shown = []
    kept = collecting._display, collecting.MAX_EVIDENCE_BYTES
    collecting._display, collecting.MAX_EVIDENCE_BYTES = lambda *args: shown.append(args), characters
    try:
        collecting.publish(collecting.collect("t", getattr(student_work, work), [BLOCK], configs=True))
    finally:
        collecting._display, collecting.MAX_EVIDENCE_BYTES = kept
    return shown[0][1]
