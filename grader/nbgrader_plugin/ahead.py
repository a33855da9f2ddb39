"""Run and judge submissions ahead of nbgrader, several at a time, and keep what they give.

Nothing here writes to the gradebook or to the course's folders, except to the store of graded notebooks: each
submission is prepared as ``nbgrader autograde`` prepares it, in a folder of its own that is removed afterwards.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import nbformat
from nbgrader.converters import Autograde
from nbgrader.utils import find_all_files, is_grade

from grader.course import UnitFolder
from grader.execution.temporary import own_prefix
from grader.nbgrader_plugin.execute import ExecuteAndJudge, withhold
from grader.nbgrader_plugin.once import done_once
from grader.nbgrader_plugin.release import course_api
from grader.nbgrader_plugin.restore import GRADER_METADATA
from grader.nbgrader_plugin.store import read_verdicts
from grader.record import Record

__all__ = ["Ahead", "grade_ahead"]


class Ahead(Record):
    """What grading a submission ahead took: seconds of wall time. What it gave is in the store.

    ``settled``: it is what was graded last time, so that the gradebook has it already.
    """

    student: str
    seconds: float
    settled: bool = False


def grade_ahead(course: str, unit_id: str, student: str, afresh: bool = False) -> Ahead:
    """Run and judge a student's notebooks, unless the store holds what they give."""
    began = monotonic()
    settled = not afresh
    with _quiet(), done_once(), chdir(course):
        converter = _converter(Path(course), unit_id, student)
        stored = read_verdicts(Path(course), unit_id, student)
        before = {found.notebook: found.digest for found in stored if found.digest}
        with _workplace(converter, unit_id, student) as workplace:
            for path in converter.notebooks:
                digest = _grade_notebook(converter, Path(path), workplace, afresh)
                settled = settled and digest in (None, before.get(Path(path).stem))
    return Ahead(student=student, seconds=monotonic() - began, settled=settled)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep log lines and warnings off the terminal of whoever grades; what matters is in the result."""
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)


def _converter(course: Path, unit_id: str, student: str) -> Any:
    """Return nbgrader's converter for one student's submission, its first pass ready."""
    api = course_api(course)
    api.coursedir.assignment_id, api.coursedir.student_id = unit_id, student
    converter = Autograde(coursedir=api.coursedir, parent=api)
    converter.init_notebooks()
    converter.notebooks = sorted(path for paths in converter.assignments.values() for path in paths)
    converter.exporter = converter.exporter_class(parent=converter, config=converter.config)
    converter._sanitizing = True
    converter._init_preprocessors()
    return converter


@contextmanager
def _workplace(converter: Any, unit_id: str, student: str) -> Iterator[Path]:
    """Lend a folder that holds what nbgrader puts beside a notebook it runs, without what authors keep for themselves."""
    directory = converter.coursedir
    with tempfile.TemporaryDirectory(prefix=own_prefix("grader"), ignore_cleanup_errors=True) as made:
        workplace = Path(made).resolve()
        ignored = [*directory.ignore, "*.ipynb"]
        sources = (
            directory.format_path(directory.submitted_directory, student, unit_id),
            directory.format_path(directory.source_directory, ".", unit_id),
        )
        for source in map(Path, sources):
            for name in find_all_files(str(source), ignored):
                target = workplace / Path(name).relative_to(source)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(name, target)
        yield workplace


def _grade_notebook(converter: Any, path: Path, workplace: Path, afresh: bool) -> str | None:
    """Take one notebook through nbgrader's first pass, then run and judge it.

    Returns its digest: ``None`` where nothing in it is graded, and no text where it cannot be judged.
    """
    resources = converter.init_single_notebook_resources(str(path))
    text, resources = converter.exporter.from_filename(str(path), resources=resources)
    nb = nbformat.reads(text, as_version=4)
    found = nb.metadata.pop(GRADER_METADATA, {})
    if found.get("needs_look"):
        return ""
    if not any(map(is_grade, nb.cells)):
        return None
    (workplace / path.name).write_text(text, encoding="utf-8")
    resources["metadata"]["path"] = str(workplace)
    runner = ExecuteAndJudge(parent=converter.exporter)
    runner.afresh = runner.afresh or afresh
    folder = UnitFolder(
        course=Path(converter.coursedir.root).resolve(),
        path=Path(
            converter.coursedir.format_path(
                converter.coursedir.source_directory, ".", converter.coursedir.assignment_id
            )
        ).resolve(),
    )
    withhold(folder, workplace)
    runner.graded(nb, resources, folder, found.get("restored", {}))
    return runner.digest
