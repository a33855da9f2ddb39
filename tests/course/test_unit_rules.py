"""Unit rules that need no Keras: what every unit's files, tasks and notebooks must look like."""

import re

import pytest

from grader.misconceptions import known_ids
from tests.course.course_units import grade_id

FILES = {"design.md", "lesson.ipynb", "assignment.ipynb", "tasks.py"}
MARK = "# NBVAL_IGNORE_OUTPUT"
# What tells where or when a notebook was run, and would differ the next time.
TRACES = {
    "a memory address": r"\b0x[0-9a-f]{6,}\b",
    "an absolute path": r"(?<![\w/.:<])/(?:home|root|tmp|usr|work|opt|var|private|Users)/\w",
    "a Windows path": r"\b[A-Z]:\\\w",
    "a timing": r"\b\d+(?:\.\d+)? ?(?:ms|µs|us|s)/(?:step|epoch)\b|\bWall time\b",
}


def notebooks(unit):
    return {"lesson": unit.lesson, "assignment": unit.assignment}


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def texts(output):
    """Every piece of text in an output, pictures aside."""
    if output.output_type == "stream":
        return [output.text]
    if output.output_type == "error":
        return ["\n".join(output.traceback)]
    return [str(data) for kind, data in output.data.items() if kind != "image/png"]


def pictures(cell):
    return [
        o for o in cell.get("outputs", []) if any(kind.startswith("image/") for kind in o.get("data", {}))
    ]


def test_only_listed_files(unit):
    """A unit's folder holds its four files and samples, nothing else."""
    found = {path.relative_to(unit.path).as_posix() for path in unit.path.rglob("*") if path.is_file()}
    found = {name for name in found if "__pycache__" not in name and ".ipynb_checkpoints" not in name}
    assert FILES | {f"samples/{name}.py" for name in unit.samples} == found


