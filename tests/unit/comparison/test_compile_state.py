"""Compile states are compared where a task asks: what would training do otherwise."""

from typing import Any

import pytest

from grader.comparison import Difference, compare_graphs, compile_text
from grader.graph import Compiled, Loss, ModelGraph, Port
from grader.tasks import CompareOptions
from tests.blueprints import Blueprint

ASKED = CompareOptions(compile=True)
SPARSE = "sparse_categorical_crossentropy"


def model(
    ends: tuple[str, ...] = ("softmax", "linear"), keys: tuple[str, ...] = ("digit", "box")
) -> ModelGraph:
    """Return a model with one head for each activation, given out under keys."""
    plan = Blueprint()
    x = plan.dense(plan.input(6), 8)
    graph = plan.graph(*[plan.dense(x, 3, activation=end) for end in ends])
    ports = tuple(Port(key=key, tensor=port.tensor) for key, port in zip(keys, graph.outputs, strict=False))
    return graph.model_copy(update={"outputs": ports})


def with_state(graph: ModelGraph, *losses: Loss, **state: Any) -> ModelGraph:
    """Give a graph a compile state, by default as right after compile."""
    trained = tuple(index for index, weight in enumerate(graph.weights) if weight.trainable)
    given = {"optimizer": "Adam", "learning_rate": 1e-3, "trained": trained, **state}
    return graph.model_copy(update={"compiled": Compiled(losses=losses, **given)})


def term(output: str, function: str, weight: float | None = 1.0, **config: Any) -> Loss:
    return Loss(output=output, function=function, config=config, weight=weight)


def differences(student: ModelGraph, reference: ModelGraph) -> tuple[Difference, ...]:
    found = compare_graphs(student, reference, ASKED)
    assert found.equivalent == (not found.differences)
    return found.differences


def said(student: ModelGraph, reference: ModelGraph) -> list[tuple[str, str]]:
    return [(difference.kind, difference.message) for difference in differences(student, reference)]


BOTH = (term("digit", SPARSE, from_logits=False), term("box", "mean_squared_error"))


def test_equal_states_are_equal() -> None:
    """The order in which losses are written means nothing."""
    assert [] == said(with_state(model(), *BOTH), with_state(model(), *reversed(BOTH)))


def test_states_are_compared_only_where_a_task_asks() -> None:
    """By itself a comparison is about architecture."""
    assert compare_graphs(model(), with_state(model(), *BOTH)).equivalent


def test_an_uncompiled_reference_asks_for_nothing() -> None:
    """Where the reference is not compiled, any state will do."""
    assert [] == said(with_state(model(), *BOTH), model())


def test_a_model_that_is_not_compiled_is_said_so() -> None:
    """Expected compiled and found not: one difference."""
    assert ["not-compiled"] == [kind for kind, _ in said(model(), with_state(model(), *BOTH))]


@pytest.mark.parametrize(
    "state",
    [
        {"optimizer": "RMSprop"},
        {"optimizer": "AdamW", "settings": {"weight_decay": 0.01}},
        {"metrics": ({"output": "digit", "name": "accuracy"},)},
        {"started": True},
        {"own_step": True},
    ],
)
def test_what_does_not_decide_what_is_learned_may_differ(state: dict[str, Any]) -> None:
    """Another optimizer, its settings, metrics, and whether training has begun are the student's choice."""
    assert [] == said(with_state(model(), *BOTH, **state), with_state(model(), *BOTH))


