"""Graphs as JSON that no model gave: refused with the field, or compared to an end."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import cli
from grader.comparison import analyse, count, summarize
from grader.errors import GraderError, UnreadableModelError
from grader.graph import ModelGraph
from grader.misconceptions import diagnose
from tests.blueprints import Blueprint, residual_block

STRANGE: list[Any] = [
    *(None, True, 0, -1, 3, 10**9, 10**30, 1.5, 1e308, "", "x", "0", "same", "relu", "\x1b[2J<b>"),
    *([], {}, [None], ["x"], [[1]], [0], {"class_name": []}, {"class_name": "__slice__", "config": None}),
]
KINDS = [
    *(
        "Dense",
        "Conv2D",
        "Flatten",
        "Reshape",
        "Add",
        "Concatenate",
        "Dropout",
        "Identity",
        "ReLU",
        "Softmax",
    ),
    *(
        "GlobalMaxPooling2D",
        "Rescaling",
        "ZeroPadding2D",
        "TimeDistributed",
        "MultiHeadAttention",
        "Embedding",
    ),
    *(
        "Bidirectional",
        "BatchNormalization",
        "GetItem",
        "Mean",
        "LogicalAnd",
        "Relu",
        "Subtract",
        "TrueDivide",
    ),
]


def block() -> dict[str, Any]:
    return json.loads(residual_block().to_json())


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a JSON value but its top."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [below for key, part in parts for below in ((*place, key), *places(part, (*place, key)))]


@st.composite
def tampered(draw: st.DrawFn) -> str:
    """The JSON of a graph with up to four of its parts replaced, left out, doubled or given another layer's name."""
    graph = block()
    for _ in range(draw(st.integers(1, 4))):
        *above, last = draw(st.sampled_from(places(graph)))
        home: Any = graph
        for key in above:
            home = home[key]
        how = draw(st.sampled_from(["replace", "drop", "double", "kind", "bare", "config"]))
        if how == "replace":
            home[last] = json.loads(json.dumps(draw(st.sampled_from(STRANGE))))
        elif how == "drop":
            del home[last]
        elif how == "double" and isinstance(home, list):
            home.insert(last, json.loads(json.dumps(home[last])))
        elif (
            isinstance(graph.get("layers"), list) and graph["layers"] and isinstance(graph.get("calls"), list)
        ):
            layer = draw(st.sampled_from(graph["layers"]))
            if isinstance(layer, dict) and how == "kind":
                layer |= {
                    "class_name": draw(st.sampled_from(KINDS)),
                    "origin": draw(st.sampled_from(["keras.layers", "keras.ops"])),
                }
            elif isinstance(layer, dict) and how == "config":
                keys = [
                    "axis",
                    "kernel_size",
                    "strides",
                    "padding",
                    "activation",
                    "rate",
                    "scale",
                    "layer",
                    "argument 0",
                ]
                layer["config"] = {draw(st.sampled_from(keys)): draw(st.sampled_from(STRANGE))}
            elif how == "bare" and graph["calls"] and isinstance(graph["calls"][0], dict):
                graph["calls"][0]["arguments"] = []
    return json.dumps(graph)


def compared(student: ModelGraph, reference: ModelGraph) -> bool:
    analysis = analyse(student, reference)
    summarize(analysis, diagnose(analysis, None), None).to_json()
    count(student)
    return analysis.same


@settings(max_examples=300, deadline=None)
@given(tampered())
def test_a_tampered_graph_is_refused_or_compared(text: str) -> None:
    """The outcome is a clear error or a graph; any graph can be compared with another and is equal to itself."""
    try:
        graph = ModelGraph.from_json(text)
    except UnreadableModelError:
        return
    compared(graph, residual_block())
    compared(residual_block(), graph)
    assert compared(graph, graph)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"tensors": [{"shape": [None, 10**30], "dtype": "float32"}]}, "at tensors.0.shape.1"),
        ({"tensors": [{"shape": [None, -4], "dtype": "float32"}]}, "at tensors.0.shape.1"),
        ({"tensors": [{"shape": [2] * 1000, "dtype": "float32"}]}, "at tensors.0.shape"),
        (
            {"weights": [{"name": "w", "shape": [10**30], "dtype": "float32", "trainable": True}]},
            "at weights.0.shape.0",
        ),
        ({"outputs": [{"key": "0", "tensor": -1}]}, "names tensor -1"),
        (
            {"outputs": [{"key": "0", "tensor": 10**60}]},
            "at outputs.0.tensor: a whole number of more than 40 digits",
        ),
        ({"calls": {}}, "at calls"),
        ({"a\x1b[2J": 1}, r"at 'a\\x1b\[2J'"),
    ],
)
def test_the_field_at_fault_is_named(change: dict[str, Any], part: str) -> None:
    """A size that no tensor has, an index that points nowhere and an unknown key are told with their place."""
    with pytest.raises(UnreadableModelError, match=part):
        ModelGraph.from_json(json.dumps(block() | change))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1_000_000,
        '{"a":' * 1_000_000,
        '{"layers": [' + "{}," * 100_000 + "{}]}",
        "NaN",
        "\ud800",
        "1" * 100_000,
    ],
    ids=["brackets", "objects", "empty layers", "NaN", "surrogate", "digits"],
)
def test_a_text_that_is_no_graph_is_refused_at_once(text: str) -> None:
    """Nesting, length and odd characters are met in bounded time."""
    start = time.perf_counter()
    with pytest.raises(UnreadableModelError, match="This is not a model graph"):
        ModelGraph.from_json(text)
    assert time.perf_counter() - start < 10


