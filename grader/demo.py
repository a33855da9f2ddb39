"""One unit from release to feedback, on a copy of the course: what ``grader demo`` shows."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import nbformat

from grader.errors import UsageError
from grader.messages import shown
from grader.nbgrader_plugin.feedback import feedback_unit
from grader.nbgrader_plugin.grade import Progress, grade_unit
from grader.nbgrader_plugin.place import grading_places
from grader.nbgrader_plugin.release import course_api, find_unit, release_unit
from grader.nbgrader_plugin.results import SubmissionResult
from grader.samples import Sample, read_sample, submission_from_sample, unit_samples
from grader.verdict import Outcome

__all__ = ["Demonstration", "run_demo"]

_UNTOUCHED = "(untouched)"
_MARK = ".demonstration"  # stands in a folder that may be emptied


@dataclass(frozen=True)
class Demonstration:
    """What a demonstration gave: results by sample, what is not as it should be, and where files are."""

    results: tuple[tuple[str, SubmissionResult], ...]
    problems: tuple[str, ...]
    places: dict[str, str | Path]


def run_demo(unit_id: str, course: Path, into: Path, progress: Progress | None = None) -> Demonstration:
    """Copy the course, release the unit, hand in its samples and the untouched notebook, grade all.

    ``into`` is emptied first if it holds an earlier demonstration; the course itself, its gradebook and
    its work are not touched.

    Raises:
        UsageError: ``into`` holds something else.
        UnknownUnitError: there is no such unit.
        CourseError: the unit cannot be released.
    """
    source = find_unit(unit_id, course)
    root = into.resolve() / "course"
    _empty(into)
    (root / "units").mkdir(parents=True)
    (into / _MARK).touch()
    shutil.copy(course / "nbgrader_config.py", root)
    shutil.copytree(source.path, root / "units" / unit_id, ignore=shutil.ignore_patterns("__pycache__"))
    if (course / "data").is_dir():
        shutil.copytree(course / "data", root / "data")
    released = Path(release_unit(unit_id, root).folder)
    samples: list[Sample | None] = [None]
    _hand_in(root, unit_id, 1, nbformat.read(released / "assignment.ipynb", as_version=4))
    for path in unit_samples(source.path):
        samples.append(read_sample(path))
        _hand_in(root, unit_id, len(samples), submission_from_sample(source.assignment, path))
    results = grade_unit(unit_id, root, progress=progress)
    feedback = feedback_unit(unit_id, root).folders
    return Demonstration(
        results=tuple(
            (f"{sample.name if sample else _UNTOUCHED} ({result.student})", result)
            for sample, result in zip(samples, results, strict=True)
        ),
        problems=tuple(
            problem
            for sample, result in zip(samples, results, strict=True)
            for problem in _problems(sample, result, feedback)
        ),
        places={**grading_places(course_api(root).coursedir), "verdicts": root / "private"},
    )


def _empty(into: Path) -> None:
    """Remove an earlier demonstration, and nothing that is none."""
    if not into.exists():
        return
    if not into.is_dir() or (any(into.iterdir()) and not (into / _MARK).is_file()):
        raise UsageError(
            f"{shown(into)} holds something else than an earlier demonstration, and would be emptied. "
            "Name a new folder with --into."
        )
    shutil.rmtree(into)


def _hand_in(root: Path, unit_id: str, number: int, notebook: nbformat.NotebookNode) -> None:
    folder = root / "submitted" / f"student-{number:02d}" / unit_id
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / "assignment.ipynb")


def _found(result: SubmissionResult) -> str:
    outcomes = sorted({verdict.outcome.value for verdict in result.verdicts})
    return f"{'no score' if result.score is None else f'{result.score:g} points'} and {', '.join(outcomes)}"


def _problems(sample: Sample | None, result: SubmissionResult, feedback: dict[str, Path]) -> list[str]:
    """Say where a result is not what its sample promises."""
    name = sample.name if sample else _UNTOUCHED
    outcomes = {verdict.outcome for verdict in result.verdicts}
    found = {diagnosis.id for verdict in result.verdicts for diagnosis in verdict.diagnoses}
    problems = []
    if not result.verdicts:
        problems.append(f"{name}: no check was judged")
    elif sample is None:
        if outcomes != {Outcome.NOT_ATTEMPTED} or result.score != 0:
            problems.append(f"{name}: expected 0 points and not attempted, found {_found(result)}")
    elif sample.misconception is None:
        if outcomes != {Outcome.CORRECT}:
            problems.append(f"{name}: expected full marks, found {sorted(o.value for o in outcomes)}")
    elif sample.misconception not in found:
        problems.append(f"{name}: expected the diagnosis {sample.misconception}, found {sorted(found)}")
    if result.student not in feedback:
        problems.append(f"{name}: no feedback was written")
    return problems
