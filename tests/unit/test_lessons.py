"""No message sends anybody to a unit that is not there, and one that comes later is named by itself."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

from grader.api import explain
from grader.course_unit import CourseUnit
from grader.evidence import Failure
from grader.lessons import lessons_around, lessons_in
from grader.misconceptions import known_ids, words_for
from grader.report import Explanation, explanation_of, html, notebook_outputs
from grader.report.text import render as text
from scripts.environment import PROJECT
from tests.unit.report.plans import diagnosis, verdict

THERE = lessons_in(PROJECT / "course" / "units")
LATER = "08_transfer_learning"


def lesson(folder: Path, unit: str) -> None:
    (folder / unit).mkdir(parents=True)
    (folder / unit / "lesson.ipynb").touch()


def taught() -> set[str]:
    """Every unit in which the catalogue says that a mistake is taught."""
    return {words.unit for mistake in known_ids() for words in words_for(mistake)}


def named_in(shown: str) -> set[str]:
    return {unit for unit in taught() if unit in shown or unit.replace("_", " ") in shown}


@pytest.mark.parametrize("feedback", [False, True])
def test_a_report_names_the_units_that_are_there_and_no_other(feedback: bool) -> None:
    """Of all units that teach a mistake, a report names those that the course has."""
    found = verdict(diagnoses=tuple(diagnosis(unit=unit) for unit in sorted(taught())))
    assert THERE & taught() == named_in(html.render(found, feedback=feedback, lessons=THERE))
    assert set() == named_in(text(found))


def test_who_does_not_know_the_course_names_no_unit() -> None:
    """A report that is rendered without being told what is there sends nobody anywhere."""
    assert set() == {unit for shown in notebook_outputs(verdict())[0].values() for unit in named_in(shown)}


def strings_outside_the_catalogue() -> list[tuple[str, str]]:
    """Every text in the code, with its file; where the course teaches a mistake is data, and not among them."""
    found = []
    for path in sorted((PROJECT / "grader").rglob("*.py")):
        if path.parent.name != "misconceptions":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
            found += [(path.name, value) for value in texts if isinstance(value, str)]
    return found


def test_no_help_and_no_example_names_a_unit_that_is_not_there() -> None:
    """A unit that stands in a help text or an example can be opened."""
    named = [
        (file, unit)
        for file, value in strings_outside_the_catalogue()
        for unit in re.findall(r"\b\d\d_[a-z]+(?:_[a-z]+)*\b", value)
    ]
    assert "cli.py" in dict(named)
    assert [] == [(file, unit) for file, unit in named if unit not in THERE]


def test_the_words_of_a_mistake_name_no_unit() -> None:
    """Titles, explanations and hints do not send anybody to a unit; the field ``unit`` does, where it is there."""
    for mistake in known_ids():
        for words in words_for(mistake):
            told = [value for name, value in vars(words).items() if isinstance(value, str) and name != "unit"]
            assert [] == [value for value in told if re.search(r"\b\d\d_[a-z]", value)]


def test_a_unit_that_comes_later_is_linked_by_the_next_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The learner's folder is looked at each time a report is shown."""
    published: list[str] = []
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: "a notebook")
    monkeypatch.setattr(
        "IPython.display.publish_display_data", lambda data: published.append(data.get("text/html", ""))
    )
    lesson(tmp_path / "work", "04_residual_connections")
    monkeypatch.chdir(tmp_path / "work" / "04_residual_connections")
    found = verdict(diagnoses=(diagnosis(unit=LATER),), comparison=None)
    unit = CourseUnit("04_residual_connections")
    unit._show(found)
    lesson(tmp_path / "work", LATER)
    unit._show(found)
    assert [False, True] == [f"../{LATER}/lesson.ipynb" in shown for shown in published]


def test_an_error_is_explained_with_the_unit_once_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``grader.explain`` names the unit that teaches the mistake when its lesson lies in reach, and not before."""
    known = Explanation(error="ValueError", happened="it did", misconception="missing-input", unit=LATER)
    monkeypatch.setattr("grader.api.explanation_of", lambda _failure: known)
    monkeypatch.delenv("GRADER_COURSE", raising=False)
    monkeypatch.setitem(sys.modules, "grader.models.failures", _Failures())
    monkeypatch.chdir(tmp_path)
    assert "" == explain(ValueError()).unit
    lesson(tmp_path / "course" / "work", LATER)
    assert f"taught in unit {LATER}" in str(explain(ValueError()))


class _Failures:
    """Stands in for the module that looks at exceptions, which needs Keras."""

    @staticmethod
    def failure_of(error: BaseException, _namespace: object) -> Failure:
        return Failure(type=type(error).__name__, message="")


def test_an_explanation_without_a_cause_names_no_unit() -> None:
    """What was not recognised is not taught anywhere."""
    assert "" == explanation_of(Failure(type="ValueError", message="")).unit


@pytest.mark.parametrize("place", ["05_a", "work/05_a", "course/units/05_a", "release/05_a"])
def test_lessons_are_found_beside_a_notebook_and_in_a_course(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder without a lesson is no unit to read."""
    monkeypatch.delenv("GRADER_COURSE", raising=False)
    here = tmp_path / "alone" / "here"  # other tests' folders lie beside this one's
    lesson((here / place).parent, "05_a")
    (here / place).with_name("06_b").mkdir()
    assert {"05_a"} == lessons_around(here)
