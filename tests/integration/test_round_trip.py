"""Release, submit, autograde and feedback through nbgrader's own command line."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from grader.verdict import Outcome
from tests.integration import small_course as small

pytestmark = [pytest.mark.keras, pytest.mark.slow]

WRONG = """def two_layers(x, units):
    import keras

    return keras.layers.Dense(units)(x)"""

OTHERWISE = """def two_layers(x, units):
    import keras

    y = keras.layers.Dense(units)(x)
    return keras.layers.Dense(units)((y + abs(y)) / 2)"""

HOSTILE = """from IPython.display import HTML, Javascript, SVG, Markdown, display
display(HTML('<script>alert("html-script")</script><p onclick="alert(1)" style="position:fixed;color:red">kept text</p>'))
display(HTML('<iframe src="https://example.org/frame"></iframe><img src="https://example.org/beacon.png">'))
display(HTML('<form action="https://example.org/take"><button>press</button></form><a href="javascript:alert(2)">link</a>'))
display(Javascript('alert("javascript-output")'))
display(SVG('<svg xmlns="http://www.w3.org/2000/svg"><script>alert("svg-script")</script><circle r="3" onload="x()"/></svg>'))
display(Markdown('<script>alert("markdown-output")</script>\\n\\n[m](javascript:alert(3))'))
display({"image/png": '"><script>alert("png-data")</script>'}, raw=True)"""


def crash(nb: NotebookNode) -> None:
    small.solve(nb, two_layers="import os\nos._exit(3)")


def wrong_with_stderr(nb: NotebookNode) -> None:
    noisy = "import sys\ndef double(number):\n    print('a log line', file=sys.stderr)\n    return 2 * number"
    small.solve(nb, two_layers=WRONG, double=noisy)


def written_otherwise(nb: NotebookNode) -> None:
    """A relu by arithmetic: another graph that computes the same."""
    small.solve(nb, two_layers=OTHERWISE)


def failing_and_skipping(nb: NotebookNode) -> None:
    """Fail in a cell, and ask nbclient to skip the tests, which stock nbgrader then gives full marks."""
    small.solve(
        nb, two_layers="raise RuntimeError('my own mistake')", double="def double(number):\n    return 0"
    )
    for name in ("two_layers", "double"):
        nb.cells[small.find(nb, name)].metadata["tags"] = ["skip-execution"]


def loop(nb: NotebookNode) -> None:
    small.solve(nb, two_layers="while True:\n    pass")


def stubborn(nb: NotebookNode) -> None:
    source = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    pass"
    small.solve(nb, two_layers=source)


def tangle(nb: NotebookNode) -> None:
    """Delete one check, split the other's solution, copy and edit its check, rename an id."""
    small.solve(nb)
    place = small.find(nb, "two_layers_solution")
    first = nb.cells[place].copy()
    first.source, nb.cells[place].source = "helper = 1", nb.cells[place].source
    first.metadata = NotebookNode(nb.cells[place].metadata)
    nb.cells.insert(place, first)
    check = nb.cells[small.find(nb, "two_layers")]
    check.source = "4.0"
    copy = NotebookNode(check)
    copy.source = "5.0"
    nb.cells.append(copy)
    del nb.cells[small.find(nb, "count")]
    nb.cells[small.find(nb, "double")].metadata = NotebookNode(
        {
            "nbgrader": NotebookNode(nb.cells[small.find(nb, "double")].metadata["nbgrader"])
            | {"grade_id": "tripled"}
        }
    )


def hostile(nb: NotebookNode) -> None:
    small.solve(nb)
    nb.cells.append(new_code_cell(HOSTILE))
    nb.cells.append(
        new_markdown_cell(
            '<script>alert("markdown-cell")</script>\n\n[x](javascript:alert(4))\n\nmath $a<b$ and `a<b`\n\n'
            '<div style="position:fixed;top:0">overlay</div>'
        )
    )


def untouched(nb: NotebookNode) -> None:
    """Hand in what was released."""


