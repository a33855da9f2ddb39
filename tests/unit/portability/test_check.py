"""What a parity check says of models that agree, that do not, and that cannot be asked."""

from __future__ import annotations

import pytest

from grader.evidence import Array, Failure
from grader.parity_answers import Run, RunAnswer, TrainAnswer
from grader.portability.check import check
from grader.portability.panel import TroubleError
from grader.portability.records import ParityReport, ParityRow
from tests.unit.portability.standins import StandIn, chain, makers

ALL = ("tensorflow", "jax", "torch")


def found(report: ParityReport, name: str) -> list[tuple[tuple[str, ...], str]]:
    return [(row.backends, row.verdict) for row in report.rows if row.check == name]


def test_three_that_agree_pass() -> None:
    """Each row has its numbers, and a planted change was noticed."""
    report = check("chain", makers(tensorflow=StandIn(), jax=StandIn(), torch=StandIn()))
    assert report.passed
    assert [(("torch", "tensorflow"), "passed"), (("torch", "jax"), "passed")] == found(report, "outputs")
    assert [(("torch", "tensorflow"), "passed"), (("torch", "jax"), "passed")] == found(
        report, "save and load"
    )
    (row,) = (row for row in report.rows if row.check == "outputs" and row.backends[1] == "jax")
    assert row.difference is not None and row.tolerance is not None  # noqa: PT018
    assert row.spread is not None and row.noticed is not None  # noqa: PT018
    assert row.difference <= row.tolerance < row.noticed < row.spread
    assert {} == report.parts_at
    assert 3 == len([gap for gap in report.layers if gap.backends == ("torch", "jax")])


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_kernel_that_is_a_thousandth_larger_is_caught_at_its_layer(place: int) -> None:
    """The first layer that parts is the one that was changed, whichever it is."""
    standins = makers(tensorflow=StandIn(), jax=StandIn(planted={place: 1.001}), torch=StandIn())
    report = check("chain", standins)
    assert not report.passed
    assert [(("torch", "tensorflow"), "passed"), (("torch", "jax"), "failed")] == found(report, "outputs")
    names = [layer.name for layer in chain().layers if layer.class_name == "Dense"]
    assert {"torch, jax": f"{names[place]} (Dense)"} == report.parts_at


def test_outputs_that_tell_nothing_prove_nothing() -> None:
    """Where a planted change is not noticed, agreement is no pass."""
    report = check(
        "chain", makers(jax=StandIn(constant=True), torch=StandIn(constant=True)), backends=("jax", "torch")
    )
    assert not report.passed
    (row,) = (row for row in report.rows if row.check == "outputs")
    assert ("unproven", 0.0, 0.0) == (row.verdict, row.difference, row.noticed)
    assert "not noticed" in row.note


def test_a_tolerance_that_is_given_counts() -> None:
    """A task may allow more than rounding, or less."""
    standins = {"jax": StandIn(planted={1: 1.001}), "torch": StandIn()}
    assert [(("torch", "jax"), "failed")] == found(
        check("chain", makers(**standins), backends=standins), "outputs"
    )
    wide = check("chain", makers(**standins), backends=standins, tolerance=0.5)
    assert [(("torch", "jax"), "unproven")] == found(wide, "outputs")  # nothing so small could fail any more
    planted = {"jax": StandIn(planted={1: 1.00001}), "torch": StandIn()}
    allowed = check("chain", makers(**planted), backends=planted, tolerance=1e-4)
    assert [(("torch", "jax"), "passed")] == found(allowed, "outputs")


def test_a_backend_that_is_not_installed_is_skipped() -> None:
    """The others are compared all the same."""
    report = check("chain", makers(jax=StandIn(), torch=StandIn()), backends=ALL)
    assert report.passed
    assert [(("tensorflow",), "skipped")] == found(report, "builds")


def test_one_backend_alone_proves_nothing() -> None:
    """There is nothing to compare it with."""
    report = check("chain", makers(torch=StandIn()), backends=ALL)
    assert not report.passed
    assert {"skipped", "unproven"} == {row.verdict for row in report.rows}


@pytest.mark.parametrize("method", ["opened", "run", "save", "load"])
@pytest.mark.parametrize("verdict", ["crashed", "timed_out", "over_limit"])
def test_a_process_in_trouble_gets_a_row_and_the_others_are_compared(method: str, verdict: str) -> None:
    """Whatever it was doing, and whether it is asked first or last."""
    trouble = TroubleError(verdict, "it took more than 60 seconds")  # type: ignore[arg-type]
    for backend in ALL:
        standins = {name: StandIn() for name in ALL}
        standins[backend] = StandIn(trouble=(method, trouble))
        report = check("chain", makers(**standins))
        rows = found(report, "process")
        used = method != "save" or backend == "torch"  # the first saves, the others load
        used = used and (method != "load" or backend != "torch")
        assert rows == ([((backend,), verdict)] if used else [])
        assert report.passed != used


def test_a_model_that_one_backend_cannot_build_fails_there() -> None:
    """The exception is in the row, and the mistake is named where it is known."""
    broken = StandIn(failure=Failure(type="TypeError", message="tf.nn.relu got a tensor\nof another kind"))
    source = "import tensorflow as tf\nclass Own:\n    def call(self, x):\n        return tf.nn.relu(x)\n"
    report = check("chain", makers(tensorflow=StandIn(), jax=broken, torch=StandIn()), source=source)
    assert [(("jax",), "failed")] == found(report, "builds")
    (row,) = (row for row in report.rows if row.check == "builds")
    assert "TypeError: tf.nn.relu got a tensor" == row.note
    assert ["backend-only-function"] == [diagnosis.id for diagnosis in report.diagnoses]
    assert "`tf.nn.relu` in `Own.call`" in report.diagnoses[0].explanation