def test_joins_of_joins_take_no_exponential_time() -> None:
    """Sixty concatenations, each of all before it, claim 2**60 channels; in another order, that is said to be too much."""

    def joins(back: bool) -> ModelGraph:
        made = Blueprint()
        tensors = [made.input(4)]
        layer = made.layer("Concatenate", axis=-1)
        for number in range(60):
            order = reversed(tensors) if back else tensors
            tensors.append(made.call(layer, *order, shape=(4 * 2**number,), listed=True))
        return made.graph(tensors[-1])

    start = time.perf_counter()
    with pytest.raises(GraderError, match="whether it matters was not decided"):
        compared(joins(False), joins(True))
    assert time.perf_counter() - start < 20


def line(steps: str) -> ModelGraph:
    """Steps one after the other: a dense layer, a relu, a normalisation or a rescaling each."""
    made = Blueprint()
    x = made.input(4)
    for step in steps:
        if step == "d":
            x = made.dense(x, 4)
        elif step == "s":
            x = made.call(made.layer("Rescaling", scale=2.0, offset=1.0), x, shape=(4,))
        else:
            x = made.relu(x) if step == "r" else made.norm(x)
    return made.graph(x)


def fan(kinds: str, *, joined: str) -> ModelGraph:
    """Steps side by side on one input, joined by a sum, a concatenation, or a sum after each further one."""
    made = Blueprint()
    start = made.input(4)
    ends = [made.dense(start, 4) if kind == "d" else made.relu(start) for kind in kinds]
    if joined == "one by one":
        x = ends[0]
        for end in ends[1:]:
            x = made.add(x, end)
        return made.graph(x)
    return made.graph(made.add(*ends) if joined == "sum" else made.concatenate(*ends))


def dense_block(layers: int, relu: bool) -> ModelGraph:
    """Layers that each read all that was made before."""
    made = Blueprint()
    tensors = [made.input(4)]
    for number in range(layers):
        activation = "relu" if relu and number == layers // 2 else "linear"
        tensors.append(made.dense(made.concatenate(*tensors), 4, activation=activation))
    return made.graph(tensors[-1])


N = 6_000


@pytest.mark.parametrize(
    ("student", "reference"),
    [
        (lambda: line("d" * N), lambda: line("r" * N)),
        (lambda: line("drn" * (N // 3)), lambda: line("rdn" * (N // 3))),
        (lambda: line("d" * N), lambda: line("dn" * (N // 2))),
        (lambda: line("s" * N), lambda: line("s" * (N - 1))),
        (lambda: fan("d" * N, joined="sum"), lambda: fan("r" * N, joined="sum")),
        (lambda: fan("d" * N, joined="concatenation"), lambda: fan("dr" * (N // 2), joined="concatenation")),
        (lambda: fan("d" * N, joined="one by one"), lambda: fan("d" * (N - 1) + "r", joined="one by one")),
        (lambda: dense_block(250, relu=True), lambda: dense_block(250, relu=False)),
    ],
    ids=["unrelated", "exchanged", "left out", "scaled", "side by side", "half", "summed", "dense block"],
)
def test_large_graphs_that_differ_are_compared_in_bounded_time(student: Any, reference: Any) -> None:
    """Thousands of differences, or one in thousands of edges, are told apart in seconds."""
    graphs = student(), reference()
    start = time.process_time()
    assert not analyse(*graphs).same
    assert time.process_time() - start < 10


def test_a_name_cannot_steer_the_terminal(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Escape codes in a graph's names reach the screen neither from ``describe`` nor from ``compare``."""
    graph = block() | {"name": "\x1b[2Jmodel"}
    graph["layers"][-1]["class_name"] = "Dense\x1b]0;title\x07"
    (tmp_path / "a.json").write_text(json.dumps(graph), encoding="utf-8")
    (tmp_path / "b.json").write_text(residual_block().to_json(), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for arguments in (
        ["describe", "a.json"],
        ["compare", "a.json", "b.json"],
        ["compare", "b.json", "a.json"],
    ):
        monkeypatch.setattr("sys.argv", ["grader", *arguments])
        with pytest.raises(SystemExit):
            cli.main()
        said = capsys.readouterr()
        assert said.out
        assert not {"\x1b", "\x07"} & set(said.out + said.err)