CLASS = {
    "student-01": hostile,
    "student-02": wrong_with_stderr,
    "student-03": failing_and_skipping,
    "student-04": crash,
    "student-05": loop,
    "student-06": stubborn,
    "student-07": tangle,
    "student-09": untouched,
    "student-10": written_otherwise,
}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class of submissions, released and graded through the command line, feedback written."""
    course = small.released_course(tmp_path_factory, "course")
    with (course / "nbgrader_config.py").open("a") as config:
        config.write("c.ExecuteAndJudge.timeout = 12\n")
    for student, edit in CLASS.items():
        small.submit(course, student, edit)
    unreadable = small.submit(course, "student-08") / "assignment.ipynb"
    unreadable.write_text(unreadable.read_text()[:900])
    done = small.nbgrader(course, "autograde", small.UNIT)
    (course / "autograde.log").write_text(done.stderr)
    assert done.returncode == 0, done.stderr[-3000:]
    done = small.nbgrader(course, "generate_feedback", small.UNIT)
    assert done.returncode == 0, done.stderr[-3000:]
    return course


def test_release_holds_only_what_is_listed(course: Path) -> None:
    """A release holds the notebook and the public key, and nothing else of the unit's folder."""
    folder = course / "release" / small.UNIT
    assert sorted(path.name for path in folder.rglob("*")) == ["assignment.ipynb", "public_key.json"]


def test_release_shows_no_solution(course: Path) -> None:
    """Neither the released notebook nor its public key holds the source of a solution."""
    folder = course / "release" / small.UNIT
    for name in ("assignment.ipynb", "public_key.json"):
        assert "4 * units + units" not in (folder / name).read_text()


def test_correct_work_gets_full_marks(course: Path) -> None:
    """The reference solution gets all automatic points, and its explanation waits for a person."""
    assert small.scores(course, "student-01") == {"count": 2.0, "two_layers": 4.0, "double": 2.0, "why": None}
    assert small.pending(course, "student-01") == {"why"}
    assert small.verdict(course, "student-01", "two_layers").outcome is Outcome.CORRECT


def test_wrong_work_is_told_what_differs(course: Path) -> None:
    """A model with a layer too few gets no points for its architecture, and the report says so."""
    assert small.scores(course, "student-02")["two_layers"] < 4.0
    assert small.scores(course, "student-02")["count"] == 2.0
    assert small.verdict(course, "student-02", "two_layers").outcome in (Outcome.INCORRECT, Outcome.PARTIAL)


def test_what_computes_the_same_gets_full_marks(course: Path) -> None:
    """A graph that differs is run on drawn weights in the student's kernel, every hidden case too, and believed."""
    verdict = small.verdict(course, "student-10", "two_layers")
    assert (Outcome.CORRECT, 4.0) == (verdict.outcome, verdict.score)
    assert verdict.comparison is not None
    assert verdict.comparison.behaviour is not None
    assert (True, 4) == (verdict.comparison.behaviour.same, verdict.comparison.behaviour.runs)
    assert verdict.remarks[0].startswith("Your model is written otherwise than the expected one and computes")


def test_text_on_stderr_costs_nothing(course: Path) -> None:
    """A plain test cell that passes and writes to stderr keeps its points."""
    assert small.scores(course, "student-02")["double"] == 2.0


def test_failing_cell_costs_its_own_task_only(course: Path) -> None:
    """A solution cell that raises leaves the other tasks their points."""
    assert small.scores(course, "student-03")["count"] == 2.0
    assert small.scores(course, "student-03")["two_layers"] == 0.0
    assert small.verdict(course, "student-03", "two_layers").outcome is Outcome.RUNTIME_ERROR


def test_tag_that_skips_a_cell_is_ignored(course: Path) -> None:
    """A test cell tagged to be skipped is run all the same."""
    assert small.scores(course, "student-03")["double"] == 0.0


def test_evidence_before_a_crash_counts(course: Path) -> None:
    """When the kernel dies, checks before it keep their points, and those behind it are run without what ended it."""
    assert small.scores(course, "student-04") == {"count": 2.0, "two_layers": 0.0, "double": 2.0, "why": None}
    assert small.verdict(course, "student-04", "two_layers").outcome is Outcome.CRASHED


def test_endless_loop_ends(course: Path) -> None:
    """A cell that never ends times out, and what comes after it is still run."""
    assert small.scores(course, "student-05") == {"count": 2.0, "two_layers": 0.0, "double": 2.0, "why": None}
    assert small.verdict(course, "student-05", "two_layers").outcome is Outcome.TIMEOUT


def test_kernel_that_ignores_interrupts_is_killed(course: Path) -> None:
    """A kernel that ignores the interrupt is killed, and the remaining cells are run without what it hung in."""
    assert small.scores(course, "student-06") == {"count": 2.0, "two_layers": 0.0, "double": 2.0, "why": None}
    assert small.verdict(course, "student-06", "two_layers").outcome is Outcome.TIMEOUT