class TestLosses:
    """Which output is trained by which loss."""

    def test_an_output_without_a_loss_is_named(self) -> None:
        """The output, the loss that was expected, and a key that fits no output."""
        student = with_state(model(), BOTH[0], unplaced=("bx",))
        assert [
            (
                "loss-missing",
                (
                    "The output 'box' has no loss, expected mean_squared_error. A loss is given for 'bx', which is "
                    "no output."
                ),
            )
        ] == said(student, with_state(model(), *BOTH))

    def test_outputs_of_a_list_are_named_by_their_layers(self) -> None:
        """A position alone would tell nobody which head it is."""
        keys = ("0", "1")
        lists = tuple(loss.model_copy(update={"output": key}) for key, loss in zip(keys, BOTH, strict=True))
        student, reference = with_state(model(keys=keys), lists[0]), with_state(model(keys=keys), *lists)
        head = student.layers[-1].name
        assert (
            f"The output of {head!r} has no loss, expected mean_squared_error."
            == said(student, reference)[0][1]
        )

    def test_no_loss_at_all_is_one_difference(self) -> None:
        """Both outputs in one sentence."""
        found = said(with_state(model()), with_state(model(), *BOTH))
        assert [
            (
                "loss-missing",
                f"The output 'digit' and the output 'box' have no loss, expected {SPARSE} and mean_squared_error.",
            )
        ] == found

    def test_a_loss_where_none_is_expected_is_another_loss(self) -> None:
        """What should not be trained is."""
        found = said(with_state(model(), *BOTH), with_state(model(), BOTH[0]))
        expected = "The output 'box' is trained with mean_squared_error, expected no loss."
        assert [("wrong-loss", expected)] == found

    @pytest.mark.parametrize(
        ("loss", "message"),
        [
            (
                term("box", "mean_absolute_error"),
                "The output 'box' is trained with mean_absolute_error, expected mean_squared_error.",
            ),
            (
                term("box", "mean_squared_error", delta=2.0),
                (
                    "The output 'box' is trained with mean_squared_error(delta=2.0), "
                    "expected mean_squared_error(delta=None)."
                ),
            ),
            (
                term("box", "custom:distance"),
                "The output 'box' is trained with the function 'distance', expected mean_squared_error.",
            ),
        ],
    )
    def test_another_loss_is_said_with_both(self, loss: Loss, message: str) -> None:
        """Function and settings that differ, of both."""
        assert [("wrong-loss", message)] == said(
            with_state(model(), BOTH[0], loss), with_state(model(), *BOTH)
        )

    def test_functions_of_ones_own_are_taken_to_be_the_same(self) -> None:
        """Nobody can tell what they compute, and a name says nothing."""
        first, second = term("box", "custom:distance"), term("box", "custom:gap", scale=2)
        assert [] == said(with_state(model(), BOTH[0], first), with_state(model(), BOTH[0], second))

    def test_a_class_of_ones_own_is_compared_by_its_settings(self) -> None:
        """The same class with another margin is another loss."""
        first, second = (
            term("box", "custom:Contrastive", margin=2.0),
            term("box", "custom:Contrastive", margin=1.0),
        )
        found = said(with_state(model(), BOTH[0], first), with_state(model(), BOTH[0], second))
        assert ["wrong-loss"] == [kind for kind, _ in found]

    def test_a_crossentropy_chosen_by_the_labels_fits_any_of_them(self) -> None:
        """Keras will choose the right one."""
        open_choice = term("digit", "crossentropy")
        assert [] == said(with_state(model(), open_choice, BOTH[1]), with_state(model(), *BOTH))
        assert [] == said(with_state(model(), *BOTH), with_state(model(), open_choice, BOTH[1]))

    def test_a_loss_computed_by_the_model_itself_is_not_called_missing(self) -> None:
        """What cannot be compared is said to be that."""
        found = said(with_state(model(), own_step=True), with_state(model(), *BOTH))
        assert ["wrong-loss"] == [kind for kind, _ in found]
        assert "cannot be compared" in found[0][1]

    def test_nothing_is_said_of_losses_where_outputs_are_missing(self) -> None:
        """The missing output is the cause."""
        one = model(ends=("softmax",), keys=("digit",))
        found = said(with_state(one, BOTH[0]), with_state(model(), *BOTH))
        assert not {"loss-missing", "wrong-loss"} & {kind for kind, _ in found}


