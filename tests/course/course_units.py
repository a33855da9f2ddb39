"""What the tests know of a unit: its tasks, notebooks and samples, and the submissions made of them."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat
from nbgrader.preprocessors import ClearSolutions

from grader.course import load_unit
from grader.evidence import Case
from grader.samples import Sample, read_sample, solution_regions, submission_from_sample, unit_samples
from grader.tasks import Task, Unit

PROJECT = Path(__file__).resolve().parents[2]
COURSE = PROJECT / "course"
UNITS = sorted(path.name for path in (COURSE / "units").iterdir() if path.is_dir())
BACKENDS = ("tensorflow", "jax", "torch")
# The hidden cases are drawn as a grading campaign would draw them; any seed will do.
SEED = 20


@dataclass(frozen=True)
class CourseUnit:
    """A unit as its authors see it."""

    name: str

    @property
    def path(self) -> Path:
        return COURSE / "units" / self.name

    @cached_property
    def tasks(self) -> Unit:
        return load_unit(self.path)

    @cached_property
    def lesson(self) -> nbformat.NotebookNode:
        return nbformat.read(self.path / "lesson.ipynb", as_version=4)

    @cached_property
    def assignment(self) -> nbformat.NotebookNode:
        return nbformat.read(self.path / "assignment.ipynb", as_version=4)

    @cached_property
    def samples(self) -> dict[str, Sample]:
        known = frozenset(name for region in solution_regions(self.assignment) for name in region.functions)
        return {path.stem: read_sample(path, known) for path in unit_samples(self.path)}

    def cases(self, task: Task) -> tuple[Case, ...]:
        """The visible cases, then the drawn ones."""
        return (*task.cases, *task.hidden_cases(SEED))

    def checked_name(self, task: Task) -> str:
        """What the task's check cell gives to ``unit.check``."""
        cell = next(cell for cell in self.assignment.cells if grade_id(cell) == task.id)
        match = re.fullmatch(rf'unit\.check\("{task.id}", (\w+)\)', cell.source)
        assert match, (
            f"the check cell {task.id} must read unit.check({task.id!r}, <name>), it reads {cell.source!r}"
        )
        return match[1]

    @cached_property
    def untouched(self) -> nbformat.NotebookNode:
        """The assignment as nbgrader hands it to a student."""
        notebook = nbformat.from_dict(json.loads(json.dumps(self.assignment)))
        return ClearSolutions().preprocess(notebook, {})[0]

    def source(self, sample: str | None) -> str:
        """The solution cells of a submission: the reference, a sample, or ``"untouched"``."""
        if sample == "untouched":
            notebook = self.untouched
        else:
            path = None if sample is None else self.path / "samples" / f"{sample}.py"
            notebook = submission_from_sample(self.assignment, path)
        return "\n\n\n".join(region.source for region in solution_regions(notebook))


def grade_id(cell: nbformat.NotebookNode) -> str | None:
    return cell.metadata.get("nbgrader", {}).get("grade_id")