def test_another_number_of_parameters_is_told_before_anything_is_run() -> None:
    """What has other weights cannot be given the same ones."""
    report = check("chain", makers(jax=StandIn(chain(5)), torch=StandIn()), backends=("jax", "torch"))
    assert [(("torch", "jax"), "failed")] == found(report, "parameters") == found(report, "shapes and dtypes")
    assert [] == found(report, "outputs")
    assert "108 and 75" == next(row.note for row in report.rows if row.check == "parameters")


def test_weights_that_a_file_does_not_keep_are_noticed() -> None:
    """Outputs agree, and what comes back from the file does not."""
    report = check("chain", makers(jax=StandIn(), torch=StandIn(saves=0.999)), backends=("jax", "torch"))
    assert [(("torch", "jax"), "passed")] == found(report, "outputs")
    assert [(("torch", "jax"), "failed")] == found(report, "save and load")


def test_the_full_level_saves_in_every_direction_and_trains() -> None:
    """Six directions, and a row each for loss, gradients and weights of each pair."""
    standins = {name: StandIn(trains=True) for name in ALL}
    report = check("chain", makers(**standins), level="full")
    assert report.passed
    assert 6 == len(found(report, "save and load"))
    for name in ("training mode", "loss", "gradients", "weights after 3 steps"):
        assert 2 == len(found(report, name)), name


def test_an_optimizer_that_steps_otherwise_is_caught() -> None:
    """Gradients agree, weights after some steps do not."""
    standins = makers(jax=StandIn(trains=True, step=0.1001), torch=StandIn(trains=True))
    report = check("chain", standins, level="full", backends=("jax", "torch"))
    assert [(("torch", "jax"), "passed")] == found(report, "gradients")
    assert [(("torch", "jax"), "failed")] == found(report, "weights after 3 steps")


def test_a_model_that_is_not_compiled_is_not_trained() -> None:
    """The report says so, and it costs nothing."""
    report = check("chain", makers(jax=StandIn(), torch=StandIn()), level="full", backends=("jax", "torch"))
    assert report.passed
    assert [(("torch",), "skipped")] == found(report, "loss")


def test_random_layers_are_compared_in_inference_mode_and_named() -> None:
    """Their numbers are each backend's own."""
    report = check(
        "chain",
        makers(jax=StandIn(), torch=StandIn(random=("dropout (Dropout)",))),
        backends=("jax", "torch"),
    )
    assert ["dropout (Dropout) draws random numbers in training"] == [
        r.partition(":")[0] for r in report.remarks
    ]


def test_a_live_model_is_what_all_are_held_against() -> None:
    """What came back as another model is caught on its own backend too."""
    standins = makers(live=StandIn(), jax=StandIn(planted={2: 3.0}), torch=StandIn(planted={2: 3.0}))
    report = check(
        "chain",
        {b: m for b, m in standins.items() if b != "live"},
        live=standins["live"],
        backends=("jax", "torch"),
    )
    assert [(("live", "torch"), "failed"), (("live", "jax"), "failed")] == sorted(
        found(report, "outputs"), reverse=True
    )


def test_a_report_in_which_nothing_was_compared_has_not_passed() -> None:
    """Rows that were skipped prove nothing, however many there are."""
    row = ParityRow(check="builds", backends=("jax",), verdict="skipped")
    assert not ParityReport(model="any", level="quick", rows=(row, row)).passed


class FailsScaled(StandIn):
    """Runs, but not with a weight that was changed."""

    def run(self, asked: Run) -> RunAnswer:
        if asked.scaled:
            return RunAnswer(failure=Failure(type="ValueError", message="no"))
        return super().run(asked)


def test_a_planted_change_that_cannot_be_run_was_not_noticed() -> None:
    """A failure is no difference: what was never tried proves nothing."""
    report = check("chain", makers(jax=StandIn(), torch=FailsScaled()), backends=("jax", "torch"))
    assert [(("torch", "jax"), "unproven")] == found(report, "outputs")


def test_the_change_in_training_mode_is_planted_there() -> None:
    """What stands in the column was measured, and is no larger than what a thousandth can do."""
    report = check("chain", makers(jax=StandIn(), torch=StandIn()), level="full", backends=("jax", "torch"))
    (row,) = (row for row in report.rows if row.check == "training mode")
    assert row.noticed is not None and row.spread is not None  # noqa: PT018
    assert 0 < row.noticed < 0.01 * row.spread


class Still(StandIn):
    """A model that training does not move."""

    def train(self, steps: int, asked: Run) -> TrainAnswer:
        still = super().train(steps, asked)
        zero = {n: Array.of(0 * array.numpy()) for n, array in still.gradients.items()}
        kept = {n: Array.of(weight.reshape(-1)) for n, weight in enumerate(self.weights)}
        return still.model_copy(update={"gradients": zero, "weights": kept})


def test_training_that_moves_nothing_proves_nothing() -> None:
    """Neither gradients of zero nor weights that stay are a pass."""
    standins = makers(jax=Still(trains=True), torch=Still(trains=True))
    report = check("chain", standins, level="full", backends=("jax", "torch"))
    for name in ("gradients", "weights after 3 steps"):
        assert [(("torch", "jax"), "unproven")] == found(report, name)