class TestLogits:
    """A head and its loss have to agree on who applies softmax or sigmoid."""

    @pytest.mark.parametrize(
        ("end", "function"),
        [
            ("softmax", SPARSE),
            ("softmax", "categorical_crossentropy"),
            ("sigmoid", "binary_crossentropy"),
            ("linear", SPARSE),
            ("linear", "binary_crossentropy"),
            ("linear", "binary_focal_crossentropy"),
        ],
    )
    def test_a_mismatch_is_said_with_both_sides(self, end: str, function: str) -> None:
        """Probabilities taken for logits, or logits for probabilities."""
        takes = end != "linear"  # the wrong one
        head = model(ends=(end,), keys=("0",))
        student = with_state(head, term("0", function, from_logits=takes))
        (found,) = differences(student, with_state(head, term("0", function, from_logits=not takes)))
        assert "logits-mismatch" == found.kind
        assert (f"from_logits={not takes}", f"from_logits={takes}") == (found.expected, found.found)
        ends = f"ends in a {end}" if takes else "ends without an activation"
        assert (
            f"The output {ends}, and its loss {function} takes {'logits' if takes else 'prob'}"
            in found.message[:120]
        )

    def test_logits_stay_logits_through_an_average(self) -> None:
        """A convolution for each class, averaged over the picture, gives logits."""

        def averaged(takes: bool) -> ModelGraph:
            plan = Blueprint()
            maps = plan.conv(plan.input(8, 8, 3), 5)
            pool = plan.layer("GlobalAveragePooling2D", data_format="channels_last", keepdims=False)
            return with_state(
                plan.graph(plan.call(pool, maps, shape=(5,))), term("0", SPARSE, from_logits=takes)
            )

        assert ["logits-mismatch"] == [kind for kind, _ in said(averaged(False), averaged(True))]
        assert [] == said(averaged(True), averaged(False))

    @pytest.mark.parametrize("end", ["softmax", "linear"])
    def test_a_loss_that_fits_its_head_is_right(self, end: str) -> None:
        """Even where the reference's own does not."""
        head = model(ends=(end,), keys=("0",))
        student = with_state(head, term("0", SPARSE, from_logits=end == "linear"))
        assert [] == said(student, with_state(head, term("0", SPARSE, from_logits=end != "linear")))

    def test_the_other_way_to_say_it_is_another_architecture(self) -> None:
        """A linear head with a loss for logits trains the same and answers otherwise."""
        student = with_state(model(ends=("linear",), keys=("0",)), term("0", SPARSE, from_logits=True))
        reference = with_state(model(ends=("softmax",), keys=("0",)), term("0", SPARSE, from_logits=False))
        kinds = {kind for kind, _ in said(student, reference)}
        assert kinds
        assert not kinds & {"logits-mismatch", "wrong-loss"}

    def test_a_head_that_is_neither_is_said_by_the_setting(self) -> None:
        """Whether tanh gives logits nobody can say, so the settings are compared."""
        head = model(ends=("tanh",), keys=("0",))
        found = said(
            with_state(head, term("0", SPARSE, from_logits=True)),
            with_state(head, term("0", SPARSE, from_logits=False)),
        )
        assert ["wrong-loss"] == [kind for kind, _ in found]


