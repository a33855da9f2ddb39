"""The command ``grader``: what it prints, and the exit codes that scripts rely on."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from grader import cli
from grader.demo import Demonstration
from grader.graph import ModelGraph
from tests.blueprints import residual_block, shuffled
from tests.integration.small_course import UNIT, make_course


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


@pytest.fixture
def saved(tmp_path: Path) -> dict[str, Path]:
    """A reference, the same written otherwise, and one without its shortcut, as graph files."""
    graphs = {
        "reference": residual_block(),
        "same": shuffled(residual_block(), 3),
        "wrong": residual_block(kind="missing-skip"),
    }
    paths = {}
    for name, graph in graphs.items():
        paths[name] = tmp_path / f"{name}.json"
        paths[name].write_text(graph.to_json(), encoding="utf-8")
    return paths


def test_equal_models_exit_with_0(saved: dict[str, Path]) -> None:
    """Zero means the same architecture."""
    result = run("compare", saved["same"], saved["reference"])
    assert (0, "Equivalent: the same architecture.\n") == (result.exit_code, result.output)


def test_unequal_models_exit_with_1_and_say_why(saved: dict[str, Path]) -> None:
    """One means another architecture, with the difference and its name."""
    result = run("compare", saved["wrong"], saved["reference"])
    assert 1 == result.exit_code
    assert "1. After the second BatchNormalization, expected an Add" in result.output
    assert "missing-skip" in result.output


def test_options_widen_and_narrow_a_comparison(tmp_path: Path) -> None:
    """Names are minded where that is asked for, and a free setting is not."""
    paths = {name: tmp_path / f"{name}.json" for name in ("reference", "wider", "renamed")}
    paths["reference"].write_text(residual_block().to_json(), encoding="utf-8")
    paths["renamed"].write_text(shuffled(residual_block(), 3).to_json(), encoding="utf-8")
    paths["wider"].write_text(
        residual_block(filters=4).to_json().replace('"same"', '"valid"'), encoding="utf-8"
    )
    assert 1 == run("compare", paths["renamed"], paths["reference"], "--mind", "names").exit_code
    assert 1 == run("compare", paths["wider"], paths["reference"]).exit_code
    assert 0 == run("compare", paths["wider"], paths["reference"], "--free", "Conv2D.padding").exit_code


@pytest.mark.parametrize(
    ("option", "name", "likely", "listed"),
    [
        ("--mind", "name", "names", "It can be names, initializers, trainable, "),
        ("--free", "filtres", "filters", "the models have activation, axis, "),
        ("--free", "sharring", "sharing", "the models have activation, axis, "),
        ("--free", "Conv2D.filter", "filters", "Conv2D has activation, activity_regularizer, "),
        ("--free", "Conv2d.filters", "Conv2D", "The models have Add, BatchNormalization, Conv2D, ReLU."),
    ],
)
def test_a_slip_in_an_options_name_is_met_with_the_names(
    option: str,
    name: str,
    likely: str,
    listed: str,
    saved: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A name that means nothing is not passed over in silence: the likely one is offered, and those there are."""
    arguments = ("compare", str(saved["same"]), str(saved["reference"]), option, name)
    said = refusal(monkeypatch, capsys, *arguments)
    assert f"Did you mean '{likely}'?" in said
    assert listed in said


MAKE_GATES = """
import sys
import keras

def gate(rearranged, activation):
    x = keras.Input((6,))
    h = keras.layers.Dense(6, activation=activation)(x)
    g = keras.layers.Dense(6, activation="sigmoid")(x)
    y = x + g * (h - x) if rearranged else g * h + (1 - g) * x
    return keras.Model(x, keras.layers.Dense(3)(y))

gate(False, "relu").save("reference.keras")
gate(True, "relu").save("rearranged.keras")
gate(True, "tanh").save("wrong.keras")
"""