def test_design_says_what_it_must(unit):
    """A unit's design names goal, objectives, prerequisites and what is out of scope."""
    headings = re.findall(r"^## (.+)$", (unit.path / "design.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert set() == {"Goal", "Objectives", "Prerequisites", "Out of scope"} - set(headings)


def test_hint_ladders_have_three_different_steps(unit):
    """Every task has a nudge, a pointer and a near-solution, none of them empty or said twice."""
    ladders = {task.id: [hint.strip() for hint in task.hints] for task in unit.tasks.tasks}
    assert dict.fromkeys(ladders, 3) == {
        name: len({h for h in hints if h}) for name, hints in ladders.items()
    }


def test_check_cells_are_the_tasks(unit):
    """Each task has one locked check cell of its name, worth its points, in the order of the tasks."""
    checks = [
        (grade_id(cell), cell.metadata.nbgrader.points, cell.metadata.nbgrader.locked)
        for cell in code_cells(unit.assignment)
        if cell.metadata.get("nbgrader", {}).get("grade")
    ]
    assert [(task.id, task.public.points, True) for task in unit.tasks.tasks] == checks


def test_check_cells_only_check(unit):
    """A check cell reads ``unit.check("task", name)`` and nothing else."""
    names = [unit.checked_name(task) for task in unit.tasks.tasks]
    assert [name for name in names if name.isidentifier()] == names


def test_difficulty_and_minutes_are_said(unit):
    """Each exercise's text gives the difficulty, minutes and points of its task."""
    prose = "\n".join(cell.source for cell in unit.assignment.cells if cell.cell_type == "markdown")
    missing = [
        task.id
        for task in unit.tasks.tasks
        if f"*Difficulty {task.difficulty} of 3, about {task.minutes} minutes, {task.public.points:g} points.*"
        not in prose
    ]
    assert [] == missing


def test_one_explanation_is_graded_by_hand(unit):
    """The assignment asks for at least one explanation that a person grades."""
    by_hand = [
        cell.metadata.nbgrader.points
        for cell in unit.assignment.cells
        if cell.metadata.get("nbgrader", {}).get("grade") and cell.metadata.nbgrader.solution
    ]
    assert by_hand
    assert all(points > 0 for points in by_hand)


def test_total_points_are_said(unit):
    """The assignment's head gives the sum of all points."""
    total = sum(
        cell.metadata.nbgrader.points
        for cell in unit.assignment.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    )
    assert f"**Points:** {total:g}" in unit.assignment.cells[0].source


def test_there_are_correct_samples_in_three_styles(unit):
    """A unit has at least three correct samples."""
    assert len([s for s in unit.samples.values() if s.misconception is None]) >= 3


def test_wrong_samples_are_named_after_known_mistakes(unit):
    """A wrong sample is named after a misconception or a plain difference the grader can name."""
    mistakes = {sample.misconception for sample in unit.samples.values()} - {None}
    assert set() == mistakes - known_ids()


def test_every_mistake_of_the_design_has_a_sample(unit):
    """Every mistake that a unit's design says it teaches has a sample."""
    design = (unit.path / "design.md").read_text(encoding="utf-8")
    taught = re.search(r"^## Mistakes it teaches\n(.*?)^## ", design, re.MULTILINE | re.DOTALL)
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", taught[1])) if taught else set()
    assert named
    assert set() == named - {sample.misconception for sample in unit.samples.values()}


@pytest.mark.parametrize("which", ["lesson", "assignment"])
def test_cell_ids_are_words(unit, which):
    """Every cell has an id of its own that a person can read, so that the coverage list can point to it."""
    ids = [cell.id for cell in notebooks(unit)[which].cells]
    assert sorted(set(ids)) == sorted(ids)
    assert [] == [name for name in ids if not re.fullmatch(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*", name)]


@pytest.mark.parametrize("which", ["lesson", "assignment"])
def test_notebooks_are_stored_as_run_from_the_top(unit, which):
    """Code cells are numbered 1, 2, 3 …: the outputs come from one run, with no cell left out."""
    counts = [cell.execution_count for cell in code_cells(notebooks(unit)[which])]
    assert list(range(1, len(counts) + 1)) == counts


@pytest.mark.parametrize("which", ["lesson", "assignment"])
def test_stored_outputs_hold_no_errors_and_no_stderr(unit, which):
    """No stored output is an exception or text on stderr."""
    bad = [
        cell.id
        for cell in code_cells(notebooks(unit)[which])
        for output in cell.outputs
        if output.output_type == "error" or output.get("name") == "stderr"
    ]
    assert [] == bad


@pytest.mark.parametrize("which", ["lesson", "assignment"])
@pytest.mark.parametrize("trace", TRACES)
def test_stored_outputs_do_not_tell_where_or_when(unit, which, trace):
    """No stored output holds an address, a path or a timing."""
    bad = [
        cell.id
        for cell in code_cells(notebooks(unit)[which])
        for output in cell.outputs
        for text in texts(output)
        if re.search(TRACES[trace], text)
    ]
    assert [] == bad


@pytest.mark.parametrize("which", ["lesson", "assignment"])
def test_outputs_are_ignored_only_where_a_picture_is(unit, which):
    """Only cells that show a picture, and nothing else, are exempt from comparison."""
    bad = []
    for cell in code_cells(notebooks(unit)[which]):
        marks = [line for line in cell.source.splitlines() if "NBVAL" in line]
        tagged = any("nbval" in tag for tag in cell.metadata.get("tags", []))
        if tagged or marks not in ([], [MARK]) or (marks and len(pictures(cell)) != len(cell.outputs)):
            bad.append(cell.id)
        if marks and not pictures(cell):
            bad.append(cell.id)
    assert [] == bad


@pytest.mark.parametrize("which", ["lesson", "assignment"])
def test_every_picture_is_described(unit, which):
    """Every picture, in an output or in the text, says in words what it shows."""
    notebook = notebooks(unit)[which]
    bad = []
    for cell in notebook.cells:
        for output in pictures(cell):
            words = output.data.get("text/plain", "")
            if len(words.split()) < 8 or words.startswith("<"):
                bad.append(cell.id)
        if cell.cell_type == "markdown" and (
            re.search(r"!\[\s*\]\(", cell.source) or re.search(r"<img(?![^>]*\balt=\"[^\"]+\")", cell.source)
        ):
            bad.append(cell.id)
    assert [] == bad


def test_lesson_has_its_parts(unit):
    """A lesson has a quick answer, predictions, folded interview answers, mistakes, takeaways, FAQ and recap."""
    prose = [cell.source for cell in unit.lesson.cells if cell.cell_type == "markdown"]
    headings = {line.lstrip("# ") for text in prose for line in text.splitlines() if line.startswith("## ")}
    parts = {"Quick answer", "Common mistakes", "Key takeaways", "Short FAQ", "Two-minute recap"}
    assert set() == parts - headings
    text = "\n".join(prose)
    assert text.count("**Predict.**") >= 3
    assert text.count("Interview question:") >= 3
    assert re.search(r"\*\*Level:\*\* .*\*\*Reading:\*\* \d+ minutes", text)


def test_quick_answer_has_five_lines(unit):
    """The quick answer is five lines, for who is in a hurry."""
    (box,) = [cell.source for cell in unit.lesson.cells if "## Quick answer" in cell.source]
    assert 5 == len([line for line in box.splitlines() if line.startswith("> - ")])


def test_reading_time_is_kept(unit):
    """A lesson takes 15 to 25 minutes at 200 words a minute, code included."""
    words = sum(len(cell.source.split()) for cell in unit.lesson.cells)
    assert 15 <= words / 200 <= 25, f"{words} words"


@pytest.mark.parametrize("which", ["lesson", "assignment"])
def test_details_are_closed(unit, which):
    """Every folded part that is opened is closed, and has a summary to click on."""
    for cell in notebooks(unit)[which].cells:
        counts = [cell.source.count(tag) for tag in ("<details>", "</details>", "<summary>", "</summary>")]
        assert len(set(counts)) == 1, cell.id


@pytest.mark.parametrize("which", ["lesson", "assignment"])
def test_links_lead_somewhere(unit, which):
    """Every relative link leads to a file that is there."""
    prose = "\n".join(c.source for c in notebooks(unit)[which].cells if c.cell_type == "markdown")
    targets = [t for t in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", prose) if "://" not in t]
    assert [] == [target for target in targets if not (unit.path / target).exists()]
