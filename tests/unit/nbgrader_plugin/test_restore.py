"""Cells that were deleted, split, copied, edited or renamed come back as they were released."""

from __future__ import annotations

import json

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.nbgraderformat import MetadataValidator

from grader.nbgrader_plugin.restore import ReleasedCell, restore


def _released(name: str, source: str, *, grade: bool = False, solution: bool = False) -> ReleasedCell:
    return ReleasedCell(
        name=name,
        cell_type="code",
        source=source,
        checksum="0" * 32,
        locked=not solution,
        grade=grade,
        solution=solution,
        task=False,
        points=2.0 if grade else None,
    )


RELEASED = [
    _released("setup", "import grader"),
    _released("f_solution", "def f():\n    raise NotImplementedError()", solution=True),
    _released("f", "unit.check('f', f)", grade=True),
    _released("g_solution", "def g():\n    raise NotImplementedError()", solution=True),
    _released("g", "unit.check('g', g)", grade=True),
]


def _submitted(*cells: tuple[str | None, str]) -> NotebookNode:
    made = []
    for name, source in cells:
        metadata = {"nbgrader": {"grade_id": name, "grade": True, "schema_version": 3}} if name else {}
        made.append(new_code_cell(source, metadata=metadata))
    return new_notebook(cells=made)


def _names(nb: NotebookNode) -> list[str | None]:
    return [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in nb.cells]


def _all() -> list[tuple[str | None, str]]:
    return [(cell.name, cell.source) for cell in RELEASED]


def test_copy_loses_its_nbgrader_metadata() -> None:
    """Of a copied cell the one in the released order stays graded; the copy becomes an ordinary cell."""
    nb = _submitted(("f", "a copy on top"), *_all())
    found = restore(nb, RELEASED)
    assert _names(nb) == [None, *(cell.name for cell in RELEASED)]
    assert "nbgrader" not in nb.cells[0].metadata
    assert "2 times" in found["f"]


def test_copy_at_the_end_is_not_the_graded_one() -> None:
    """A check copied to the end does not replace the one in its place."""
    nb = _submitted(*_all(), ("f", "copy"))
    restore(nb, RELEASED)
    assert _names(nb) == [*(cell.name for cell in RELEASED), None]


def test_both_halves_of_a_split_solution_stay() -> None:
    """A split solution keeps both halves in order, the first of them as the solution cell."""
    cells = _all()
    cells[1:2] = [("f_solution", "def f():"), ("f_solution", "    return 1")]
    nb = _submitted(*cells)
    restore(nb, RELEASED)
    assert _names(nb) == ["setup", "f_solution", None, "f", "g_solution", "g"]
    assert [cell.source for cell in nb.cells[1:3]] == ["def f():", "    return 1"]


def test_deleted_cells_come_back_in_their_place() -> None:
    """Locked and graded cells that are missing are put back behind the work, before the next released cell."""
    nb = _submitted(("f_solution", "mine"), (None, "extra"), ("g_solution", "mine too"))
    found = restore(nb, RELEASED)
    assert _names(nb) == ["setup", "f_solution", None, "f", "g_solution", "g"]
    assert set(found) == {"setup", "f", "g"}


def test_empty_notebook_gets_all_cells_that_earn_points() -> None:
    """A notebook without any cell is given back every locked cell, in order."""
    nb = _submitted()
    restore(nb, RELEASED)
    assert _names(nb) == ["setup", "f", "g"]


def test_edited_check_is_restored_and_solution_is_not() -> None:
    """A locked cell gets its released source; a solution keeps the student's."""
    cells = _all()
    cells[1], cells[2] = ("f_solution", "def f():\n    return 1"), ("f", "2.0")
    nb = _submitted(*cells)
    found = restore(nb, RELEASED)
    assert nb.cells[1].source == "def f():\n    return 1"
    assert _names(nb) == ["setup", "f_solution", None, "f", "g_solution", "g"]
    assert nb.cells[3].source == "unit.check('f', f)"
    assert "released version" in found["f"]


def test_code_written_into_a_check_is_run_before_it() -> None:
    """The work stands in the check's cell: it is kept, without the lines that were released there."""
    cells = _all()
    cells[1:3] = [("f", "def f():\n    return 1\n\nunit.check('f', f)")]
    nb = _submitted(*cells)
    found = restore(nb, RELEASED)
    assert [(name, cell.source) for name, cell in zip(_names(nb), nb.cells, strict=True)][1:3] == [
        (None, "def f():\n    return 1\n"),
        ("f", "unit.check('f', f)"),
    ]
    assert "what was added to it was run before it" in found["f"]