@pytest.mark.keras
def test_saved_models_that_differ_are_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zero also means another graph that computes the same; one, a graph that does not."""
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    subprocess.run([sys.executable, "-W", "ignore", "-c", MAKE_GATES], cwd=tmp_path, check=True)
    same = run("compare", tmp_path / "rearranged.keras", tmp_path / "reference.keras")
    assert 0 == same.exit_code
    assert same.output.startswith("Equivalent: written otherwise, and the same function.")
    wrong = run("compare", tmp_path / "wrong.keras", tmp_path / "reference.keras", "--json")
    assert 1 == wrong.exit_code
    found = json.loads(wrong.output)
    assert (False, False) == (found["equivalent"], found["behaviour"]["same"])


def test_what_to_do_is_true_of_two_files(saved: dict[str, Path], tmp_path: Path) -> None:
    """Between two saved models there is no drawing and no task; the values stand in the text itself."""
    other = tmp_path / "other.json"
    other.write_text(residual_block(4, 8).to_json(), encoding="utf-8")
    wider = tmp_path / "wider.json"
    wider.write_text(residual_block(4, 6).to_json(), encoding="utf-8")
    shown = run("compare", wider, other).output
    assert "wrong-config: A layer has other settings. Set filters=8 at the first Conv2D.\n" in shown
    assert not {"drawing", "picture", "task"} & set(shown.replace("'", " ").split())


def test_json_output_is_one_object_with_the_documented_keys(saved: dict[str, Path]) -> None:
    """Scripts read ``equivalent``, ``differences`` and ``diagnoses``."""
    found = json.loads(run("compare", saved["wrong"], saved["reference"], "--json").output)
    assert not found["equivalent"]
    assert ["missing-layer"] == [difference["kind"] for difference in found["differences"]]
    assert ["missing-skip"] == [diagnosis["id"] for diagnosis in found["diagnoses"]]


def test_describe_prints_a_graph_that_can_be_read_back(saved: dict[str, Path]) -> None:
    """What ``--json`` writes is what ``ModelGraph.from_json`` reads."""
    result = run("describe", saved["reference"], "--json")
    assert residual_block() == ModelGraph.from_json(result.output)


@pytest.mark.parametrize(
    ("text", "part"),
    [(None, "There is no file"), ("{", "This is not a model graph"), ('{"format": 2}', "at format")],
)
def test_an_unusable_file_exits_with_2_and_one_line(
    text: str | None,
    part: str,
    saved: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The line names the file and what is wrong with it; there is no traceback."""
    bad = tmp_path / "bad.json"
    if text is not None:
        bad.write_text(text, encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["grader", "compare", str(bad), str(saved["reference"])])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    shown = capsys.readouterr().err
    assert 2 == stopped.value.code
    assert 1 == len(shown.splitlines())
    assert "bad.json" in shown
    assert part in shown