class TestWeights:
    """How much each loss counts beside the others."""

    @staticmethod
    def weighted(*weights: float | None) -> ModelGraph:
        losses = [
            loss.model_copy(update={"weight": weight}) for loss, weight in zip(BOTH, weights, strict=True)
        ]
        return with_state(model(), *losses)

    @pytest.mark.parametrize(
        ("student", "reference"),
        [((1, 5), (1, 5)), ((0.2, 1), (1, 5)), ((1, 0.333), (3, 1)), ((0, 0), (0, 0))],
    )
    def test_equal_priorities_are_equal(
        self, student: tuple[float, ...], reference: tuple[float, ...]
    ) -> None:
        """A factor common to all losses is none."""
        assert [] == said(self.weighted(*student), self.weighted(*reference))

    @pytest.mark.parametrize(
        ("student", "reference", "message"),
        [
            ((10, 1), (1, 10), "The losses of 'digit' and 'box' count 10 to 1, expected 1 to 10."),
            ((1, 1), (1, 0.1), "The losses of 'digit' and 'box' count 1 to 1, expected 1 to 0.1."),
            ((1, 0), (1, 1), "The losses of 'digit' and 'box' count 1 to 0, expected 1 to 1."),
            ((0, 0), (1, 1), "The losses of 'digit' and 'box' count 0 to 0, expected 1 to 1."),
        ],
    )
    def test_other_priorities_are_said_with_both(
        self, student: tuple[float, ...], reference: tuple[float, ...], message: str
    ) -> None:
        """Found and expected, output by output."""
        assert [("loss-weights", message)] == said(self.weighted(*student), self.weighted(*reference))

    def test_a_loss_that_counts_nothing_is_no_loss(self) -> None:
        """A weight of zero and no loss at all train the same."""
        assert [] == said(self.weighted(1, 0), with_state(model(), BOTH[0]))
        assert [] == said(with_state(model(), BOTH[0]), self.weighted(1, 0))

    def test_weights_wait_until_the_losses_are_right(self) -> None:
        """A missing loss is the cause; that the weights differ with it is not said."""
        found = said(with_state(model(), BOTH[0]), self.weighted(1, 10))
        assert ["loss-missing"] == [kind for kind, _ in found]


class TestRate:
    """The size of the steps."""

    @staticmethod
    def state(rate: float | None = None, optimizer: str = "Adam", schedule: Any = None) -> ModelGraph:
        return with_state(model(), *BOTH, optimizer=optimizer, learning_rate=rate, schedule=schedule)

    @pytest.mark.parametrize("rate", [1e-5, 5e-6, 1e-7, 2e-5, 9e-5])
    def test_a_rate_near_or_below_is_right(self, rate: float) -> None:
        """Lower than asked for is not too high, and so is what lies within one order."""
        assert [] == said(self.state(rate), self.state(1e-5))

    @pytest.mark.parametrize("rate", [1e-4, 1e-3, 1e-2])
    def test_ten_times_the_rate_is_too_high(self, rate: float) -> None:
        """From ten times on, with both rates."""
        (found,) = differences(self.state(rate), self.state(1e-5))
        assert ("learning-rate-too-high", "1e-05", f"{rate:g}") == (found.kind, found.expected, found.found)
        assert f"The learning rate is {rate:g}, {rate / 1e-5:.3g} times the expected 1e-05." == found.message

    @pytest.mark.parametrize("rate", [0.0, 1e-9, 1e-6])
    def test_a_thousandth_is_too_low(self, rate: float) -> None:
        """At such a rate next to nothing is learned."""
        assert ["learning-rate-too-low"] == [kind for kind, _ in said(self.state(rate), self.state(1e-3))]

    def test_rates_of_two_optimizers_are_compared_by_what_they_use_themselves(self) -> None:
        """SGD's own rate is ten times Adam's, so ten times the number is the same step."""
        assert [] == said(self.state(1e-4, "SGD"), self.state(1e-5))
        (found,) = differences(self.state(1e-2, "SGD"), self.state(1e-5))
        assert "The learning rate is 0.01, 100 times the expected 0.0001 for SGD." == found.message

    @pytest.mark.parametrize(
        ("kind", "config"),
        [
            ("ExponentialDecay", {"initial_learning_rate": 1e-3, "decay_rate": 0.9}),
            ("CosineDecay", {"initial_learning_rate": 0.0, "warmup_target": 1e-3}),
            ("PiecewiseConstantDecay", {"boundaries": [10], "values": [1e-3, 1e-5]}),
        ],
    )
    def test_a_schedule_counts_by_its_highest_rate(self, kind: str, config: dict[str, Any]) -> None:
        """A few large steps undo as much."""
        student = self.state(schedule={"class_name": kind, "config": config})
        (found,) = differences(student, self.state(1e-5))
        assert "The learning rate reaches 0.001, 100 times the expected 1e-05." == found.message
        assert [] == said(student, self.state(1e-3))

    @pytest.mark.parametrize(
        "schedule", ["custom:<lambda>", {"class_name": "Mine", "config": {"initial_learning_rate": 1.0}}, [1]]
    )
    def test_a_rate_that_nobody_can_tell_is_let_pass(self, schedule: Any) -> None:
        """Code of one's own is not taken to be wrong."""
        assert [] == said(self.state(schedule=schedule), self.state(1e-5))

    def test_numbers_beyond_all_bounds_do_no_harm(self) -> None:
        """The student's side of a record may hold anything."""
        config = {"initial_learning_rate": 10**400, "values": ["x", None, True]}
        student = self.state(schedule={"class_name": "PolynomialDecay", "config": config})
        assert isinstance(differences(student, self.state(1e-5)), tuple)


