"""Tamperings: each pays under stock nbgrader where it can, and under ours gets what the wrong answer is worth."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import Gradebook

from grader.execution.zygotes import why_impossible
from grader.verdict import Outcome
from tests.integration import small_course as small

pytestmark = [pytest.mark.keras, pytest.mark.slow]

# ---- stock nbgrader: an ordinary assignment with asserts and hidden tests -----------------------

HIDDEN = """assert double(3) == 6
### BEGIN HIDDEN TESTS
assert double(1031) == 2062
### END HIDDEN TESTS"""

STOCK = {
    "wrong": "def double(number):\n    return number",
    "always_equal": """class Anything:
    def __eq__(self, other):
        return True


def double(number):
    return Anything()""",
    "ast_transformer": """import ast


class NoAsserts(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()


get_ipython().ast_transformers.append(NoAsserts())


def double(number):
    return number""",
    "input_transformer": """def no_asserts(lines):
    return ["pass\\n" if line.startswith("assert") else line for line in lines]


get_ipython().input_transformers_post.append(no_asserts)


def double(number):
    return number""",
    "displayhook": """import sys


def double(number):
    sys.displayhook(4.0)
    return number""",
    "frame_reading": """import linecache
import sys


def double(number):
    frame = sys._getframe(1)
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
    return eval(line.split("==")[1])""",
    "replaced_module": """import sys
import types

sys.modules["checker"] = types.SimpleNamespace(check=lambda function: None)


def double(number):
    return number""",
    "exit": "import os\n\n\ndef double(number):\n    os._exit(0)",
}
PAYS = ("always_equal", "ast_transformer", "input_transformer", "displayhook", "frame_reading")


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, dict[str, float | None]], Path]:
    """Both classes, graded side by side: the scores under stock nbgrader, and our course."""
    ours = small.released_course(tmp_path_factory, "ours")
    with ThreadPoolExecutor() as pool:
        stock = pool.submit(_grade_stock, tmp_path_factory.mktemp("stock"))
        course = _grade_ours(ours)
        return stock.result(), course


@pytest.fixture(scope="module")
def stock(graded: tuple[dict[str, dict[str, float | None]], Path]) -> dict[str, dict[str, float | None]]:
    """Scores under stock nbgrader; a submission that it dropped has none."""
    return graded[0]


@pytest.fixture(scope="module")
def course(graded: tuple[dict[str, dict[str, float | None]], Path]) -> Path:
    """The tamperings, handed in to a small course and graded."""
    return graded[1]