def test_comments_written_into_a_check_are_no_work() -> None:
    """Nothing is added for what runs nothing."""
    cells = _all()
    cells[2] = ("f", "# mine\nunit.check('f', f)")
    nb = _submitted(*cells)
    restore(nb, RELEASED)
    assert _names(nb) == [cell.name for cell in RELEASED]


def test_a_check_that_stands_before_its_work_is_moved_behind_it() -> None:
    """Run where it stood, it would see nothing of the work."""
    cells = _all()
    nb = _submitted(cells[2], *cells[:2], *cells[3:])
    found = restore(nb, RELEASED)
    assert _names(nb) == [cell.name for cell in RELEASED]
    assert "moved behind it" in found["f"]


def test_work_at_the_end_takes_its_check_along() -> None:
    """An exercise that was done last is checked last, and the others where they are."""
    cells = _all()
    nb = _submitted(cells[0], *cells[2:], cells[1])
    restore(nb, RELEASED)
    assert _names(nb) == ["setup", "g_solution", "g", "f_solution", "f"]


def test_cells_without_any_mark_are_recognised() -> None:
    """By the text of a check, by what a solution defines, and a written answer by its place."""
    why = ReleasedCell("why", "markdown", "YOUR ANSWER HERE", "0" * 32, False, True, True, False, 1.0)
    nb = _submitted(
        (None, "import grader"),
        (None, "import numpy"),
        (None, "def f():\n    return 1"),
        (None, "unit.check('f', f)"),
        (None, "def g():\n    return 2"),
        (None, "unit.check('g', g)"),
    )
    nb.cells += [new_markdown_cell("## Why?"), new_markdown_cell("Because.")]
    found = restore(nb, [*RELEASED, why])
    assert _names(nb) == ["setup", None, "f_solution", "f", "g_solution", "g", None, "why"]
    assert "Because." == nb.cells[-1].source
    assert set(found) == {*(cell.name for cell in RELEASED), "why"}
    assert "by its place" in found["why"]


def test_what_defines_something_else_is_not_recognised() -> None:
    """A helper is no solution, and a check that is not there comes at the end, behind all work."""
    nb = _submitted((None, "def helper():\n    return 1"), (None, "x = 3"))
    restore(nb, RELEASED)
    assert _names(nb) == [None, None, "setup", "f", "g"]


def test_renamed_and_unmarked_cells_are_graded_again() -> None:
    """A check under an unknown id is recognised; flags that were switched off are set again."""
    cells = _all()
    cells[2] = ("mine", "unit.check('f', f)")
    nb = _submitted(*cells)
    nb.cells[4].metadata["nbgrader"]["grade"] = False
    restore(nb, RELEASED)
    assert _names(nb) == ["setup", "f_solution", "f", "g_solution", "g"]
    assert nb.cells[-1].metadata["nbgrader"]["grade"] is True


def test_result_passes_nbgraders_own_validation() -> None:
    """Whatever the metadata was, nbgrader accepts it afterwards."""
    nb = _submitted(*_all(), ("f", "copy"))
    nb.cells[0].metadata["nbgrader"] = {}
    nb.cells[1].metadata["nbgrader"] = "text"
    nb.cells[2].metadata = NotebookNode({"nbgrader": {"grade_id": 7}})
    restore(nb, RELEASED)
    MetadataValidator().validate_nb(nb)


def test_unsafe_names_do_not_survive() -> None:
    """Cell ids and tags that could break out of an attribute, and attachments that are no pictures, go."""
    nb = _submitted(*_all())
    nb.cells.append(
        new_markdown_cell("![x](attachment:x)", metadata={"tags": ["fine", "x onclick=alert(1)"]})
    )
    nb.cells[-1]["id"] = '"><script>'
    nb.cells[-1]["attachments"] = {"x": {"text/html": "<script>", "image/png": "aGk="}}
    nb.cells[0]["id"] = nb.cells[1]["id"]
    restore(nb, RELEASED)
    assert nb.cells[-1].metadata == {"tags": ["fine"]}
    assert nb.cells[-1].attachments == {"x": {"image/png": "aGk="}}
    assert "<script>" not in json.dumps(nb)
    assert len({cell["id"] for cell in nb.cells}) == len(nb.cells)
