"""A unit in a notebook: which mode a check runs in, what it returns, and what it says."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from grader.course_unit import CheckResult, CourseUnit, open_unit
from grader.errors import UnknownTaskError, UnknownUnitError, UsageError
from grader.evidence import CASES_VARIABLE, MODE_VARIABLE, Case, CaseEvidence, CaseSheet, Evidence
from grader.keys import AnswerKey, TaskKey, write_key
from grader.tasks import Answer, PublicTask

HINTS = ("nudge", "pointer", "nearly")


def evidence(*values: Any) -> Evidence:
    cases = tuple(CaseEvidence(kind="value", value=value) for value in values)
    return Evidence(task="sum", backend="none", keras="3", cases=cases)


def answer_key(unit: str = "01_sums", solutions: dict[str, str] | None = None) -> AnswerKey:
    task = TaskKey(
        task=PublicTask(id="sum", title="A sum", expects=(Answer(points=2),), hints=HINTS),
        cases=(Case(),),
        visible=1,
        evidence=evidence(4),
    )
    return AnswerKey(unit=unit, title="Sums", tasks=(task,), solutions=solutions or {})


class Kernel:
    """Stands in for the part that needs Keras: takes plain values, keeps what is published."""

    def __init__(self) -> None:
        self.published: list[Evidence] = []
        self.configs = self.travels = False

    def collect(
        self,
        task_id: str,
        work: Any,
        cases: tuple[Case, ...],
        _models: Any = None,
        *,
        configs: bool = False,
        travels: bool = False,
    ) -> Evidence:
        self.configs, self.travels = configs, travels
        return evidence(*[work for _ in cases]).model_copy(update={"task": task_id})

    def publish(self, sent: Evidence) -> None:
        self.published.append(sent)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Kernel:
    for name in (MODE_VARIABLE, CASES_VARIABLE, "NBGRADER_EXECUTION", "GRADER_COURSE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    fake, stand_in = ModuleType("grader.models.collect"), Kernel()
    fake.collect, fake.publish = stand_in.collect, stand_in.publish  # type: ignore[attr-defined]
    fake.replied = None  # type: ignore[attr-defined]  # there are no models here to be run
    parent = ModuleType("grader.models")
    parent.collect = fake  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "grader.models", parent)
    monkeypatch.setitem(sys.modules, "grader.models.collect", fake)
    return stand_in


@pytest.fixture
def unit(kernel: Kernel, tmp_path: Path) -> CourseUnit:
    write_key(answer_key(), tmp_path / "public_key.json")
    return open_unit("01_sums")


def test_learn_mode_shows_the_report_and_returns_a_result(
    unit: CourseUnit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Outside Jupyter the report is text; the result knows whether it passed."""
    result = unit.check("sum", 4)
    assert isinstance(result, CheckResult)
    assert (True, 2.0) == (result.passed, result.score)
    assert "<sum: correct, 2 of 2 points>" == repr(result)
    assert "Everything that was asked for is there" in capsys.readouterr().out


def test_a_wrong_answer_does_not_show_the_right_one(
    unit: CourseUnit, capsys: pytest.CaptureFixture[str]
) -> None:
    """The key lies beside the notebook, but a report never reads it out."""
    result = unit.check("sum", 7)
    assert isinstance(result, CheckResult)
    assert not result.passed
    shown = capsys.readouterr().out
    assert "7" in shown
    assert "4" not in shown