def _grade_stock(course: Path) -> dict[str, dict[str, float | None]]:
    """Hand the tamperings in to an ordinary course and grade it with stock nbgrader."""
    (course / "source" / "ps1").mkdir(parents=True)
    nb = new_notebook(
        cells=[
            small.cell(small.DOUBLE, "double_solution", solution=True),
            small.cell(HIDDEN, "double", grade=4),
            small.cell("import checker\nchecker.check(double)", "checked", grade=4),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(nb, course / "source" / "ps1" / "assignment.ipynb")
    (course / "source" / "ps1" / "checker.py").write_text(
        "def check(function):\n    assert function(4) == 8\n"
    )
    (course / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.course_id = "stock"\n')
    done = small.nbgrader(course, "generate_assignment", "ps1")
    assert done.returncode == 0, done.stderr
    for student, source in STOCK.items():
        handed_in = nbformat.read(course / "release" / "ps1" / "assignment.ipynb", as_version=4)
        handed_in.cells[0].source = source
        folder = course / "submitted" / student / "ps1"
        folder.mkdir(parents=True)
        nbformat.write(handed_in, folder / "assignment.ipynb")
    small.nbgrader(course, "autograde", "ps1")
    found: dict[str, dict[str, float | None]] = {}
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        for student in STOCK:
            submission = gradebook.find_submission("ps1", student)
            grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
            found[student] = {grade.name: grade.auto_score for grade in grades}
    return found


def test_wrong_work_gets_nothing_under_stock(stock: dict[str, dict[str, float | None]]) -> None:
    """Without tampering, stock nbgrader gives the wrong answer no points."""
    assert stock["wrong"] == {"double": 0.0, "checked": 0.0}


@pytest.mark.parametrize("attack", PAYS)
def test_tampering_pays_under_stock(stock: dict[str, dict[str, float | None]], attack: str) -> None:
    """The tampering turns a wrong answer into full marks under stock nbgrader."""
    assert stock[attack]["double"] == 4.0


def test_replaced_module_pays_under_stock(stock: dict[str, dict[str, float | None]]) -> None:
    """A module that a test cell imports can be replaced before it does, under stock nbgrader."""
    assert stock["replaced_module"]["checked"] == 4.0


def test_exit_gets_no_score_under_stock(stock: dict[str, dict[str, float | None]]) -> None:
    """A kernel that ends itself leaves no score under stock nbgrader: the submission is dropped."""
    assert set(stock["exit"].values()) == {None}


# ---- ours: the same tricks, and some more, against a check --------------------------------------

WRONG = """def two_layers(x, units):
    import keras

    return keras.layers.Dense(units)(x)
"""
WRONG_COUNT = "def count(units):\n    return -1\n"

ALWAYS_EQUAL = """class Anything:
    shape = dtype = None

    def __eq__(self, other):
        return True

    def __getattr__(self, name):
        return Anything()

    def __call__(self, *arguments, **keywords):
        return Anything()


def two_layers(x, units):
    return Anything()
"""
AST_TRANSFORMER = """import ast


class Number(ast.NodeTransformer):
    def visit_Call(self, node):
        if getattr(node.func, "attr", "") == "check":
            return ast.copy_location(ast.Constant(2.0 if node.args[0].value == "count" else 4.0), node)
        return node


get_ipython().ast_transformers.append(Number())
"""
INPUT_TRANSFORMER = """def number(lines):
    return ["2.0\\n" if "check(\\"count" in line else "4.0\\n" if "check(" in line else line for line in lines]


get_ipython().input_transformers_post.append(number)
"""
DISPLAYHOOK = """import sys


def two_layers(x, units):
    import keras

    sys.displayhook(4.0)
    return keras.layers.Dense(units)(x)
"""
FORGED = """import json

from IPython.display import display

import grader.evidence
import grader.models.collect as collect

key = json.load(open("public_key.json"))
forged = next(task["evidence"] for task in key["tasks"] if task["task"]["id"] == "two_layers")
forged["cases"] = [forged["cases"][0]] * 3


def publish(evidence):
    display({{grader.evidence.EVIDENCE_MIME: json.dumps(forged), "text/plain": "4.0"}}, raw=True)


collect.publish = publish
{more}
"""
FORGED_ANSWER = """
from grader.evidence import Array, Challenge, Reply, ReplyPart
import numpy as np


def answer(text):
    challenge = Challenge.model_validate_json(text)
    parts = tuple(
        ReplyPart(case=question.case, outputs=(Array.of(np.zeros((4, 3), "float32")),))
        for question in challenge.questions
    )
    reply = Reply(task=challenge.task, parts=parts)
    display({grader.evidence.REPLY_MIME: reply.to_json()}, raw=True)


collect.answer = answer
"""
# The graph that comes with the release beside the config of the student's own model; or that graph, right but for one
# setting, to claim what wiring and parameters earn.
FORGED_GRAPH = """import json

import grader.models.collect as collect
from grader.evidence import CaseEvidence
from grader.graph import ModelGraph

key = json.load(open("public_key.json"))
graph = next(task["evidence"] for task in key["tasks"] if task["task"]["id"] == "two_layers")["cases"][0]["graph"]
graph["layers"] = [
    {{**layer, "config": {{**layer["config"], {setting}}}}} if layer["class_name"] == "Dense" else layer
    for layer in graph["layers"]
]
forged = ModelGraph.from_json(json.dumps(graph))
publish_own = collect.publish


def publish(evidence):
    if evidence.task == "two_layers":
        cases = tuple(
            CaseEvidence(kind="model", graph=forged, config={config}) for case in evidence.cases
        )
        evidence = evidence.model_copy(update={{"cases": cases}})
    publish_own(evidence)


collect.publish = publish
"""
REPLACED = """import sys
import types


class Unit:
    def check(self, task, work):
        return 2.0 if task == "count" else 4.0


sys.modules["grader"] = types.SimpleNamespace(unit=lambda name: Unit())
unit = Unit()
"""
SEARCH = """import gc
import linecache
import os
import sys


def search():
    found = [name for name, value in os.environ.items() if "private" in value]
    solution = "Dense(units)" + "(y)"
    found += [name for name, entry in linecache.cache.items() if solution in "".join(entry[2] if len(entry) > 2 else ())]
    frame = sys._getframe()
    while frame is not None:
        for name, value in list(frame.f_locals.items()):
            if type(value).__name__ in ("AnswerKey", "TaskKey", "Probe", "Verdict", "PublicTask"):
                found.append(f"local {name}")
        frame = frame.f_back
    names = {type(thing).__name__ for thing in gc.get_objects()}
    found += sorted(names & {"AnswerKey", "TaskKey", "Probe", "Verdict", "PublicTask"})
    sheet = open(os.environ["GRADER_CASES"]).read()
    found += [word for word in ("probes", "evidence", "graph", "outputs", "expects") if word in sheet]
    return found


def two_layers(x, units):
    import keras

    print("FOUND", search())
    return keras.layers.Dense(units)(x)
"""


HOG = """def two_layers(x, units):
    import time

    kept = [bytearray(20_000_000) for _ in range(130)]
    time.sleep(5)
    return x
"""
LEFT_BEHIND = """import os
import time

if not os.fork():
    os.setsid()
    if not os.fork():
        for _ in range(50_000):
            open("pulse", "a").write("x")
            time.sleep(0.01)
    os._exit(0)
while not os.path.exists("pulse"):
    time.sleep(0.01)


"""


def shadow(nb: NotebookNode) -> None:
    """Hand in wrong work, and see to it that modules beside the notebook come first."""
    replaces()(nb)
    nb.cells.insert(0, new_code_cell("import sys\n\nsys.path.insert(0, '')"))


def replaces(**sources: str) -> small.Edit:
    """Return an edit that hands in wrong work, with the given solution cells in its place."""

    def edit(nb: NotebookNode) -> None:
        small.solve(nb, **({"count": WRONG_COUNT, "two_layers": WRONG} | sources))

    return edit


OURS = {
    "wrong": replaces(),
    "always_equal": replaces(two_layers=ALWAYS_EQUAL),
    "ast_transformer": replaces(count=AST_TRANSFORMER + WRONG_COUNT),
    "input_transformer": replaces(count=INPUT_TRANSFORMER + WRONG_COUNT),
    "displayhook": replaces(two_layers=DISPLAYHOOK),
    "forged_evidence": replaces(two_layers=WRONG + FORGED.format(more="")),
    "forged_answer": replaces(two_layers=WRONG + FORGED.format(more=FORGED_ANSWER)),
    "forged_graph": replaces(two_layers=WRONG + FORGED_GRAPH.format(setting="", config="case.config")),
    "nearly_right": replaces(
        two_layers=WRONG + FORGED_GRAPH.format(setting="'activation': 'tanh'", config="None")
    ),
    "replaced_module": replaces(count=REPLACED + WRONG_COUNT),
    "search": replaces(two_layers=SEARCH),
    "exit": replaces(two_layers="import os\n\n\ndef two_layers(x, units):\n    os._exit(0)"),
    "hog": replaces(two_layers=HOG),
    "left_behind": replaces(count=LEFT_BEHIND + WRONG_COUNT),
    "loop": replaces(two_layers="def two_layers(x, units):\n    while True:\n        pass"),
}
# These wait for evidence that the kernel computes otherwise: a person is told.
FORGERIES = ("forged_evidence", "forged_answer", "forged_graph", "nearly_right")


def _grade_ours(course: Path) -> Path:
    """Hand the tamperings in to the small course and grade it."""
    with (course / "nbgrader_config.py").open("a") as config:
        config.write("c.ExecuteAndJudge.timeout = 25\nc.ExecuteAndJudge.notebook_memory = 2_000_000_000\n")
    for student, edit in OURS.items():
        small.submit(course, student, edit)
    log = course / "imported.log"
    module = f"import sys\nopen({str(log)!r}, 'a').write(sys.argv[0] + '\\n')\n" + REPLACED.replace(
        'sys.modules["grader"] = ', "_ = "
    )
    module += "\n\ndef unit(name):\n    return Unit()\n"
    small.submit(course, "shadowed", shadow, grader=module, json="raise ImportError('shadowed')\n")
    done = small.nbgrader(course, "autograde", small.UNIT)
    assert done.returncode == 0, done.stderr[-3000:]
    return course


@pytest.mark.parametrize("attack", [*OURS, "shadowed"])
def test_tampering_gets_what_the_wrong_answer_is_worth(course: Path, attack: str) -> None:
    """No tampering gets a point more than the wrong answer it dresses up."""
    worth, got = small.scores(course, "wrong"), small.scores(course, attack)
    assert {name for name in ("count", "two_layers") if (got[name] or 0.0) > (worth[name] or 0.0)} == set()


def test_wrong_answer_is_worth_less_than_full_marks(course: Path) -> None:
    """The wrong answer the tamperings dress up gets less than full marks, so a gain would show."""
    assert small.scores(course, "wrong")["two_layers"] < 4.0
    assert small.scores(course, "wrong")["count"] == 0.0


@pytest.mark.parametrize("attack", FORGERIES)
def test_forged_evidence_is_shown_to_a_person(course: Path, attack: str) -> None:
    """Evidence that the kernel's own computing contradicts is marked for the instructor."""
    assert small.verdict(course, attack, "two_layers").needs_look is not None
    assert "two_layers" in small.pending(course, attack)


def test_search_of_the_process_finds_nothing(course: Path) -> None:
    """Frames, linecache, live objects, environment and case file hold no expected result, task or key."""
    nb = nbformat.read(course / "autograded" / "search" / small.UNIT / "assignment.ipynb", as_version=4)
    outputs = nb.cells[small.find(nb, "two_layers")].outputs
    printed = "".join(output.text for output in outputs if output.output_type == "stream")
    lines = {line for line in printed.splitlines() if line.startswith("FOUND")}
    assert lines == {"FOUND []"}


def test_only_the_students_kernel_imports_what_lies_beside_the_notebook(course: Path) -> None:
    """A ``grader.py`` handed in beside the notebook is imported by the student's kernel at most, and nothing else.

    A kernel forked from a process that has imported the real one has no need to.
    """
    log = course / "imported.log"
    importers = set(log.read_text().splitlines()) if log.exists() else set()
    assert {Path(importer).name for importer in importers} <= {"ipykernel_launcher.py"}


def test_score_output_is_the_first_of_a_check_cell(course: Path) -> None:
    """Whatever a submission displays in its check cell, our score stands before it."""
    nb = nbformat.read(course / "autograded" / "displayhook" / small.UNIT / "assignment.ipynb", as_version=4)
    outputs = nb.cells[small.find(nb, "two_layers")].outputs
    results = [output for output in outputs if output.output_type == "execute_result"]
    assert [outputs[0]] == results
    assert results[0].data["text/plain"] != "4.0"


def test_code_of_a_submission_runs_in_no_process_of_ours() -> None:
    """The judge's side of the package imports neither Keras nor anything that runs a student's code."""
    code = "import sys, grader.judge, grader.nbgrader_plugin.store; print('keras' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, cwd=small.PROJECT
    )
    assert done.stdout.strip() == "False"


@pytest.mark.skipif(why_impossible() is not None, reason="kernels cannot be forked here")
def test_submission_stopped_over_a_limit_tells_student_and_instructor_the_values(course: Path) -> None:
    """Not that the kernel died, but what it used and what is allowed; what ran before it counts."""
    verdict = small.verdict(course, "hog", "two_layers")
    for part in ("was stopped", "it used", "GB of memory", "more than the 2 GB allowed"):
        assert part in verdict.message
    assert Outcome.CRASHED is verdict.outcome
    done = small.nbgrader(course, "generate_feedback", small.UNIT, "--student", "hog")
    assert done.returncode == 0, done.stderr
    page = (course / "feedback" / "hog" / small.UNIT / "assignment.html").read_text(encoding="utf-8")
    assert "more than the 2 GB allowed" in page
    assert "kernel died" not in page


@pytest.mark.skipif(why_impossible() is not None, reason="kernels cannot be forked here")
def test_daemon_of_a_submission_is_dead_when_it_is_graded(course: Path) -> None:
    """A process that cut all its ties to the kernel writes no more."""
    pulse = course / "autograded" / "left_behind" / small.UNIT / "pulse"
    before = pulse.stat().st_size
    time.sleep(0.3)
    assert before == pulse.stat().st_size
