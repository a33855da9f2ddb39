"""What grading gave, kept under a digest of what it came from."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from grader.course import UnitFolder
from grader.nbgrader_plugin.graded import GradedNotebook, GradedStore, digest_of
from grader.verdict import Outcome, Verdict

DIGEST = "ab" * 32


def notebook() -> NotebookNode:
    output = new_output("display_data", data={"text/html": "<b>7</b>"}, metadata={"isolated": True})
    check = new_code_cell("check()", execution_count=3, outputs=[output])
    check.metadata["nbgrader"] = {"grade_id": "first", "points": 2}
    return new_notebook(cells=[new_markdown_cell("Words."), check, new_code_cell("1")])


def verdict(outcome: Outcome = Outcome.CORRECT) -> Verdict:
    return Verdict(task="first", title="The first", outcome=outcome, score=1.0, max_score=2.0, message="So.")


def graded(outcome: Outcome = Outcome.CORRECT) -> GradedNotebook:
    return GradedNotebook.of(notebook(), (verdict(outcome),), {"a": "why"}, {"b": "look"})


def test_what_is_kept_is_read_back_as_it_was(tmp_path: Path) -> None:
    """A graded notebook survives the file."""
    GradedStore(tmp_path).write(DIGEST, graded())
    assert graded() == GradedStore(tmp_path).read(DIGEST)


def test_outputs_are_put_where_they_were() -> None:
    """A notebook without outputs gets every output and number of the one that was run."""
    bare = notebook()
    for cell in bare.cells[1:]:
        cell.outputs, cell.execution_count = [], None
    graded().put_into(bare)
    assert [cell.get("outputs") for cell in notebook().cells] == [cell.get("outputs") for cell in bare.cells]
    assert 3 == bare.cells[1].execution_count


@pytest.mark.parametrize("damage", [lambda file: file.write_text("{"), lambda file: file.unlink()])
def test_a_damaged_file_is_as_none(damage: Callable[[Path], object], tmp_path: Path) -> None:
    """Half a file, or none, is read as nothing kept."""
    store = GradedStore(tmp_path)
    store.write(DIGEST, graded())
    (file,) = tmp_path.rglob("*.json")
    damage(file)
    assert store.read(DIGEST) is None


def test_only_the_owner_reaches_what_is_kept(tmp_path: Path) -> None:
    """The folder and the files are closed to others."""
    GradedStore(tmp_path).write(DIGEST, graded())
    (file,) = tmp_path.rglob("*.json")
    assert (0o700, 0o600) == (
        stat.S_IMODE((tmp_path / "private").stat().st_mode),
        stat.S_IMODE(file.stat().st_mode),
    )


def test_what_is_forgotten_is_gone(tmp_path: Path) -> None:
    """Nothing is kept of a notebook that is to be graded afresh, and forgetting twice is no mistake."""
    store = GradedStore(tmp_path)
    store.write(DIGEST, graded())
    store.forget(DIGEST)
    store.forget(DIGEST)
    assert store.read(DIGEST) is None


def test_no_draft_is_left(tmp_path: Path) -> None:
    """Writing leaves one file."""
    GradedStore(tmp_path).write(DIGEST, graded())
    assert 1 == sum(path.is_file() for path in tmp_path.rglob("*"))


def test_a_failure_of_the_graders_own_does_not_last() -> None:
    """A notebook with a check that the grader itself failed on is graded again next time."""
    assert (True, False) == (graded().lasting, graded(Outcome.INTERNAL_ERROR).lasting)


def _source(nb: NotebookNode, _course: Path) -> None:
    nb.cells[2].source = "2"


def _identity(nb: NotebookNode, _course: Path) -> None:
    nb.cells[1].metadata["nbgrader"]["points"] = 3


def _tag(nb: NotebookNode, _course: Path) -> None:
    nb.cells[2].metadata["tags"] = ["skip-execution"]


def _kernel(nb: NotebookNode, _course: Path) -> None:
    nb.metadata["kernelspec"] = {"name": "another"}


def _file(_nb: NotebookNode, course: Path) -> None:
    (course / "place" / "helper.py").write_text("y = 2")


def _name(_nb: NotebookNode, course: Path) -> None:
    (course / "place" / "helper.py").rename(course / "place" / "other.py")


def _key(_nb: NotebookNode, course: Path) -> None:
    (course / "private" / "01_unit.json").write_text("another key")


def _tasks(_nb: NotebookNode, course: Path) -> None:
    (course / "units" / "01_unit" / "tasks.py").write_text("other tasks")


def _released(_nb: NotebookNode, course: Path) -> None:
    (course / "units" / "01_unit" / "assignment.ipynb").write_text("another assignment")


def digest(
    course: Path,
    change: Callable[[NotebookNode, Path], object] | None = None,
    restored: dict[str, str] | None = None,
    **settings: object,
) -> str:
    nb = notebook()
    (course / "place").mkdir(parents=True)
    (course / "private").mkdir()
    (course / "units" / "01_unit").mkdir(parents=True)
    (course / "place" / "helper.py").write_text("y = 1")
    (course / "private" / "01_unit.json").write_text("a key")
    (course / "units" / "01_unit" / "tasks.py").write_text("tasks")
    (course / "units" / "01_unit" / "assignment.ipynb").write_text("assignment")
    if change is not None:
        change(nb, course)
    folder = UnitFolder(course=course, path=course / "units" / "01_unit")
    return digest_of(nb, restored or {}, course / "place", folder, {"timeout": 30, **settings})


@pytest.mark.parametrize("change", [_source, _identity, _tag, _kernel, _file, _name, _key, _tasks, _released])
def test_whatever_a_grade_depends_on_changes_the_digest(
    change: Callable[[NotebookNode, Path], object], tmp_path: Path
) -> None:
    """Cells with their tags, files beside them and their names, the key, the tasks and the release are in the digest."""
    assert digest(tmp_path / "before") != digest(tmp_path / "after", change)


@pytest.mark.parametrize(
    "changed", [{"timeout": 31}, {"backend": "jax"}, {"restored": {"first": "It was missing."}}]
)
def test_settings_and_what_was_restored_change_the_digest(changed: dict[str, object], tmp_path: Path) -> None:
    """So are the settings of a run, and what had to be put back."""
    assert digest(tmp_path / "before") != digest(tmp_path / "after", **changed)


def _outputs(nb: NotebookNode, _course: Path) -> None:
    nb.cells[1].outputs, nb.cells[1].execution_count, nb.cells[1].id = [], None, "another"


def _time(_nb: NotebookNode, course: Path) -> None:
    (course / "place" / "timestamp.txt").write_text("2026-01-01 10:00:00 UTC")


@pytest.mark.parametrize("change", [_outputs, _time])
def test_what_a_grade_does_not_depend_on_leaves_the_digest(
    change: Callable[[NotebookNode, Path], object], tmp_path: Path
) -> None:
    """Outputs that came with the notebook, ids of cells and the time of handing in are not in the digest."""
    assert digest(tmp_path / "before") == digest(tmp_path / "after", change)


def test_the_code_that_grades_is_in_the_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of the grader or of Keras grades again."""
    before = digest(tmp_path / "before")
    monkeypatch.setattr("grader.nbgrader_plugin.graded._code", lambda: ["other code"])
    assert before != digest(tmp_path / "after")