def test_deleted_split_copied_and_edited_cells_are_restored(course: Path) -> None:
    """Correct work keeps its marks when its cells were deleted, split, copied, edited or renamed."""
    assert small.scores(course, "student-07") == {"count": 2.0, "two_layers": 4.0, "double": 2.0, "why": None}


def test_report_says_that_a_cell_was_restored(course: Path) -> None:
    """The verdict of a check that had been deleted says that the cell was put back."""
    assert "The cell was missing and was put back." in small.verdict(course, "student-07", "count").remarks


def test_unreadable_file_needs_a_look(course: Path) -> None:
    """A truncated notebook gets no score but a mark for a person, and does not stop the class."""
    assert set(small.scores(course, "student-08").values()) == {None}
    assert small.pending(course, "student-08") == {"count", "two_layers", "double", "why"}
    page = BeautifulSoup(small.feedback(course, "student-08"), "html.parser")
    assert "Not judged yet" in page.select("#notebook-container .text_cell")[0].text
    assert "it is cut short after 900 bytes. Please hand it in again." in page.text


def test_authors_files_are_in_nobodys_feedback(course: Path) -> None:
    """What a unit's authors noted is handed back to no student, nor to one whose notebook could not be read."""
    feedback = course / "feedback"
    names = {path.name for path in feedback.rglob("*") if path.is_file()}
    assert {"assignment.html", "public_key.json"} == names


def test_untouched_assignment_is_not_attempted(course: Path) -> None:
    """What was released and handed in again gets zero and the outcome *not attempted*."""
    assert small.scores(course, "student-09") == {
        "count": 0.0,
        "two_layers": 0.0,
        "double": 0.0,
        "why": 0.0,
    }
    for task in ("count", "two_layers"):
        assert small.verdict(course, "student-09", task).outcome is Outcome.NOT_ATTEMPTED


@pytest.mark.parametrize(
    "planted",
    [
        "html-script",
        "onclick",
        "example.org",
        "<iframe",
        "<form",
        "javascript-output",
        "svg-script",
        "onload",
        "markdown-output",
        "png-data",
        "markdown-cell",
        "javascript:",
    ],
)
def test_feedback_holds_nothing_that_runs_or_loads(course: Path, planted: str) -> None:
    """Nothing of what a hostile student planted in outputs or text cells runs or loads in the feedback page."""
    page = small.feedback(course, "student-01")
    body = page[page.index("<body") :]
    source, shown = body.count(planted), _as_source(planted, body)
    assert source == shown


def _as_source(planted: str, body: str) -> int:
    """Count where the text stands escaped inside the highlighted source of a cell, where it does nothing."""
    soup = BeautifulSoup(body, "html.parser")
    return sum(str(tag).count(planted) for tag in soup.select("div.highlight"))


def test_feedback_keeps_styles_on_the_page(course: Path) -> None:
    """A hostile style cannot lay an element over the page; harmless text and colour stay."""
    page = small.feedback(course, "student-01")
    dressed = [str(tag["style"]) for tag in BeautifulSoup(page, "html.parser").select("body [style]")]
    assert not [style for style in dressed if "position" in style]
    assert 'style="color:red"' in page
    assert "kept text" in page


def test_own_report_survives_cleaning(course: Path) -> None:
    """The report keeps its folds, its table and a picture in the feedback page."""
    page = small.feedback(course, "student-02")
    for part in ("keras-plumbing-report", "<details", "<table", "data:image/"):
        assert part in page


def test_private_key_is_for_its_owner_only(course: Path) -> None:
    """The private key is made once by grading, readable by its owner, in a folder only the owner enters."""
    folder = course / "private"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / f"{small.UNIT}.json").stat().st_mode) == 0o600


def test_author_files_do_not_reach_the_students_code(course: Path) -> None:
    """The folder in which a submission runs holds neither tasks nor samples nor the authors' notes."""
    names = {path.name for path in (course / "autograded" / "student-01" / small.UNIT).iterdir()}
    assert names == {"assignment.ipynb", "public_key.json"}


def test_nothing_is_printed_on_the_graders_terminal(course: Path) -> None:
    """What a submission writes to its terminal does not reach the terminal of whoever grades."""
    assert "port.cc" not in (course / "autograde.log").read_text()
