"""A graph as a table: what each call is, takes, gives and holds, in a terminal of 100 columns."""

from __future__ import annotations

import re

import pytest

from grader.graph import Argument, Call, Compiled, Loss, ModelGraph, Port
from tests.blueprints import Blueprint, residual_block
from tests.unit.report.plans import graphs, named

TWINS = """\
model: functional, 5 calls of 4 layers
parameters: 120 (20 trainable)

         layer                           takes     output      parameters
   left  Input 'photo'                             (None, 9)
input 2  Input                                     (None, 9)
         encoder (Sequential):
      1    Dense(10, activation='relu')  left      (None, 10)  100 frozen
         encoder (Sequential):
      2    Dense(10, activation='relu')  input 2   (None, 10)     as in 1
      3  Subtract()                      1, 2      (None, 10)
      4  ops.get_item()                  3, (:2,)  (None, 10)
      5  Dense(2, use_bias=False)        4         (None, 2)           20

outputs: same = 5, apart = 3"""


def twins() -> ModelGraph:
    """Two calls of one frozen layer in a nested model, an index, and two outputs by name."""
    plan = Blueprint()
    a, b = plan.input(9), plan.input(9)
    shared = plan.layer("Dense", (9, 10), (10,), units=10, activation="relu", use_bias=True)
    c, d = plan.call(shared, a, shape=(10,)), plan.call(shared, b, shape=(10,))
    apart = plan.call(plan.layer("Subtract"), c, d, shape=(10,), listed=True)
    part = plan.call(plan.layer("GetItem", origin="keras.ops"), apart, shape=(10,))
    whole = plan.layer("Dense", (10, 2), units=2, activation="linear", use_bias=False)
    end = plan.call(whole, part, shape=(2,))
    nested = plan.layer("Sequential")
    plan.layers[nested] = plan.layers[nested].model_copy(update={"name": "encoder"})
    plan.calls[:2] = [call.model_copy(update={"scope": (nested,)}) for call in plan.calls[:2]]
    two = {"class_name": "__slice__", "config": {"start": None, "stop": 2, "step": None}}
    index = Argument(place="1", value=[two])
    plan.calls[3] = plan.calls[3].model_copy(update={"arguments": (*plan.calls[3].arguments, index)})
    plan.weights[:2] = [weight.model_copy(update={"trainable": False}) for weight in plan.weights[:2]]
    ports = Port(key="left", tensor=a, name="photo"), Port(key="1", tensor=b, name="input_layer_4")
    ends = Port(key="same", tensor=end), Port(key="apart", tensor=apart)
    return plan.graph(end).model_copy(update={"inputs": ports, "outputs": ends})


def test_a_table_says_what_each_call_is_takes_gives_and_holds() -> None:
    """Chosen settings, numbers of the calls that feed it, shapes, and parameters counted where they come first."""
    assert TWINS == str(twins())


@pytest.mark.parametrize("name", sorted(graphs()))
def test_a_table_fits_100_columns(name: str) -> None:
    """However long a network is, and however many tensors it joins."""
    graph = graphs()[name]
    lines = str(graph).splitlines()
    assert [] == [line for line in lines if len(line) > 100]
    assert len(lines) >= len(graph.calls)


def joined(shown: str) -> list[str]:
    """What the last call takes: the third column, from its first line to the output."""
    rows = shown.splitlines()
    start = next(index for index, row in enumerate(rows) if "Concatenate" in row)
    column = rows[3].index("takes")
    return [row[column : column + 18] for row in rows[start : rows.index("", start)]]


def test_a_long_cell_goes_on_below() -> None:
    """Settings and tensors that do not fit are told in full."""
    plan = Blueprint()
    x = plan.input(4, 4, 8)
    ends = [plan.conv(x, 8, activation="relu") for _ in range(12)]
    shown = str(plan.graph(plan.concatenate(*ends)))
    assert "1, 2, 3, 4, 5" in shown
    assert "activation='relu'" in shown
    assert [str(number) for number in range(1, 13)] == re.findall(r"\d+", "".join(joined(shown)))
    assert max(map(len, shown.splitlines())) <= 100


def test_names_of_unknown_origin_stay_in_their_cell() -> None:
    """Names can neither steer a terminal nor begin a line of their own."""
    shown = str(named("\x1b[2J\u202eword\nword " * 9))
    assert not {char for char in shown if not char.isprintable()} - {"\n"}
    assert max(map(len, shown.splitlines())) <= 100


def test_a_weight_that_is_used_by_itself_is_counted_with_the_call() -> None:
    """``x * self.scale`` holds the scale; a weight that no call uses is told below the table."""
    plan = Blueprint()
    x = plan.input(3)
    plan.layer("Holder", (3,), (7,), origin="custom")
    times = plan.call(plan.layer("Multiply", origin="keras.ops"), x, shape=(3,))
    given = (*plan.calls[0].arguments, Argument(place="1", weight=0))
    plan.calls[0] = plan.calls[0].model_copy(update={"arguments": given})
    lines = str(plan.graph(times)).splitlines()
    assert ["1", "ops.multiply()", "input,", "weight", "(3,)", "(None,", "3)", "3"] == lines[5].split()
    assert "in no call: 7 parameters" == lines[-1]


def test_a_layer_that_makes_several_tensors_has_them_numbered() -> None:
    """``3[1]`` is the second of what call 3 gives."""
    plan = Blueprint()
    x, state = plan.input(4, 2), plan.tensor(3)
    made = plan.call(plan.layer("GRU", (2, 9), units=3, return_state=True), x, shape=(4, 3))
    plan.calls[0] = Call(layer=0, arguments=plan.calls[0].arguments, outputs=(made, state))
    shown = str(plan.graph(plan.dense(state, 2)))
    assert "GRU(3, return_state=True)" in shown
    assert ["2", "Dense(2)", "1[1]", "(None,", "2)", "8"] == shown.splitlines()[7].split()


def test_a_mask_that_nobody_wrote_is_not_told() -> None:
    """Keras takes it along by itself; one that was given is shown by its name."""
    plan = Blueprint()
    x, mask = plan.input(4), plan.input(1)
    end = plan.relu(x)
    seen = []
    for implied in (True, False):
        given = (*plan.calls[0].arguments[:1], Argument(place="mask", tensor=mask, implied=implied))
        plan.calls[0] = plan.calls[0].model_copy(update={"arguments": given})
        seen.append("mask=input 2" in str(plan.graph(end)))
    assert [False, True] == seen


def test_the_head_says_how_it_is_trained_and_what_cannot_be_seen() -> None:
    """With one output, its loss needs no key."""
    compiled = Compiled(optimizer="Adam", learning_rate=1e-3, losses=(Loss(output="0", function="mse"),))
    graph = residual_block().model_copy(update={"compiled": compiled, "dynamic": "it asks for values"})
    assert ["compiled: Adam at 0.001; mse", "no fixed graph: it asks for values"] == str(graph).splitlines()[
        2:4
    ]


def test_thousands_of_calls_are_cut_with_their_number() -> None:
    """What no screen holds is not printed."""
    plan = Blueprint()
    x = plan.input(2)
    for _ in range(1_003):
        x = plan.relu(x)
    assert "… and 3 calls more" in str(plan.graph(x))