def test_a_command_outside_a_course_says_where_to_run_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Releasing needs a course; the message says how to name it."""
    monkeypatch.setattr("sys.argv", ["grader", "release", "01_x", "--course", str(tmp_path)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert 2 == stopped.value.code
    assert "name it with --course" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["release", "grade", "feedback"])
@pytest.mark.parametrize("name", ["../units/01_x", "units/01_x", "./01_x", "..", "", "01_x/"])
def test_a_name_that_leads_elsewhere_is_refused_before_anything_is_touched(
    name: str, command: str, tmp_path: Path
) -> None:
    """The folder that a name leads to is emptied by nbgrader, and ``../units/01_x`` is the unit itself."""
    tasks = tmp_path / "units" / "01_x" / "tasks.py"
    tasks.parent.mkdir(parents=True)
    tasks.write_text("kept", encoding="utf-8")
    settings = 'c = get_config()\nc.CourseDirectory.source_directory = "units"\n'
    (tmp_path / "nbgrader_config.py").write_text(settings, encoding="utf-8")
    result = run(command, name, "--course", tmp_path)
    assert "There are: 01_x. Give the unit's folder name alone" in str(result.exception)
    assert "kept" == tasks.read_text(encoding="utf-8")


def refusal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that cannot be done, and return the one line it says."""
    monkeypatch.setattr("sys.argv", ["grader", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert 2 == stopped.value.code
    (line,) = capsys.readouterr().err.splitlines()
    return line.removeprefix("grader: ")


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of one unit in ``course/``, seen from the folder above."""
    make_course(tmp_path / "course")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "course"


@pytest.mark.parametrize("command", ["release", "grade", "feedback", "demo"])
def test_a_slip_in_a_units_name_is_met_with_the_names(
    command: str, course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unknown unit is named with those there are, where they lie, and the likely one."""
    said = refusal(monkeypatch, capsys, command, "01_smal")
    expected = "There is no unit '01_smal' in course/units. There are: 01_small. Did you mean '01_small'?"
    assert expected == said


def test_grading_before_anything_is_there_names_layout_and_release(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing handed in and nothing released: the line says where submissions lie and what comes first."""
    assert (
        "Nothing is handed in for '01_small': looked for course/submitted/STUDENT/01_small/assignment.ipynb. Nothing "
        "is released either: run `grader release 01_small` and give students what is then in "
        "course/release/01_small."
    ) == refusal(monkeypatch, capsys, "grade", UNIT)


def test_a_student_who_handed_in_nothing_is_named(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One absent student stops the command before anything is graded; those who handed in are listed."""
    (course / "submitted" / "student-01" / UNIT).mkdir(parents=True)
    assert (
        "'nobody' handed in nothing for '01_small': there is no course/submitted/nobody/01_small/. Submissions are "
        "there of student-01."
    ) == refusal(monkeypatch, capsys, "grade", UNIT, "--student", "student-01", "--student", "nobody")


def test_a_demonstration_empties_no_other_folder(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that holds something else than an earlier demonstration is left alone."""
    (course.parent / "mine").mkdir()
    (course.parent / "mine" / "thesis.txt").touch()
    said = refusal(monkeypatch, capsys, "demo", UNIT, "--into", "mine")
    assert said.startswith("mine holds something else than an earlier demonstration")
    assert (course.parent / "mine" / "thesis.txt").exists()


def test_a_truncated_model_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half a saved model is said to be cut short; no backend is started for it."""
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("config.json", "x" * 2000)
    (tmp_path / "m.keras").write_bytes((tmp_path / "m.keras").read_bytes()[:900])
    monkeypatch.chdir(tmp_path)
    assert (
        "m.keras is not a complete Keras archive: it is cut short after 900 bytes. Save it again with "
        "model.save('m.keras')."
    ) == refusal(monkeypatch, capsys, "describe", "m.keras")


def test_without_a_command_the_commands_are_listed() -> None:
    """``grader`` alone is a question, not a mistake."""
    result = run()
    assert 0 == result.exit_code
    assert "Grade the submissions of a unit, several at a time." in result.output


def test_a_slip_in_a_command_is_met_with_the_command() -> None:
    """The command most like the one that was typed is offered."""
    result = run("grad", UNIT)
    assert 2 == result.exit_code
    assert "Did you mean 'grade'?" in result.output


def test_help_says_where_a_course_is_looked_for() -> None:
    """The default of ``--course`` is said: this folder, or its subfolder."""
    assert "[default: (the current folder, or course/ in it)]" in _unframed(run("grade", "--help").output)


def _unframed(text: str) -> str:
    return " ".join(text.replace("│", " ").split())


COMMANDS = typer.main.get_command(cli.app).commands


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_an_example_its_exit_codes_and_json(command: str) -> None:
    """``--help`` is enough to use a command; every command can answer a script."""
    shown = _unframed(run(command, "--help").output)
    assert f"Example: grader {command}" in shown
    assert "Exit codes: 0" in shown
    assert "Print JSON for scripts." in shown


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_argument_is_explained_and_every_example_can_be_typed(command: str) -> None:
    """No argument is left to its name, and the example names options and arguments that the command takes."""
    taken = COMMANDS[command].params
    assert [] == [one.name for one in taken if not getattr(one, "help", None)]
    (example,) = re.findall(r"Example: grader (.+)", COMMANDS[command].help)
    context = COMMANDS[command].make_context(command, shlex.split(example)[1:])
    assert context.params.keys() == {one.name for one in taken} - {"help"}


def test_a_demonstration_answers_a_script(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples, what is not as it should be, and places are one object; the exit code stays the same."""
    given = Demonstration((), ("wrong_x.py got full marks",), {"feedback": course})
    monkeypatch.setattr("grader.demo.run_demo", lambda *_: given)
    result = run("demo", "--json")
    assert {
        "samples": {},
        "problems": ["wrong_x.py got full marks"],
        "places": {"feedback": str(course)},
    } == json.loads(result.output)
    assert 1 == result.exit_code


def test_the_overview_says_what_exit_codes_mean() -> None:
    """What scripts rely on stands where the commands are listed."""
    assert "Exit codes: 0 done, 1 a negative answer, 2 the input cannot be used" in _unframed(
        run("--help").output
    )
