"""What nbgrader does again for each notebook is done once in a process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader import api
from nbgrader.nbgraderformat import MetadataValidator, common

from grader.nbgrader_plugin.once import done_once


def notebook(**changed: object) -> NotebookNode:
    """Return a notebook of one check cell, with changes to what nbgrader keeps of it."""
    cell = new_code_cell("1")
    kept = {"grade": True, "grade_id": "first", "locked": True, "points": 1}
    cell.metadata["nbgrader"] = {**kept, "schema_version": 3, "solution": False, "task": False, **changed}
    return new_notebook(cells=[cell])


def test_engine_of_a_database_is_kept(tmp_path: Path) -> None:
    """Two gradebooks of one file share an engine, and what one writes the other reads."""
    url = f"sqlite:///{tmp_path / 'gradebook.db'}"
    with done_once():
        with api.Gradebook(url) as first:
            first.add_student("student-01")
            engine = first.engine
        with api.Gradebook(url) as second:
            assert engine is second.engine
            assert ["student-01"] == [student.id for student in second.students]


def test_nbgrader_is_left_as_it_was(tmp_path: Path) -> None:
    """Afterwards each gradebook makes its own engine again, also where something was raised."""
    before = api.create_engine, common.jsonschema
    with pytest.raises(KeyError), done_once():
        raise KeyError
    assert before == (api.create_engine, common.jsonschema)
    url = f"sqlite:///{tmp_path / 'gradebook.db'}"
    with api.Gradebook(url) as first, api.Gradebook(url) as second:
        assert first.engine is not second.engine


@pytest.mark.parametrize(
    "changed", [{"points": "many"}, {"grade_id": 7}, {"colour": "red"}, {"solution": None}]
)
def test_metadata_is_refused_in_the_same_words(changed: dict[str, object]) -> None:
    """What nbgrader's own check refuses is refused with its message."""
    with pytest.raises(jsonschema.ValidationError) as expected:
        MetadataValidator().validate_nb(notebook(**changed))
    with done_once(), pytest.raises(jsonschema.ValidationError) as found:
        MetadataValidator().validate_nb(notebook(**changed))
    assert str(expected.value) == str(found.value)


def test_metadata_that_is_right_passes() -> None:
    """Nothing is raised for a cell as nbgrader writes it."""
    with done_once():
        MetadataValidator().validate_nb(notebook())


def test_no_grammar_of_addresses_is_built() -> None:
    """Importing what grades a class imports no ``rfc3987_syntax``, which takes longer than the rest of it."""
    code = "import sys, grader.nbgrader_plugin.grade; print(sys.modules.get('rfc3987_syntax'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "None" == done.stdout.strip()
