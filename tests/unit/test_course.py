"""What an author is told of a slip in ``tasks.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course import load_unit
from grader.errors import CourseError

RIGHT = """from grader.tasks import Answer, Case, Input, Task, Unit

sums = Task(
    id="sums",
    title="Sums",
    expects=(Answer(points=1),),
    cases=(Case(inputs=(Input(4),)),),
    hints=("Count.",),
)
UNIT = Unit(id="01_sums", title="Sums", tasks=(sums,))
"""


def written(tmp_path: Path, right: str, wrong: str) -> Path:
    folder = tmp_path / "01_sums"
    folder.mkdir()
    assert right in RIGHT
    (folder / "tasks.py").write_text(RIGHT.replace(right, wrong), encoding="utf-8")
    return folder


def test_a_right_file_is_read(tmp_path: Path) -> None:
    """The file that the slips are made in is right without them."""
    assert "01_sums" == load_unit(written(tmp_path, "Sums", "Sums")).id


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ('("Count.",)', '("Count.")', r"hints is of type str, expected a tuple\. Write hints=\(…,\)"),
        (
            "(Case(inputs=(Input(4),)),)",
            "Case(inputs=(Input(4),))",
            r"cases is of type Case, expected a tuple",
        ),
        ("(Answer(points=1),)", "Answer(points=1)", r"expects is of type Answer, expected a tuple"),
        ("(Input(4),)", "Input(4)", r"tasks\.py, line 7: Case: inputs: .*Write inputs=\(…,\)"),
        ("hints=", "hint=", r"line 3: TypeError: .*'hint' Did you mean 'hints'\?"),
        (
            "Answer(points=1)",
            "Answer(points=1, tolerence=1.0)",
            r"line 6: Answer: tolerence: There is no such field\. Did you mean 'tolerance'\? It takes kind, points,",
        ),
        ("Answer, Case", "Answers, Case", r"line 1: ImportError"),
        ('title="Sums",\n    expects', 'title="Sums"\n    expects', r"line \d: SyntaxError"),
    ],
)
def test_a_slip_is_told_with_its_line_and_how_to_mend_it(
    tmp_path: Path, right: str, wrong: str, message: str
) -> None:
    """The message says where, what was expected, and what to write."""
    with pytest.raises(CourseError, match=message):
        load_unit(written(tmp_path, right, wrong))