class TestCompiledAgain:
    """Whether compile was called after the last change of ``trainable``."""

    @staticmethod
    def changed(started: bool, opened: bool = True) -> ModelGraph:
        """Return a model whose first layer was opened or frozen since training was set up."""
        graph = model()
        weights = list(graph.weights)
        for weight in (0, 1):
            weights[weight] = weights[weight].model_copy(update={"trainable": opened})
        graph = graph.model_copy(update={"weights": tuple(weights)})
        trained = tuple(range(2 if opened else 0, len(weights)))
        return with_state(graph, *BOTH, started=started, trained=trained)

    @pytest.mark.parametrize(
        ("started", "opened", "message"),
        [
            (False, True, "The first Dense was opened after compile, and the model was not compiled again."),
            (
                True,
                False,
                "The first Dense was frozen after training was set up, and the optimizer goes by what",
            ),
        ],
    )
    def test_a_change_since_then_is_said(self, started: bool, opened: bool, message: str) -> None:
        """Which layers, which way, and since when."""
        (found,) = differences(self.changed(started, opened), with_state(model(), *BOTH))
        assert ("not-recompiled", "at the first Dense", (0,)) == (found.kind, found.where, found.student)
        assert found.message.startswith(message)

    def test_a_reference_that_does_the_same_asks_for_nothing_else(self) -> None:
        """What the reference does cannot be wrong."""
        assert [] == said(self.changed(False), self.changed(True))

    def test_what_keras_does_not_say_is_not_held_against_anyone(self) -> None:
        """An older Keras notes no flags at compile."""
        assert [] == said(with_state(model(), *BOTH, trained=None), with_state(model(), *BOTH))

    def test_it_comes_before_what_follows_from_it(self) -> None:
        """A model not compiled again has the old rate as well."""
        stale = self.changed(True)
        hot = stale.model_copy(update={"compiled": stale.compiled.model_copy(update={"learning_rate": 1.0})})
        kinds = [kind for kind, _ in said(hot, with_state(model(), *BOTH))]
        assert ["not-recompiled", "learning-rate-too-high"] == kinds


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ({}, "Adam at 0.001; no loss"),
        ({"losses": BOTH}, f"Adam at 0.001; digit: {SPARSE}; box: mean_squared_error"),
        ({"losses": (term("box", "huber", weight=0.5),)}, "Adam at 0.001; box: huber × 0.5"),
        ({"learning_rate": None, "schedule": "custom:mine"}, "Adam; no loss"),
        (
            {"schedule": {"class_name": "CosineDecay", "config": {"initial_learning_rate": 0.01}}},
            "Adam at up to 0.01; no loss",
        ),
    ],
)
def test_a_state_is_told_in_a_line(state: dict[str, Any], line: str) -> None:
    """Optimizer, rate, and each output's loss with its weight."""
    assert line == compile_text(Compiled(**{"optimizer": "Adam", "learning_rate": 1e-3, **state}))