def test_hints_go_one_step_further_each_time_and_stop_at_the_last(
    unit: CourseUnit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three hints, then the third again."""
    for _ in range(4):
        unit.hint("sum")
    shown = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Hint")]
    assert [
        "Hint 1 of 3: nudge",
        "Hint 2 of 3: pointer",
        "Hint 3 of 3: nearly",
        "Hint 3 of 3: nearly",
    ] == shown


def test_a_solution_that_was_withheld_is_said_to_be(
    unit: CourseUnit, capsys: pytest.CaptureFixture[str]
) -> None:
    """A class's release has no solutions; a self-paced one prints them."""
    unit.solution("sum")
    assert "not part of this release" in capsys.readouterr().out
    write_key(answer_key(solutions={"sum": "2 + 2"}), Path("public_key.json"))
    open_unit("01_sums").solution("sum")
    assert "2 + 2" in capsys.readouterr().out


@pytest.mark.parametrize("call", ["check", "hint", "solution"])
def test_an_unknown_task_is_named_beside_those_there_are(unit: CourseUnit, call: str) -> None:
    """A slip in the task's name is answered with the names."""
    arguments = ("som", 4) if call == "check" else ("som",)
    with pytest.raises(UnknownTaskError, match=r"no task 'som'; it has sum\. Did you mean 'sum'\?"):
        getattr(unit, call)(*arguments)


def test_arguments_the_other_way_round_are_explained(unit: CourseUnit) -> None:
    """``check(work, "task")`` says how to write it."""
    with pytest.raises(UsageError, match=r'Write unit\.check\("task", your_work\)'):
        unit.check(4, "sum")  # type: ignore[arg-type]


def test_a_unit_is_found_in_the_course_around_the_notebook(
    kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Authors' copies have no key beside them; it lies in the course's ``keys`` folder."""
    write_key(answer_key(), tmp_path / "keys" / "01_sums.json")
    folder = tmp_path / "units" / "01_sums"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    assert "Sums" == open_unit("01_sums").key.title


def test_a_unit_that_is_nowhere_says_where_it_was_looked_for(kernel: Kernel) -> None:
    """The message says what to do."""
    with pytest.raises(UnknownUnitError, match=r"no public_key\.json beside the notebook") as caught:
        open_unit("09_none")
    assert "grader release 09_none" in str(caught.value)
    assert "Did you mean" not in str(caught.value)


def test_a_slip_in_a_units_name_is_met_with_the_name(
    kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The units whose keys are in the course around the notebook are known, and the nearest is offered."""
    (tmp_path / "keys").mkdir()
    write_key(answer_key(), tmp_path / "keys" / "01_sums.json")
    with pytest.raises(UnknownUnitError, match=r"Did you mean '01_sums'\?"):
        open_unit("01_sum")


def test_the_key_of_another_unit_beside_the_notebook_is_named(kernel: Kernel, tmp_path: Path) -> None:
    """A copied first cell asks for the wrong unit."""
    write_key(answer_key(), tmp_path / "public_key.json")
    with pytest.raises(UnknownUnitError, match=r"holds the unit '01_sums', asked for was '02_other'"):
        open_unit("02_other")


@pytest.mark.parametrize("mode", ["compile", "collect"])
def test_grading_modes_send_evidence_and_return_zero(
    mode: str, kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No key is there, no verdict is given: one piece of evidence for the cases on the sheet.

    Configs come with a student's models alone: the reference is believed. What other backends are to build comes where
    the sheet asks for it.
    """
    portable = ("sum",) if mode == "collect" else ()
    sheet = CaseSheet(unit="01_sums", tasks={"sum": (Case(), Case())}, portable=portable)
    (tmp_path / "cases.json").write_text(sheet.to_json(), encoding="utf-8")
    monkeypatch.setenv(MODE_VARIABLE, mode)
    monkeypatch.setenv(CASES_VARIABLE, str(tmp_path / "cases.json"))
    unit = open_unit("01_sums")
    assert 0.0 == unit.check("sum", 4)
    assert [evidence(4, 4)] == kernel.published
    assert (mode == "collect") == kernel.configs
    assert bool(portable) == kernel.travels
    with pytest.raises(UnknownTaskError):
        unit.check("som", 4)


def test_grading_without_the_grader_fails_closed(
    unit: CourseUnit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stock nbgrader sees the number 0 and a sentence that says what is missing."""
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert 0.0 == unit.check("sum", 4)
    assert "0 points until judged" in capsys.readouterr().out


def test_validation_returns_the_points_as_a_number(unit: CourseUnit, monkeypatch: pytest.MonkeyPatch) -> None:
    """``nbgrader validate`` passes any cell whose last value is an object, so it gets a number."""
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    assert [2.0, 0.0] == [unit.check("sum", 4), unit.check("sum", 7)]


def test_a_mode_that_does_not_exist_is_refused(unit: CourseUnit, monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt variable must not fall back to learn mode."""
    monkeypatch.setenv(MODE_VARIABLE, "colect")
    with pytest.raises(UsageError, match="expected learn, compile or collect"):
        unit.check("sum", 4)


def test_a_hint_that_the_report_has_shown_is_not_given_again(
    unit: CourseUnit, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a check whose report ends in the first step, the next call gives the second."""
    unit.check("sum", 7)
    assert "Hint: nudge" in capsys.readouterr().out
    unit.hint("sum")
    assert capsys.readouterr().out.startswith("Hint 2 of 3: pointer")


def test_the_author_learns_that_the_notebook_opens_another_unit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A slip in ``grader.unit`` is found at release, not by the students."""
    sheet = tmp_path / "cases.json"
    sheet.write_text(CaseSheet(unit="01_sums", tasks={}).to_json(), encoding="utf-8")
    monkeypatch.setenv("GRADER_MODE", "compile")
    monkeypatch.setenv("GRADER_CASES", str(sheet))
    assert "01_sums" == open_unit("01_sums").id
    with pytest.raises(UnknownUnitError, match=r'Write grader\.unit\("01_sums"\)'):
        open_unit("01_sum")
